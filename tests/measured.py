"""What the lessons' sentences claim about measurements, as checks of the cells' outputs.

A check returns how many times what it found is as large as what it must be: above 1 the claim
holds, and the larger, the safer it is with other seeds. Each is run on the stored outputs, and on
those of every fresh run on the real data sets (see conftest.py).
"""

import json
import re
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from operator import gt
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "notebooks" / "results"
NUMBER = re.compile(r"[-+−]?(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]\d+)?")


class Outputs(dict):
    """What each code cell put out, as text, by the cell's id."""

    @classmethod
    def of(cls, notebook) -> "Outputs":
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
CHANGES = (
    "max pooling", "3×3", "7×7", "one convolution", "narrow", "wide",
    "no hidden layer", "three hidden layers",
)  # fmt: skip
KINDS = ("two digits", "scribbles", "blots", "letters", "misread digits", "clothes")
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


def paired(a: list[float], b: list[float]) -> tuple[float, float]:
    """The mean of the differences of each seed, and its standard error."""
    differences = [x - y for x, y in zip(a, b, strict=True)]
    return statistics.mean(differences), statistics.stdev(differences) / len(a) ** 0.5


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


@claim("07_training", "0.1 around 2.30, in each of five points of epoch 1, three seeds")
def plateau_lasts_through_epoch_1(out: Outputs) -> float:
    runs = stored(
        "11_plateau", dataset="fashion_mnist", standardize=False, init="xavier", epochs=10
    )
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


@claim(
    "11_plateau",
    "conv1 0.9 at least, then 10 to 40 times; the others 0.5 at most, then 1.2 times that",
)
def gradients_change_on_the_plateau(out: Outputs) -> float:
    rows = [out.row("gradients-by-layer", f"{part}:")[1:] for part in LAYERS]
    (lowest, grown), *others = rows
    falls = [0.5 / low for low, _ in others]
    rises = [end / low / 1.2 for low, end in others]
    return min(lowest / 0.9, grown / 10, 40 / grown, *falls, *rises)


@claim("11_plateau", "a third from layer to layer; three times the start; a thousandth in fc2")
def images_are_alike_on_the_plateau(out: Outputs) -> float:
    start, middle, _ = zip(*(out.row("spread", part) for part in LAYERS[:4]), strict=True)
    shrinks = [a / b / 3 for a, b in zip(start, start[1:], strict=False)]
    return min(*shrinks, *(3 * a / b for a, b in zip(start, middle, strict=True)), 1e-3 / middle[3])


@claim("11_plateau", "epoch 1 for all seeds; 0.01 around 2.303, and around 0.1, after epoch 5")
def standardised_pixels_shorten_the_plateau(out: Outputs) -> float:
    book, standardised = out.row("ends-check", "book"), out.row("ends-check", "standardised")
    recipe = {"dataset": "fashion_mnist", "standardize": False, "epochs": 5}
    stuck = [r for init in ("default", "normal") for r in stored("11_plateau", init=init, **recipe)]
    return min(
        *(sooner / later for sooner, later in zip(book[1:], standardised[1:], strict=True)),
        1.01 / max(standardised[1:]),
        *(between(2.29, run["losses"][-1], 2.316) for run in stuck),
        *(between(0.09, run["test_accs"][-1], 0.11) for run in stuck),
    )


@claim("11_plateau", "2.0 at the first point, each of three seeds")
def tanh_has_no_plateau(out: Outputs) -> float:
    runs = stored("10_activation", activation="tanh", lr=0.2)
    return min(2 / run["losses"][0] for run in runs)


@claim("11_plateau", "coats within 0.08 of pullovers; boots fall 0.1 a layer; noise above boots")
def coats_are_nearly_pullovers(out: Outputs) -> float:
    pullover, coat, boot, noise = (
        out.row("similar", name) for name in ("/ Pullover", "/ Coat", "/ Ankle boot", "/ noise")
    )
    near = [0.08 / (a - b) for a, b in zip(pullover[:4], coat[:4], strict=True)]
    falls = [(a - b) / 0.1 for a, b in zip(boot[:4], boot[1:4], strict=False)]
    return min(*near, *falls, noise[3] / boot[3])


