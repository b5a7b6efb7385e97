"""Whatever people have as a picture becomes one digit in MNIST's form, or a remark."""

import io

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from lenet_helpers import SettingError
from lenet_helpers.grey import grey_of
from lenet_helpers.handwriting import SCENES, digit_of, ink_of, normalize_digit, photo_of, strip
from lenet_helpers.handwriting.ink import REMARKS
from lenet_helpers.handwriting.pieces import without_lines
from lenet_helpers.network_view import read_drawing


def seven(paper: int = 255, ink: int = 0) -> np.ndarray:
    """A clean seven, ``uint8 (120, 100)``."""
    sheet = np.full((120, 100), paper, np.uint8)
    sheet[20:32, 25:75] = ink
    for row in range(32, 100):
        column = 64 - (row - 32) // 3
        sheet[row, column : column + 12] = ink
    return sheet


@pytest.fixture
def images(digits) -> np.ndarray:
    return digits[1].images.numpy()


def alike(one: torch.Tensor, other: torch.Tensor) -> float:
    """How well two pictures agree: their correlation."""
    return torch.corrcoef(torch.stack([one.flatten(), other.flatten()]).float())[0, 1].item()


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def with_alpha(ink: int) -> Image.Image:
    """Ink of one level on nothing: the shape stands in the alpha channel alone."""
    alpha = 255 - seven()
    return Image.merge("LA", [Image.fromarray(np.full_like(alpha, ink)), Image.fromarray(alpha)])


sevens = {
    "0 to 255": seven(),
    "0 to 1": seven() / 255,
    "float32 tensor": torch.tensor(seven() / 255, dtype=torch.float32),
    "half precision": torch.tensor(seven() / 255).bfloat16(),
    "16 bits": seven().astype(np.uint16) * 257,
    "64-bit integers": seven().astype(np.int64),
    "0 and 1": (seven() // 255),
    "booleans": seven() > 0,
    "lists": seven().tolist(),
    "light on dark": 255 - seven(),
    "one above black": np.maximum(255 - seven(), 1),
    "grey on grey": seven(140, 90),
    "light grey on grey": seven(90, 140),
    "(h, w, 1)": seven()[:, :, None],
    "(1, 1, h, w)": torch.tensor(seven())[None, None],
    "RGB, channels first": torch.tensor(seven()).expand(3, -1, -1),
    "RGBA": np.dstack([seven()] * 3 + [np.full_like(seven(), 255)]),
    "Pillow": Image.fromarray(seven()),
    "1 bit": Image.fromarray(seven()).convert("1"),
    "palette": Image.fromarray(seven()).convert("P"),
    "clear palette": Image.fromarray(seven()).quantize(4),
    "CMYK": Image.fromarray(seven()).convert("RGB").convert("CMYK"),
    "I;16": Image.fromarray(seven().astype(np.uint16) * 257),
    "F": Image.fromarray(seven().astype(np.float32)),
    "dark ink on nothing": with_alpha(0),
    "light ink on nothing": with_alpha(255),
    "RGBA of ink alone": with_alpha(0).convert("RGBA"),
    **{kind: encoded(Image.fromarray(seven()), kind) for kind in ("PNG", "BMP")},
    "WebP": encoded(Image.fromarray(seven()), "WEBP", lossless=True),
}


@pytest.mark.parametrize("kind", sevens)
def test_the_same_drawing_in_any_form_becomes_the_same_digit(kind):
    expected = normalize_digit(255 - seven()).round()
    digit = digit_of(sevens[kind])
    assert digit.remarks == ()
    assert (digit.image.float() - expected).abs().max() <= 2


@pytest.mark.parametrize("name", ["photo.jpg", "照片 1.webp"])
def test_a_file_is_read_by_its_name(tmp_path, name):
    Image.fromarray(seven()).save(tmp_path / name)
    for file in (tmp_path / name, str(tmp_path / name)):
        assert (grey_of(file).astype(int) - seven()).std() < 4


@pytest.mark.parametrize(("orientation", "turn"), [(6, 90), (3, 180), (8, 270)])
def test_a_photo_taken_sideways_is_turned_upright(orientation, turn):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(seven()).rotate(turn, expand=True)
    assert np.array_equal(grey_of(encoded(image, "PNG", exif=exif)), seven())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "array", "floats"])
def test_a_large_picture_is_made_small_first(kind):
    large = Image.fromarray(seven()).convert("RGB").resize((1300, 1560))
    table = np.asarray(large)
    picture = {"array": table, "floats": table / 255}.get(kind)
    grey = grey_of(encoded(large, kind) if picture is None else picture)
    assert 600 <= max(grey.shape) <= 1024
    assert alike(digit_of(grey).image, digit_of(seven()).image) > 0.95


