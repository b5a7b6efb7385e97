"""What a teacher wants to know of a machine before class, ready to be read out."""

import os
import platform
from collections.abc import Iterator
from datetime import date

import torch

from lenet_helpers.data.catalog import DATA_SETS
from lenet_helpers.data.places import datasets_at_hand
from lenet_helpers.devices import passed_over, try_gpu
from lenet_helpers.fonts import chinese_font
from lenet_helpers.tables import Table
from lenet_helpers.words import SettingError, Words

NOTHING = "—"
NOT_HERE = Words("没有", "not here")
NO_GPU = Words("无需操作：CPU 也能上完每一课", "nothing: every lesson runs on a CPU")
NO_FONT = Words(
    "图中只有英文；要显示中文，请安装中文字体（如 fonts-noto-cjk）并重启内核",
    "plots are in English alone; for Chinese install a font (fonts-noto-cjk, say) and restart",
)
NOT_IN_LENET_DATA = Words(
    "LENET_DATA 的文件夹里没有它的四个文件", "its four files are not in the folder of LENET_DATA"
)
BAD_LENET_DATA = Words("请改正 LENET_DATA：没有这个文件夹", "correct LENET_DATA: no such folder")


def check_machine() -> Table:
    """Look at Python, torch, the device, the fonts and the data sets; nothing is downloaded."""
    font, system, day = chinese_font(), platform.system(), date.today()
    fonts = (font, NOTHING) if font else (NOT_HERE, NO_FONT)
    rows = [
        ("Python", platform.python_version(), NOTHING),
        ("PyTorch", torch.__version__, NOTHING),
        (Words("计算设备", "Device"), *_device(try_gpu())),
        (Words("CPU 线程数", "CPU threads"), torch.get_num_threads(), NOTHING),
        (Words("图中的中文字体", "Chinese font for plots"), *fonts),
        *_data(),
    ]
    headings = Words("项目", "What"), Words("这台机器", "Here"), Words("要做什么", "What to do")
    whose = Words(  # of a stored table one must not think that it is about one's own machine
        f"这里说的是最近一次运行这个单元格的机器（{system}，{day}）：自己运行一次，看到的才是你的机器",
        f"About the machine that last ran this cell ({system}, {day}): run it to see yours",
    )
    return Table(headings, rows, caption=whose)


def _device(device: torch.device) -> tuple[str, Words | str]:
    name = torch.cuda.get_device_name() if device.type == "cuda" else platform.machine()
    to_do = NO_GPU if device.type == "cpu" else NOTHING
    if why := passed_over():
        to_do = Words("".join(w.zh for w in why), " ".join(w.en for w in why))
    return f"{device.type} · {name}", to_do


def _data() -> Iterator[tuple[Words, Words, Words | str]]:
    try:
        places, advice = datasets_at_hand(), None
    except SettingError:
        places, advice = {}, BAD_LENET_DATA
    for name, dataset in DATA_SETS.items():
        place, ways = places.get(name) or dataset.comes_with, dataset.how_to_get
        if os.environ.get("LENET_DATA"):
            ways = Words(f"{NOT_IN_LENET_DATA.zh}；{ways.zh}", f"{NOT_IN_LENET_DATA.en}; {ways.en}")
        yield dataset.title, place or NOT_HERE, NOTHING if place else advice or ways
