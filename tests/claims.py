"""What the lessons' texts claim, and which cell computes it: the tables of ``claims.toml``.

A new claim is a line ``[text cell, code cell, numbers]`` under `claims`: the text states each
number in both languages, and the stored output of the code cell has a number that rounds to it, as
it is or as a percentage (0.624 may be told as 62 or as 62.4 %). 6 万 is 60,000, as 60 thousand is.

A number with a decimal point, or of three digits, that no cell of the notebook computes must be
named under `from_elsewhere` with its source. Years need not be, nor what an answer to an exercise
says: it tells what the cell gives after a change.
"""

import tomllib
from pathlib import Path

CLAIMS, SOURCES, FROM_ELSEWHERE, IN_WORDS = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
).values()

if __name__ == "__main__":  # python -m tests.claims
    from tests.sentences import main

    main()
