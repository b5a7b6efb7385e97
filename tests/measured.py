"""What the lessons' sentences claim about measurements, as checks of the cells' outputs.

A class holds the outputs of a lesson, and each of its methods is a claim. It yields conditions: how
many times what was found is as large as what it must be, and the same in words. Above 1 a condition
holds, and the larger, the safer it is with other seeds. All are checked on the stored outputs, and
on those of every fresh run on the real data sets (see conftest.py).
"""

import json
import re
from pathlib import Path

import numpy as np

DIGITS = r"\d+(?:[,_]\d{3})*(?:\.\d+)?(?:e[-+]\d+)?"
NUMBER = re.compile(rf"[-+−]?(?<![\w.]){DIGITS}")
Condition = tuple[float, str]
MEASURED: dict[str, type["Outputs"]] = {}  # the lesson of each claim


class Outputs(dict):
    """What each code cell of a lesson put out, as text, by the cell's id."""

    def __init_subclass__(cls, lesson: str):
        """Enter the methods as claims, with hyphens for underscores."""
        claims = [name.replace("_", "-") for name in vars(cls) if not name.startswith("_")]
        MEASURED.update(dict.fromkeys(claims, cls))
        cls.lesson = lesson

    def tightest(self, claim: str) -> Condition:
        """The condition of a claim that is the nearest to failing.

        Raises:
            ArithmeticError: if a condition divides by 0.
            LookupError, ValueError: if a number is not there.
        """
        with np.errstate(divide="raise", invalid="raise"):
            margin, words = min(getattr(self, claim.replace("-", "_"))())
        return margin, f"{words} ({margin:.2g} ×)"

    def row(self, cell: str, beginning: str = "") -> np.ndarray:
        """The numbers behind the first appearance of some words in a cell's output.

        Raises:
            KeyError: if the cell does not put these words out.
        """
        found = re.search(re.escape(beginning) + r"(.*)", self[cell])
        if not found:
            raise KeyError(f"{cell} does not put out {beginning!r}: {self[cell]!r}")
        return numbers(found[1])

    def rows(self, cell: str, *beginnings: str) -> np.ndarray:
        """The numbers behind each of some words, which are equally many."""
        return np.array([self.row(cell, beginning) for beginning in beginnings])

    def lines(self, cell: str, words: str = "") -> list[np.ndarray]:
        """The numbers of each line that has these words, or of each that is not empty."""
        lines = [line for line in self[cell].splitlines() if line.strip()]
        return [numbers(line) for line in lines if words in line]


def text(outputs: list) -> str:
    """What stored outputs say, as text."""
    return "\n".join(
        o.get("text", "") + str(o.get("data", {}).get("text/plain", "")) for o in outputs
    )


def numbers(words: str) -> np.ndarray:
    """All numbers of a text; ± and units are left out."""
    found = [re.sub("[,_]", "", number).replace("−", "-") for number in NUMBER.findall(words)]
    return np.array(found, float)


def results(name: str) -> str:
    folder = Path(__file__).parents[1] / "notebooks" / "results"
    return (folder / f"{name}.jsonl").read_text(encoding="utf-8")


def stored(name: str, what: str, **settings) -> np.ndarray:
    """Of the long runs with these settings in ``notebooks/results``: this result of each."""
    runs = [run for run in map(json.loads, results(name).splitlines()) if "sweep" not in run]
    chosen = [run for run in runs if settings.items() <= run.get("settings", run).items()]
    return np.array([run.get("result", run)[what] for run in chosen])


# Conditions, of numbers or of arrays: the tightest case counts.


def above(found, least) -> Condition:
    return _tightest("{:.4g} must be above {:.4g}", np.divide(found, least), found, least)


def below(found, most) -> Condition:
    margins = np.divide(most, np.maximum(found, 1e-9))
    return _tightest("{:.4g} must be below {:.4g}", margins, found, most)


def between(low, found, high) -> Condition:
    """Its margin: how often the distance from the middle goes into half the range."""
    off = np.abs(np.subtract(found, (low + high) / 2))
    margins = (high - low) / 2 / np.maximum(off, 1e-9)
    return _tightest("{:.4g} must be between {:.4g} and {:.4g}", margins, found, low, high)