@claim("11_plateau", "0.2, and 0.5 of the noise as one class; the inverted pullover 0.5")
def noise_gets_an_answer(out: Outputs) -> float:
    most = max(numbers(row)[0] for row in out["noise-often"].splitlines() if "/ 1000" in row)
    inverted = next(numbers(r)[0] for r in out["predict-noise"].splitlines() if "inverted" in r)
    return min(out.row("noise-often", "probability:")[0] / 0.2, most / 500, inverted / 0.5)


# 10 Experiments


@claim("10_experiments", "three standard errors for three changes, of the right sign; 1 for others")
def three_changes_are_decided(out: Outputs) -> float:
    rows = {name: out.row("shape-sweep", f"\n{name} ")[2:] for name in CHANGES}
    signs = {"max pooling": 1, "one convolution": 1, "three hidden layers": -1}
    sure = [sign * rows[name][0] / (3 * rows.pop(name)[1]) for name, sign in signs.items()]
    return min(*sure, *(1 / max(decided(*row), 1e-9) for row in rows.values()))


@claim("10_experiments", "all eight seeds, all, and seven of them; the two within three errors")
def nearly_all_seeds_agree(_: Outputs) -> float:
    lenet = {"pooling": "average", "kernel_size": 5, "channels": [6, 16], "hidden": [120, 84]}
    changes = ({}, {"pooling": "max"}, {"channels": [6]}, {"hidden": [120, 84, 84]})
    plain, pooled, single, deeper = (
        [run["test_acc"] for run in stored("10_shape", **lenet | change)] for change in changes
    )
    better, also = (sum(map(gt, runs, plain)) for runs in (pooled, single))
    worse = sum(map(gt, plain, deeper))
    as_said = (better, also, worse, len(plain)) == (8, 8, 7, 8)
    return min(1.01 * as_said, 1 / decided(*paired(single, pooled)))


@claim("10_experiments", "0.3 for every seed that learns; 0.12 for those that guess")
def rates_suit_activations(_: Outputs) -> float:
    def accuracies(activation: str, lr: float) -> list[float]:
        return [r["test_acc"] for r in stored("10_activation", activation=activation, lr=lr) if r]

    learn = [("sigmoid", 0.9), *((a, lr) for a in ("tanh", "relu") for lr in (0.05, 0.2))]
    guess = [("sigmoid", 0.05), ("tanh", 0.9), ("relu", 0.9)]
    return min(
        *(accuracy / 0.3 for pair in learn for accuracy in accuracies(*pair)),
        *(0.12 / accuracy for pair in guess for accuracy in accuracies(*pair)),
    )


@claim("10_experiments", "three standard errors above sigmoid; tanh and ReLU within three")
def tanh_and_relu_beat_sigmoid(_: Outputs) -> float:
    tanh, relu, sigmoid = (
        [r["test_acc"] for r in stored("10_activation", activation=activation, lr=lr)]
        for activation, lr in (("tanh", 0.2), ("relu", 0.2), ("sigmoid", 0.9))
    )
    return min(
        decided(*paired(tanh[:3], sigmoid)),
        decided(*paired(relu[:3], sigmoid)),
        1 / decided(*paired(tanh, relu)),
    )


@claim("10_experiments", "half of the units after training; a half of that before")
def large_steps_flatten_units(out: Outputs) -> float:
    shares = [out.row("too-large", f"{name}:") for name in ("relu", "tanh")]
    return min(*(after / 50 for _, after in shares), *(25 / max(b, 1) for b, _ in shares))


@claim("10_experiments", "0.05 gained in five epochs; 0.01 in the last two; the published range")
def most_is_gained_by_epoch_8(_: Outputs) -> float:
    runs = [r["test_accs"] for r in stored("11_plateau", dataset="fashion_mnist", epochs=10)]
    mean = [sum(at) / len(at) for at in zip(*runs, strict=True)]
    return min(
        (mean[9] - mean[4]) / 0.05,
        0.01 / max(abs(mean[9] - mean[7]), abs(mean[8] - mean[7])),
        *(between(0.752, run[9], 0.828) for run in runs),
    )


@claim("10_experiments", "one epoch, each seed; 0.9 with standardised pixels")
def pixels_not_the_task_make_mnists_plateau(out: Outputs) -> float:
    clothes, digits, clean = (
        out.row("mnist", name) for name in ("fashion_mnist", "\nmnist ", "standardised")
    )
    return min(
        *((later - sooner) / 1 for sooner, later in zip(clothes[1:4], digits[1:3], strict=False)),
        *((later - sooner) / 1 for sooner, later in zip(clean[1:4], digits[1:3], strict=False)),
        *(accuracy / 0.9 for accuracy in clean[-3:]),
    )


