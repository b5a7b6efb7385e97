"""What the rule for "not a digit" refuses: good digits, wrong answers, and what is no digit.

``python benchmarks/refuse.py`` trains LeNet with sigmoid and with ReLU from three seeds on the
first 50,000 images of MNIST, fits the rule to them, chooses its threshold on the other 10,000, and
measures on the test set and on `not_digits.kinds`; then the two networks of the site, which have
learned from all 60,000, with the rules that the site holds. It writes ``refuse.md``, ``.csv``
(every number) and ``.png`` (the curves) beside itself. About ten minutes on two cores;
``--work FOLDER`` keeps what is done, and ``--only sigmoid-0`` does one network alone.

The rule was made with the "development" half of the kinds and with validation digits. Beside it
stand the two usual ones: the largest probability, and the largest score.
"""

from __future__ import annotations

import argparse
import copy
import csv
import datetime
import json
import statistics
import tempfile
from pathlib import Path

import not_digits
import torch

from lenet_helpers import lenet, load_data, train
from lenet_helpers.figures import Picture, new_figure, style
from lenet_helpers.models import xavier
from lenet_helpers.network_view.refuse import SHARE, Refusal
from lenet_helpers.network_view.stored import stored_network
from lenet_helpers.palette import COLORS
from lenet_helpers.words import Words

HERE = Path(__file__).resolve().parent
SCHEDULES = {"sigmoid": ((10, 0.9), (3, 0.1)), "relu": ((8, 0.1), (3, 0.01))}  # epochs, rate
SEEDS = (0, 1, 2)
NAMES = [f"{activation}-{seed}" for activation in SCHEDULES for seed in (*SEEDS, "web")]
LEARN = 50_000
RULES = {"rule": "the rule", "probability": "largest probability", "score": "largest score"}
SHARES = [i / 1000 for i in range(101)]  # of test digits refused, for the curves
GOALS = {
    "test digits": "≤ 0.01", "blank": "1", "dot": "1", "blackened": "1", "clothes": "≥ 0.95",
    "letters": "≥ 0.75", "two digits": "≥ 0.8", "wrong answers": "",
}  # fmt: skip
TOGETHER = {
    "letters": ("letters like digits", "other letters"),
    "two digits": ("two digits, apart", "two digits, touching"),
}
CURVES = {"clothes": "clothes", "two digits": "two digits", "letters": "letters",
          "other letters": "letters unlike digits", "scribbles": "scribbles"}  # fmt: skip


def digits():
    """MNIST to learn from, to choose the threshold on, and to test on."""
    everything, test = load_data("mnist", 64, "cpu", standardize=True)
    learn, choose = copy.copy(everything), copy.copy(everything)
    learn.images, learn.labels = everything.images[:LEARN], everything.labels[:LEARN]
    choose.images, choose.labels = everything.images[LEARN:], everything.labels[LEARN:]
    return learn, choose, test


def pictures(work: Path) -> dict[str, dict[str, torch.Tensor]]:
    """The kinds to report by, and digits drawn otherwise; made once."""
    path = work / "pictures.pt"
    if not path.exists():
        test = load_data("mnist", device="cpu")[1].images
        garments = load_data("fashion_mnist", device="cpu")[1].images
        kinds = not_digits.kinds("report", test, garments)
        for name, parts in TOGETHER.items():
            kinds[name] = torch.cat([kinds[part] for part in parts])
        torch.save({"kinds": kinds, "others": not_digits.other_digits("report", test)}, path)
    return torch.load(path)


def network(activation: str, seed: str, learn, choose) -> tuple[torch.nn.Sequential, Refusal]:
    """Trained from a seed, or the one of the site; and its rule."""
    if seed == "web":
        stored = stored_network(activation)
        return stored.net, stored.refusal
    torch.manual_seed(int(seed))
    learn.reseed(int(seed))
    net, init = lenet(activation), xavier
    for epochs, lr in SCHEDULES[activation]:
        for _ in train(net, learn, choose, epochs, lr, "cpu", init=init):
            pass
        init = None
    return net, Refusal.fit(net, learn, choose)


