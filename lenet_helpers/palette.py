"""Colours, lines and marks: figures, widgets, drawings and the site use the same."""

# Okabe and Ito (2008): told apart by colour-blind readers.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINES = ("-", "--", "-.", ":")
MARKS = ("o", "s", "^", "D")
