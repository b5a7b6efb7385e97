"""A folder of pictures, one subfolder a class: PNG, JPEG and what else Pillow opens."""

from pathlib import Path
from typing import NamedTuple

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


class Pictures(NamedTuple):
    """Pictures ``uint8 (n, 28, 28)``, ink 255, the number of each one's class, and what was said"""

    images: np.ndarray
    labels: np.ndarray
    said: list[Words]


def class_folders(folder: Path) -> dict[str, list[Path]]:
    """Each subfolder with pictures in it, numbers in their order, and the pictures' paths."""
    found = {
        path.name: pictures
        for path in entries(folder)
        if path.is_dir() and not path.name.startswith("__") and (pictures := _pictures(path))
    }
    return {name: found[name] for name in sorted(found, key=_order)}


def parts(folder: Path) -> tuple[Path, Path | None]:
    """The folder of the training pictures, and that of the test pictures if there are two."""
    below = {path.name.lower(): path for path in entries(folder) if path.is_dir()}
    train, test = (next((below[n] for n in names if n in below), None) for names in (TRAIN, TEST))
    return (train, test) if train and test else (folder, None)


def read_pictures(
    classes: dict[str, list[Path]], names: list[str], *, transposed: bool, dark_ink: bool | None
) -> Pictures:
    """Read all pictures, or raise `SettingError`; classes are numbered as in ``names``.

    Each is turned to grey, inverted if its edge is bright (``dark_ink=None``), scaled into 28×28,
    and stretched until its paper is 0 and its darkest ink 255. Each class is spread over all of
    them, so that the last sixth, say, holds a sixth of it.
    """
    images, labels, inverted, blank = [], [], 0, []
    spread = [((number + 0.5) / len(paths), name, path)
              for name, paths in classes.items() for number, path in enumerate(paths)]  # fmt: skip
    for _, name, path in sorted(spread):
        grey = grey_of(path)[None]
        dark = float(np.median(edge(grey))) >= EDGE if dark_ink is None else dark_ink
        image = _stretched(255 - grey if dark else grey)
        blank += [path] * (not image.any())
        images.append(image.T if transposed else image)
        labels.append(names.index(name))
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
    return Pictures(np.stack(images), np.array(labels), said)


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