def exactly(found, wanted) -> Condition:
    return 1.01 * (found == wanted), f"{found} must be {wanted}"


def _tightest(words: str, margins, *values) -> Condition:
    margins, *values = np.broadcast_arrays(margins, *values)
    k = np.argmin(margins)
    return float(margins.flat[k]), words.format(*(value.flat[k] for value in values))


def paired(differences: np.ndarray) -> tuple[float, float]:
    """The mean of the differences of each seed, and three standard errors of it."""
    return differences.mean(), 3 * differences.std(ddof=1) / len(differences) ** 0.5


class StartHere(Outputs, lesson="00_start_here"):
    def training_makes_nearly_all_right(self):
        before, after = self.row("preview-training")
        yield below(before, 0.25)
        yield above(after, 0.9)


class Handwriting(Outputs, lesson="01_handwriting"):
    def a_shifted_digit_is_far_from_itself(self):
        far, _, near = self.row("shift-one-digit", "same 1 shifted, distance")
        yield above(far, near)


class TrainingLeNet(Outputs, lesson="07_training"):
    def plateau_lasts_through_epoch_1(self):
        book = {"dataset": "fashion_mnist", "standardize": False, "init": "xavier", "epochs": 10}
        yield between(2.2, stored("11_plateau", "losses", **book)[:, 1:5], 2.4)

    def outlines_of_their_own_are_easy(self):
        classes = self.lines("class-accuracy")
        yield above([classes[k][1] for k in (1, 8, 9)], 0.9)

    def only_the_middle_rate_learns(self):
        rates = self.rows("learning-rates", "lr 0.05:", "lr 0.9:", "lr 5.0:")
        small, middle, large = rates[:, -1]
        yield between(2.2, small, 2.4)
        yield below(middle, 1)
        yield between(2.1, large, 2.6)

    def larger_steps_leave_the_plateau(self):
        small, large = self.rows("panel-from-code", "lr 0.1", "lr 0.9")
        yield between(2.2, small[0], 2.4)
        yield below(large[0], 2)
        yield above(large[1], 0.2)


class WhyConvolution(Outputs, lesson="08_why_convolution"):
    def lenet_wins_on_digits(self):
        mean, error = self.row("paired", "LeNet - fully connected:")
        yield above(mean, (0.01, 3 * error))

    def scrambling_hurts_lenet_alone(self):
        lenet, error = self.row("scrambled-results", "LeNet            scrambled - plain:")
        dense, _ = self.row("scrambled-results", "fully connected  scrambled - plain:")
        yield above(-lenet, (0.02, 3 * error))
        yield below(abs(dense), 0.003)

    def lenet_withstands_small_shifts(self):
        shifts = self.rows("shift-paired", "2 px: LeNet", "4 px: LeNet", "8 px: LeNet")
        lenet, ahead, error = shifts.T
        dense = lenet - ahead
        yield above(lenet[0], 0.9)
        yield between(0.74, dense[0], 0.84)
        yield between(0.5, lenet[1], 0.7)
        yield above(ahead[:2], 3 * error[:2])
        yield between(0, [lenet[2], dense[2]], 0.2)  # as guessing

    def lenet_loses_with_the_books_recipe(self):
        gaps = self.rows("recipe", "3 epochs:", "6 epochs:", "12 epochs:")
        behind, error = -gaps[:, 2], gaps[:, 3]
        yield above(behind, 3 * error)
        yield above(behind[:-1], 1.2 * behind[1:])


