"""What the lessons' texts claim, and which cell computes it.

A new claim is a line ``(text cell, code cell, numbers)`` in `CLAIMS`: the text states each number
in both languages, and the stored output of the code cell has a number that rounds to it, as it is
or as a percentage (0.624 may be told as 62 or as 62.4 %).

A number with a decimal point, or of three digits, that no cell of the notebook computes must be
named in `FROM_ELSEWHERE` with its source. Years need not be, nor what an answer to an exercise
says: it tells what the cell gives after a change.
"""

from __future__ import annotations

CLAIMS = {
    "00_start_here": [("answer-1", "minutes-in-all", "185 395")],
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
        ("outside-text", "nothing-to-do", "1,000"),
        ("standardize-note", "standardize", "0.42 2.82"),
        ("offline-text", "offline-digits", "1,797 8 16"),
        ("care-text", "wrong-labels", "0.15 95"),
        ("summary", "origin-sums", "60,000 10,000"),
        ("summary", "mean-and-std", "0.1307 0.3081"),
        ("answer-4", "exercise-4", "0.82"),
    ],
    "03_lenet_layers": [
        ("cross-correlation-text", "one-output-number", "19"),
        ("convolution-by-hand-text", "convolution-by-hand", "25 37 43"),
        ("channels-check-text", "channels-by-hand", "56"),
        ("output-size-check-text", "output-sizes", "28 14 10"),
        ("sigmoid-note", "sigmoid-derivative", "0.25"),
        ("counting-text", "count-all-layers", "156"),
        ("shapes-text", "network", "61,706"),
        ("trace-text", "trace", "117,600"),
        ("shares-note", "shares", "95.8 85.9"),
        ("data-sizes-note", "data-sizes", "4,704 10"),
        ("receptive-field-check-text", "receptive-field-by-hand", "14"),
        ("receptive-field-picture-text", "receptive-field-by-gradient", "5 6 14 16"),
        ("dense-note", "dense-instead", "3,692,640 156"),
        ("lenet5-note", "lenet5-parameters", "60 1,516 48,120 60,000"),
        ("lenet5-note", "trace", "2,416 61,706"),
        ("summary", "trace", "61,706 416,520"),
        ("summary", "shares", "95.8 85.9"),
        ("answer-4", "exercise-4", "906"),
    ],
    "04_training": [
        ("title", "loss-at-chance", "2.30"),
        ("network-text", "network", "61,706"),
        ("loss-at-chance-text", "cross-entropy-by-hand", "0.91"),
        ("train-loop-text", "untrained-accuracy", "0.1"),
    ],
    "05_inside_lenet": [
        ("neighbours-note", "nearest-neighbours", "84"),
        ("clothes-note", "clothes-group", "0.8"),
    ],
    "07_lenet5_1998": [
        ("title", "counts", "60,000 340,908"),
        ("input-text", "input", "0.1 1.175"),
        ("c3-text", "c3-table", "60"),
        ("counts-text", "counts", "60,000 340,908"),
        ("table-note", "table", "0.91 0.95 0.62"),
        ("doubtful-note", "doubtful", "11 66"),
        ("summary", "counts", "60,000 340,908"),
    ],
}

P98 = "LeCun, Bottou, Bengio, Haffner, 1998"
FASHION = "Xiao, Rasul, Vollgraf, 2017, and the results submitted to them"
BOOK = "published builds of Dive into Deep Learning"

FROM_ELSEWHERE = {
    "00_start_here": {"70,000": "60,000 + 10,000"},
    "01_handwriting": {
        "101": "the whole numbers around 100.35",
        "260": "SUN-4/260, the name of the machine",
        "1,438": "four fifths of scikit-learn's 1,797 digits",
        "2.4": P98,
    },
    "02_mnist": {
        "70,000": "60,000 + 10,000",
        "0.02": "how far 13.48, the least of them, is from 13.5",
        "2.30": "measured in lesson 04",
        "0.835": FASHION,
        "0.876": FASHION,
        "0.916": FASHION,
        "1.175": P98,
    },
    "03_lenet_layers": {
        "1.175": P98,
        "30,000": "a bound that the exercise sets",
    },
    "04_training": {
        "10,000": "the test images of Fashion-MNIST",
        "1,797": "scikit-learn's digits",
        "1,438": "four fifths of scikit-learn's 1,797 digits",
        "130": BOOK,
        "0.469": BOOK,
        "0.804": BOOK,
        "6,500": BOOK,
        "7,100": BOOK,
        "55,000": BOOK,
        "103,000": BOOK,
    },
    "07_lenet5_1998": {
        "0.7": P98,
        "2,416": "computed in lesson 03",
        "61,706": "computed in lesson 03",
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
    "1980": ("八十年代", "eighties"),
    "1990": ("九十年代", "nineties"),
}
