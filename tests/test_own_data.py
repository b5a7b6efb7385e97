"""Data of one's own: folders of IDX files and of pictures, arrays; what is said of them."""

import gzip
import struct

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
from lenet_helpers.data.catalog import OWN, read_digits
from lenet_helpers.data.shapes import fit
from lenet_helpers.mistakes import MistakesPanel
from lenet_helpers.network_view import NetworkView
from lenet_helpers.runs import TrainingPanel

KINDS = {"uint8": 8, "int8": 9, "int16": 11, "int32": 12, "float32": 13, "float64": 14}


@pytest.fixture(autouse=True)
def nothing_read_before():
    OWN.clear()
    yield
    OWN.clear()


@pytest.fixture(scope="module")
def drawn():
    """Handwritten digits, ``uint8 (n, 28, 28)`` and their labels: 300 and 100."""
    images = read_digits()
    return images.train_images[:300], images.train_labels[:300], *images[2:]


def write(path, array: np.ndarray, *, packed: bool = False) -> None:
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, KINDS[array.dtype.name], array.ndim,
                         *array.shape)  # fmt: skip
    content = header + array.astype(array.dtype.newbyteorder(">")).tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, 1) if packed else content)


def write_parts(folder, names, drawn, *, packed: bool, change=lambda i, y: (i, y)) -> None:
    """Four IDX files: training images and labels, then those for testing."""
    arrays = [*change(*drawn[:2]), *change(*drawn[2:])]
    for name, array in zip(names, arrays, strict=True):
        write(folder / (f"{name}.gz" if packed else name), array, packed=packed)


def load(source, **options):
    return load_data(source, 32, "cpu", **options)


def assert_holds(both, drawn) -> None:
    for data, images, labels in zip(both, drawn[::2], drawn[1::2], strict=True):
        np.testing.assert_array_equal(data.images.numpy(), images)
        np.testing.assert_array_equal(data.labels.numpy(), labels)


# Folders of IDX files

EMNIST = [f"emnist-letters-{part}" for part in (
    "train-images-idx3-ubyte", "train-labels-idx1-ubyte",
    "test-images-idx3-ubyte", "test-labels-idx1-ubyte",
)]  # fmt: skip
QMNIST = ["qmnist-train-images-idx3-ubyte", "qmnist-train-labels-idx2-int",
          "qmnist-test-images-idx3-ubyte", "qmnist-test-labels-idx2-int"]  # fmt: skip
KMNIST = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte",
          "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]  # fmt: skip


def as_emnist(images, labels):
    return images.swapaxes(1, 2), (labels + 1).astype(np.uint8)


def as_qmnist(images, labels):
    wide = np.full((len(labels), 8), 77, np.int32)
    wide[:, 0] = labels
    return images, wide


def test_emnist_is_turned_and_its_letters_are_counted_from_0(tmp_path, drawn, capsys):
    write_parts(tmp_path, EMNIST, drawn, packed=False, change=as_emnist)
    both = load(tmp_path)
    assert_holds(both, drawn)
    assert [name.en for name in both[0].classes] == list("ABCDEFGHIJ")
    for line in (capsys.readouterr().out, str(both[0].said)):
        assert "rows and columns were exchanged" in line and "行列互换" in line
        assert "labels 1 to 10 became 0 to 9" in line and "标签 1–10 改为 0–9" in line


def test_transposition_is_as_told_whatever_the_name(tmp_path, drawn):
    write_parts(tmp_path, EMNIST, drawn, packed=False)
    assert_holds(load(tmp_path, transposed=False), drawn)
    write_parts(tmp_path / "x", KMNIST, drawn, packed=False, change=as_emnist)
    assert_holds(load(tmp_path / "x", transposed=True), drawn)
    write_parts(tmp_path / "EMNIST" / "raw", KMNIST, drawn, packed=False, change=as_emnist)
    assert_holds(load(tmp_path / "EMNIST"), drawn)


