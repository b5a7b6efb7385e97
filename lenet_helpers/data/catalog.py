"""The data sets of the course and what is known of them before they are read."""

from __future__ import annotations

from dataclasses import dataclass

from lenet_helpers.words import SettingError, Words

IMAGE_SIZE = 28
NUM_CLASSES = 10
FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@dataclass(frozen=True)
class DataSet:
    """A data set of 28×28 grey images in ten classes.

    ``torchvision_class`` names the class that downloads it, which is also the folder it makes;
    ``sha256`` are the checksums of the four `FILES`, uncompressed. Both are empty for a set that
    comes with a package.
    """

    name: str
    title: Words
    classes: tuple[Words, ...]
    torchvision_class: str = ""
    sha256: tuple[str, ...] = ()


_CLOTHES = tuple(
    map(
        Words,
        ["T恤", "裤子", "套衫", "连衣裙", "外套", "凉鞋", "衬衫", "运动鞋", "包", "短靴"],
        ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"]
        + ["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
    )
)
_DIGITS = tuple(Words(str(digit), str(digit)) for digit in range(NUM_CLASSES))

DATA_SETS = {
    "fashion_mnist": DataSet(
        "fashion_mnist",
        Words("Fashion-MNIST", "Fashion-MNIST"),
        _CLOTHES,
        "FashionMNIST",
        (
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
    "mnist": DataSet(
        "mnist",
        Words("MNIST", "MNIST"),
        _DIGITS,
        "MNIST",
        (
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    "digits": DataSet("digits", Words("scikit-learn 手写数字", "scikit-learn digits"), _DIGITS),
}


def data_set(name: str) -> DataSet:
    """The data set called ``name``.

    Raises:
        SettingError: no data set has this name.
    """
    if name in DATA_SETS:
        return DATA_SETS[name]
    known = ", ".join([*DATA_SETS, "auto"])
    raise SettingError(
        f"未知的数据集 {name!r}；可选：{known}。",
        f"Unknown data set {name!r}; choose one of: {known}.",
    )