def score_of(rule: str, refusal: Refusal, net, data, images: torch.Tensor) -> torch.Tensor:
    """The larger, the sooner refused."""
    if rule == "rule":
        return refusal.scores(net, data, images)
    with torch.no_grad():
        scores = torch.cat([net(data.prepare(some)) for some in images.split(1000)]).double()
    return -(scores if rule == "score" else scores.softmax(dim=1)).amax(dim=1)


def measured(name: str, work: Path) -> list[dict]:
    """One network: what share of each kind each rule refuses, and its curves."""
    activation, seed = name.split("-")
    learn, choose, test = digits()
    net, refusal = network(activation, seed, learn, choose)
    with torch.no_grad():
        wrong = net(test.prepare(test.images)).argmax(dim=1) != test.labels
    sets, rows = pictures(work), []
    for rule in RULES:
        find = lambda images: score_of(rule, refusal, net, test, images)  # noqa: B023, E731
        chosen = find(choose.images).sort(descending=True).values[int(SHARE * len(choose.images))]
        threshold = refusal.threshold if rule == "rule" else chosen.item()
        tested = find(test.images)
        found = {"test digits": tested, "wrong answers": tested[wrong]}
        found |= {kind: find(images) for kind, images in (sets["kinds"] | sets["others"]).items()}
        for kind, scores in found.items():
            share = (scores > threshold).double().mean().item()
            rows.append(
                {"network": name, "rule": rule, "kind": kind, "refused": "", "share": share}
            )
        for share, cut in zip(SHARES, cuts(tested), strict=True):
            kept = tested <= cut
            row = {"network": name, "rule": rule, "refused": share}
            error = (wrong & kept).sum().item() / max(kept.sum().item(), 1)
            rows.append({**row, "kind": "error among accepted", "share": error})
            for kind in CURVES:
                rows.append(
                    {**row, "kind": kind, "share": (found[kind] > cut).double().mean().item()}
                )
    return rows


def cuts(scores: torch.Tensor) -> list[float]:
    """The thresholds at which each of ``SHARES`` of the scores is larger."""
    ordered = scores.sort(descending=True).values
    return [ordered[int(share * len(ordered))].item() for share in SHARES]


def values(rows, kind: str, rule: str, start: str, refused="") -> list[float]:
    """One for each network whose name begins so."""
    return [row["share"] for row in rows
            if (row["kind"], row["rule"], row["refused"]) == (kind, rule, refused)
            and row["network"].startswith(start)]  # fmt: skip


