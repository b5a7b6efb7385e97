"""What the lessons' sentences claim about measurements, as checks of the cells' outputs.

A check returns how many times what it found is as large as what it must be: above 1 the claim
holds, and the larger, the safer it is with other seeds. Each is run on the stored outputs, and on
those of every fresh run on the real data sets (see conftest.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

NUMBER = re.compile(r"[-+−]?(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]\d+)?")


class Outputs(dict):
    """What each code cell put out, as text, by the cell's id."""

    @classmethod
    def of(cls, notebook) -> Outputs:
        return cls({c.id: text(c.outputs) for c in notebook.cells if c.cell_type == "code"})

    def row(self, cell: str, beginning: str = "") -> list[float]:
        """The numbers behind the first appearance of some words in a cell's output.

        Raises:
            KeyError: if the cell does not put these words out.
        """
        found = re.search(re.escape(beginning) + r"(.*)", self[cell])
        if not found:
            raise KeyError(f"{cell} does not put out {beginning!r}: {self[cell]!r}")
        return numbers(found[1])


def text(outputs: list) -> str:
    """What stored outputs say, as text."""
    return "\n".join(
        o.get("text", "") + str(o.get("data", {}).get("text/plain", "")) for o in outputs
    )


def numbers(words: str) -> list[float]:
    """All numbers of a text; ± and units are left out."""
    return [float(n.replace(",", "").replace("−", "-")) for n in NUMBER.findall(words)]


@dataclass(frozen=True)
class Claim:
    """A check, and what its margin is the ratio of."""

    lesson: str
    margin: str
    check: Callable[[Outputs], float]

    def table(self, out: Outputs) -> str:
        return f"{self.check(out):.2g} × {self.margin}"


MEASURED: dict[str, Claim] = {}


def claim(lesson: str, margin: str):
    """Enter a check under its name, with hyphens for underscores."""

    def enter(check: Callable[[Outputs], float]):
        MEASURED[check.__name__.replace("_", "-")] = Claim(lesson, margin, check)
        return check

    return enter


def decided(mean: float, error: float) -> float:
    """A mean difference in units of three standard errors."""
    return abs(mean) / (3 * error)


def between(low: float, value: float, high: float) -> float:
    """How often the distance of a value from the middle goes into half the range."""
    return (high - low) / 2 / max(abs(value - (low + high) / 2), 1e-9)


# 08 Why convolution


@claim("08_why_convolution", "one point, and three standard errors")
def lenet_wins_on_digits(out: Outputs) -> float:
    mean, error = out.row("paired", "LeNet - fully connected:")
    return min(mean / 0.01, decided(mean, error) if mean > 0 else 0)


@claim("08_why_convolution", "two points lost by LeNet, at most 0.3 by the other")
def scrambling_hurts_lenet_alone(out: Outputs) -> float:
    lenet, error = out.row("scrambled-results", "LeNet            scrambled - plain:")
    dense, _ = out.row("scrambled-results", "fully connected  scrambled - plain:")
    return min(-lenet / 0.02, -lenet / (3 * error), 0.003 / abs(dense))


@claim("08_why_convolution", "0.9 and 0.5–0.7; the other 0.74–0.84; both within 0.1 of guessing")
def lenet_withstands_small_shifts(out: Outputs) -> float:
    at = {pixels: out.row("shift-paired", f"{pixels} px: LeNet") for pixels in (2, 4, 8)}
    return min(
        at[2][0] / 0.9,
        between(0.74, at[2][0] - at[2][1], 0.84),
        between(0.5, at[4][0], 0.7),
        *(decided(*at[pixels][1:]) for pixels in (2, 4)),
        *(0.1 / abs(accuracy - 0.1) for accuracy in (at[8][0], at[8][0] - at[8][1])),
    )


@claim("08_why_convolution", "three standard errors each time; each gap 1.2 times the next")
def lenet_loses_with_the_books_recipe(out: Outputs) -> float:
    gaps = [out.row("recipe", f"{epochs} epochs:")[2:] for epochs in (3, 6, 12)]
    means = [-mean for mean, _ in gaps]
    narrows = [a / b / 1.2 for a, b in zip(means, means[1:], strict=False)]
    return min(
        *narrows, *(mean / (3 * error) for mean, (_, error) in zip(means, gaps, strict=True))
    )
