"""A network described for the living view, or refused in words; several modules made one."""

import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from lenet_helpers import SettingError, lenet
from lenet_helpers.network_view.browser import BrowserView
from lenet_helpers.network_view.describe import describe, weight_bytes
from lenet_helpers.network_view.inline import inline
from lenet_helpers.zip_code.browser import FieldBrowser
from tests.node import SOURCES, data_of, needs_node, node
from web import fields, living

SIZE = (28, 28)


def after(*layers: nn.Module, channels: int = 4) -> nn.Sequential:
    """A network whose second and later layers are these."""
    return nn.Sequential(
        nn.Conv2d(1, channels, 5, padding=2), *layers, nn.Flatten(), nn.Linear(1, 10)
    )


def test_describes_the_lessons_network(digits):
    description, weights = describe(lenet("tanh", "max"), digits[0])
    assert json.loads(json.dumps(description)) == description
    kinds = [layer["kind"] for layer in description["layers"]]
    assert kinds == ["conv", "tanh", "maxpool"] * 2 + ["flatten"] + ["linear", "tanh"] * 2 + [
        "linear"
    ]
    conv, pool, linear = (description["layers"][at] for at in (0, 2, 7))
    assert conv["kernel"] + conv["stride"] + conv["padding"] == [5, 5, 1, 1, 2, 2]
    assert (conv["in"], conv["out"], linear["in"], linear["out"]) == (1, 6, 400, 120)
    assert pool["kernel"] + pool["stride"] + pool["padding"] == [2, 2, 2, 2, 0, 0]
    assert description["input"] == [28, 28]
    assert (description["mean"], description["std"]) == (digits[0].mean, digits[0].std)
    assert description["classes"][3] == {"zh": "3", "en": "3"}
    assert len(weights) == 4 * 61706


def test_pixels_that_are_not_standardised_keep_their_range():
    data = data_of(SIZE)
    data.standardize = False
    description, _ = describe(lenet(), data)
    assert (description["mean"], description["std"]) == (0, 1)


def test_weights_are_in_torchs_order_wherever_they_lie_and_whatever_their_type():
    net = lenet()
    net[9] = nn.Linear(120, 84, bias=False)
    expected = [p for layer in net for p in layer.parameters()]
    expected.insert(7, torch.zeros(84))
    expected = torch.cat([p.detach().flatten() for p in expected]).numpy().tobytes()
    assert weight_bytes(net) == expected
    assert weight_bytes(net.double().to(memory_format=torch.channels_last)) == expected


def test_the_network_is_as_before():
    net = lenet("relu").train()
    before = [p.clone() for p in net.parameters()]
    describe(net, data_of(SIZE))
    assert net.training
    assert all(map(torch.equal, net.parameters(), before))
    assert all(p.grad is None for p in net.parameters())


class Twice(nn.ReLU):
    def forward(self, X):
        return 2 * super().forward(X)