class InsideLeNet(Outputs, lesson="09_inside_lenet"):
    def neighbouring_weights_become_alike(self):
        before, after = self.rows("kernel-smoothness", "untrained", "\ntrained")
        yield above(after[0] - before[0], 0.3)
        yield above(after[1], 1.3 * before[1])
        yield below(abs(before[0]), 0.2)

    def convolutions_change_most(self):
        changes = [row[-1] for row in self.lines("weight-change")]
        yield above(changes[:2], 1)
        yield below(changes[2:], 0.6)

    def kept_numbers_separate_classes(self):
        rows = np.array([row[1:] for row in self.lines("nearest-neighbours")[1:]])
        trained, untrained = rows[:, -2:].T
        yield above(np.diff(trained[:4]), 0.01)
        yield above(-np.diff(untrained[2:]), 0.03)
        yield above(untrained[2], untrained[0])
        yield above(trained[4:], trained[3] - 0.01)

    def training_makes_small_changes_matter_less(self):
        rows = np.array([row[1:] for row in self.lines("layer-changes")[1:]])
        trained, untrained = rows.reshape(2, 6, 4)  # networks, layers, changes
        yield above(trained[:-1], trained[1:])
        yield below(trained[-1, :3], 0.4 * trained[0, :3])
        yield above(untrained[-1], 0.9 * untrained[2])  # from the second pooling on
        yield above(untrained[0, :2], 1.1 * untrained[2, :2])
        yield above(untrained[-1, 2], untrained[0, 2])

    def most_mistakes_are_among_tops(self):
        rows = np.array([row[-10:] for row in self.lines("clothes")[-10:]])
        shoes, others = [5, 7, 9], [0, 1, 2, 3, 4, 6]
        yield above(self.row("clothes-group", "four:")[0], 50)
        yield below(rows[np.ix_(shoes, others)].sum() / 3000, 0.01)

    def four_pixels_cost_half(self):
        straight = self.rows("shift-curve", "right  ", "down  ")
        prepared = self.rows("shift-curve", "right, prepared", "down, prepared")
        yield below(straight[:, 0] - straight[:, 1], 0.03)
        yield between(0.35, straight[:, 4] / straight[:, 0], 0.65)
        yield below(straight[:, 8], 0.2)
        yield below(prepared[:, 0] - prepared[:, 4], 0.03)

    def preparing_repairs_place_alone(self):
        corner = self.row("changes-table", "corner")
        others = ["half size", "thicker", "thinner", "turned 15°", "turned 45°", "inverted"]
        straight, prepared = self.rows("changes-table", *others).T
        yield above(corner[1], 0.95)
        yield above(straight[[1, 3]], 0.9)
        yield between(0.35, straight[[2, 4]], 0.65)
        yield below([straight[5], prepared[5]], 0.3)
        yield below(prepared - straight, 0.02)

    def rule_refuses_what_is_no_digit(self):
        kinds = ["two digits", "clothes", "blots", "scribbles", "letters", "misread digits"]
        pairs, clothes, blots, scribbles, letters, misread = at = [
            self.row("refuse-curve", kind)[0] for kind in kinds
        ]
        yield above([pairs, clothes], 0.9)
        yield above(blots, 0.75)
        yield between(0.5, scribbles, 0.85)
        yield between(0.6, letters, 0.95)
        yield between(0.1, misread, 0.4)
        yield above(at[:-1], misread)

    def probabilities_do_not_tell(self):
        noise, clothes = self.rows("exercise-5", "noise: mean", "clothes: mean")
        yield below(noise[0], 0.3)
        yield between(0.3, clothes[0], 0.7)
        yield above(clothes[1], 0.9)
        yield above(clothes[3], 1)


