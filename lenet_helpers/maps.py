"""Pictures of feature maps and kernels: many small maps side by side."""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.colors import LinearSegmentedColormap

from lenet_helpers.figures import Picture, new_figure, style
from lenet_helpers.palette import BLUE, ORANGE
from lenet_helpers.words import SettingError, Words

Outputs = Sequence[tuple[str, torch.Tensor]]
# A bank of kernels is drawn up to here, so that a wide network still fits.
MOST_KERNELS, MOST_CHANNELS = 16, 8
PAPER = "0.88"  # between maps: grey, for white is zero
SIGNED = LinearSegmentedColormap.from_list("signed", [ORANGE, "white", BLUE])
SIGNED = SIGNED.with_extremes(bad=PAPER)


def mosaic(maps, columns: int) -> np.ndarray:
    """Maps ``(n, h, w)``, so many in a row, with one blank number (``nan``) between any two."""
    gaps = ((0, -len(maps) % columns), (0, 1), (0, 1))  # maps to fill the last row, and lines
    maps = np.pad(np.asarray(maps, dtype=float), gaps, constant_values=np.nan)
    rows = maps.reshape(-1, columns, *maps.shape[1:]).swapaxes(1, 2)
    return rows.reshape(-1, columns * maps.shape[2])[:-1, :-1]


def corner(number: int, height: int, width: int, columns: int) -> tuple[int, int]:
    """Row and column of a `mosaic` where this map begins."""
    row, column = divmod(number, columns)
    return row * (height + 1), column * (width + 1)


def kernel_maps(*networks: Outputs, titles: Sequence[str] = ()) -> Picture:
    """All kernels of all convolutions, one network beside the other.

    A column for each output channel, a row for each input channel. Blue is positive, white is zero,
    orange is negative; the deepest colour is the largest weight of the layer in that network.

    Args:
        networks: of each the names and weights ``(out, in, height, width)``, as `kernels` returns
            them. A layer with more than 16 × 8 kernels shows the first of them.
        titles: a text above each network, or none.

    Raises:
        SettingError: a network has no convolution, or not as many as the others.
    """
    if not networks or not networks[0] or len(set(map(len, networks))) > 1:
        found = [len(network) for network in networks]
        raise SettingError(
            f"每个网络应有同样多的卷积层，至少一个，却是 {found}。"
            "请用：kernel_maps(kernels(lenet()))",
            "Each network must have as many convolutions as the others, and one at least, but "
            f"they have {found}. Use: kernel_maps(kernels(lenet()))",
        )
    shown = [[_bank(weights) for _, weights in network] for network in networks]
    heights = [len(bank) / bank.shape[1] for bank in shown[0]]
    size = 4.2 * len(networks), 0.5 + 0.35 * len(heights) + 4.0 * sum(heights)
    figure, axes = new_figure(
        *size, len(heights), len(networks), squeeze=False, height_ratios=heights
    )
    with style():
        for column, banks in enumerate(shown):
            for row, bank in enumerate(banks):
                axis, reach = axes[row, column], np.nanmax(np.abs(bank)) or 1
                axis.imshow(bank, cmap=SIGNED, vmin=-reach, vmax=reach)
                axis.set_axis_off()
                axis.set_title(networks[column][row][0], fontsize=9)
        for axis, title in zip(axes[0], titles, strict=False):
            axis.set_title(f"{title}\n{axis.get_title()}", fontsize=10)
    listed = [f"{name} {' × '.join(map(str, weights.shape))}" for name, weights in networks[0]]
    caption = Words(
        f"卷积核（每列一个输出通道，每行一个输入通道；蓝色为正，白色为零，橙色为负）：{'、'.join(listed)}。",
        "Kernels (a column for each output channel, a row for each input channel; blue is "
        f"positive, white zero, orange negative): {', '.join(listed)}.",
    )
    return Picture(figure, caption)


def _bank(weights: torch.Tensor) -> np.ndarray:
    first = weights.detach().float().cpu()[:MOST_KERNELS, :MOST_CHANNELS].swapaxes(0, 1)
    return mosaic(first.flatten(0, 1), columns=first.shape[1])
