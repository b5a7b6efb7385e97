"""How many made-up photos of MNIST's test digits are read, kind by kind: writes photos.md.

    python -m benchmarks.photos              # on the test digits, seeds from 1,000,000 on
    python -m benchmarks.photos --training   # on training digits: where thresholds are chosen

A photo counts as remarked if `read_drawing` gives no answer to it, for whatever reason. "Direct" is
the same digit as MNIST has it, without a photo: more than that can't be had.
"""

from __future__ import annotations

import argparse
import io
import os
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image

from lenet_helpers.data.batches import load_data
from lenet_helpers.handwriting import SCENES, photo_of
from lenet_helpers.network_view import read_drawing

PHOTOS, FIRST_SEED = 120, 1_000_000
RANGES = {
    "uint8": lambda grey: grey,
    "paper at 60": lambda grey: np.round(grey * (60 / 255)).astype(np.uint8),
    "ink 200 on 230": lambda grey: np.round(200 + grey * (30 / 255)).astype(np.uint8),
    "0 to 1": lambda grey: grey / 255.0,
    "16 bits": lambda grey: grey.astype(np.uint16) * 257,
    "booleans": lambda grey: grey > 128,
    "light on dark": lambda grey: 255 - grey,
    "one above 0": lambda grey: np.maximum(255 - grey.astype(int), 1),
}
TARGETS = {"shaded": 0.95, "scan": 0.97, "ruled": 0.85, "squared": 0.85, "table": 0.85}


def kinds() -> dict[str, tuple[str, Callable]]:
    """Of each kind its scene, and what is done to the photo before it is read."""
    found = {name: (name, lambda photo: photo) for name in SCENES}
    for name, change in RANGES.items():
        found[f"scan, {name}"] = ("scan", lambda photo, change=change: change(grey(photo)))
    return found


def grey(photo: Image.Image) -> np.ndarray:
    return np.asarray(photo.convert("L"))


class Read(NamedTuple):
    """One photo: what it shows, the network's guess, the answer or ``None``, and the remarks."""

    label: int
    guess: int | None
    digit: int | None
    remarks: tuple[str, ...]


def read_kind(name: str, training: bool, count: int, seed: int) -> list[Read]:
    """The readings of ``count`` photos of a kind, each of another digit."""
    torch.set_num_threads(1)
    train, test = load_data("mnist", device="cpu")
    data, number = train if training else test, list(kinds()).index(name)
    scene, change = kinds()[name]
    found = []
    for i in range(number * count, (number + 1) * count):
        photo = photo_of(data.images[i % len(data.labels)].numpy(), scene, seed + i)
        reading = read_drawing(change(photo))
        label, remarks = data.labels[i % len(data.labels)].item(), reading.remarks
        found.append(Read(label, reading.guess, reading.digit, tuple(each.en for each in remarks)))
    return found


def row(name: str, readings: list[Read]) -> str:
    wrong = [reading for reading in readings if reading.guess != reading.label]
    right = [reading for reading in readings if reading.guess == reading.label]
    remarked = sum(reading.digit is None for reading in wrong)
    share = f"{remarked} of {len(wrong)}" if wrong else "–"
    target = TARGETS.get(name.split(",")[0])
    aim = f"≥ {target:.0%}" if target else ""
    doubted = sum(reading.digit is None for reading in right) / max(len(right), 1)
    return f"| {name} | {len(right) / len(readings):.1%} | {aim} | {share} | {doubted:.1%} |"


def large_photo(image) -> float:
    """Seconds of the processor from a JPEG of 12 megapixels to the reading, the best of three."""
    file = io.BytesIO()
    photo_of(image.numpy(), "squared", 1).resize((4000, 3000)).save(file, "JPEG", quality=90)
    times = []
    for _ in range(3):
        start = time.process_time()
        read_drawing(file.getvalue())
        times.append(time.process_time() - start)
    return min(times)


def write(readings, count: int, seed: int, seconds: float) -> None:
    every = [reading for some in readings.values() for reading in some]
    wrong = [reading for reading in every if reading.guess != reading.label]
    remarked = sum(reading.digit is None for reading in wrong) / max(len(wrong), 1)
    why = Counter(remark for reading in every for remark in reading.remarks)
    lines = [
        "# Photos of digits, read", "",
        f"`python -m benchmarks.photos --photos {count}`: {count} made-up photos of each kind "
        f"(`lenet_helpers.handwriting.photo_of`, 640×480), of MNIST's test digits, seeds from "
        f"{seed:,} on; read by the course's stored LeNet (`read_drawing`). The thresholds were "
        "set by hand, with photos of training digits in view. \"Right\" counts the network's "
        "guess, remarked or not; \"remarked\" are guesses that `read_drawing` gives as no "
        "answer.", "",
        "| kind | right | aim | wrong ones remarked | right ones remarked |",
        "|---|---|---|---|---|",
        *(row(name, some) for name, some in readings.items()), "",
        f"Of all {len(wrong)} wrong guesses, {remarked:.0%} are remarked. A JPEG of 12 megapixels "
        f"is read in {seconds:.2f} s of the processor's time.", "",
        "Remarks: " + "; ".join(f"{text} {n}×" for text, n in why.most_common(8)) + ".", "",
    ]  # fmt: skip
    Path(__file__).with_suffix(".md").write_text("\n".join(lines), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--training", action="store_true")
    parser.add_argument("--photos", type=int, default=PHOTOS)
    parser.add_argument("--seed", type=int, default=FIRST_SEED)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("kinds", nargs="*", help="some of them alone; then nothing is written")
    asked = parser.parse_args()
    names, readings = asked.kinds or list(kinds()), {}
    with ProcessPoolExecutor(asked.workers, get_context("spawn")) as pool:
        rest = [[each] * len(names) for each in (asked.training, asked.photos, asked.seed)]
        for name, some in zip(names, pool.map(read_kind, names, *rest), strict=True):
            readings[name] = some
            print(row(name, some), flush=True)
            if asked.training:
                print(*(read for read in some if read.guess != read.label), sep="\n", flush=True)
    if not asked.training and not asked.kinds:
        _, test = load_data("mnist", device="cpu")
        write(readings, asked.photos, asked.seed, large_photo(test.images[0]))


if __name__ == "__main__":
    main()
