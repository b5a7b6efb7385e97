"""A folder of pictures, one subfolder a class: PNG, JPEG and what else Pillow opens."""

from itertools import chain
from pathlib import Path

import numpy as np
from PIL import Image

from lenet_helpers.data.places import entries
from lenet_helpers.data.shapes import EDGE, TURNED, edge, fit
from lenet_helpers.grey import grey_of
from lenet_helpers.words import Words

TRAIN, TEST = ("train", "training"), ("test", "testing", "val", "valid", "validation")
NOT_OPENED = (".heic", ".heif", ".svg", ".pdf")  # pictures that Pillow alone doesn't open
CLEAN, FULL = 8, 250  # paper below and ink above are left as they are
FAINT = 16  # what differs from paper by less is none


def class_folders(folder: Path) -> dict[str, list[Path]]:
    """Each subfolder with pictures in it, numbers in their order, and the pictures' paths."""
    found = {
        path.name: pictures
        for path in entries(folder)
        if path.is_dir() and not path.name.startswith("__") and (pictures := _pictures(path))
    }
    return {name: found[name] for name in sorted(found, key=_order)}


def part_folders(folder: Path) -> list[Path]:
    """The folders of the pictures to train with and to test with; this one if there are not two."""
    below = {path.name.lower(): path for path in entries(folder) if path.is_dir()}
    found = [next((below[n] for n in names if n in below), None) for names in (TRAIN, TEST)]
    return found if all(found) else [folder]


def read_pictures(
    parts: list[dict[str, list[Path]]], *, transposed: bool | None, dark_ink: bool | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str], list[Words]]:
    """All pictures of the parts, ``uint8 (n, 28, 28)``, ink 255; or a `SettingError`.

    Then the number of each one's class, of each one's part, the classes, and what was done. Each
    is turned to grey, inverted if its edge is bright (``dark_ink=None``), scaled into 28×28, and
    stretched until its paper is 0 and its darkest ink 255. Each class is spread over all of them,
    so that the last sixth, say, holds a sixth of it.
    """
    names = list(dict.fromkeys(chain(*parts)))
    images, inverted, blank = [], 0, []
    spread = sorted(
        (part, (number + 0.5) / len(paths), name, path)
        for part, classes in enumerate(parts)
        for name, paths in classes.items()
        for number, path in enumerate(paths)
    )
    for *_, path in spread:
        grey = grey_of(path)[None]
        dark = float(np.median(edge(grey))) >= EDGE if dark_ink is None else dark_ink
        image = _stretched(255 - grey if dark else grey)
        blank += [path] * (not image.any())
        images.append(image.T if transposed else image)
        inverted += dark
    said = [Words(f"{len(images)} 张图片变为灰度，按比例缩放到 28×28，居中，对比度拉满",
                  f"{len(images)} pictures were turned to grey, scaled to 28×28 with their "
                  "proportions, in the middle, and stretched to full contrast")]  # fmt: skip
    if inverted:
        said.append(Words(f"其中 {inverted} 张白底深色笔迹的反相",
                          f"{inverted} with dark ink on light were inverted"))  # fmt: skip
    if transposed:
        said.append(TURNED)
    if blank:
        said.append(Words(f"{len(blank)} 张是空白的（如 {blank[0]}）",
                          f"{len(blank)} are blank ({blank[0]}, say)"))  # fmt: skip
    labels = np.array([names.index(name) for _, _, name, _ in spread])
    return np.stack(images), labels, np.array([part for part, *_ in spread]), names, said


def _pictures(folder: Path) -> list[Path]:
    opened = {
        ending for ending, kind in Image.registered_extensions().items() if kind in Image.OPEN
    }
    files = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    return [path for path in files if path.suffix.lower() in opened.union(NOT_OPENED)]


def _order(name: str) -> tuple:
    return (0, int(name), name) if name.isdecimal() else (1, name.casefold(), name)


def _stretched(light_ink: np.ndarray) -> np.ndarray:
    """Ink on dark paper, ``uint8 (1, h, w)``, in 28×28 and full contrast."""
    paper = int(np.median(edge(light_ink)))
    image = fit((light_ink.astype(np.int16) - paper).clip(0).astype(np.uint8))[0]
    brightest = int(image.max())
    if brightest < FAINT:
        return np.zeros_like(image)
    if paper <= CLEAN and brightest >= FULL:
        return image if paper else fit(light_ink)[0]
    return (image.astype(np.float32) * (255 / brightest)).round().astype(np.uint8)
