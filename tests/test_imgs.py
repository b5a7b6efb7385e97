"""The pictures of imgs/: all there, small, true to the network, and the same when drawn again."""

import sys
import warnings
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib as mpl
import pytest
import torch
from torch import nn

from lenet_helpers import lenet, trace_shapes

FOLDER = Path(__file__).parents[1] / "imgs"
sys.path.insert(0, str(FOLDER))  # the drawing scripts are no part of the package

import draw  # noqa: E402
import draw_lenet  # noqa: E402
import drawing_kit as kit  # noqa: E402

LIMITS = {".svg": 200_000, ".png": 120_000}


def drawn_shapes() -> list[tuple[int, ...]]:
    """The input's shape and that after each layer that the picture shows, by a forward pass."""
    trace = trace_shapes(lenet(), torch.zeros(1, 1, 28, 28))
    drawn = [row for row in trace.rows if row.layer in ("Conv2d", "AvgPool2d", "Linear")]
    return [trace.input_shape[1:], *(row.output_shape[1:] for row in drawn)]


def texts(name: str) -> list[str]:
    """Every text of a committed SVG: matplotlib notes it beside the paths of its letters."""
    parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))
    root = ET.parse(FOLDER / f"{name}.svg", parser).getroot()
    return [node.text.strip() for node in root.iter(ET.Comment)]


@pytest.fixture
def redraw(tmp_path, monkeypatch):
    """A function that draws everything into a folder of its own."""

    def draw_into(name: str) -> dict[str, bytes]:
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.setattr(kit, "FOLDER", folder)
        with mpl.rc_context(), warnings.catch_warnings():
            draw.main()
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    return draw_into


def test_every_promised_picture_is_there_and_no_other():
    found = {path.name for path in FOLDER.iterdir() if path.suffix in LIMITS}
    assert found == {name + suffix for name in draw.PICTURES for suffix in LIMITS}


@pytest.mark.parametrize("name", draw.PICTURES)
def test_files_are_small_the_svg_has_letters_as_paths_and_the_png_is_sharp(name):
    for suffix, limit in LIMITS.items():
        assert 1_000 < (FOLDER / f"{name}{suffix}").stat().st_size < limit
    root = ET.parse(FOLDER / f"{name}.svg").getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert not list(root.iter("{http://www.w3.org/2000/svg}text"))
    data = (FOLDER / f"{name}.png").read_bytes()
    assert data.startswith(b"\x89PNG")
    assert int.from_bytes(data[16:20], "big") == 2 * kit.WIDTH


def test_drawn_and_committed_layers_are_those_of_the_network():
    shapes = drawn_shapes()
    assert [shape for _, shape in draw.LAYERS] == shapes
    written = [draw.shape_text(shape) for shape in shapes]
    for name in ("lenet", "lenet_compressed"):
        assert [text for text in texts(name) if text in written] == written


def test_committed_pictures_write_the_networks_layers():
    convolutions, pools, linears, sigmoids = (
        [layer for layer in lenet() if isinstance(layer, kind)]
        for kind in (nn.Conv2d, nn.AvgPool2d, nn.Linear, nn.Sigmoid)
    )
    written, short, kernels = texts("lenet"), " | ".join(texts("lenet_compressed")), []
    for convolution, pool in zip(convolutions, pools, strict=True):
        assert f"5×5 卷积 Conv ({convolution.out_channels})" in short
        kernels.append("{}×{} 卷积".format(*convolution.kernel_size))
        kernels.append(f"{pool.kernel_size}×{pool.kernel_size} 平均汇聚")
    assert [text for text in written if text in kernels] == kernels
    assert all(f"全连接 FC ({linear.out_features})" in short for linear in linears)
    assert written.count("全连接层") == len(linears)
    assert written.count("sigmoid") == len(sigmoids)
    assert f"展平 flatten: {linears[0].in_features}" in written
    assert f"填充 padding {convolutions[0].padding[0]}" in written


def test_convolution_picture_computes_as_torch_does():
    image, kernel = torch.arange(9.0).reshape(1, 1, 3, 3), torch.arange(4.0).reshape(1, 1, 2, 2)
    output = nn.functional.conv2d(image, kernel).flatten().int().tolist()
    assert output == [19, 25, 37, 43]
    numbers = [int(text) for text in texts("convolution") if text.isdigit()]
    assert numbers == [0, 0, 1, 1, 3, 2, 4, 3, 19, *range(9), *range(4), *output]


def test_pooling_picture_computes_as_torch_does():
    numbers = [float(text) for text in texts("pooling") if text.isdigit()]
    image = torch.tensor(numbers[:16]).reshape(1, 1, 4, 4)
    outputs = [pool(image).flatten() for pool in (nn.AvgPool2d(2), nn.MaxPool2d(2))]
    assert torch.cat(outputs).tolist() == numbers[16:24]


@pytest.mark.parametrize(("n", "k", "p", "s"), [(28, 5, 2, 1), (28, 2, 0, 2), (6, 2, 0, 2)])
def test_formula_agrees_with_torch(n, k, p, s):
    output = nn.Conv2d(1, 1, k, padding=p, stride=s)(torch.zeros(1, 1, n, n))
    assert output.shape[-1] == draw.output_size(n, k, p, s)


@pytest.mark.skipif(kit.find_cjk_font() is None, reason="no font with Chinese letters")
def test_drawing_twice_gives_the_same_bytes(redraw):
    first, second = redraw("first"), redraw("second")
    assert set(first) == {name + suffix for name in draw.PICTURES for suffix in LIMITS}
    assert first == second


def test_without_a_chinese_font_nothing_is_drawn(redraw, monkeypatch, tmp_path):
    monkeypatch.setattr(kit, "find_cjk_font", lambda: None)
    with pytest.raises(SystemExit, match="no font with Chinese letters"):
        redraw("empty")
    assert not list((tmp_path / "empty").iterdir())


def test_a_missing_letter_is_an_error_and_never_a_box(tmp_path, monkeypatch):
    monkeypatch.setattr(kit, "FOLDER", tmp_path)
    with mpl.rc_context(), warnings.catch_warnings():
        kit.use_style("DejaVu Sans")
        ax = kit.canvas(100)
        kit.write(ax, 50, 50, "卷积")
        with pytest.raises(UserWarning, match="missing"):
            kit.save(ax, "boxes")


def test_windows_on_the_sheets_lie_inside_them_and_match_the_layers():
    for layer, (row, column, side, to_row, to_column) in enumerate(draw_lenet.WINDOWS):
        (_, size, _), (_, next_size, _) = (draw.LAYERS[layer + k][1] for k in (0, 1))
        assert min(row, column) >= 0 and max(row, column) + side <= size
        stride, padding = (2, 0) if side == 2 else (1, (next_size - size + side - 1) // 2)
        assert (row, column) == (to_row * stride - padding, to_column * stride - padding)
