"""Colours, lines and marks of figures, widgets, drawings; a test holds the stylesheets to them."""

# Okabe and Ito (2008): told apart by colour-blind readers. What the course calls orange is their
# vermilion, the darker of two that stand against white paper.
BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
AMBER, SKY, BLACK = "#E69F00", "#56B4E9", "#000000"

COLORS = (BLUE, ORANGE, GREEN, PURPLE, AMBER, SKY, BLACK)
LINES = ("-", "--", "-.", ":")
MARKS = ("o", "s", "^", "D")
MANY_POINTS = 15  # with more of them, the marks of a curve run into one another
