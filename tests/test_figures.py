"""Pictures: what they show, what they say to those who cannot see them, and that they repeat."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from matplotlib import image as mpl_image
from matplotlib import rc_context, rcParams

from lenet_helpers import Picture, Words, figures, image_grid
from lenet_helpers.figures import curves, label, new_figure, style

CAPTION = Words("十个数字", "ten digits <1>")
IMAGES = np.arange(13 * 28 * 28, dtype=np.uint32).reshape(13, 28, 28).astype(np.uint8)


def shown(picture: Picture) -> list[np.ndarray]:
    return [axis.images[0].get_array() for axis in picture.figure.axes if axis.images]


def pixels(picture: Picture) -> np.ndarray:
    return mpl_image.imread(io.BytesIO(picture.png()))


# Picture


def test_bundle_is_a_png_with_alternative_text_in_both_languages():
    picture = image_grid(IMAGES[:1], CAPTION)
    data, metadata = picture.bundle(picture.png())
    assert data["image/png"].startswith(b"\x89PNG\r\n\x1a\n")
    assert metadata["image/png"]["alt"] == data["text/plain"] == "十个数字 / ten digits <1>"


def test_display_is_the_picture_and_a_caption_marked_by_language(monkeypatch):
    displayed = []
    monkeypatch.setattr(figures, "display", lambda *args, **options: displayed.append(args[0]))
    image_grid(IMAGES[:1], CAPTION)._ipython_display_()
    picture, caption = displayed
    assert picture.keys() == {"image/png", "text/plain"}
    assert '<span lang="zh">十个数字</span>' in caption.data
    assert '<span lang="en">ten digits &lt;1&gt;</span>' in caption.data


def test_small_png_is_smaller_and_looks_the_same():
    picture = image_grid(IMAGES, CAPTION)
    small = mpl_image.imread(io.BytesIO(picture.small_png()))[..., :3]
    assert len(picture.small_png()) < len(picture.png())
    assert np.abs(small - pixels(picture)[..., :3]).max() < 0.1


def test_png_has_the_size_of_the_figure():
    figure, _ = new_figure(4.0, 2.5)
    assert pixels(Picture(figure, CAPTION)).shape[:2] == (250, 400)


# image_grid


@pytest.mark.parametrize(("count", "rows"), [(1, 1), (10, 1), (11, 2), (13, 2)])
def test_grid_shows_every_image_in_order(count, rows):
    picture = image_grid(IMAGES[:count], CAPTION)
    assert len(picture.figure.axes) == 10 * rows
    assert len(shown(picture)) == count
    for array, image in zip(shown(picture), IMAGES, strict=False):
        np.testing.assert_array_equal(array, image)
    assert not any(axis.axison for axis in picture.figure.axes[count:])
    assert not any(axis.spines.left.get_visible() for axis in picture.figure.axes[:count])
    assert picture.caption == CAPTION


def test_grid_may_show_edges_and_titles_in_both_languages():
    picture = image_grid(IMAGES[:2], ("两幅", "two"), [("一", "one"), "2"], frame=True)
    first, second = picture.figure.axes[:2]
    assert first.axison and first.spines.left.get_visible()
    assert [first.get_title(), second.get_title()] == [label("一", "one"), "2"]
    assert picture.caption == Words("两幅", "two")


def test_grid_may_have_other_columns():
    picture = image_grid(IMAGES, CAPTION, columns=4)
    assert len(picture.figure.axes) == 16
    assert len(shown(picture)) == 13


def test_grid_takes_tensors_and_any_size_of_image():
    tensor = torch.rand(3, 5, 9)
    for array, image in zip(shown(image_grid(tensor, CAPTION)), tensor, strict=True):
        np.testing.assert_array_equal(array, image.numpy())


def test_grid_has_titles_above_images_and_one_above_all():
    picture = image_grid(IMAGES[:3], CAPTION, titles=["a", "b", "c"], title="all")
    titles = [axis.get_title() for axis in picture.figure.axes]
    assert titles == ["a", "b", "c"] + [""] * 7
    assert picture.figure.get_suptitle() == "all"


def test_ink_is_dark_on_light_paper():
    page = np.zeros((1, 28, 28), np.uint8)
    page[0, 10:18, 10:18] = 255
    seen = pixels(image_grid(page, CAPTION, columns=1))[..., :3].mean(axis=2)
    middle = seen[seen.shape[0] // 2, seen.shape[1] // 2]
    assert middle < 0.1
    assert np.median(seen) > 0.9


def test_images_share_a_range_where_one_is_given():
    picture = image_grid(IMAGES[:2], CAPTION, vmin=0, vmax=255)
    assert {axis.images[0].get_clim() for axis in picture.figure.axes if axis.images} == {(0, 255)}


# Curves


def test_curves_are_told_apart_by_more_than_colour():
    series = {f"curve {i}": ([1, 2, 3], [i, i + 1, i]) for i in range(6)}
    picture = curves(series, CAPTION, title="t", xlabel="x", ylabel="y")
    (axis,) = picture.figure.axes
    looks = {(line.get_color(), line.get_linestyle(), line.get_marker()) for line in axis.lines}
    assert len(looks) == 6
    assert len({line.get_linestyle() for line in axis.lines}) > 1
    assert [text.get_text() for text in axis.get_legend().texts] == list(series)
    assert list(axis.lines[2].get_ydata()) == [2, 3, 2]


# Style and language


def test_label_is_in_both_languages_where_a_font_has_chinese(monkeypatch):
    monkeypatch.setattr(figures, "chinese_font", lambda: "Noto Sans CJK SC")
    assert label("轮", "epoch") == "轮 epoch"
    assert label("MNIST", "MNIST") == "MNIST"


def test_label_is_english_where_no_font_has_chinese(monkeypatch):
    monkeypatch.setattr(figures, "chinese_font", lambda: None)
    assert label("轮", "epoch") == "epoch"


@pytest.mark.parametrize(
    ("installed", "expected"),
    [
        (["DejaVu Sans", "SimHei", "Noto Sans CJK SC"], "Noto Sans CJK SC"),
        (["DejaVu Sans", "SimHei"], "SimHei"),
        (["DejaVu Sans"], None),
        ([], None),
    ],
)
def test_best_chinese_font_of_this_machine_is_found(monkeypatch, installed, expected):
    fonts = [type("Font", (), {"name": name}) for name in installed]
    monkeypatch.setattr(figures.font_manager.fontManager, "ttflist", fonts)
    assert figures.chinese_font.__wrapped__() == expected


def test_labels_have_a_glyph_for_every_character(monkeypatch, recwarn):
    """With or without a Chinese font on this machine, no box is drawn."""
    figure, axis = new_figure(3, 2)
    with style():
        axis.set_title(label("汇聚层的输出", "output of the pooling layer"))
    Picture(figure, CAPTION).png()
    assert [str(w.message) for w in recwarn if "missing from" in str(w.message)] == []


def test_style_does_not_outlast_its_block():
    with rc_context({"axes.spines.top": True, "font.size": 7}):
        before = dict(rcParams)
        with style():
            assert not rcParams["axes.spines.top"]
        new_figure(2, 2)
        assert dict(rcParams) == before


# Repeating


def grid() -> Picture:
    return image_grid(IMAGES[:3], CAPTION, titles=list("abc"), columns=2, title="all")


def plot() -> Picture:
    series = {"a": ([1, 2], [0.5, 0.1]), "b": ([1, 2], [3, 4])}
    return curves(series, CAPTION, title="t", xlabel="x", ylabel="y", yscale="log")


@pytest.mark.parametrize("make", [grid, plot])
def test_same_data_give_the_same_bytes(make):
    first = make().png()
    rcParams["figure.dpi"] = rcParams["figure.dpi"]  # as a notebook's own settings would
    assert make().png() == first


def test_drawing_a_plot_twice_gives_the_same_bytes():
    picture = plot()
    assert picture.png() == picture.png()


def test_figures_stay_out_of_pyplot():
    """Else a notebook would show each picture twice, and never let go of it."""
    from matplotlib import pyplot as plt

    before = plt.get_fignums()
    grid()
    assert plt.get_fignums() == before
