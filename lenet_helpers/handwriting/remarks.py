"""What makes the reading of a picture doubtful, in both languages."""

from lenet_helpers.words import Words

REMARKS = {
    "nothing": Words("没有找到墨迹：请拍得近一些、亮一些",
                     "no ink was found: come closer, with more light"),
    "several": Words("好像不止一个数字：请只留下一个",
                     "more than one digit, it seems: leave one alone in view"),
    "sides": Words("分不清哪是纸、哪是墨：请用深色笔写在白纸上",
                   "which is paper and which is ink? Write with a dark pen on white paper"),
    "edge": Words("墨迹碰到了图像的边缘，可能不完整：请把整个数字放进画面",
                  "the ink touches the picture's edge and may be cut off: leave paper all "
                  "around it"),
    "blurred": Words("照片模糊：请对好焦再拍", "the photo is blurred: focus and take it again"),
    "faint": Words("墨迹太淡，和纸差不多：请用更深的笔，或更亮的光",
                   "the ink is hardly darker than the paper: use a darker pen or more light"),
    "dot": Words("差不多只是一个点：请写大一些", "hardly more than a dot: write larger"),
    "black": Words("墨比纸还多", "more ink than paper"),
}  # fmt: skip