def table(rows: list[dict]) -> str:
    """The results in Markdown: the range over seeds, and the networks of the site."""
    columns = [(activation, rule) for activation in SCHEDULES for rule in ("rule", "probability")]
    kinds = [*GOALS, *(kind for kind in dict.fromkeys(row["kind"] for row in rows)
                       if kind not in GOALS and kind != "error among accepted")]  # fmt: skip
    seeds = {
        (kind, *column): [
            value
            for seed in SEEDS
            for value in values(rows, kind, column[1], f"{column[0]}-{seed}")
        ]
        for kind in kinds
        for column in columns
    }
    lines = [
        '# What is refused as "not a digit"',
        "",
        f"{datetime.date.today()}. Shares that are refused, by the rule of "
        "`lenet_helpers/network_view/refuse.py` and by the largest probability alone. The "
        f"threshold of each refuses at most {SHARE:.1%} of MNIST's last 10,000 training digits, "
        "which the networks did not learn from; all else was measured with fonts, garments, "
        "digits and random numbers that the rule was not fitted to (which letters it learns, and "
        "how many, was chosen after two looks at these). Least and most over "
        f"{len(SEEDS)} seeds; test accuracy of the networks "
        f"{spread(accuracies(rows), 4)}.",
        "",
        "| | wanted | " + " | ".join(f"{a}: {RULES[r]}" for a, r in columns)
        + " | site, sigmoid | site, relu |",
        "|---|---|" + "---|" * (len(columns) + 2),
    ]  # fmt: skip
    for kind in kinds:
        cells = [spread(seeds[kind, *column]) for column in columns]
        cells += [spread(values(rows, kind, "rule", f"{a}-web")) for a in SCHEDULES]
        lines.append(f"| {kind} | {GOALS.get(kind, '')} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "![Error among accepted digits, and the share of each kind that is refused, against the "
        "share of test digits refused](refuse.png)",
        "",
        "Below the line of what is wanted stand parts of the kinds above, and digits that should "
        "not be refused: printed, of other writers, and MNIST's test digits drawn again with other "
        "pens. The two networks of the site have learned from all 60,000 training digits, so their "
        "thresholds come from digits that they know, and their rules refuse fewer of these "
        "(`web/fit_refusals.py`).",
        "",
        "Repeat it: `python benchmarks/refuse.py`. Every number stands in `refuse.csv`.",
    ]
    return "\n".join(lines) + "\n"


def accuracies(rows) -> list[float]:
    first = [values(rows, "error among accepted", "rule", f"{activation}-{seed}", 0.0)
             for activation in SCHEDULES for seed in SEEDS]  # fmt: skip
    return [1 - value for found in first for value in found]


def spread(found: list[float], digits: int = 3) -> str:
    low, high = (f"{limit:.{digits}f}" for limit in (min(found), max(found)))
    return low if low == high else f"{low}–{high}"


def plot(rows: list[dict]) -> Picture:
    """Against the share of digits refused: the error of the others, and what is caught."""
    figure, axes = new_figure(11.0, 4.2, 1, 3)
    with style():
        mean = lambda kind, rule, start: [  # noqa: E731
            statistics.mean(
                v for seed in SEEDS for v in values(rows, kind, rule, f"{start}-{seed}", x)
            )
            for x in SHARES
        ]
        percent = [100 * x for x in SHARES]
        for color, activation in zip(COLORS, SCHEDULES, strict=False):
            for rule, line in (("rule", "-"), ("probability", "--")):
                error = [100 * y for y in mean("error among accepted", rule, activation)]
                axes[0].plot(
                    percent, error, line, color=color, label=f"{activation}, {RULES[rule]}"
                )
        axes[0].set(title="Wrong among the accepted", ylabel="percent")
        for axis, activation in zip(axes[1:], SCHEDULES, strict=True):
            for color, (kind, name) in zip(COLORS, CURVES.items(), strict=False):
                axis.plot(percent, mean(kind, "rule", activation), color=color, label=name)
                axis.plot(percent, mean(kind, "probability", activation), ":", color=color)
            axis.set(title=f"Share refused, {activation} (dotted: probability)", ylim=(0, 1.02))
        for axis in axes:
            axis.axvline(100 * SHARE, color="gray", lw=0.8)
            axis.set(xlabel="test digits refused, percent", xlim=(0, 10))
            axis.grid(alpha=0.4)
            axis.legend(fontsize=8)
    return Picture(figure, Words("", ""))


def main() -> None:
    """Measure everything and write the three files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, help="a folder that keeps what is done")
    parser.add_argument("--only", choices=NAMES, help="one network, kept in --work")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for the results")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = options.work or Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        for name in [options.only] if options.only else NAMES:
            path = work / f"{name}.json"
            if not path.exists():
                path.write_text(json.dumps(measured(name, work)), "utf-8")
                print(name)
        if options.only:
            return
        rows = [row for name in NAMES for row in json.loads((work / f"{name}.json").read_text())]
    with open(options.out / "refuse.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ("network", "rule", "kind", "refused", "share"))
        writer.writeheader()
        writer.writerows({**row, "share": round(row["share"], 4)} for row in rows)
    (options.out / "refuse.md").write_text(table(rows), encoding="utf-8")
    (options.out / "refuse.png").write_bytes(plot(rows).small_png())
    print(table(rows))


if __name__ == "__main__":
    main()