# 12 LeNet-5 as of 1998


@claim(
    "12_lenet5_1998", "0.755 points for ten of 17, 1.1 for three more, and 1.5 for the other four"
)
def most_of_seventeen_lie_near_the_paper(out: Outputs) -> float:
    found = re.findall(r"(.*?)  .*  ([+−]\d\.\d\d)  ", out["table"])
    off = sorted(
        abs(numbers(difference)[0]) for name, difference in found if "one pattern" not in name
    )
    return min(
        0.755 / off[9], off[10] / 0.755, 1.1 / off[12], off[13] / 1.5, 1.01 if len(off) == 17 else 0
    )


@claim("12_lenet5_1998", "the best row of the paper, each of five seeds; 0.1 around 0.95")
def lenet5_agrees_with_the_paper(_: Outputs) -> float:
    plain, distorted = errors("lenet5"), errors("lenet5_distorted")
    return min(0.7 / max(distorted), between(0.85, statistics.mean(plain), 1.05))


@claim("12_lenet5_1998", "the test error (LeNet-1's training error); the narrow network's error")
def two_networks_have_not_learned_enough(out: Outputs) -> float:
    lenet1, wide, narrow = (
        out.row("results", f"{name} ") for name in ("lenet1", "two_layer_1000", "two_layer_300")
    )
    return min(lenet1[-1] / lenet1[2], wide[2] / narrow[2])


@claim("12_lenet5_1998", "the error and half the minutes of the run by single patterns")
def minibatches_are_faster_and_better(out: Outputs) -> float:
    single, batches = (out.row("cost", name) for name in ("lenet5_per_pattern", "lenet5   "))
    return min(single[1] / max(errors("lenet5")), single[3] / batches[3] / 2)


@claim("12_lenet5_1998", "a fifth ± 3 % a doubling; ranges apart, and the last two not")
def more_images_lower_the_error(_: Outputs) -> float:
    sizes = (15_000, 30_000, 60_000)
    plain, distorted = ([errors(m, n) for n in sizes] for m in ("lenet5", "lenet5_distorted"))
    means, fewer = ([statistics.mean(at) for at in runs] for runs in (plain, distorted))
    saved = [a - b for a, b in zip(means, fewer, strict=True)]
    return min(
        *(between(0.17, 1 - b / a, 0.23) for a, b in zip(means, means[1:], strict=False)),
        *(min(a) / max(b) for a, b in zip(plain, plain[1:], strict=False)),
        min(distorted[0]) / max(distorted[1]),
        max(distorted[2]) / min(distorted[1]),
        *(a / b for a, b in zip(saved, saved[1:], strict=False)),
        between(0.8, fewer[0] / means[2], 1.1),
    )


@claim("12_lenet5_1998", "0.5–0.9 of the pairs, 0.15–0.45 of the blots, at most 0.3 of the clothes")
def nearest_bitmap_refuses_little(out: Outputs) -> float:
    pairs, blots, clothes = (
        out.row("reject-curve", f"{name} ")[0] for name in ("two digits", "blots", "clothes")
    )
    return min(between(0.5, pairs, 0.9), between(0.15, blots, 0.45), 0.3 / clothes)


@claim("12_lenet5_1998", "a mean within 0.1 of 0; a variance of 0.5")
def inputs_variance_is_far_below_1(out: Outputs) -> float:
    mean, variance = out.row("input-statistics", "Mean")
    return min(0.1 / abs(mean), 0.5 / variance)


@claim("12_lenet5_1998", "a half of the error, at 5 % refused")
def refusing_lowers_the_error(out: Outputs) -> float:
    before, after = out.row("exercise-4", "error")
    return before / after / 2


def errors(method: str, train_size: int = 60_000) -> list[float]:
    """The test errors of a network of 1998, in per cent, one for each seed."""
    lines = (RESULTS / "12_runs.jsonl").read_text(encoding="utf-8").splitlines()
    runs = [run for run in map(json.loads, lines) if run.get("method") == method]
    return [run["test_error"] for run in runs if run["train_size"] == train_size]


# 13 A whole zip code


