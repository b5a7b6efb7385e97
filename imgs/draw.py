from draw_lenet import draw_lenet
from drawing_kit import *
use_style(find_cjk_font())
draw_lenet()
