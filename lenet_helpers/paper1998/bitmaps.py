"""The ten digits as 7×12 bitmaps: the targets of LeNet-5's output layer.

Drawn for this course in the manner of a printed font; they are not the bitmaps of the paper, which
shows its own in a figure.
"""

from __future__ import annotations

import torch

# Ten drawings side by side, 0 to 9; each is 7 wide and 12 high.
DRAWINGS = """
.......  .......  .......  .......  .......  .......  .......  .......  .......  .......
..XXX..  ...X...  ..XXX..  XXXXXXX  .....X.  XXXXXXX  ...XXX.  XXXXXXX  ..XXX..  ..XXX..
.XX.XX.  ..XX...  .X...X.  .....X.  ....XX.  X......  ..X....  ......X  .X...X.  .X...X.
XX...XX  .X.X...  X.....X  ....X..  ...X.X.  X......  .X.....  .....X.  X.....X  X.....X
X.....X  ...X...  ......X  ...XX..  ..X..X.  X.XXX..  X......  .....X.  X.....X  X.....X
X.....X  ...X...  .....X.  .....X.  ..X..X.  XX...X.  X.XXX..  ....X..  .X...X.  X....XX
X.....X  ...X...  ....X..  ......X  .X...X.  ......X  XX...X.  ....X..  ..XXX..  .XXXX.X
X.....X  ...X...  ...X...  ......X  X....X.  ......X  X.....X  ...X...  .X...X.  ......X
XX...XX  ...X...  ..X....  ......X  XXXXXXX  ......X  X.....X  ...X...  X.....X  .....X.
.XX.XX.  ...X...  .X.....  X.....X  .....X.  X....X.  .X...X.  ..X....  .X...X.  ....X..
..XXX..  .XXXXX.  XXXXXXX  .XXXXX.  .....X.  .XXXX..  ..XXX..  ..X....  ..XXX..  .XXX...
.......  .......  .......  .......  .......  .......  .......  .......  .......  .......
"""


def digit_bitmaps() -> torch.Tensor:
    """The bitmaps as numbers, ``float32 (10, 12, 7)``: +1 for ink and −1 for paper."""
    rows = [line.split() for line in DRAWINGS.split("\n") if line]
    return torch.tensor([[[1.0 if dot == "X" else -1.0 for dot in row] for row in digit]
                         for digit in zip(*rows, strict=True)])  # fmt: skip
