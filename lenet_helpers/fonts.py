"""A font for the Chinese words in pictures, also if it was installed after matplotlib looked."""

from contextlib import suppress
from functools import cache
from pathlib import Path

import matplotlib
from matplotlib import font_manager

CHINESE_FONTS = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Source Han Sans CN", "PingFang SC",
    "Hiragino Sans GB", "Heiti SC", "Microsoft YaHei", "SimHei", "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei", "Noto Sans CJK JP", "Arial Unicode MS",
)  # fmt: skip


@cache
def chinese_font() -> str | None:
    """A font on this machine that has Chinese characters, or ``None``."""
    if not _listed():
        _renew_list()
    return _listed()


def _listed() -> str | None:
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in CHINESE_FONTS if name in installed), None)


def _renew_list() -> None:
    """Add to matplotlib's list of fonts, which it keeps on disk, those installed since then."""
    manager = font_manager.fontManager
    new = set(font_manager.findSystemFonts()) - {font.fname for font in manager.ttflist}
    for path in new:
        # a font that cannot be read is no font; matplotlib passes over it too
        with suppress(Exception):
            manager.addfont(path)
    if new:
        name = f"fontlist-v{manager.__version__}.json"
        font_manager.json_dump(manager, Path(matplotlib.get_cachedir(), name))
