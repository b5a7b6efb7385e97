"""What a teacher wants to know of a machine before class, ready to be read out."""

from __future__ import annotations

import platform
from html import escape
from typing import NamedTuple

import torch

from lenet_helpers.data.catalog import DATA_SETS
from lenet_helpers.data.places import FROM_SKLEARN, datasets_at_hand
from lenet_helpers.devices import try_gpu
from lenet_helpers.figures import chinese_font
from lenet_helpers.words import SettingError, Words

HEADINGS = (Words("项目", "What"), Words("这台机器", "Here"), Words("要做什么", "What to do"))
NOTHING = Words("—", "—")
CHINESE_FONT = Words("图中的中文字体", "Chinese font for plots")
NOT_HERE = Words("没有", "not here")
NO_GPU = Words("无需操作：CPU 也能上完每一课", "nothing: every lesson runs on a CPU")
NO_FONT = Words(
    "图中只有英文；要显示中文，请安装中文字体（如 fonts-noto-cjk）并重启内核",
    "plots are in English alone; for Chinese install a font (fonts-noto-cjk, say) and restart",
)
BAD_LENET_DATA = Words("请改正 LENET_DATA：没有这个文件夹", "correct LENET_DATA: no such folder")
IF_MISSING = {
    "fashion_mnist": Words(
        "首次使用时下载（31 MB）；或 apt install dataset-fashion-mnist；或设置 LENET_DATA",
        "downloaded on first use (31 MB); or apt install dataset-fashion-mnist; or set LENET_DATA",
    ),
    "mnist": Words(
        "首次使用时下载（12 MB）；或设置 LENET_DATA",
        "downloaded on first use (12 MB); or set LENET_DATA",
    ),
}


class MachineCheck(NamedTuple):
    """Rows of what was looked at, what is here, and what to do. Prints as text or as HTML."""

    rows: tuple[tuple[Words, Words, Words], ...]

    def __str__(self) -> str:
        return "\n".join(f"{what}: {here} → {to_do}" for what, here, to_do in self.rows)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        body = "".join(_html_row(row, "td") for row in self.rows)
        return f"<table><thead>{_html_row(HEADINGS, 'th')}</thead><tbody>{body}</tbody></table>"


def check_machine() -> MachineCheck:
    """Look at Python, torch, the device, the fonts and the data sets; nothing is downloaded."""
    font = chinese_font()
    software = (
        (_same("Python"), _same(platform.python_version()), NOTHING),
        (_same("PyTorch"), _same(torch.__version__), NOTHING),
        (Words("计算设备", "Device"), *_device(try_gpu())),
        (Words("CPU 线程数", "CPU threads"), _same(str(torch.get_num_threads())), NOTHING),
    )
    letters = (_same(font), NOTHING) if font else (NOT_HERE, NO_FONT)
    return MachineCheck((*software, (CHINESE_FONT, *letters), *_data()))


def _device(device: torch.device) -> tuple[Words, Words]:
    name = torch.cuda.get_device_name() if device.type == "cuda" else platform.machine()
    return _same(f"{device.type} · {name}"), NO_GPU if device.type == "cpu" else NOTHING


def _data() -> tuple[tuple[Words, Words, Words], ...]:
    try:
        places, advice = datasets_at_hand(), IF_MISSING
    except SettingError:
        places, advice = {"digits": FROM_SKLEARN}, dict.fromkeys(IF_MISSING, BAD_LENET_DATA)
    return tuple(
        (data.title, *((places[name], NOTHING) if places.get(name) else (NOT_HERE, advice[name])))
        for name, data in DATA_SETS.items()
    )


def _same(text: str) -> Words:
    return Words(text, text)


def _html_row(row: tuple[Words, Words, Words], tag: str) -> str:
    cells = (escape(words.zh) if words.zh == words.en else words.html("div") for words in row)
    return "<tr>" + "".join(f'<{tag} style="text-align: left">{c}</{tag}>' for c in cells) + "</tr>"
