"""Made-up photos of handwritten digits: paper, light, pen, camera and JPEG, all from one seed."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from lenet_helpers.words import Words, require_known

SIZE = (480, 640)  # height and width of a photo
RULE, TABLE = (150, 170, 200), (70, 52, 40)  # colours of ruled lines and of a wooden table


@dataclass(frozen=True)
class Scene:
    """How a photo is made; pairs are the ends of a range from which the seed chooses.

    Attributes:
        digit: height of the digit's 28 pixels, as a share of the photo's height.
        pen: by how many of MNIST's pixels the strokes are made wider, negative for narrower.
        ink, paper: colours of the darkest ink and of the paper, RGB.
        cover, shading: of the paper's colour what ink takes away, and how much darker one side is.
        noise, blur: of the camera, in grey levels and in pixels.
        rotation, perspective: degrees, to either side; how much smaller the farther side may be.
        lines: ``""``, ``"ruled"`` or ``"squared"``.
        table, hand: whether the table's edge, or the shadow of a hand, is in view.
        jpeg: quality, or 0 for none.
    """

    words: Words
    digit: tuple[float, float] = (0.45, 0.85)
    pen: tuple[float, float] = (-0.6, 0.8)
    ink: tuple[int, int, int] = (35, 35, 45)
    paper: tuple[int, int, int] = (205, 203, 196)
    cover: tuple[float, float] = (0.75, 0.95)
    shading: tuple[float, float] = (0.1, 0.5)
    noise: tuple[float, float] = (2, 7)
    blur: tuple[float, float] = (0.5, 1.5)
    rotation: float = 10
    perspective: float = 0.12
    lines: str = ""
    table: bool = False
    hand: bool = False
    jpeg: tuple[int, int] = (60, 92)


SCENES = {
    "scan": Scene(
        Words("干净的扫描件", "clean scan"),
        paper=(255, 255, 255), shading=(0, 0), noise=(0, 0), perspective=0, rotation=4,
        blur=(0.3, 0.6), jpeg=(0, 0),
    ),
    "shaded": Scene(Words("有明暗的灰纸", "shaded grey paper")),
    "ruled": Scene(Words("横线纸", "ruled paper"), lines="ruled"),
    "squared": Scene(Words("方格纸", "squared paper"), lines="squared"),
    "table": Scene(Words("露出桌边", "the table's edge in view"), table=True, digit=(0.35, 0.6)),
    "hand": Scene(Words("手的影子", "shadow of a hand"), hand=True),
    "ball-pen": Scene(
        Words("发黄纸上的蓝圆珠笔", "blue ball-pen on yellowish paper"),
        ink=(40, 60, 150), paper=(225, 212, 170), pen=(-1.6, -0.6), cover=(0.6, 0.85),
    ),
    "marker": Scene(Words("粗记号笔", "thick marker"), pen=(1, 2.2)),
    "pencil": Scene(
        Words("铅笔", "pencil"), ink=(90, 90, 95), pen=(-1.0, -0.2), cover=(0.35, 0.6)
    ),
    "small": Scene(
        Words("画面大、数字小", "a small digit in a large frame"),
        digit=(0.1, 0.22), blur=(0.3, 0.8),
    ),
    "board": Scene(
        Words("黑板上的粉笔", "chalk on a blackboard"), ink=(225, 225, 215), paper=(52, 66, 60)
    ),
}  # fmt: skip


def photo_of(digit, scene: str = "shaded", seed: int = 0) -> Image.Image:
    """A photo, RGB of 640×480, of a digit ``uint8 (28, 28)`` in a scene; the same for a seed."""
    scene = require_known(SCENES, scene, Words("场景", "scene"))
    random = np.random.default_rng(seed)
    to_paper = _camera(scene, random)
    cover = random.uniform(*scene.cover) * _stroke(np.asarray(digit), scene, to_paper, random)
    colors = _paper(scene, to_paper, random)
    grain = ndimage.gaussian_filter(random.normal(0, 1, SIZE), 1.2)
    cover = np.clip(cover * (1 + 0.25 * grain), 0, 1)[..., None]
    colors = colors * (1 - cover) + np.array(scene.ink) * cover
    if scene.table:
        colors = _table(colors, random)
    colors = colors * _light(scene, random)[..., None]
    colors = ndimage.gaussian_filter(colors, (*[random.uniform(*scene.blur)] * 2, 0))
    colors += random.normal(0, 1, colors.shape) * random.uniform(*scene.noise)
    image = Image.fromarray(np.clip(np.round(colors), 0, 255).astype(np.uint8))
    quality = int(random.integers(scene.jpeg[0], scene.jpeg[1] + 1))
    if not quality:
        return image
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def _camera(scene: Scene, random) -> np.ndarray:
    """For each pixel of the photo its place on the paper, ``(2, h, w)``: 0, 0 is the middle."""
    height, width = SIZE
    y, x = np.mgrid[:height, :width].astype(np.float32)
    y, x = (y - height / 2) / height, (x - width / 2) / height
    tilt_y, tilt_x = random.uniform(-scene.perspective, scene.perspective, 2)
    depth = 1 + tilt_y * y + tilt_x * x
    angle = np.deg2rad(random.uniform(-scene.rotation, scene.rotation))
    turned = np.stack(
        [np.cos(angle) * y - np.sin(angle) * x, np.sin(angle) * y + np.cos(angle) * x]
    )
    return turned / depth


def _stroke(digit: np.ndarray, scene: Scene, to_paper: np.ndarray, random) -> np.ndarray:
    """How much of each pixel is covered by ink, from 0 to 1."""
    fine = ndimage.zoom(np.pad(digit, 4).astype(np.float32), 8, order=3, grid_mode=True,
                        mode="nearest")  # fmt: skip
    inside = ndimage.gaussian_filter(fine, 3) > 110
    depth = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
    # A narrow pen leaves at least a line: no stroke gets thinner than its own middle.
    narrowest = ndimage.maximum_filter(depth, 9) - 2
    wanted = np.minimum(-8 / 2 * random.uniform(*scene.pen), narrowest)
    covered = np.clip(0.5 + depth - wanted, 0, 1)
    side = random.uniform(*scene.digit)  # of the 28 pixels, in heights of the photo
    place = random.uniform(-1, 1, 2) * np.maximum(0, (1 - side) / 2) * (0.6, 0.8)
    at = [(axis - middle) / side * 28 * 8 + fine.shape[0] / 2
          for axis, middle in zip(to_paper, place, strict=True)]  # fmt: skip
    return ndimage.map_coordinates(covered, at, order=1)


def _paper(scene: Scene, to_paper: np.ndarray, random) -> np.ndarray:
    """The paper's colours, ``(h, w, 3)``, with its fibres and its lines."""
    fibres = ndimage.gaussian_filter(random.normal(0, 1, SIZE), 2) * 6
    colors = np.array(scene.paper, np.float32) + fibres[..., None].astype(np.float32)
    pitch, width = random.uniform(0.12, 0.22), random.uniform(0.003, 0.007)
    strength = random.uniform(0.5, 1)
    for axis in to_paper[: {"": 0, "ruled": 1, "squared": 2}[scene.lines]]:
        off = np.abs((axis / pitch + random.random()) % 1 - 0.5) * pitch
        line = strength * np.clip(0.5 + (width / 2 - off) * SIZE[0], 0, 1)[..., None]
        colors = colors * (1 - line) + np.array(RULE) * line
    return colors


