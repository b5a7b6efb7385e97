"""What the lessons' texts claim, and which cell computes it.

A new claim is a line ``(text cell, code cell, numbers)`` in `CLAIMS`: the text states each number
in both languages, and the stored output of the code cell has a number that rounds to it, as it is
or as a percentage (0.624 may be told as 62 or as 62.4 %). 6 万 is 60,000, as 60 thousand is.

A number with a decimal point, or of three digits, that no cell of the notebook computes must be
named in `FROM_ELSEWHERE` with its source. Years need not be, nor what an answer to an exercise
says: it tells what the cell gives after a change.
"""

from __future__ import annotations

CLAIMS = {
    "00_start_here": [("try-it-note", "try-it", "784")],
    "lenet_in_one_class": [
        ("mnist-text", "mnist", "60,000 10,000"),
        ("network-text", "shapes", "6 16 28 14 10"),
        ("shapes-note", "shapes", "28 14 10 5 16 400 120 84"),
        ("data-text", "data", "256"),
        ("answer-3", "exercise-3", "61,706"),
    ],
    "01_handwriting": [
        ("mistakes-note", "mistakes-1989", "5.08 5.1"),
        ("pace-note", "pace-1989", "0.65"),
        ("zip-code-note", "zip-code", "77 62 95"),
        ("confused-text", "nearest-neighbours", "0.08"),
        ("match-note", "match-all", "0.82 0.63 0.22"),
        ("find-part-note", "find-part", "9 11"),
        ("summary", "match-all", "0.82 0.63"),
        ("answer-2", "exercise-2", "0.82"),
    ],
    "02_mnist": [
        ("split-text", "validation-split", "60,000 50,000 10,000"),
        ("counts-note", "class-counts", "6,742 5,421"),
        ("counts-note", "constant-answer", "11.35"),
        ("closest-note", "closest-averages", "246 174 4 9"),
        ("mass-vector-text", "center-of-mass-loops", "1.25"),
        ("steps-text", "normalize-digit", "14"),
        ("verify-note", "centers-of-all", "13.5 14.5"),
        ("outside-text", "longest-side", "59,987 20 13 19"),
        ("outside-text", "nothing-to-do", "999 1,000"),
        ("standardize-note", "standardize", "0.42 2.82"),
        ("offline-text", "offline-digits", "1,797 8 16"),
        ("care-text", "wrong-labels", "0.15 95"),
        ("summary", "origin-sums", "60,000 10,000"),
        ("summary", "mean-and-std", "0.1307 0.3081"),
        ("answer-4", "exercise-4", "0.82"),
    ],
    "03_neurons": [
        ("neuron-note", "neuron", "2 4"),
        ("collapse-note", "collapse", "62 20"),
    ],
    "04_convolution": [
        ("ideas-note", "ideas-count", "26"),
        ("cross-correlation-text", "one-output-number", "19"),
        ("convolution-by-hand-text", "convolution-by-hand", "25 37 43"),
        ("channels-check-text", "channels-by-hand", "56"),
        ("output-size-check-text", "output-sizes", "28 14 10"),
        ("summary", "ideas-count", "26"),
    ],
    "05_lenet_layers": [
        ("counting-text", "count-all-layers", "156"),
        ("shapes-text", "network", "61,706"),
        ("trace-text", "trace", "117,600"),
        ("shares-note", "shares", "95.8 85.9"),
        ("data-sizes-note", "data-sizes", "4,704 10"),
        ("receptive-field-check-text", "receptive-field-by-hand", "14"),
        ("receptive-field-picture-text", "receptive-field-by-gradient", "5 6 14 16"),
        ("lenet5-note", "lenet5-parameters", "60 1,516 48,120 60,000"),
        ("lenet5-note", "trace", "2,416 61,706"),
        ("summary", "trace", "61,706 416,520"),
        ("summary", "shares", "95.8 85.9"),
        ("exercise-2-text", "trace", "117,600 240,000"),
        ("answer-4", "exercise-4", "906"),
    ],
    "06_learning": [
        ("descent-text", "slope", "16"),
        ("descent-text", "three-steps", "0.01 0.1 0.26"),
        ("chance-text", "cross-entropy", "0.91"),
        ("choose-note", "choose-on-test", "0.10"),
        ("summary", "loss-at-chance", "2.30"),
    ],
    "07_training": [
        ("network-text", "network", "61,706"),
        ("run-note", "published", "0.449 0.525 0.752 0.828"),
        ("panel-network-text", "panel-from-code", "0.1 0.9"),
    ],
    "08_why_convolution": [
        ("question-text", "networks", "61,706"),
        ("exercise-1-text", "networks", "61,510"),
        ("answer-3", "exercise-3", "0.45"),
    ],
    "09_inside_lenet": [
        ("neighbours-note", "nearest-neighbours", "84"),
        ("clothes-note", "clothes-group", "0.8"),
    ],
    "10_experiments": [
        ("check-text", "network", "61,706"),
        ("answer-kernel", "predict-kernel", "81,194"),
        ("answer-activation", "activation-sweep", "0.837"),
        ("answer-shape", "shape-sweep", "0.824 0.797 0.027 0.002 0.024 0.005 152,410"),
        ("answer-mnist", "mnist", "3.4 4.2 0.91 0.87 0.11 0.95 0.96"),
        ("summary", "shape-sweep", "0.027 0.002"),
        ("leaderboard-text", "leaderboard", "42,026 41,866"),
        ("answer-challenge", "leaderboard", "0.9045 0.8999 0.8997 0.9075"),
        ("answer-challenge", "references", "0.899 0.908"),
    ],
    "11_plateau": [],
    "12_lenet5_1998": [
        ("title", "counts", "60,000 340,908"),
        ("input-text", "input", "0.1 1.175"),
        ("c3-text", "c3-table", "60"),
        ("counts-text", "counts", "60,000 340,908"),
        ("table-note", "table", "0.91 0.95 0.62"),
        ("doubtful-note", "doubtful", "11 66"),
        ("summary", "counts", "60,000 340,908"),
    ],
    "13_zip_code": [
        ("equal-text", "network", "10 33"),
        ("envelope-note", "envelope", "0.53"),
        ("answer-3", "exercise-3", "0.92"),
    ],
}

