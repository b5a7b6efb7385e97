"""The data sets of the course: what is known of one before it is read stands here alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from lenet_helpers.words import SettingError, Words

Source = str | Path | Sequence  # a name; a folder; arrays (images, labels) or with the classes
ClassNames = Sequence[str | tuple[str, str]]

IMAGE_SIZE = 28
FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


class Images(NamedTuple):
    """A data set in memory: images ``uint8 (n, 28, 28)``, ink 255, and labels ``uint8 (n,)``."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


@dataclass(frozen=True)
class DataSet:
    """A data set of 28×28 grey images; the known ones have ten classes.

    Attributes:
        name, title, classes: what it and its classes are called in code and in words.
        always_standardized: whether its pixels are, even if nobody asks for it.
        read, comes_with: how it is read and what it comes with; any other set lies in `FILES`.
        torchvision_class, megabytes: the class that downloads so much, also the folder it makes.
        debian: its folder in Debian, whose package is called ``dataset-`` and this.
        sha256: the checksums of the four files, uncompressed.
    """

    name: str
    title: Words
    classes: tuple[Words, ...]
    always_standardized: bool = False
    read: Callable[[], Images] | None = None
    comes_with: Words | None = None
    torchvision_class: str = ""
    megabytes: int = 0
    debian: str = ""
    sha256: tuple[str, ...] = ()

    @property
    def how_to_get(self) -> Words:
        """What to do about it on a machine that does not have it."""
        package = f"apt install dataset-{self.debian}" if self.debian else ""
        zh = f"首次使用时下载（{self.megabytes} MB）", package, "设置 LENET_DATA"
        en = f"downloaded on first use ({self.megabytes} MB)", package, "set LENET_DATA"
        return Words("；或 ".join(filter(None, zh)), "; or ".join(filter(None, en)))


def read_digits() -> Images:
    """The 1,797 digits of scikit-learn, resized to 28×28; every fifth one is a test image.

    Source: Alpaydin and Kaynak, *Optical Recognition of Handwritten Digits*, 1998 (CC BY 4.0).
    """
    # Importing sklearn takes a second and 80 MB, so its file is read where it lies.
    folder = Path(find_spec("sklearn").origin).parent
    table = np.loadtxt(folder / "datasets/data/digits.csv.gz", delimiter=",")  # (1797, 65)
    pixels, target = table[:, :-1].reshape(-1, 1, 8, 8), table[:, -1]
    grey = torch.from_numpy(pixels) * (255 / 16)
    images = torch.nn.functional.interpolate(grey, size=(IMAGE_SIZE, IMAGE_SIZE), mode="bilinear")
    images = images[:, 0].round().to(torch.uint8).numpy()
    labels = target.astype(np.uint8)
    is_test = np.arange(len(labels)) % 5 == 4
    return Images(images[~is_test], labels[~is_test], images[is_test], labels[is_test])


_CLOTHES = (
    Words("T恤", "T-shirt/top"), Words("裤子", "Trouser"), Words("套衫", "Pullover"),
    Words("连衣裙", "Dress"), Words("外套", "Coat"), Words("凉鞋", "Sandal"),
    Words("衬衫", "Shirt"), Words("运动鞋", "Sneaker"), Words("包", "Bag"),
    Words("短靴", "Ankle boot"),
)  # fmt: skip
_DIGITS = tuple(Words.same(str(digit)) for digit in range(10))
DATA_SET = Words("数据集", "data set")
_ALL = (
    DataSet(
        "fashion_mnist", Words.same("Fashion-MNIST"), _CLOTHES,
        torchvision_class="FashionMNIST", megabytes=31, debian="fashion-mnist",
        sha256=(
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
    DataSet(
        "mnist", Words.same("MNIST"), _DIGITS, torchvision_class="MNIST", megabytes=12,
        sha256=(
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    DataSet(
        "digits", Words("scikit-learn 手写数字", "scikit-learn digits"), _DIGITS,
        always_standardized=True,  # without it the lesson's LeNet does not learn from so few
        read=read_digits, comes_with=Words("scikit-learn 自带", "comes with scikit-learn"),
    ),
)  # fmt: skip
DATA_SETS = {dataset.name: dataset for dataset in _ALL}
OWN: dict[str, DataSet] = {}  # data of one's own, by their names, as this session has read them


def data_set(name: str, what: Words = DATA_SET) -> DataSet:
    """The data set of this name, or a `SettingError` that says ``what`` it was given as."""
    if name in DATA_SETS or name in OWN:
        return DATA_SETS.get(name) or OWN[name]
    known = ", ".join([*DATA_SETS, "auto", *OWN])
    raise SettingError(
        f"未知的{what.zh} {name!r}；可选：{known}；或自己数据的文件夹：load_data('./文件夹')。",
        f"Unknown {what.en} {name!r}; choose one of: {known}; or a folder with data of your own: "
        "load_data('./folder').",
    )
