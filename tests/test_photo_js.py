"""The page's own steps from a photo to its ink beside the same steps of Python's."""

import numpy as np
import pytest
from PIL import Image

from lenet_helpers import load_data
from lenet_helpers.grey import grey_of
from lenet_helpers.handwriting import SCENES, ink, photo_of
from lenet_helpers.handwriting.pieces import pieces_of
from tests.node import needs_node, run_in_node

pytestmark = needs_node


def pictures() -> dict[str, Image.Image]:
    """A photo of each kind, drawings, and what has no digit; RGBA."""
    images = load_data("digits", device="cpu")[1].images.numpy()
    found = {
        scene: photo_of(images[number], scene, number).resize((160, 120))
        for number, scene in enumerate(SCENES)
    }
    drawing = np.zeros((90, 120), np.uint8)
    drawing[20:70, 50:58], drawing[20:28, 30:58] = 255, 200
    half = np.where(np.arange(120) < 60, 40, 200).astype(np.uint8) * np.ones((90, 1), np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (50, 61, 4), np.uint8)
    clear = np.zeros((90, 120, 4), np.uint8)
    clear[..., 3] = drawing
    tables = {
        "drawing": drawing, "negative": 255 - drawing, "faint drawing": drawing // 4 + 90,
        "cut off": np.pad(drawing[:60], [(0, 0), (0, 3)]) // 2 + noise[0, 0, 0] % 3,
        "one level": np.full((30, 40), 130, np.uint8), "two halves": half, "noise": noise,
        "alpha alone": clear, "white alpha": clear + np.array([255, 255, 255, 0], np.uint8),
    }  # fmt: skip
    found |= {name: Image.fromarray(table) for name, table in tables.items()}
    return {name: image.convert("RGBA") for name, image in found.items()}


PICTURES = pictures()


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """One run of node for all pictures: grey levels, ink and remarks of each."""
    folder, asked = tmp_path_factory.mktemp("node"), []
    for number, image in enumerate(PICTURES.values()):
        (folder / f"{number}").write_bytes(np.asarray(image).tobytes())
        asked.append({"height": image.height, "width": image.width, "file": f"{number}"})
    remarks, found = run_in_node(folder, "photo.mjs", ["photo.js"], asked), {}
    for number, (name, image) in enumerate(PICTURES.items()):
        tables = [np.fromfile(folder / f"{number}.{kind}", "<f4") for kind in ("grey", "ink")]
        found[name] = *(table.reshape(image.size[::-1]) for table in tables), remarks[number]
    return found


@pytest.fixture
def simple(monkeypatch):
    """Small pictures stay small, ruled lines stay, blur is not seen, the longest piece is left."""
    for name, value in {"ENOUGH": 0, "BLURRED": np.inf, "SPECK": 1}.items():
        monkeypatch.setattr(ink, name, value)
    monkeypatch.setattr(ink, "without_lines", lambda mask: mask)


@pytest.mark.parametrize("name", PICTURES)
def test_a_photo_becomes_the_same_ink_as_in_python(answers, simple, monkeypatch, name):
    grey, values, remarks = answers[name]
    assert np.abs(grey - grey_of(PICTURES[name])).max() <= 1
    expected = ink.ink_of(grey.astype(np.uint8))
    assert np.abs(values - expected.values).max() <= 1
    assert [each for each in remarks if each != ink.REMARKS["several"].en] == [
        each.en for each in expected.remarks
    ]
    if not expected.is_clean:
        contrast = expected.steps[1].picture
        monkeypatch.setattr(ink, "SPECK", ink.OTHER)
        mask, _ = ink.ink_mask(contrast, ink.floor_of(contrast))
        several = len(pieces_of(mask).boxes) > 1
        assert (ink.REMARKS["several"].en in remarks) == several


def test_the_pictures_have_ink_and_remarks_of_several_kinds(answers):
    assert sum(ink.max() == 255 for _, ink, _ in answers.values()) >= len(SCENES) + 5
    assert len({remark for *_, remarks in answers.values() for remark in remarks}) >= 3
