"""The browser's side of a field that is read: the sliding network, the pictures, the scripts."""

from pathlib import Path
from types import SimpleNamespace

import torch
from torch import nn

from lenet_helpers.inputs.networks import as_net
from lenet_helpers.network_view import browser, inline
from lenet_helpers.network_view.describe import describe
from lenet_helpers.words import SettingError, Words
from lenet_helpers.zip_code.fields import HEIGHT, WIDTH, Fields

HERE = Path(__file__).parent
CLASSES = [Words.same(str(k)) for k in range(10)] + [Words("无", "none")]


class FieldBrowser(browser.BrowserView):
    """What the browser is given, and what comes back: ``state``, the field, photos."""

    _esm = inline.inline(HERE / "field_widget.js") + "\nexport default { render };\n"
    _css = browser.BrowserView._css + (HERE / "field.css").read_text("utf-8")


def describe_sliding(net: nn.Sequential) -> tuple[dict, bytes]:
    """A network that slides over fields, as `describe` describes one.

    Raises:
        SettingError: it is none, or gives other scores than eleven for each position.
    """
    net = as_net(net)
    if type(net) is not nn.Sequential or any(isinstance(layer, nn.Linear) for layer in net):
        raise SettingError(
            "net 应是在字段上滑动的网络：只有卷积、汇聚和激活函数，没有全连接层。"
            "请用：FieldView(sliding(net))",
            "net must be a network that slides over fields: convolutions, poolings and "
            "activations, no linear layer. Use: FieldView(sliding(net))",
        )
    window = SimpleNamespace(
        images=torch.zeros(1, HEIGHT, HEIGHT, device="cpu"), standardize=False, classes=CLASSES
    )
    return describe(nn.Sequential(*net, nn.Flatten()), window)


def pictures_of(fields: Fields | None) -> list[dict]:
    """Fields to choose from, as ``source.js`` takes them: inks of 8 bits, and what is written.

    Raises:
        SettingError: it is nothing of the kind.
    """
    if fields is None:
        return []
    shape = getattr(getattr(fields, "pictures", None), "shape", ())
    if not isinstance(fields, Fields) or len(shape) != 3 or shape[1:] != (HEIGHT, WIDTH):
        raise SettingError(
            'fields 应是 compose 拼成的字段，例如：FieldView(slide, fields_of("test", 1, 6))。',
            'fields must be what compose makes, as in FieldView(slide, fields_of("test", 1, 6)).',
        )
    pictures = []
    for picture, digits in zip(fields.pictures, fields.digits.tolist(), strict=True):
        inks = (255 * picture).round().clamp(0, 255).to("cpu", torch.uint8).numpy().tobytes()
        what = "".join(map(str, digits))
        note = Words(f"写的是 {what}", f"{what} is written")._asdict()
        pictures.append({"inks": inks, "label": None, "note": note})
    return pictures
