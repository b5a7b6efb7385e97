"""Pictures: what they show, what they say to those who cannot see them, and that they repeat."""

import io
import re
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib import font_manager, rc_context, rcParams
from matplotlib import image as mpl_image
from matplotlib import pyplot as plt

from lenet_helpers import Picture, Words, figures, image_grid, lenet, trace_shapes
from lenet_helpers.figures import curves, label, network_costs, new_figure, style, timeline
from lenet_helpers.fonts import CHINESE_FONTS, chinese_font
from lenet_helpers.palette import BLUE, GREEN, MANY_POINTS, ORANGE

ROOT = Path(__file__).parents[1]
CAPTION = Words("十个数字", "ten digits <1>")
IMAGES = np.arange(13 * 28 * 28, dtype=np.uint32).reshape(13, 28, 28).astype(np.uint8)


def pixels(png: bytes) -> np.ndarray:
    return mpl_image.imread(io.BytesIO(png))[..., :3]


# Picture


def test_display_is_a_small_png_with_alternative_text_and_a_caption_in_both_languages(monkeypatch):
    shown = []
    monkeypatch.setattr(figures, "display", lambda data, **options: shown.append((data, options)))
    image_grid(IMAGES[:1], CAPTION)._ipython_display_()
    (data, options), (caption, _) = shown
    assert data["image/png"].startswith(b"\x89PNG\r\n\x1a\n")
    alternative = options["metadata"]["image/png"]["alt"]
    assert alternative == data["text/plain"] == "十个数字 / ten digits <1>"
    assert '<span lang="zh">十个数字</span>' in caption.data
    assert '<span lang="en">ten digits &lt;1&gt;</span>' in caption.data


def test_small_png_is_smaller_and_looks_the_same_in_the_size_of_the_figure():
    picture = image_grid(IMAGES, CAPTION)
    large, small = picture.png(), picture.small_png()
    assert len(small) < len(large)
    assert np.abs(pixels(small) - pixels(large)).max() < 0.1
    assert pixels(Picture(new_figure(4.0, 2.5)[0], CAPTION).png()).shape == (250, 400, 3)


# image_grid


@pytest.mark.parametrize(
    ("images", "columns", "places"),
    [
        (IMAGES[:1], 10, 10),
        (IMAGES[:10], 10, 10),
        (IMAGES[:11], 10, 20),
        (IMAGES, 4, 16),
        (torch.rand(3, 5, 9), 10, 10),
    ],
    ids=["one", "a row", "two rows", "four columns", "tensors of another size"],
)
def test_grid_shows_every_image_in_order(images, columns, places):
    axes = image_grid(images, CAPTION, columns=columns).figure.axes
    assert len(axes) == places
    for axis, image in zip(axes, images, strict=False):
        np.testing.assert_array_equal(axis.images[0].get_array(), image)
        assert not axis.spines.left.get_visible()
    assert not any(axis.axison or axis.images for axis in axes[len(images) :])


def test_grid_may_show_edges_titles_in_both_languages_and_a_range_for_all():
    titles = [("一", "one"), "2"]
    picture = image_grid(
        IMAGES[:2], ("两幅", "two"), titles, frame=True, title="all", vmin=0, vmax=255
    )
    first, second, third, *_ = picture.figure.axes
    assert first.axison and first.spines.left.get_visible()
    assert [each.get_title() for each in (first, second, third)] == [label("一", "one"), "2", ""]
    assert picture.caption == Words("两幅", "two")
    assert picture.figure.get_suptitle() == "all"
    assert first.images[0].get_clim() == second.images[0].get_clim() == (0, 255)


