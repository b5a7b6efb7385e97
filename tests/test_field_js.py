"""A field read by the page's JavaScript beside Python, and beside the functions of lesson 13."""

from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from lenet_helpers import load_net
from lenet_helpers.handwriting import ink
from lenet_helpers.network_view.stored import digits_in_form
from lenet_helpers.zip_code import compose, to_field
from lenet_helpers.zip_code.browser import describe_sliding
from lenet_helpers.zip_code.reading import NOTHING, read_field, slide_over, sliding_lenet
from tests.conftest import NOTEBOOKS, cells_of
from tests.node import needs_node, run_in_node

GAPS = (6, 3, 1, -1, -3)
MODULES = ["../zip_code/field.js", "network.js", "photo.js"]


def network() -> nn.Sequential:
    """The network that lesson 13 has kept."""
    net = sliding_lenet()
    load_net(net, NOTEBOOKS / "results" / "13_slide.pt")
    return net.eval()


@cache
def some_fields(count: int = 6):
    """Fields at all gaps, composed from scikit-learn's digits."""
    digits = digits_in_form()[1]
    gaps = torch.tensor(GAPS).repeat_interleave(count)
    return compose(digits.images, digits.labels, gaps, torch.Generator().manual_seed(0))


def lines_of_ink() -> list[np.ndarray]:
    """Scans of lines that become larger, smaller, short and long; one is blank."""
    random = np.random.default_rng(0)
    shapes = [(9, 40), (24, 100), (25, 101), (61, 300), (210, 840), (300, 90), (3, 200), (97, 5)]
    noise = [random.integers(0, 256, shape) * (random.random(shape) < 0.3) for shape in shapes]
    return [np.zeros((40, 90)), *noise, 7.0 * noise[3]]


def photo_of_line(field: torch.Tensor, seed: int = 0) -> np.ndarray:
    """A photo of a field on shaded paper, ``uint8 (160 or more, 800 or more)``."""
    random = np.random.default_rng(seed)
    ink = np.pad(np.kron(field.numpy(), np.ones((5, 5))), 20)
    light = np.linspace(215, 150, ink.shape[1])
    levels = light * (1 - 0.8 * ink) + random.normal(0, 1.5, ink.shape)
    return levels.clip(0, 255).astype(np.uint8)


def photos() -> list[np.ndarray]:
    """Of fields at several gaps, and one without ink."""
    pictures = some_fields(1).pictures
    return [*(photo_of_line(p, n) for n, p in enumerate(pictures)), photo_of_line(0 * pictures[0])]


def questions() -> list[tuple[torch.Tensor, int | None]]:
    """Fields, each with how many digits are to be read."""
    plain = [(picture, 5) for picture in some_fields().pictures]
    narrow = [(plain[0][0][:, :width], count) for width in (32, 40, 57) for count in (5, None, 1)]
    return [*plain, *((picture, None) for picture, _ in plain[:10]), *narrow]


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """One run of node for all fields, lines and photos."""
    folder = tmp_path_factory.mktemp("node")

    def written(name: str, table: np.ndarray) -> dict:
        (folder / name).write_bytes(table.tobytes())
        return {"file": name, "height": len(table), "width": table.shape[1]}

    description, weights = describe_sliding(network())
    (folder / "weights").write_bytes(weights)
    fields = [
        written(f"{number}", (255 * field).numpy().astype("<f4")) | {"count": count}
        for number, (field, count) in enumerate(questions())
    ]
    lines = [written(f"line {n}", scan.astype("<f4")) for n, scan in enumerate(lines_of_ink())]
    asked = {"fields": fields, "lines": lines, "description": description}
    asked["photos"] = [written(f"photo {n}", photo) for n, photo in enumerate(photos())]
    found = run_in_node(folder, "field.mjs", MODULES, asked)
    found["inks"] = [np.fromfile(folder / f"{each['file']}.ink", "<f4") for each in asked["photos"]]
    return found


@needs_node
def test_the_page_reads_every_field_as_python_does(answers):
    net = network()
    for (field, count), found in zip(questions(), answers["fields"], strict=True):
        log_p = slide_over(net, field)
        expected = read_field(log_p, count)
        assert (torch.tensor(found["logP"]).T - log_p).abs().max() < 1e-4
        assert (tuple(found["digits"]), tuple(found["places"])) == expected[:2]
        assert found["sureness"] == pytest.approx(expected.sureness, abs=1e-5)
    assert max(len(found["digits"]) for found in answers["fields"]) >= 5


@needs_node
def test_a_line_becomes_the_same_field_as_in_python(answers):
    blank, *found = answers["lines"]
    assert blank is None
    for scan, field in zip(lines_of_ink()[1:], found, strict=True):
        expected = to_field(torch.from_numpy(scan))
        values = torch.tensor(field["values"]).reshape(field["height"], field["width"])
        assert values.shape == expected.shape
        assert (values / 255 - expected).abs().max() < 1e-4


@needs_node
def test_a_photo_keeps_all_its_digits_as_in_python_apart_from_ruled_lines(answers, monkeypatch):
    monkeypatch.setattr(ink, "without_lines", lambda mask: mask)
    for photo, found in zip(photos(), answers["inks"], strict=True):
        expected = ink.ink_of(photo).values
        assert np.abs(found.reshape(photo.shape) - expected).max() <= 1
    assert not found.any()
    assert len(ink.pieces_of(answers["inks"][0].reshape(photo.shape) > 128).boxes) >= 5


def test_the_package_reads_as_the_lessons_own_functions_do():
    cells = cells_of("13_zip_code")
    lesson = {"torch": torch, "nn": nn, "NOTHING": NOTHING}
    for cell in ("decode", "sure"):
        exec(cells[cell].split("\n\nsaying")[0], lesson)
    net, fields = network(), some_fields(20)
    with torch.no_grad():
        log_p = net(fields.pictures[:, None])[:, :, 0].log_softmax(dim=1)
    digits, places = lesson["five_best"](log_p)
    sure = lesson["log_probability"](log_p, digits).exp()
    for each, five, at, how_sure in zip(log_p, digits, places, sure, strict=True):
        found = read_field(each)
        assert (list(found.digits), list(found.places)) == (five.tolist(), at.tolist())
        assert found.sureness == pytest.approx(how_sure.item(), abs=1e-5)
    assert (digits == fields.digits).all(dim=1).float().mean() > 0.2


def test_as_many_digits_as_there_are():
    """An amount of three digits is read as three."""
    net, fields = network(), some_fields(20)
    right = 0
    for picture, digits, middles in zip(*fields, strict=True):
        cut = int(middles[2:4].mean())
        amount = torch.cat([picture[:, :cut], torch.zeros(32, 16)], dim=1)
        right += read_field(slide_over(net, amount), None).digits == tuple(digits[:3].tolist())
    assert right > 40  # of a hundred