@claim("13_zip_code", "0.6 of fields with gaps; 0.05 of touching ones; 0.1 of these in five pieces")
def cutting_needs_paper_in_between(out: Outputs) -> float:
    apart = [out.row("cut-share", f"{gap} ") for gap in ("+6", "+3", "+1")]
    touching = [out.row("cut-share", f"{gap} ") for gap in ("-1", "-3")]
    return min(
        *(right / 0.6 for _, right in apart),
        *(0.05 / max(right, 1e-9) for _, right in touching),
        *(0.1 / max(in_five, 1e-9) for in_five, _ in touching),
    )


@claim("13_zip_code", "the share cut into five pieces and read right, at each gap")
def cutting_stays_below_the_fifth_power(out: Outputs) -> float:
    (_, fifth_power), read = out.row("single"), out["cut-share"].strip().splitlines()
    return fifth_power / max(numbers(row)[-1] for row in read if row.strip())


@claim("13_zip_code", "from 0 to 20 and to 40 % refused; a quarter, a half, three quarters left")
def each_refusal_curve_falls(out: Outputs) -> float:
    curves = [out.row("refuse-picture", f"{gap}:")[:3] for gap in ("+3", "-1", "-3")]
    left = [after / before for before, after, _ in curves]
    return min(
        *(a / b for curve in curves for a, b in zip(curve, curve[1:], strict=False)),
        *(between(p - 0.1, at, p + 0.1) for p, at in zip((0.25, 0.5, 0.75), left, strict=True)),
    )


@claim("13_zip_code", "twice the error of single digits, at +3")
def fields_are_harder_than_digits(out: Outputs) -> float:
    return out.row("refuse-picture", "+3:")[0] / (1 - out.row("single")[0]) / 2


@claim("13_zip_code", "0.4 to 0.65")
def the_written_field_is_unsure(out: Outputs) -> float:
    return between(0.4, out.row("envelope")[-1], 0.65)


@claim("13_zip_code", "two of eight below 0.9, the others above 0.97; twice what sliding loses")
def poor_readers_hurt_cutting_most(_: Outputs) -> float:
    runs = stored("13_fields", count=60_000)
    poor, good = ([r for r in runs if (r["single"] < 0.9) == low] for low in (True, False))
    cut, slide = (
        statistics.mean(r[way] for r in good) - statistics.mean(r[way] for r in poor)
        for way in ("cut +3", "slide +3")
    )
    as_said = (len(poor), len(good)) == (2, 6)
    return min(1.01 * as_said, min(r["single"] for r in good) / 0.97, cut / max(slide, 0.01) / 2)


# 00 and 01 The first lessons


@claim("00_start_here", "0.25 before training at most, 0.9 after it at least")
def training_makes_nearly_all_right(out: Outputs) -> float:
    before, after = out.row("preview-training")
    return min(0.25 / before, after / 0.9)


@claim("01_handwriting", "the distance to the nearest other digit")
def a_shifted_digit_is_far_from_itself(out: Outputs) -> float:
    far, _, near = out.row("shift-one-digit", "same 1 shifted, distance")
    return far / near


# 09 Inside LeNet


@claim("09_inside_lenet", "0.3 more alike; 1.3 times as large; untrained within 0.2 of unrelated")
def neighbouring_weights_become_alike(out: Outputs) -> float:
    before, after = (out.row("kernel-smoothness", name) for name in ("untrained", "\ntrained"))
    return min((after[0] - before[0]) / 0.3, after[1] / before[1] / 1.3, 0.2 / abs(before[0]))


@claim("09_inside_lenet", "1 for both convolutions, 0.6 for the others")
def convolutions_change_most(out: Outputs) -> float:
    changes = [numbers(row)[-1] for row in out["weight-change"].strip().splitlines()]
    return min(*changes[:2], *(0.6 / change for change in changes[2:]))


@claim("09_inside_lenet", "0.01 a layer up to net[:9], kept to 0.01; untrained 0.03 lost a layer")
def kept_numbers_separate_classes(out: Outputs) -> float:
    rows = [numbers(row)[1:] for row in out["nearest-neighbours"].strip().splitlines()[1:]]
    trained, untrained = zip(*((row[-2], row[-1]) for row in rows), strict=True)
    gains = [(b - a) / 0.01 for a, b in zip(trained[:4], trained[1:4], strict=False)]
    losses = [(a - b) / 0.03 for a, b in zip(untrained[2:], untrained[3:], strict=False)]
    return min(*gains, *losses, untrained[2] / untrained[0], min(trained[4:]) / (trained[3] - 0.01))


