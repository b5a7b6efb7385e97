"""Data of one's own: folders of IDX files and of pictures, arrays; what is said of them."""

import gzip

import numpy as np
import pytest
import torch
from PIL import Image

from lenet_helpers import (
    DamagedFileError,
    SettingError,
    evaluate_accuracy_gpu,
    lenet,
    load_data,
    train,
)
from lenet_helpers.data import places
from lenet_helpers.data.catalog import OWN, Images, read_digits
from lenet_helpers.data.labels import every_fifth
from lenet_helpers.data.shapes import fit
from lenet_helpers.mistakes import MistakesPanel
from lenet_helpers.network_view import NetworkView
from lenet_helpers.runs import TrainingPanel
from tests.conftest import assert_holds, idx_bytes


@pytest.fixture(autouse=True)
def nothing_read_before():
    OWN.clear()
    yield
    OWN.clear()


@pytest.fixture(scope="module")
def drawn():
    """Handwritten digits, ``uint8 (n, 28, 28)`` and their labels: 300 and 100."""
    return Images(*(array[:count] for array, count in zip(read_digits(), (300, 300, 100, 100),
                                                          strict=True)))  # fmt: skip


def load(source, **options):
    return load_data(source, 32, "cpu", **options)


def english(data) -> list[str]:
    return [name.en for name in data.classes]


# Folders of IDX files

KMNIST = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte",
          "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]  # fmt: skip
EMNIST = [f"emnist-letters-{name.replace('t10k', 'test')}" for name in KMNIST]
QMNIST = [f"qmnist-{name.replace('t10k', 'test').replace('idx1-ubyte', 'idx2-int')}"
          for name in KMNIST]  # fmt: skip
USPS = ["usps_train_x.idx", "usps_train_y.idx", "usps_test_x.idx", "usps_test_y.idx"]