def test_ink_is_dark_on_light_paper():
    page = np.zeros((1, 28, 28), np.uint8)
    page[0, 10:18, 10:18] = 255
    seen = pixels(image_grid(page, CAPTION, columns=1).png()).mean(axis=2)
    assert seen[seen.shape[0] // 2, seen.shape[1] // 2] < 0.1
    assert np.median(seen) > 0.9


# Plots


def test_curves_are_told_apart_by_more_than_colour():
    series = {f"curve {i}": ([1, 2, 3], [i, i + 1, i]) for i in range(6)}
    (axis,) = curves(series, CAPTION, title="t", xlabel="x", ylabel="y").figure.axes
    looks = [(line.get_color(), line.get_linestyle(), line.get_marker()) for line in axis.lines]
    assert len(set(looks)) == 6
    assert [len(set(aspect)) for aspect in zip(*looks[:4], strict=True)] == [4, 4, 4]
    assert [text.get_text() for text in axis.get_legend().texts] == list(series)
    assert list(axis.lines[2].get_ydata()) == [2, 3, 2]


@pytest.mark.parametrize(("points", "mark"), [(MANY_POINTS, "o"), (MANY_POINTS + 1, "None")])
def test_curves_of_many_points_have_no_marks(points, mark):
    series = {"a": (range(points), range(points))}
    (axis,) = curves(series, CAPTION, title="t", xlabel="x", ylabel="y").figure.axes
    assert axis.lines[0].get_marker() == mark


def test_costs_stand_beside_the_layers_that_have_any():
    picture = network_costs(trace_shapes(lenet(), torch.zeros(1, 1, 28, 28)), CAPTION)
    parameters, multiply_adds = picture.figure.axes
    names = [text.get_text() for text in parameters.get_yticklabels()]
    assert names == ["conv1", "conv2", "fc1", "fc2", "fc3"] and parameters.yaxis_inverted()
    assert "48,120 · 78.0%" in [text.get_text() for text in parameters.texts]
    assert "240,000 · 57.6%" in [text.get_text() for text in multiply_adds.texts]


def test_timeline_names_each_event_at_its_year():
    events = [(1989.5, "1989", Words("一", "one")), (1998.9, "Nov 1998", Words("二", "two"))]
    (axis,) = timeline(events, CAPTION).figure.axes
    assert list(axis.lines[1].get_ydata()) == [1989.5, 1998.9]
    texts = [text.get_text() for text in axis.texts]
    assert texts[0::2] == ["1989", "Nov 1998"]
    assert [text.split("\n")[-1] for text in texts[1::2]] == ["one", "two"]


# Fonts and style


@pytest.fixture
def fonts(monkeypatch, tmp_path):
    """Which fonts matplotlib knows, which files there are, and its cache, all to be replaced."""

    def use(listed: list, files: list[str]) -> None:
        monkeypatch.setattr(font_manager.fontManager, "ttflist", listed)
        monkeypatch.setattr(font_manager, "findSystemFonts", lambda: files)
        monkeypatch.setattr(matplotlib, "get_cachedir", lambda: str(tmp_path))
        chinese_font.cache_clear()

    yield use
    chinese_font.cache_clear()


@pytest.mark.parametrize(
    ("installed", "font", "said"),
    [
        (["DejaVu Sans", "SimHei", "Noto Sans CJK SC"], "Noto Sans CJK SC", "轮 epoch"),
        (["DejaVu Sans", "SimHei"], "SimHei", "轮 epoch"),
        (["DejaVu Sans"], None, "epoch"),
    ],
)
def test_labels_are_in_both_languages_where_a_font_has_chinese(fonts, installed, font, said):
    fonts([SimpleNamespace(name=name, fname=name) for name in installed], [])
    assert chinese_font() == font
    assert label("轮", "epoch") == said
    assert label("MNIST", "MNIST") == "MNIST"


def test_chinese_font_that_matplotlib_has_not_seen_is_found_and_kept(fonts, tmp_path):
    """As after installing one and a new start: the list on disk is older than the font."""
    listed = font_manager.fontManager.ttflist
    chinese = {font.name for font in listed if font.name in CHINESE_FONTS}
    if not chinese:
        pytest.skip("this machine has no Chinese font")
    files = {font.fname for font in listed if font.name in chinese}
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font")
    fonts([font for font in listed if font.fname not in files], [str(broken), *sorted(files)])
    assert chinese_font() in chinese
    (written,) = tmp_path.glob("fontlist-*.json")
    next_start = font_manager.json_load(written)
    assert chinese <= {font.name for font in next_start.ttflist}


def test_labels_have_a_glyph_for_every_character(recwarn):
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


def test_same_data_give_the_same_bytes_and_stay_out_of_pyplot():
    """Else a notebook would show each picture twice, and never let go of it."""

    def draw() -> list[bytes]:
        series = {"a": ([1, 2], [0.5, 0.1]), "b": ([1, 2], [3, 4])}
        grid = image_grid(IMAGES[:3], CAPTION, titles="abc", columns=2, title="all")
        lines = curves(series, CAPTION, title="t", xlabel="x", ylabel="y", yscale="log")
        return [grid.png(), lines.png(), lines.png()]

    before = plt.get_fignums()
    first, second = draw(), draw()
    assert first == second and first[1] == first[2]
    assert plt.get_fignums() == before


# One palette


@pytest.mark.parametrize(
    ("file", "name", "color"),
    [
        ("lenet_helpers/network_view/view.css", "--nv-blue: ", BLUE),
        ("lenet_helpers/network_view/view.css", "--nv-orange: ", ORANGE),
        ("lenet_helpers/network_view/view.css", "--nv-lit: ", GREEN),
        ("lenet_helpers/network_view/colors.js", "const BLUE = ", BLUE),
        ("lenet_helpers/network_view/colors.js", "ORANGE = ", ORANGE),
        ("web/static/site.css", "--accent: ", BLUE),
    ],
)
def test_what_cannot_read_the_palette_agrees_with_it(file, name, color):
    """On light paper; a pixel of a canvas has its bytes in the order blue, green, red."""
    text = (ROOT / file).read_text("utf-8")
    found = re.search(re.escape(name) + '"?(#|0x)([0-9a-f]{6})', text, re.IGNORECASE)
    digits = found[2] if found[1] == "#" else found[2][4:] + found[2][2:4] + found[2][:2]
    assert f"#{digits}".upper() == color