def test_emnists_mapping_and_kmnists_names_the_classes(tmp_path, drawn):
    write_parts(tmp_path / "e", EMNIST, drawn, packed=True, change=as_emnist)
    lines = "\n".join(f"{n + 1} {ord('K') + n} {ord('k') + n}" for n in range(10))
    (tmp_path / "e" / "emnist-letters-mapping.txt").write_text(lines)
    assert [name.en for name in load(tmp_path / "e")[0].classes] == list("KLMNOPQRST")
    write_parts(tmp_path / "k", KMNIST, drawn, packed=True)
    rows = "\n".join(f"{n},U+1,{char}" for n, char in enumerate("おきすつなはまやれを"))
    (tmp_path / "k" / "kmnist_classmap.csv").write_text(f"index,codepoint,char\n{rows}\n", "utf-8")
    assert "".join(name.zh for name in load(tmp_path / "k")[0].classes) == "おきすつなはまやれを"


def test_one_of_several_sets_in_a_folder_is_asked_for_and_chosen(tmp_path, drawn):
    write_parts(tmp_path, EMNIST, drawn, packed=True, change=as_emnist)
    others = [name.replace("letters", "digits") for name in EMNIST]
    write_parts(tmp_path, others, drawn, packed=True)
    with pytest.raises(SettingError) as caught:
        load(tmp_path)
    for text in caught.value.words:
        assert "emnist-digits" in text and f"load_data({str(tmp_path / 'emnist-digits')!r})" in text
    assert_holds(load(str(tmp_path / "emnist-letters")), drawn)


def test_qmnists_first_column_is_the_label(tmp_path, drawn):
    write_parts(tmp_path, QMNIST, drawn, packed=True, change=as_qmnist)
    both = load(tmp_path)
    assert_holds(both, drawn)
    assert "the first of 8 columns" in both[0].said.en


@pytest.mark.parametrize("kind", ["uint8", "int16", "float32"])
def test_usps_of_16_by_16_and_any_number_type_is_enlarged(tmp_path, drawn, kind):
    def smaller(images, labels):
        small = images[:, ::2, ::2][:, :14, :14]
        small = np.pad(small, [(0, 0), (1, 1), (1, 1)])
        small = small / 127.5 - 1 if kind.startswith("float") else small
        return small.astype(kind), labels.astype(np.int32)

    names = ["usps_train_x.idx", "usps_train_y.idx", "usps_test_x.idx", "usps_test_y.idx"]
    write_parts(tmp_path, names, drawn, packed=False, change=smaller)
    both = load(tmp_path)
    assert both[0].images.shape == (300, 28, 28) and both[0].images.dtype == torch.uint8
    assert both[0].labels.tolist() == drawn[1].tolist()
    assert "16×16" in both[0].said.en and "28×28" in both[0].said.zh
    expected = fit(np.pad(drawn[2][:, ::2, ::2], [(0, 0), (1, 1), (1, 1)]))
    assert abs(both[1].images.numpy().astype(int) - expected).max() <= 1