@pytest.mark.parametrize(
    "bad",
    ["nowhere.png", b"no picture", np.zeros(5), np.zeros((2, 5, 7, 9)), np.full((3, 3), -1),
     [[0.0, float("nan")]], [["ink"]], None, np.zeros((0, 4)), type, np.ones((3, 3)) * 1j],
    ids=str,
)  # fmt: skip
def test_what_is_no_picture_is_refused_in_both_languages(bad):
    with pytest.raises(SettingError) as caught:
        grey_of(bad)
    assert "图" in caught.value.words.zh and "picture" in caught.value.words.en


def test_a_clean_drawing_keeps_its_values(images):
    for image in images[:50]:
        sheet = np.pad(image, 6)
        assert torch.equal(digit_of(sheet).image, normalize_digit(sheet).round().to(torch.uint8))


# Photos


@pytest.mark.parametrize("scene", SCENES)
def test_photos_of_every_kind_become_nearly_the_digit_itself(images, scene):
    for number, image in enumerate(images[:2]):
        found = digit_of(photo_of(image, scene, seed=number)).image
        assert alike(found, normalize_digit(image)) > 0.6, number


def test_the_same_seed_makes_the_same_photo(images):
    first, again, other = (photo_of(images[0], "table", seed) for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes() != other.tobytes()
    with pytest.raises(SettingError, match="sand"):
        photo_of(images[0], "sand")


def test_lines_go_and_strokes_across_them_stay():
    mask = np.zeros((200, 300), bool)
    mask[60:180, 140:156] = True  # a stroke
    stroke = mask.copy()
    for row in range(20, 200, 40):
        mask[row : row + 3] = True
    for column in (30, 90, 210, 270):
        mask[:, column : column + 3] = True
    left = without_lines(mask)
    assert (left & stroke).sum() > 0.97 * stroke.sum()
    assert (left & ~stroke).sum() < 0.05 * (mask & ~stroke).sum()  # where two lines cross


# Remarks


def noisy(sheet: np.ndarray, sigma: float = 3) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, sigma, sheet.shape)
    return np.clip(sheet + noise, 0, 255).astype(np.uint8)


doubtful = {
    "nothing": noisy(np.full((240, 320), 180.0)),
    "several": noisy(np.hstack([seven(200, 60)] * 2)),
    "edge": noisy(seven(200, 60)[:80]),
    "sides": noisy(np.kron(np.indices((6, 8)).sum(axis=0) % 2, np.ones((40, 40))) * 120 + 60),
    "blurred": noisy(np.asarray(Image.fromarray(np.pad(seven(200, 60).repeat(4, 0).repeat(4, 1), 80,
        constant_values=200)).filter(ImageFilter.GaussianBlur(30))), 2),
    "dot": np.pad(np.full((3, 3), 255, np.uint8), 150),
    "black": np.pad(np.full((200, 200), 255, np.uint8), 20),
    "faint": noisy(seven(200, 187).repeat(4, 0).repeat(4, 1), 4),
}  # fmt: skip


@pytest.mark.parametrize("name", doubtful)
def test_what_cannot_be_read_is_remarked_and_gets_no_answer(name):
    reading = read_drawing(doubtful[name])
    assert REMARKS[name] in reading.remarks
    assert reading.digit is None
    for language in ("zh", "en"):
        assert getattr(REMARKS[name], language) in getattr(reading.words, language)


def test_the_pieces_of_a_broken_stroke_are_one_digit():
    sheet = seven(200, 60)
    sheet[50:56] = 200
    digit = digit_of(noisy(sheet))
    assert digit.remarks == () and alike(digit.image, digit_of(seven()).image) > 0.9


def test_a_sheet_of_one_level_has_nothing_on_it():
    for level in (0, 130, 255):
        reading = read_drawing(np.full((60, 80), level, np.uint8))
        assert reading.guess is None and reading.remarks == (REMARKS["nothing"],)


def test_a_clear_photo_is_answered(digits, images):
    number = (digits[1].labels == 0).nonzero()[0].item()
    reading = read_drawing(photo_of(images[number], "shaded", seed=1))
    assert (reading.digit, reading.remarks) == (0, ())
    assert "reads 0" in reading.words.en and "读作 0" in reading.words.zh
    assert len(reading.probabilities) == 10 and sum(reading.probabilities) == pytest.approx(1)


def test_a_network_comes_with_its_data():
    with pytest.raises(SettingError, match="test_iter"):
        read_drawing(seven(), net=torch.nn.Flatten())


def test_deskewing_sets_a_slanting_stroke_upright():
    sheet = np.zeros((200, 200), np.uint8)
    for row in range(40, 160):
        sheet[row, 140 - row // 2 : 156 - row // 2] = 255
    widths = [np.ptp(digit_of(sheet, deskew).image.numpy().any(axis=0).nonzero()[0])
              for deskew in (False, True)]  # fmt: skip
    assert widths[1] < widths[0] / 2


def test_each_step_can_be_seen(images):
    digit = digit_of(photo_of(images[0], "ruled"))
    picture = strip(digit.steps)
    assert len(picture.figure.axes) == len(digit.steps) >= 5
    assert "背景" in picture.caption.zh and "background" in picture.caption.en
    assert ink_of(seven()).steps[-1].words.en == "ink"
