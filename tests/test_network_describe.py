"""A network described for the living view, or refused in words; several modules made one."""

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lenet_helpers import SettingError, lenet
from lenet_helpers.network_view.describe import describe, weight_bytes
from lenet_helpers.network_view.inline import inline
from lenet_helpers.palette import COLORS
from tests.node import SOURCES, data_of, needs_node

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
    "Conv2d(3": (2, after(nn.Conv2d(3, 5, 3))),
    "Conv2d(1": (2, nn.Sequential(nn.Flatten(), nn.Conv2d(1, 5, 3))),
    "in_features=99": (3, nn.Sequential(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(99, 10))),
    "out_features=9": (2, nn.Sequential(nn.Flatten(), nn.Linear(784, 9))),
    "Conv2d(4": (2, after(nn.Conv2d(4, 4, 30))),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_shown_is_named_in_both_languages(name):
    number, net = REFUSED[name]
    with pytest.raises(SettingError) as caught:
        describe(net, data_of(SIZE))
    zh, en = caught.value.words
    assert f"第 {number} 层" in zh
    assert f"Layer {number}," in en
    assert "无法显示" in zh and "cannot be shown" in en
    assert name in zh and name in en


@pytest.mark.parametrize(
    "net", [nn.Linear(784, 10), nn.Sequential(), nn.ModuleList(), None], ids=repr
)
def test_what_is_no_sequence_of_layers_is_refused(net):
    with pytest.raises(SettingError, match=type(net).__name__) as caught:
        describe(net, data_of(SIZE))
    assert "nn.Sequential" in caught.value.words.zh


# Several modules made one


def write(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / f"{name}.js").write_text(text, "utf-8")
    return folder / "a.js"


def inlined(folder: Path, **texts: str) -> str:
    return inline(write(folder, **texts))


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


@pytest.mark.parametrize(
    ("problem", "texts"),
    {
        "same": {"a": 'import { b } from "./b.js";\nconst same = b;\n',
                 "b": "export const b = 1;\nfunction same() {}\n"},
        "second": {"a": 'import { b } from "./b.js";\nconst one = "(", second = [1, 2];\n',
                   "b": "export const b = { c: 1, second: 2 }, // not second yet\n  second = 3;\n"},
        "unknown": {"a": 'import { unknown } from "./b.js";\n', "b": "const unknown = 1;\n"},
        "imports itself": {"a": 'import { b } from "./b.js";\nexport const a = 1;\n',
                           "b": 'import { a } from "./a.js";\nexport const b = 1;\n'},
        "import b": {"a": 'import b from "./b.js";\n', "b": "export const b = 1;\n"},
        r"import \* as": {"a": 'import * as b from "./b.js";\n', "b": "export const b = 1;\n"},
        "exports no": {"a": 'import { b as c } from "./b.js";\n', "b": "export const b = 1;\n"},
        "lodash": {"a": 'import { b } from "lodash";\n'},
        'import "./b.js"': {"a": 'import "./b.js";\n', "b": ""},
        "export default": {"a": "export default 1;\n"},
        "export {": {"a": "const a = 1;\nexport { a };\n"},
        "const {": {"a": "export const { x } = { x: 1 };\n"},
        "var": {"a": "var a = 1;\n"},
    }.items(),
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_would_go_wrong_in_one_scope_is_refused(tmp_path, problem, texts):
    with pytest.raises(ValueError, match=problem):
        inlined(tmp_path, **texts)


def test_colours_stand_in_one_module_alone():
    has_colours = re.compile(r"#[0-9a-fA-F]{6}|rgba?\(")
    found = [path for path in SOURCES.glob("*.js") if has_colours.search(path.read_text("utf-8"))]
    assert found == [SOURCES / "colors.js"]
    script = found[0].read_text(encoding="utf-8")
    assert re.findall(r'"(#[0-9A-F]{6})"', script) == list(COLORS[:2])


@needs_node
def test_all_modules_together_run_as_one(tmp_path):
    """With the words `import` and `export` gone, as a widget, a page and a Worker take it."""
    text = inline(*(SOURCES / name for name in ("backward.js", "sources.js", "digit_form.js")))
    description, weights = describe(lenet("relu"), data_of(SIZE))
    (tmp_path / "weights").write_bytes(weights)
    ask = (
        f"const network = readNetwork({json.dumps(description)}, fs.readFileSync('weights'));\n"
        "const { scores } = forward(network, new Float64Array(784));\n"
        "console.log(JSON.stringify([Array.from(scores), typeof sourcesOf, typeof normalizeDigit,"
        " typeof lossAndGradients]));\n"
    )
    (tmp_path / "one.mjs").write_text(f'import fs from "node:fs";\n{text}\n{ask}', "utf-8")
    done = subprocess.run(["node", "one.mjs"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    scores, *kinds = json.loads(done.stdout)
    assert np.isfinite(scores).all() and len(scores) == 10
    assert kinds == ["function"] * 3
