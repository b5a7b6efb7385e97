"""What the lessons' sentences claim about measurements, as checks of the cells' outputs.

A check returns how many times what it found is as large as what it must be: above 1 the claim
holds, and the larger, the safer it is with other seeds. Each is run on the stored outputs, and on
those of every fresh run on the real data sets (see conftest.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "notebooks" / "results"
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


LAYERS = ("conv1", "conv2", "fc1", "fc2", "fc3")
MEASURED: dict[str, Claim] = {}


def claim(lesson: str, margin: str):
    """Enter a check under its name, with hyphens for underscores."""

    def enter(check: Callable[[Outputs], float]):
        MEASURED[check.__name__.replace("_", "-")] = Claim(lesson, margin, check)
        return check

    return enter


def stored(name: str, **settings) -> list[dict]:
    """The results of long runs with these settings, from ``notebooks/results``."""
    lines = (RESULTS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()[1:]
    runs = [json.loads(line) for line in lines]
    return [r["result"] for r in runs if settings.items() <= r["settings"].items()]


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


# 07 Training LeNet


@claim("07_training", "the published ranges")
def run_lies_in_the_published_ranges(out: Outputs) -> float:
    loss, accuracy = (out.row("published", name) for name in ("train loss", "test acc"))
    return min(between(low, value, high) for value, low, high in (loss[:3], accuracy[:3]))


@claim("07_training", "0.1 around 2.30, in each of five points of epoch 1, three seeds")
def plateau_lasts_through_epoch_1(out: Outputs) -> float:
    runs = stored("06_plateau", dataset="fashion_mnist", standardize=False, init="xavier", epochs=10)
    return min(between(2.2, loss, 2.4) for run in runs for loss in run["losses"][1:5])


@claim("07_training", "an accuracy of 0.9 for each of three classes")
def outlines_of_their_own_are_easy(out: Outputs) -> float:
    return min(float(out["class-accuracy"].splitlines()[k].split()[1]) / 0.9 for k in (1, 8, 9))


@claim("07_training", "0.1 around 2.30 for the ends; a loss of 1")
def only_the_middle_rate_learns(out: Outputs) -> float:
    last = {rate: out.row("learning-rates", f"lr {rate}:")[-1] for rate in ("0.05", "0.9", "5.0")}
    return min(between(2.2, last["0.05"], 2.4), 1 / last["0.9"], between(2.1, last["5.0"], 2.6))


@claim("07_training", "0.1 around 2.30; a loss of 2 and an accuracy of 0.2")
def larger_steps_leave_the_plateau(out: Outputs) -> float:
    small, large = (out.row("panel-from-code", f"lr {rate}") for rate in ("0.1", "0.9"))
    return min(between(2.2, small[0], 2.4), 2 / large[0], large[1] / 0.2)


# 11 The plateau


@claim("11_plateau", "conv1 0.8 at least, then 3 times; the others 0.6 at most, then 1.2 times that")
def gradients_change_on_the_plateau(out: Outputs) -> float:
    rows = [out.row("gradients-by-layer", f"{part}:")[1:] for part in LAYERS]
    (lowest, grown), *others = rows
    falls = [0.6 / low for low, _ in others]
    rises = [end / low / 1.2 for low, end in others]
    return min(lowest / 0.8, grown / 3, *falls, *rises)


@claim("11_plateau", "a third from layer to layer; twice the start; a thousandth in fc2")
def images_are_alike_on_the_plateau(out: Outputs) -> float:
    start, middle, _ = zip(*(out.row("spread", part) for part in LAYERS[:4]), strict=True)
    shrinks = [a / b / 3 for a, b in zip(start, start[1:], strict=False)]
    return min(*shrinks, *(2 * a / b for a, b in zip(start, middle, strict=True)), 1e-3 / middle[3])


@claim("11_plateau", "epoch 1 for all seeds; 0.01 around 2.303, and around 0.1, after epoch 5")
def standardised_pixels_shorten_the_plateau(out: Outputs) -> float:
    book, standardised = out.row("ends-check", "book"), out.row("ends-check", "standardised")
    recipe = {"dataset": "fashion_mnist", "standardize": False, "epochs": 5}
    stuck = [r for init in ("default", "normal") for r in stored("06_plateau", init=init, **recipe)]
    return min(
        *(sooner / later for sooner, later in zip(book[2:], standardised[2:], strict=True)),
        1.01 / max(standardised[2:]),
        *(between(2.29, run["losses"][-1], 2.316) for run in stuck),
        *(between(0.09, run["test_accs"][-1], 0.11) for run in stuck),
    )


@claim("11_plateau", "2.0 at the first point, each of three seeds")
def tanh_has_no_plateau(out: Outputs) -> float:
    runs = stored("06_activation", activation="tanh", lr=0.2)
    return min(2 / run["losses"][0] for run in runs)


@claim("11_plateau", "coats within 0.08 of pullovers; boots fall 0.1 a layer; noise above boots")
def coats_are_nearly_pullovers(out: Outputs) -> float:
    pullover, coat, boot, noise = (
        out.row("similar", name) for name in ("other Pullover", "Coat", "Ankle boot", "noise")
    )
    near = [0.08 / (a - b) for a, b in zip(pullover[:4], coat[:4], strict=True)]
    falls = [(a - b) / 0.1 for a, b in zip(boot[:4], boot[1:4], strict=False)]
    return min(*near, *falls, noise[3] / boot[3])


@claim("11_plateau", "0.2, and 0.5 of the noise as one class; the inverted pullover 0.5")
def noise_gets_an_answer(out: Outputs) -> float:
    most = max(numbers(row)[0] for row in out["noise-often"].splitlines() if "/ 1000" in row)
    inverted = out.row("predict-noise", "inverted")[0]
    return min(out.row("noise-often", "probability:")[0] / 0.2, most / 500, inverted / 0.5)