REFUSED = {
    "Dropout": (2, after(nn.Dropout(0.5))),
    "Identity": (2, after(nn.Identity())),
    "BatchNorm2d": (2, after(nn.BatchNorm2d(4))),
    "LeakyReLU": (2, after(nn.LeakyReLU())),
    "Softmax": (2, after(nn.Softmax(dim=1))),
    "Twice": (2, after(Twice())),
    "Sequential": (2, after(nn.Sequential(nn.ReLU()))),
    "Conv1d": (1, nn.Sequential(nn.Conv1d(1, 1, 3))),
    "groups=2": (2, after(nn.Conv2d(4, 4, 3, groups=2))),
    "dilation=(2, 1)": (2, after(nn.Conv2d(4, 4, 3, dilation=(2, 1)))),
    "padding_mode=reflect": (2, after(nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"))),
    "padding=same": (2, after(nn.Conv2d(4, 4, (3, 2), padding="same"))),
    "AvgPool2d": (2, after(nn.AvgPool2d(3, ceil_mode=True))),
    "padding=1": (2, after(nn.AvgPool2d(3, padding=1, count_include_pad=False))),
    "kernel_size=3": (2, after(nn.AvgPool2d(3, divisor_override=2))),
    "MaxPool2d": (2, after(nn.MaxPool2d(2, ceil_mode=True))),
    "dilation=2": (2, after(nn.MaxPool2d(2, dilation=2))),
    "kernel_size=2": (2, after(nn.MaxPool2d(2, return_indices=True))),
    "start_dim=2": (2, nn.Sequential(nn.Conv2d(1, 4, 5), nn.Flatten(2))),
    "ReLU": (3, after(nn.Tanh(), nn.ReLU())),
    "Sigmoid": (1, nn.Sequential(nn.Sigmoid(), nn.Flatten(), nn.Linear(784, 10))),
    "Tanh": (2, nn.Sequential(nn.Flatten(), nn.Tanh(), nn.Linear(784, 10))),
    "in_features=28": (2, nn.Sequential(nn.Conv2d(1, 4, 1), nn.Linear(28, 10), nn.Flatten())),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_shown_is_named_in_both_languages(name):
    number, net = REFUSED[name]
    with pytest.raises(SettingError) as caught:
        describe(net, data_of(SIZE))
    zh, en = caught.value.words
    assert f"第 {number} 层 {net[number - 1]} 无法显示" in zh
    assert f"Layer {number}, {net[number - 1]}, cannot be shown" in en
    assert name in en


@pytest.mark.parametrize(("out", "said"), [((784, 9), r"put out \(1, 10\)"), ((99, 10), "layer 2")])
def test_scores_that_do_not_fit_the_data_are_refused(out, said):
    with pytest.raises(SettingError, match=said):
        describe(nn.Sequential(nn.Flatten(), nn.Linear(*out)), data_of(SIZE))


@pytest.mark.parametrize(
    "net", [nn.Linear(784, 10), nn.Sequential(), nn.ModuleList(), None], ids=repr
)
def test_what_is_no_sequence_of_layers_is_refused(net):
    with pytest.raises(SettingError, match=type(net).__name__) as caught:
        describe(net, data_of(SIZE))
    assert "nn.Sequential" in caught.value.words.zh


# Several modules made one


def inlined(folder: Path, **texts: str) -> str:
    for name, text in texts.items():
        (folder / f"{name}.js").write_text(text, "utf-8")
    return inline(folder / "a.js")


def test_each_file_once_after_those_it_imports(tmp_path):
    text = inlined(
        tmp_path,
        a='import {\n  b,\n  two,\n} from "./b.js";\nimport { c } from "./c.js";\n'
        "export const a = b + c();\n",
        b='import { c } from "./c.js";\nexport const b = c();\nexport class two {}\n',
        c="// one\nexport function c() { return 1; }\nexport const list = [1];\n",
    )
    assert text.count("return 1") == 1
    assert "import" not in text and "export" not in text
    assert text.index("function c") < text.index("const b") < text.index("const a")
    assert "// one" in text


@pytest.mark.parametrize("line", [
    'import b from "./b.js";', 'import * as b from "./b.js";', 'import { b as c } from "./b.js";',
    'import { b } from "lodash";', 'import "./b.js";', "export default 1;", "export { a };",
    "var a = 1;",
])  # fmt: skip
def test_a_form_that_cannot_be_inlined_is_refused(tmp_path, line):
    with pytest.raises(ValueError, match=re.escape(line)):
        inlined(tmp_path, a=f"{line}\n")


LINK = """
globalThis.onmessage = null;
await import("./network_view/widget.js");
await import("./network_view/train_worker.js");
await import("./zip_code/field_widget.js");
process.exit(); // the Worker would wait for messages
"""


@needs_node
def test_what_is_imported_is_exported(tmp_path):
    for folder in (SOURCES, SOURCES.parent / "zip_code"):
        shutil.copytree(folder, tmp_path / folder.name, ignore=shutil.ignore_patterns("stored"))
    (tmp_path / "package.json").write_text('{"type": "module"}', "utf-8")
    node(tmp_path, "--input-type=module", "--eval", LINK)


BUNDLES = {
    "widget": lambda: BrowserView._esm,
    "field": lambda: FieldBrowser._esm,
    "worker": lambda: living.train_it()["worker"],
    **{page.__name__: lambda page=page: page()["script"]
       for page in (living.try_it, living.watch_it, living.train_it, fields.read_field)},
}  # fmt: skip


@needs_node
@pytest.mark.parametrize("name", BUNDLES)
def test_no_name_is_there_twice_in_the_one_scope(tmp_path, monkeypatch, name):
    monkeypatch.setattr(fields, "some_fields", lambda _: None)  # it takes seconds
    (tmp_path / "one.mjs").write_text(BUNDLES[name](), "utf-8")
    node(tmp_path, "--check", "one.mjs")


def test_colours_stand_in_one_module_alone():
    has_colours = re.compile(r"#[0-9a-fA-F]{6}|rgba?\(")
    found = [path for path in SOURCES.glob("*.js") if has_colours.search(path.read_text("utf-8"))]
    assert found == [SOURCES / "colors.js"]