@claim("09_inside_lenet", "each layer below the one before, to 0.4; untrained 0.9 after pooling")
def training_makes_small_changes_matter_less(out: Outputs) -> float:
    def rows(name: str) -> list[list[float]]:
        lines = out["layer-changes"].strip().splitlines()
        return [numbers(line.partition("]")[2]) for line in lines if line.startswith(f"{name} ")]

    trained, untrained = rows("trained"), rows("untrained")
    layers = zip(*trained, strict=True)
    shrinks = [a / b for column in layers for a, b in zip(column, column[1:], strict=False)]
    ends = [0.4 * a / b for a, b in zip(trained[0][:3], trained[-1][:3], strict=True)]
    shifts, turns, thicker, *_ = zip(*untrained, strict=True)
    control = [b / a / 0.9 for a, b in zip(untrained[2], untrained[-1], strict=True)]
    control += [each[0] / each[2] / 1.1 for each in (shifts, turns)]  # by the second pooling
    return min(*shrinks, *ends, *control, thicker[-1] / thicker[0])


@claim("09_inside_lenet", "a half of all mistakes; 1 in 100 shoes taken for clothes, or less")
def most_mistakes_are_among_tops(out: Outputs) -> float:
    rows = {k: numbers(r)[-10:] for k, r in enumerate(out["clothes"].strip().splitlines()[-10:])}
    shoes = sum(rows[k][c] for k in (5, 7, 9) for c in (0, 1, 2, 3, 4, 6)) / 3000
    return min(out.row("clothes-group", "four:")[0] / 50, 0.01 / max(shoes, 1e-9))


@claim("09_inside_lenet", "0.03 lost by one pixel; 0.35–0.65 left at four; prepared 0.03 lost")
def four_pixels_cost_half(out: Outputs) -> float:
    straight = [out.row("shift-curve", f"{way}  ") for way in ("right", "down")]
    prepared = [out.row("shift-curve", f"{way}, prepared") for way in ("right", "down")]
    return min(
        *(0.03 / max(way[0] - way[1], 1e-9) for way in straight),
        *(between(0.35, way[4] / way[0], 0.65) for way in straight),
        *(0.2 / way[8] for way in straight),
        *(0.03 / max(way[0] - way[4], 1e-9) for way in prepared),
    )


@claim("09_inside_lenet", "0.9 turned by 15° or thicker; 0.35–0.65 turned by 45° or thinner")
def preparing_repairs_place_alone(out: Outputs) -> float:
    rows = {
        name: out.row("changes-table", name)
        for name in (
            "corner",
            "half size",
            "thicker",
            "thinner",
            "turned 15°",
            "turned 45°",
            "inverted",
        )
    }
    return min(
        rows["corner"][1] / 0.95,
        *(rows[name][0] / 0.9 for name in ("thicker", "turned 15°")),
        *(between(0.35, rows[name][0], 0.65) for name in ("thinner", "turned 45°")),
        0.3 / max(rows["inverted"]),
        *(0.02 / (row[1] - row[0]) for n, row in rows.items() if n != "corner" and row[1] > row[0]),
    )


@claim("09_inside_lenet", "clothes, pairs 0.9; blots 0.75; scribbles 0.5–0.85; letters 0.6–0.95")
def rule_refuses_what_is_no_digit(out: Outputs) -> float:
    said = out["refuse-curve"]
    at = {k: numbers(said.partition(k)[2].partition("、")[0].partition("/")[0])[0] for k in KINDS}
    return min(
        *(at[kind] / 0.9 for kind in ("two digits", "clothes")), at["blots"] / 0.75,
        between(0.5, at["scribbles"], 0.85), between(0.6, at["letters"], 0.95),
        between(0.1, at["misread digits"], 0.4),
        *(at[kind] / at["misread digits"] for kind in KINDS if kind != "misread digits"),
    )  # fmt: skip


@claim("09_inside_lenet", "1–5 % of the clothes above 0.9; noise 0.3 at most; clothes 0.3–0.7")
def probabilities_do_not_tell(out: Outputs) -> float:
    noise, clothes = (out.row("exercise-5", f"{name}: mean") for name in ("noise", "clothes"))
    return min(0.3 / noise[0], between(0.3, clothes[0], 0.7), clothes[3] / 1, clothes[1] / 0.9)