def write_parts(folder, names, drawn, change=None) -> None:
    """Four IDX files: training images and labels, then those for testing, every other packed."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = drawn if change is None else [*change(*drawn[:2]), *change(*drawn[2:])]
    for number, (name, array) in enumerate(zip(names, arrays, strict=True)):
        content = idx_bytes(array)
        packed = number % 2
        (folder / (f"{name}.gz" if packed else name)).write_bytes(
            gzip.compress(content, 1) if packed else content
        )


def turned(images, labels):
    return images.swapaxes(1, 2), labels


def as_emnist(images, labels):
    return images.swapaxes(1, 2), (labels + 1).astype(np.uint8)


def as_qmnist(images, labels):
    return images, np.c_[labels.astype(np.int32), np.full((len(labels), 7), 77, np.int32)]


LETTERS, DIGITS = list("ABCDEFGHIJ"), list("0123456789")
SETS = {  # folder, names, form, options; then the classes and what is said
    "emnist": (".", EMNIST, as_emnist, {}, LETTERS,
               ["rows and columns were exchanged", "行列互换",
                "labels 1 to 10 became 0 to 9", "标签 1–10 改为 0–9"]),
    "emnist by its folder": ("EMNIST/raw", KMNIST, turned, {}, DIGITS, ["rows and columns"]),
    "emnist set right": (".", EMNIST, None, {"transposed": False}, DIGITS, []),
    "told to turn": (".", KMNIST, turned, {"transposed": True}, DIGITS, ["rows and columns"]),
    "qmnist": (".", QMNIST, as_qmnist, {}, DIGITS, ["the first of 8 columns"]),
}  # fmt: skip


@pytest.mark.parametrize(("below", "names", "form", "options", "classes", "said"), SETS.values(),
                         ids=SETS)  # fmt: skip
def test_idx_files_of_each_kind_are_read_and_what_was_done_is_said(
    tmp_path, drawn, capsys, below, names, form, options, classes, said
):
    write_parts(tmp_path / below, names, drawn, form)
    both = load(tmp_path, **options)
    assert_holds(both, drawn)
    assert english(both[0]) == classes
    line = capsys.readouterr().out
    assert all(words in line for words in said) and bool(said) == ("；" in line)


def test_emnists_mapping_and_kmnists_names_the_classes(tmp_path, drawn):
    write_parts(tmp_path / "e", EMNIST, drawn, as_emnist)
    lines = "\n".join(f"{n + 1} {ord('K') + n} {ord('k') + n}" for n in range(10))
    (tmp_path / "e" / "emnist-letters-mapping.txt").write_text(lines)
    assert english(load(tmp_path / "e")[0]) == list("KLMNOPQRST")
    write_parts(tmp_path / "k", KMNIST, drawn)
    rows = "\n".join(f"{n},U+1,{char}" for n, char in enumerate("おきすつなはまやれを"))
    (tmp_path / "k" / "kmnist_classmap.csv").write_text(f"index,codepoint,char\n{rows}\n", "utf-8")
    assert "".join(name.zh for name in load(tmp_path / "k")[0].classes) == "おきすつなはまやれを"


def test_one_of_several_sets_in_a_folder_is_asked_for_and_chosen(tmp_path, drawn):
    write_parts(tmp_path, EMNIST, drawn, as_emnist)
    write_parts(tmp_path, [name.replace("letters", "digits") for name in EMNIST], drawn)
    with pytest.raises(SettingError) as caught:
        load(tmp_path)
    for text in caught.value.words:
        assert "emnist-digits" in text and f"load_data({str(tmp_path / 'emnist-digits')!r})" in text
    assert_holds(load(str(tmp_path / "emnist-letters")), drawn)


@pytest.mark.parametrize("kind", ["uint8", "int16", "float32"])
def test_usps_of_16_by_16_and_any_number_type_is_enlarged(tmp_path, drawn, capsys, kind):
    def small(images):
        return np.pad(images[:, ::2, ::2], [(0, 0), (1, 1), (1, 1)])

    def as_usps(images, labels):
        scaled = small(images) / 127.5 - 1 if kind == "float32" else small(images)
        return scaled.astype(kind), labels.astype(np.int32)

    write_parts(tmp_path, USPS, drawn, as_usps)
    both = load(tmp_path)
    line = capsys.readouterr().out
    assert "from 16×16" in line and "缩放到 28×28" in line
    for data, images, labels in zip(both, drawn[::2], drawn[1::2], strict=True):
        assert data.images.dtype == torch.uint8 and data.labels.tolist() == labels.tolist()
        assert abs(data.images.numpy().astype(int) - fit(small(images))).max() <= 1


def test_set_without_a_test_part_is_split_and_that_is_said(tmp_path, drawn, monkeypatch, capsys):
    monkeypatch.setattr(places, "MOST_BYTES", 1000)  # files of one's own may be larger
    write_parts(tmp_path, ["my images", "my labels"], drawn[:2], None)
    is_test = every_fifth(drawn.train_labels)
    expected = [array[chosen] for chosen in (~is_test, is_test) for array in drawn[:2]]
    assert_holds(load(tmp_path), expected)
    assert "every fifth" in capsys.readouterr().out
    assert np.bincount(expected[3]).tolist() == (np.bincount(drawn[1]) // 5).tolist()


def test_damaged_missing_or_unlike_idx_file_is_named(tmp_path, drawn):
    write_parts(tmp_path, KMNIST, drawn)
    last = tmp_path / KMNIST[2]
    for content, error, match in (
        (b"half", DamagedFileError, last.name),
        (idx_bytes(drawn[2][:, 1:]), SettingError, "must be of one size"),
        (idx_bytes(drawn[2][1:]), SettingError, f"{last.name}.*of as many|of as many.*{last.name}"),
        (None, SettingError, f"{KMNIST[3]}.gz"),
    ):
        last.unlink() if content is None else last.write_bytes(content)
        with pytest.raises(error, match=match):
            load(tmp_path)


# Folders of pictures


def save_pictures(folder, images, labels, *, size=(28, 28), dark=False, ending="png") -> None:
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = folder / f"{label}" / f"{number:04}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - image if dark else image).resize(size).save(path)


@pytest.mark.parametrize(
    ("dark", "ending", "size"),
    [(False, "png", (28, 28)), (True, "jpg", (120, 90)), (False, "bmp", (300, 300))],
)
def test_folder_of_pictures_is_read_whatever_ink_format_and_size(
    tmp_path, drawn, capsys, dark, ending, size
):
    images, labels = (array[:100] for array in drawn[:2])
    save_pictures(tmp_path, images, labels, size=size, dark=dark, ending=ending)
    (tmp_path / ".DS_Store").write_text("x")
    (tmp_path / "3" / "notes.txt").write_text("x")
    train_iter, test_iter = load(tmp_path)
    line = capsys.readouterr().out
    assert english(train_iter) == DIGITS
    assert ("inverted" in line) == dark and "every fifth" in line and "28×28" in line
    for data in (train_iter, test_iter):
        assert data.images[:, :, 0].float().mean() < 20
        assert data.images.amax(dim=(1, 2)).min() > 200
    rank = np.array([(labels[:n] == label).sum() for n, label in enumerate(labels)])
    order = np.lexsort((labels, (rank + 0.5) / np.bincount(labels)[labels]))  # spread evenly
    for data, tested in ((train_iter, False), (test_iter, True)):
        chosen = order[(rank[order] % 5 == 4) == tested]
        assert data.labels.tolist() == labels[chosen].tolist()
        if size == (28, 28):
            full = images[chosen] * (255 / images[chosen].max(axis=(1, 2), keepdims=True))
            assert abs(data.images.numpy() - full).max() <= 5  # nearly full is left as it is


@pytest.mark.parametrize(("h", "w", "rows", "columns"), [(30, 60, 14, 28), (56, 20, 28, 10)])
def test_picture_that_is_no_square_lies_in_the_middle_in_its_proportions(h, w, rows, columns):
    expected = np.zeros((28, 28), np.uint8)
    top, left = (28 - rows) // 2, (28 - columns) // 2
    expected[top : top + rows, left : left + columns] = 200
    np.testing.assert_array_equal(fit(np.full((1, h, w), 200, np.uint8)), expected[None])


def test_folders_called_train_and_test_are_the_parts(tmp_path, drawn, capsys):
    few = [array[:50] for array in drawn]
    save_pictures(tmp_path / "train", *few[:2])
    save_pictures(tmp_path / "test", *few[2:])
    for data, labels in zip(load(tmp_path), few[1::2], strict=True):
        assert sorted(data.labels.tolist()) == sorted(labels)
    assert "fifth" not in capsys.readouterr().out


def test_classes_are_in_the_order_of_their_numbers(tmp_path, drawn):
    save_pictures(tmp_path, drawn[0][:6], [10, 9, 1] * 2)
    assert english(load(tmp_path)[0]) == ["1", "9", "10"]


@pytest.mark.parametrize(
    ("spoil", "en"),
    [
        (lambda f: (f / "1" / "a.png").write_bytes(b"x"), "a.png cannot be read"),
        (lambda f: (f / "1" / "a.HEIC").write_bytes(b"x"), "HEIC photos as JPEG"),
        (lambda f: [p.rename(f / p.name) for p in f.glob("*/*.png")], "0000.png"),
    ],
    ids=["no picture", "format of a phone", "no subfolders"],
)
def test_folder_that_cannot_be_read_is_explained(tmp_path, drawn, spoil, en):
    save_pictures(tmp_path, drawn[0][:20], drawn[1][:20])
    spoil(tmp_path)
    with pytest.raises(SettingError, match=en) as caught:
        load(tmp_path)
    assert str(tmp_path) in caught.value.words.zh


def test_folder_that_is_not_there_is_explained_with_what_is(tmp_path):
    (tmp_path / "digits of 5b").mkdir()
    for source in (tmp_path / "digits", str(tmp_path / "digits 5b"), str(tmp_path / "x" / "y")):
        with pytest.raises(SettingError, match="There is no folder") as caught:
            load(source)
        assert str(source) in caught.value.words.zh
    assert "—" in caught.value.words.en


# Arrays

ARRAYS = {
    "bytes": lambda i, y: (i, y),
    "tensors": lambda i, y: (torch.from_numpy(i), torch.from_numpy(y)),
    "0 to 1": lambda i, y: (i[:, None].astype(np.float32) / 255, y.astype(np.uint16)),
    "colours": lambda i, y: (np.repeat(i[..., None], 3, axis=3), y.tolist()),
    "dark ink": lambda i, y: (255 - i, y.astype(float)),
    "one-hot": lambda i, y: (i, np.eye(10)[y]),
    "column": lambda i, y: (i, y[:, None]),
    "names": lambda i, y: (i.astype(np.int64), y + 100, [f"digit {n}" for n in range(10)]),
}


@pytest.mark.parametrize("form", ARRAYS)
def test_arrays_of_any_form_are_the_same_data(drawn, form):
    images, labels = drawn[:2]
    both = load(ARRAYS[form](images, labels))
    is_test = np.zeros(300, bool)
    for label in range(10):
        is_test[np.flatnonzero(labels == label)[4::5]] = True
    assert_holds(both, [a[chosen] for chosen in (~is_test, is_test) for a in (images, labels)])
    assert both[0].classes[3].en == ("digit 3" if form == "names" else "3")


def test_labels_may_be_names(drawn):
    words = np.array(["even", "odd"])[drawn[1] % 2]
    assert load((drawn[0], words))[0].classes == (("even", "even"), ("odd", "odd"))
    named, _ = load((drawn[0], words), classes=[("偶", "even"), ("奇", "odd")])
    assert named.classes[0].zh == "偶"


@pytest.mark.parametrize(
    ("make", "en"),
    [
        (lambda i, y: (i, y[:-1]), "300 images but 299 labels"),
        (lambda i, y: (i[0], y[:28]), "must be an array of numbers"),
        (lambda i, y: (i * np.nan, y), "finite"),
        (lambda i, y: (i, y * 0), "two classes"),
        (lambda i, y: (i, y / 7), "whole numbers"),
        (lambda i, y: (i, np.stack([y, y + 1], axis=1)), "one for each image"),
        (lambda i, y: (i, y, ["one"]), "1 classes are named"),
        (lambda i, y: (i,), "not tuple"),
        (lambda i, y: None, "not NoneType"),
        (lambda i, y: 7, "not int"),
        (lambda i, y: {"images": i}, "not dict"),
        (lambda i, y: (i[:3], [0, 1, 2]), "none to test on"),
    ],
)
def test_arrays_that_cannot_be_meant_are_explained(drawn, make, en):
    with pytest.raises(SettingError, match=en) as caught:
        load(make(*drawn[:2]))
    assert caught.value.words.zh != caught.value.words.en


@pytest.mark.parametrize("option", [{"transposed": True}, {"classes": ["a"]}, {"dark_ink": False}])
def test_options_of_own_data_are_refused_for_known_sets(option):
    with pytest.raises(SettingError, match=next(iter(option))):
        load("digits", **option)


# What goes on with them


def test_own_data_are_known_by_name_in_this_session_and_two_of_one_name_apart(tmp_path, drawn):
    for half, part in (("a", slice(0, 100)), ("b", slice(100, 300))):
        save_pictures(tmp_path / half / "class", drawn[0][part], drawn[1][part])
    first, second = (load(tmp_path / half / "class")[0] for half in "ab")
    assert (first.name, second.name) == ("own:class", "own:class 2")
    again, _ = load(first.name)
    assert torch.equal(again.images, first.images)
    again.images.zero_()
    assert first.images.any() and load(first.name)[0].images.any()
    with pytest.raises(SettingError, match="own:class"):
        load("own:other")


def test_students_own_pictures_are_learned_and_every_panel_takes_them(tmp_path, drawn):
    save_pictures(tmp_path, drawn[0], drawn[1] % 3, size=(50, 70), dark=True)
    train_iter, test_iter = load(tmp_path, standardize=True)
    torch.manual_seed(0)
    net = lenet("relu", "max", 3)
    list(train(net, train_iter, test_iter, 8, 0.1, "cpu"))
    assert evaluate_accuracy_gpu(net, test_iter) > 0.8
    MistakesPanel(net, test_iter).close()
    NetworkView(net, test_iter).close()
    panel = TrainingPanel(tmp_path)
    assert (panel.batch_size.value, panel.standardize.value) == (32, True)
    panel.epochs.value, panel.device.value = 1, "cpu"
    panel.train_button.click()
    assert panel.wait(120) and panel.error is None
    assert panel.net[-1].out_features == 3 and panel.runs[0].ended == "finished"
    assert tmp_path.name in panel.table.table.value
    panel.close()


# A folder for a whole class: LENET_DATASET


def test_lenet_dataset_may_be_a_folder(drawn, monkeypatch, capsys, tmp_path):
    save_pictures(tmp_path, drawn[0][:4], [0, 1, 0, 1])
    monkeypatch.setenv("LENET_DATASET", str(tmp_path))
    train_iter, test_iter = load_data(prefer="mnist", device="cpu")
    assert train_iter.name == f"own:{tmp_path.name}" == TrainingPanel().dataset.value
    assert len(train_iter.labels) + len(test_iter.labels) == 4
    assert str(tmp_path) in capsys.readouterr().out
    monkeypatch.setenv("LENET_DATASET", str(tmp_path / "none"))
    with pytest.raises(SettingError, match="There is no folder"):
        load_data(device="cpu")