def _table(colors: np.ndarray, random) -> np.ndarray:
    """The table beside the paper on one side, its edge a little askew."""
    y, x = np.mgrid[-0.5 : 0.5 : SIZE[0] * 1j, -0.5 : 0.5 : SIZE[1] * 1j]
    along, across = ((y, x), (x, y))[random.integers(2)]
    side, where = random.choice([-1, 1]), random.uniform(0.4, 0.47)
    off = side * across + random.uniform(-0.1, 0.1) * along - where
    wood = np.array(TABLE) * (1 + 0.15 * np.sin(60 * across + 5 * np.sin(7 * along)))[..., None]
    colors = colors * (1 - 0.25 * np.exp(-((off / 0.012) ** 2)))[..., None]  # its own shadow
    return np.where(off[..., None] > 0, wood, colors)


def _light(scene: Scene, random) -> np.ndarray:
    """How much light falls on each pixel, from 0 to 1."""
    y, x = np.mgrid[-1 : 1 : SIZE[0] * 1j, -1 : 1 : SIZE[1] * 1j]
    angle, dark = random.uniform(0, 2 * np.pi), random.uniform(*scene.shading)
    slope = (np.cos(angle) * x + np.sin(angle) * y) / np.sqrt(2)
    light = 1 - dark * (slope + 1) / 2
    if scene.hand:  # from one side far into the picture, with a soft edge
        middle, reach = random.uniform(-0.5, 0.5), random.uniform(-0.2, 0.6)
        x = x * random.choice([-1, 1])
        off = np.hypot(np.maximum(x - reach, 0) * 2, np.maximum(np.abs(y - middle) - 0.4, 0) * 2)
        light = light * (1 - random.uniform(0.25, 0.5) * np.clip(1 - off / 0.25, 0, 1))
    return light