# What a sentence's mark "source: KEY ROW" may name (see sentences.py).
SOURCES = {
    "P98": "LeCun, Bottou, Bengio, Haffner, Gradient-Based Learning, 1998",
    "N89": "LeCun and others, Backpropagation Applied to Handwritten Zip Code Recognition, 1989",
    "NIPS90": "LeCun and others, Handwritten Digit Recognition with a Back-Propagation …, 1990",
    "FASHION": "Xiao, Rasul, Vollgraf, Fashion-MNIST, 2017, and the results submitted to them",
    "LABELS": "Northcutt, Athalye, Mueller, Pervasive Label Errors in Test Sets, 2021",
    "GLOROT": "Glorot, Bengio, Difficulty of training deep feedforward neural networks, 2010",
    "LATER": "the papers of 2012–2016 that lesson 05 names beside its table",
    "BOOK": "Dive into Deep Learning, its text and its published builds",
    "RECALL": "LeCun's own recollection, told as such",
    "LESSON": "computed in the lesson whose number follows",
    "BENCH": "measured by the script in benchmarks that follows",
}

P98 = "LeCun, Bottou, Bengio, Haffner, 1998"
FASHION = "Xiao, Rasul, Vollgraf, 2017, and the results submitted to them"
BOOK = "published builds of Dive into Deep Learning"
RECIPE = "the recipe of Dive into Deep Learning"
LESSON_02, LESSON_05, LESSON_06 = (f"computed in lesson {k}" for k in ("02", "05", "06"))

FROM_ELSEWHERE = {
    "00_start_here": {"2.30": LESSON_06},
    "lenet_in_one_class": {
        "1,797": LESSON_02,
        "50,000": LESSON_02,
        "2.30": LESSON_06,
        "130": BOOK,
        "0.752": BOOK,
        "0.828": BOOK,
    },
    "01_handwriting": {
        "101": "the whole numbers around 100.35",
        "260": "SUN-4/260, the name of the machine",
        "1,438": "four fifths of scikit-learn's 1,797 digits",
        "2.4": P98,
    },
    "02_mnist": {
        "70,000": "60,000 + 10,000",
        "0.02": "how far 13.48, the least of them, is from 13.5",
        "0.835": FASHION,
        "0.876": FASHION,
        "0.916": FASHION,
        "1.175": P98,
    },
    "04_convolution": {
        "610,000": "615,440, rounded down",
        "600,000": "615,440, rounded down",
        "4,704": LESSON_05,
        "156": LESSON_05,
    },
    "05_lenet_layers": {
        "784": "28 × 28",
        "0.1": P98,
        "1.175": P98,
        "2.4": P98,
        "256": RECIPE,
        "60,000,000": "Krizhevsky, Sutskever, Hinton, 2012; He, Zhang, Ren, Sun, 2016",
        "15.3": "Krizhevsky, Sutskever, Hinton, 2012",
        "138,000,000": "Simonyan, Zisserman, 2015",
        "144,000,000": "Simonyan, Zisserman, 2015",
        "7.3": "Simonyan, Zisserman, 2015",
        "7,000,000": "Szegedy and others, 2015",
        "6.7": "Szegedy and others, 2015",
        "152": "the name of the network",
        "3.57": "He, Zhang, Ren, Sun, 2016",
        "30,000": "what the exercise asks for",
    },
    "06_learning": {"60,000": LESSON_02},
    "07_training": {
        "2.30": LESSON_06,
        "10,000": "the test images of Fashion-MNIST",
        "1,797": "scikit-learn's digits",
        "1,438": "four fifths of scikit-learn's 1,797 digits",
        "130": BOOK,
        "0.449": BOOK,
        "0.525": BOOK,
        "0.469": BOOK,
        "0.752": BOOK,
        "0.828": BOOK,
        "0.804": BOOK,
    },
    "09_inside_lenet": {"2.30": LESSON_06},
    "12_lenet5_1998": {
        "0.7": P98,
        "4.72": "benchmarks/differences_1998.py",
        "4.73": "benchmarks/differences_1998.py",
        "11.73": "benchmarks/differences_1998.py",
        "0.3081": LESSON_02,
        "2,416": LESSON_05,
        "61,706": LESSON_05,
    },
    "13_zip_code": {
        "0.8": "how lenet_helpers.zip_code composes fields",
        "1.1": "how lenet_helpers.zip_code composes fields",
    },
}

# A number in digits in one language may stand in words in the other.
IN_WORDS = {
    "0": ("零", "zero"),
    "0.1": ("十分之一", "tenth"),
    "0.5": ("半", "half"),
    "1": ("一", "one"),
    "2": ("二|两", "two|twice|both"),
    "3": ("三", "three"),
    "4": ("四", "four"),
    "5": ("五", "five"),
    "6": ("六", "six|June"),
    "7": ("七", "seven"),
    "8": ("八", "eight"),
    "9": ("九", "nine"),
    "10": ("十", "ten"),
    "100": ("一百", "hundred"),
    "130": ("一百三十", "hundred and thirty"),
    "600000": ("六十多万", ""),
    "1980": ("八十年代", "eighties"),
    "1990": ("九十年代", "nineties"),
}

if __name__ == "__main__":  # python -m tests.claims
    from tests.sentences import main

    main()