class Experiments(Outputs, lesson="10_experiments"):
    def three_changes_are_decided(self):
        signs = {"max pooling": 1, "one convolution": 1, "three hidden layers": -1}
        for change, sign in signs.items():
            *_, mean, error = self.row("shape-sweep", f"\n{change} ")
            yield above(sign * mean, 3 * error)
        for change in ("3×3", "7×7", "narrow", "wide", "no hidden layer"):
            *_, mean, error = self.row("shape-sweep", f"\n{change} ")
            yield below(abs(mean), 3 * error)

    def nearly_all_seeds_agree(self):
        lenet = {"pooling": "average", "kernel_size": 5, "channels": [6, 16], "hidden": [120, 84]}
        changes = ({}, {"pooling": "max"}, {"channels": [6]}, {"hidden": [120, 84, 84]})
        plain, pooled, single, deeper = (
            stored("10_shape", "test_acc", **lenet | change) for change in changes
        )
        agree = (sum(pooled > plain), sum(single > plain), sum(deeper < plain))
        yield exactly((*agree, len(plain)), (8, 8, 7, 8))
        difference, limit = paired(single - pooled)
        yield below(abs(difference), limit)

    def rates_suit_activations(self):
        learn = [("sigmoid", 0.9), *((a, lr) for a in ("tanh", "relu") for lr in (0.05, 0.2))]
        guess = [("sigmoid", 0.05), ("tanh", 0.9), ("relu", 0.9)]
        for name, rate in learn:
            yield above(stored("10_activation", "test_acc", activation=name, lr=rate), 0.3)
        for name, rate in guess:
            yield below(stored("10_activation", "test_acc", activation=name, lr=rate), 0.12)

    def tanh_and_relu_beat_sigmoid(self):
        tanh, relu, sigmoid = (
            stored("10_activation", "test_acc", activation=name, lr=rate)
            for name, rate in (("tanh", 0.2), ("relu", 0.2), ("sigmoid", 0.9))
        )
        yield above(*paired(tanh[:3] - sigmoid))
        yield above(*paired(relu[:3] - sigmoid))
        difference, limit = paired(tanh - relu)
        yield below(abs(difference), limit)

    def large_steps_flatten_units(self):
        before, after = self.rows("too-large", "relu:", "tanh:").T
        yield below(before, 25)
        yield above(after, 50)

    def most_is_gained_by_epoch_8(self):
        runs = stored("11_plateau", "test_accs", dataset="fashion_mnist", epochs=10)
        mean = runs.mean(0)
        yield above(mean[9] - mean[4], 0.05)
        yield below(abs(mean[8:] - mean[7]), 0.01)
        yield between(0.752, runs[:, 9], 0.828)  # what has been published

    def pixels_not_the_task_make_mnists_plateau(self):
        digits = self.row("mnist", "\nmnist ")
        clothes, clean = self.rows("mnist", "fashion_mnist", "standardised")
        yield above(digits[1:3] - clothes[1:3], 1)
        yield above(digits[1:3] - clean[1:3], 1)
        yield above(clean[-3:], 0.9)


class Plateau(Outputs, lesson="11_plateau"):
    def gradients_change_on_the_plateau(self):
        layers = ["conv1:", "conv2:", "fc1:", "fc2:", "fc3:"]
        lowest, grown = self.rows("gradients-by-layer", *layers)[:, 1:].T
        yield above(lowest[0], 0.9)
        yield between(10, grown[0], 40)
        yield below(lowest[1:], 0.5)
        yield above(grown[1:], 1.2 * lowest[1:])

    def images_are_alike_on_the_plateau(self):
        start, plateau, _ = self.rows("spread", "conv1", "conv2", "fc1", "fc2").T
        yield above(start[:-1], 3 * start[1:])
        yield below(plateau, 3 * start)
        yield below(plateau[3], 1e-3)

    def standardised_pixels_shorten_the_plateau(self):
        book, standardised = self.rows("ends-check", "book", "standardised")[:, 1:]
        yield above(book, standardised)
        yield below(standardised, 1.01)
        recipe = {"dataset": "fashion_mnist", "standardize": False, "epochs": 5}
        for init in ("default", "normal"):
            losses, accuracies = (
                stored("11_plateau", what, init=init, **recipe) for what in ("losses", "test_accs")
            )
            yield between(2.29, losses[:, -1], 2.316)
            yield between(0.09, accuracies[:, -1], 0.11)

    def tanh_has_no_plateau(self):
        yield below(stored("10_activation", "losses", activation="tanh", lr=0.2)[:, 0], 2)

    def coats_are_nearly_pullovers(self):
        names = ["/ Pullover", "/ Coat", "/ Ankle boot", "/ noise"]
        pullover, coat, boot, noise = self.rows("similar", *names)[:, :4]
        yield between(0, pullover - coat, 0.08)
        yield above(-np.diff(boot), 0.1)
        yield above(noise[3], boot[3])

    def noise_gets_an_answer(self):
        yield above(self.row("noise-often", "probability:")[0], 0.2)
        yield above(max(row[0] for row in self.lines("noise-often", "/ 1000")), 500)
        yield above(self.lines("predict-noise", "inverted")[0][0], 0.5)