def test_set_without_a_test_part_is_split_and_that_is_said(tmp_path, drawn):
    write(tmp_path / "my images", drawn[0])
    write(tmp_path / "my labels", drawn[1].astype(np.int32))
    train_iter, test_iter = load(tmp_path)
    assert len(train_iter.labels) + len(test_iter.labels) == 300
    assert test_iter.labels.bincount().tolist() == (np.bincount(drawn[1]) // 5).tolist()
    assert "every fifth" in train_iter.said.en
    assert torch.equal(load(tmp_path)[1].images, test_iter.images)  # the same again


def test_damaged_or_missing_idx_file_is_named(tmp_path, drawn):
    write_parts(tmp_path, KMNIST, drawn, packed=False)
    (tmp_path / KMNIST[3]).unlink()
    with pytest.raises(SettingError, match="t10k-images-idx3-ubyte"):
        load(tmp_path)
    (tmp_path / KMNIST[3]).write_bytes(b"half")
    with pytest.raises(DamagedFileError, match=KMNIST[3]):
        load(tmp_path)


# Folders of pictures


def save_pictures(folder, images, labels, *, size, dark, ending="png") -> None:
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = folder / f"class {label}" / f"{number:04}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - image if dark else image).resize(size).save(path)


@pytest.mark.parametrize(
    ("dark", "ending", "size"),
    [(False, "png", (28, 28)), (True, "jpg", (120, 90)), (False, "bmp", (300, 300))],
)
def test_folder_of_pictures_is_read_whatever_ink_format_and_size(
    tmp_path, drawn, capsys, dark, ending, size
):
    save_pictures(tmp_path, *drawn[:2], size=size, dark=dark, ending=ending)
    (tmp_path / ".DS_Store").write_text("x")
    (tmp_path / "class 3" / "notes.txt").write_text("x")
    train_iter, test_iter = load(tmp_path)
    line = capsys.readouterr().out
    assert [name.en for name in train_iter.classes] == [f"class {n}" for n in range(10)]
    assert len(train_iter.labels) + len(test_iter.labels) == 300
    assert ("inverted" in line) == dark and "every fifth" in line and "28×28" in line
    for data in (train_iter, test_iter):
        assert data.images[:, :, 0].float().mean() < 20
        assert data.images.amax(dim=(1, 2)).min() > 200
    if size == (28, 28):
        rank = [(drawn[1][:n] == label).sum() for n, label in enumerate(drawn[1])]
        count = np.bincount(drawn[1])[drawn[1]]
        order = np.lexsort((drawn[1], (np.array(rank) + 0.5) / count))  # each class spread evenly
        assert set(train_iter.labels[-40:].tolist()) == set(range(10))
        tested = [number for number in order if rank[number] % 5 == 4]
        off = test_iter.images.numpy().astype(int) - drawn[0][tested]
        assert abs(off).max() <= 24  # stretched to full contrast


def test_folders_called_train_and_test_are_the_parts(tmp_path, drawn):
    save_pictures(tmp_path / "train", *drawn[:2], size=(28, 28), dark=False)
    save_pictures(tmp_path / "test", *drawn[2:], size=(28, 28), dark=False)
    train_iter, test_iter = load(tmp_path)
    assert (len(train_iter.labels), len(test_iter.labels)) == (300, len(drawn[3]))
    assert "fifth" not in train_iter.said.en


def test_classes_are_in_the_order_of_their_numbers(tmp_path):
    for name in ("10", "9", "1"):
        save_pictures(tmp_path, np.eye(28, dtype=np.uint8)[None] * 255, [0], size=(28, 28),
                      dark=False)  # fmt: skip
        (tmp_path / "class 0").rename(tmp_path / name)
        copied = (tmp_path / name / "0000.png").read_bytes()
        (tmp_path / name / "0001.png").write_bytes(copied)
    assert [name.en for name in load(tmp_path)[0].classes] == ["1", "9", "10"]


def test_transparent_paper_turned_photo_and_16_bits_are_read(tmp_path):
    stroke = np.zeros((40, 40), np.uint8)
    stroke[5:35, 10:14] = 255  # upright, left of the middle
    for number in range(2):
        for name in ("clear", "turned", "deep"):
            (tmp_path / name).mkdir(exist_ok=True)
        black = np.zeros((40, 40, 3), np.uint8)
        clear = Image.fromarray(np.dstack([black, stroke]), "RGBA")
        clear.save(tmp_path / "clear" / f"{number}.png")
        turned = Image.fromarray(255 - np.rot90(stroke))
        exif = turned.getexif()
        exif[0x0112] = 6  # to be turned by 90° clockwise
        turned.save(tmp_path / "turned" / f"{number}.jpg", exif=exif)
        Image.fromarray(stroke.astype(np.uint16) * 200).save(tmp_path / "deep" / f"{number}.png")
    for data in load(tmp_path):
        for image in data.images.float():
            column = (image.sum(dim=0) * torch.arange(28)).sum() / image.sum()
            assert image.amax() > 250 and 7 < column < 9.5
            assert image.sum(dim=1).gt(200).sum() in (20, 21, 22, 23)


@pytest.mark.parametrize(
    ("spoil", "en"),
    [
        (lambda f: (f / "class 1" / "a.png").write_bytes(b"x"), "a.png cannot be read"),
        (lambda f: (f / "class 1" / "a.HEIC").write_bytes(b"x"), "HEIC photos as JPEG"),
        (lambda f: [p.rename(f / p.name) for p in f.glob("*/*.png")], "0000.png"),
    ],
    ids=["no picture", "format of a phone", "no subfolders"],
)
def test_folder_that_cannot_be_read_is_explained(tmp_path, drawn, spoil, en):
    save_pictures(tmp_path, drawn[0][:40], drawn[1][:40], size=(28, 28), dark=False)
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


@pytest.mark.parametrize(
    "make",
    [
        lambda i, y: (i, y),
        lambda i, y: (torch.from_numpy(i), torch.from_numpy(y)),
        lambda i, y: (i[:, None].astype(np.float32) / 255, y.astype(np.uint16)),
        lambda i, y: (np.repeat(i[..., None], 3, axis=3), y.tolist()),
        lambda i, y: (255 - i, y.astype(float)),
        lambda i, y: (i, np.eye(10)[y]),
        lambda i, y: (i, y[:, None]),
        lambda i, y: (i.astype(np.int64), y + 100, [f"digit {n}" for n in range(10)]),
    ],
    ids=["bytes", "tensors", "0 to 1", "colours", "dark ink", "one-hot", "column", "names"],
)
def test_arrays_of_any_form_are_the_same_data(drawn, make):
    labels = drawn[1]
    train_iter, test_iter = load(make(drawn[0], labels))
    is_test = np.zeros(300, bool)
    for label in range(10):
        is_test[np.flatnonzero(labels == label)[4::5]] = True
    for data, mask in ((train_iter, ~is_test), (test_iter, is_test)):
        np.testing.assert_array_equal(data.images.numpy(), drawn[0][mask])
        np.testing.assert_array_equal(data.labels.numpy(), labels[mask])
    assert train_iter.classes[3].en in ("3", "3.0", "digit 3")


def test_labels_may_be_names(drawn):
    words = np.array(["even", "odd"])[drawn[1] % 2]
    data, _ = load((drawn[0], words))
    assert data.classes == (("even", "even"), ("odd", "odd"))
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
        save_pictures(
            tmp_path / half / "class", drawn[0][part], drawn[1][part], size=(28, 28), dark=False
        )
    first, second = (load(tmp_path / half / "class")[0] for half in "ab")
    assert (first.name, second.name) == ("own:class", "own:class 2")
    again, _ = load(first.name)
    assert torch.equal(again.images, first.images)
    again.images.zero_()
    assert first.images.any() and load(first.name)[0].images.any()
    with pytest.raises(SettingError, match="own:class"):
        load("own:other")


def test_student_own_pictures_are_learned_and_every_panel_takes_them(tmp_path, drawn, monkeypatch):
    letters = np.concatenate([drawn[1], drawn[3]]) % 3
    images = np.concatenate([drawn[0], drawn[2]])
    save_pictures(tmp_path, images, letters, size=(50, 70), dark=True)
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
    for number, image in enumerate(drawn[0][:4]):
        folder = tmp_path / f"{number % 2}"
        folder.mkdir(exist_ok=True)
        Image.fromarray(image).save(folder / f"{number}.png")
    monkeypatch.setenv("LENET_DATASET", str(tmp_path))
    train_iter, test_iter = load_data(prefer="mnist", device="cpu")
    assert train_iter.name == f"own:{tmp_path.name}" == TrainingPanel().dataset.value
    assert len(train_iter.labels) + len(test_iter.labels) == 4
    assert str(tmp_path) in capsys.readouterr().out
    monkeypatch.setenv("LENET_DATASET", str(tmp_path / "none"))
    with pytest.raises(SettingError, match="There is no folder"):
        load_data(device="cpu")