class LeNet5(Outputs, lesson="12_lenet5_1998"):
    def most_of_seventeen_lie_near_the_paper(self):
        found = re.findall(r"(.*?)  .*  ([+−]\d\.\d\d)  ", self["table"])
        off = np.sort([abs(numbers(at)[0]) for name, at in found if "one pattern" not in name])
        yield exactly(len(off), 17)
        yield below(off[[9, 12]], (0.755, 1.1))
        yield above(off[[10, 13]], (0.755, 1.5))

    def lenet5_agrees_with_the_paper(self):
        yield below(_errors("lenet5_distorted"), 0.7)
        yield between(0.85, _errors("lenet5").mean(), 1.05)

    def two_networks_have_not_learned_enough(self):
        names = ["lenet1 ", "two_layer_1000", "two_layer_300 "]
        *_, error, _, _, training = self.rows("results", *names).T
        yield above(training[0], error[0])
        yield above(error[1], error[2])

    def minibatches_are_faster_and_better(self):
        single, batches = self.rows("cost", "lenet5_per_pattern", "lenet5   ")
        yield above(single[1], max(_errors("lenet5")))
        yield above(single[3], 2 * batches[3])

    def more_images_lower_the_error(self):
        plain, distorted = (
            [_errors(method, size) for size in (15_000, 30_000, 60_000)]
            for method in ("lenet5", "lenet5_distorted")
        )
        means, fewer = (np.array([np.mean(at) for at in runs]) for runs in (plain, distorted))
        saved = means - fewer
        yield between(0.17, 1 - means[1:] / means[:-1], 0.23)
        yield above([min(at) for at in plain[:-1]], [max(at) for at in plain[1:]])
        yield above(min(distorted[0]), max(distorted[1]))
        yield above(max(distorted[2]), min(distorted[1]))
        yield above(saved[:-1], saved[1:])
        yield between(0.8, fewer[0] / means[2], 1.1)

    def nearest_bitmap_refuses_little(self):
        kinds = self.rows("reject-curve", "two digits ", "blots ", "clothes ")
        pairs, blots, clothes = kinds[:, 0]
        yield between(0.5, pairs, 0.9)
        yield between(0.15, blots, 0.45)
        yield below(clothes, 0.3)

    def inputs_variance_is_far_below_1(self):
        mean, variance = self.row("input-statistics", "Mean")
        yield below(abs(mean), 0.1)
        yield below(variance, 0.5)

    def refusing_lowers_the_error(self):
        before, after = self.row("exercise-4", "error")
        yield above(before, 2 * after)


def _errors(method: str, train_size: int = 60_000) -> np.ndarray:
    """The test errors of a network of 1998, in per cent, one for each seed."""
    return stored("12_runs", "test_error", method=method, train_size=train_size)


class ZipCode(Outputs, lesson="13_zip_code"):
    def cutting_needs_paper_in_between(self):
        in_five, right = self.rows("cut-share", "+6 ", "+3 ", "+1 ", "-1 ", "-3 ").T
        yield above(right[:3], 0.6)
        yield below(right[3:], 0.05)
        yield below(in_five[3:], 0.1)

    def cutting_stays_below_the_fifth_power(self):
        _, fifth_power = self.row("single")
        yield below([row[-1] for row in self.lines("cut-share")], fifth_power)

    def each_refusal_curve_falls(self):
        gaps = ("+3:", "-1:", "-3:")
        curves = np.array([self.row("refuse-picture", gap)[:3] for gap in gaps])
        yield above(curves[:, :-1], curves[:, 1:])
        left = np.array([0.25, 0.5, 0.75])
        yield between(left - 0.1, curves[:, 1] / curves[:, 0], left + 0.1)

    def fields_are_harder_than_digits(self):
        yield above(self.row("refuse-picture", "+3:")[0], 2 * (1 - self.row("single")[0]))

    def the_written_field_is_unsure(self):
        yield between(0.4, self.row("envelope")[-1], 0.65)

    def poor_readers_hurt_cutting_most(self):
        single, cut, slide = (
            stored("13_fields", what, count=60_000) for what in ("single", "cut +3", "slide +3")
        )
        order = np.argsort(single)
        poor, good = order[:2], order[2:]
        yield exactly(len(single), 8)
        yield below(single[poor], 0.9)
        yield above(single[good], 0.97)
        by_cutting, by_sliding = (way[good].mean() - way[poor].mean() for way in (cut, slide))
        yield above(by_cutting, 2 * max(by_sliding, 0.01))
