"""Not a digit: the same score in Python and JavaScript, and what a small training catches."""

import copy
import json
import string
from dataclasses import fields

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import nn

from lenet_helpers import SettingError, lenet, train
from lenet_helpers.handwriting.form import normalize_digit
from lenet_helpers.network_view.collages import no_digits
from lenet_helpers.network_view.describe import describe
from lenet_helpers.network_view.refuse import SHARE, Refusal
from lenet_helpers.network_view.refuse_fit import ink_and_side
from tests.conftest import diverged, part
from tests.node import needs_node, run_in_node

LIKE_DIGITS = set("OoIlZzSsBgq")
NETWORKS = {
    "relu": (lambda: lenet("relu", "max"), 0.1),
    "fully connected": (
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 40), nn.Sigmoid(), nn.Linear(40, 10)),
        0.9,
    ),
}


def in_form(pictures) -> torch.Tensor:
    return torch.stack(
        [normalize_digit(p).clamp(max=255).round().to(torch.uint8) for p in pictures]
    )


@pytest.fixture(scope="module")
def digits_in_form(_digits_once):
    """scikit-learn's digits in MNIST's form: to learn from, to choose on, to test on."""
    learning, testing = map(copy.copy, _digits_once)
    for data in (learning, testing):
        data.images = in_form(data.images)
    learning.reseed(0)
    return part(learning, slice(0, 1150)), part(learning, slice(1150, None)), testing


@pytest.fixture(scope="module")
def trained(digits_in_form):
    """Each network after a short training, with its rule."""
    learning, choosing, _ = digits_in_form
    found = {}
    for name, (make, lr) in NETWORKS.items():
        torch.manual_seed(1)
        net = make()
        list(train(net, learning, choosing, 15, lr, "cpu"))
        found[name] = net, Refusal.fit(net, learning, choosing)
    return found


def disc(radius: float) -> np.ndarray:
    y, x = np.mgrid[-140:140, -140:140] + 0.5
    return np.where(x**2 + y**2 <= radius**2, 255, 0)


def letters(characters=string.ascii_letters) -> torch.Tensor:
    found = []
    for face in ("DejaVuSans.ttf", "DejaVuSerif.ttf", "DejaVuSans-Bold.ttf"):
        for character in characters:
            picture = Image.new("L", (400, 400))
            font = ImageFont.truetype(font_file(face), 180)
            ImageDraw.Draw(picture).text((100, 80), character, font=font, fill=255)
            found.append(np.array(picture))
    return in_form(found)


def font_file(name: str) -> str:
    from matplotlib import get_data_path

    return f"{get_data_path()}/fonts/ttf/{name}"


def pairs(images: torch.Tensor) -> torch.Tensor:
    found = []
    for left, right in zip(images[::2], images[1::2], strict=False):
        found.append(torch.cat([left[:, left.any(dim=0) > 0], right[:, right.any(dim=0) > 0]], 1))
    return in_form(found)


# What is caught


@pytest.mark.parametrize("name", NETWORKS)
def test_blank_paper_dots_and_a_blackened_pad_are_refused_and_few_digits(
    trained, digits_in_form, name
):
    (net, refusal), (learning, choosing, testing) = trained[name], digits_in_form
    pictures = [np.zeros((280, 280)), np.full((280, 280), 255), np.full((200, 150), 200)]
    pictures += [disc(radius) for radius in (0.8, 2, 4, 7, 9, 11, 14, 22, 40, 100)]
    assert refusal.refuses(net, learning, in_form(pictures)).all()
    assert refusal.refuses(net, choosing, choosing.images).float().mean() <= SHARE
    assert refusal.refuses(net, testing, testing.images).float().mean() <= 0.05


def test_what_is_no_digit_is_mostly_refused(trained, digits_in_form):
    net, refusal = trained["relu"]
    data = digits_in_form[2]
    noise = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (50, 28, 28), np.uint8))
    others = [letter for letter in string.ascii_letters if letter not in LIKE_DIGITS]
    for pictures, least in ((pairs(data.images), 0.75), (letters(others), 0.5), (noise, 1.0)):
        assert refusal.refuses(net, data, pictures).float().mean() >= least


def test_wrong_answers_are_refused_more_often_than_right_ones(trained, digits_in_form):
    net, refusal = trained["fully connected"]
    data = digits_in_form[2]
    with torch.no_grad():
        wrong = net(data.prepare(data.images)).argmax(dim=1) != data.labels
    scores = refusal.scores(net, data, data.images)
    assert wrong.any()
    assert scores[wrong].median() > scores[~wrong].quantile(0.8)


def test_marks_are_0_for_half_of_the_digits_and_1_for_one_in_a_hundred(trained, digits_in_form):
    net, refusal = trained["relu"]
    marks = refusal.marks(net, digits_in_form[1], digits_in_form[1].images)
    for mark in marks.T:
        assert (mark > 0).double().mean() == pytest.approx(0.5, abs=0.01)
        assert (mark >= 1).double().mean() == pytest.approx(0.01, abs=0.008)
    finite = refusal.scores(net, digits_in_form[1], digits_in_form[1].images).isfinite()
    scores = refusal.scores(net, digits_in_form[1], digits_in_form[1].images)[finite]
    assert torch.allclose(scores, marks.norm(dim=1)[finite])


# The same everywhere


@needs_node
def test_javascript_agrees(trained, digits_in_form, tmp_path):
    learning, _, testing = digits_in_form
    wrong = no_digits(learning.images[:200], learning.labels[:200], 3)
    random = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (5, 28, 28), np.uint8))
    blots = in_form([np.zeros((9, 9)), disc(4), disc(30), np.eye(28) * 255])
    pictures = torch.cat([testing.images[:60], wrong[::12], letters("AbQx"), random, blots])
    (tmp_path / "pictures.inks").write_bytes(pictures.numpy().tobytes())
    questions = []
    for name, (net, refusal) in trained.items():
        description, weights = describe(net, testing)
        rule, numbers = refusal.describe()
        (tmp_path / f"{name}.weights").write_bytes(weights)
        (tmp_path / f"{name}.refusal").write_bytes(numbers)
        questions.append({"name": name, "description": description, "refusal": rule})
    answers = run_in_node(tmp_path, "refuse.mjs", ["network.js", "refuse.js"], questions)
    for (net, refusal), answer in zip(trained.values(), answers, strict=True):
        scores = refusal.scores(net, testing, pictures)
        found = torch.tensor([float(each["score"].replace("Infinity", "inf")) for each in answer])
        assert torch.equal(found.isinf(), scores.isinf())
        assert scores.isinf().any() and scores.isfinite().any()
        marks = torch.tensor([each["marks"] for each in answer]).double()
        ours = refusal.marks(net, testing, pictures)
        assert ((marks - ours).abs() <= 1e-4 * ours.clamp(min=1)).all()
        assert [each["refused"] for each in answer] == (scores > refusal.threshold).tolist()
        assert all(set(each["reason"]) == {"zh", "en"} for each in answer)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_written_is_small_and_reads_back(trained, digits_in_form, name):
    net, refusal = trained[name]
    description, numbers = refusal.describe()
    text = json.dumps(description)
    if name != "fully connected":
        assert len(numbers) + len(text) <= 61_000
    again = Refusal.read(json.loads(text), numbers)
    data = digits_in_form[2]
    ours = refusal.scores(net, data, data.images)
    assert torch.allclose(again.scores(net, data, data.images), ours, atol=1e-6)


def test_the_same_fit_again_and_the_network_is_left_as_it_was(trained, digits_in_form):
    net, refusal = trained["relu"]
    before, state = copy.deepcopy(net.state_dict()), torch.get_rng_state()
    net.train()
    again = Refusal.fit(net, *digits_in_form[:2])
    assert net.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(net.state_dict()[key], value) for key, value in before.items())
    for each in fields(Refusal):
        ours, theirs = (getattr(one, each.name) for one in (refusal, again))
        close = torch.as_tensor(ours).double() - torch.as_tensor(theirs).double()
        assert close.abs().max() < 1e-6


def test_without_validation_digits_a_sixth_is_held_back(trained, digits_in_form):
    net, _ = trained["relu"]
    learning, _, testing = digits_in_form
    refusal = Refusal.fit(net, learning)
    held = learning.images[-(len(learning.images) // 6) :]
    assert refusal.refuses(net, learning, held).float().mean() <= SHARE
    assert refusal.refuses(net, testing, testing.images).float().mean() <= 0.05


# Collages


def test_collages_are_in_mnists_form_and_the_same_for_a_seed(digits_in_form):
    images, labels = digits_in_form[0].images[:100], digits_in_form[0].labels[:100]
    made = no_digits(images, labels, 0)
    assert made.dtype == torch.uint8
    assert made.shape == (400, 28, 28)
    assert no_digits(images, labels, 0, most=90).shape == (90, 28, 28)
    assert ink_and_side(made)[1].max() <= 20
    assert torch.equal(made, no_digits(images, labels, 0))
    assert not torch.equal(made, no_digits(images, labels, 1))


def test_ink_and_side_of_known_pictures():
    images = torch.zeros(3, 28, 28, dtype=torch.uint8)
    images[1, 4:10, 7] = 255
    images[2, 27, 0], images[2, 20, 27] = 51, 204
    ink, side = ink_and_side(images)
    assert ink.tolist() == [0, 6, 1]
    assert side.tolist() == [0, 6, 28]


# What cannot be


@pytest.mark.parametrize(
    ("make", "without", "said"),
    [
        (lambda: nn.Sequential(nn.Flatten(), nn.Sigmoid()), None, "nn.Linear"),
        (diverged, None, "diverged"),
        (lenet, 7, "class 7"),
    ],
)
def test_what_no_rule_can_be_fitted_to_is_refused(digits_in_form, make, without, said):
    data = digits_in_form[0]
    with pytest.raises(SettingError, match=said):
        Refusal.fit(make(), part(data, data.labels != without) if without else data)


def remarked(ink) -> dict:
    """A drawing with ink where ``ink(row, column)`` is true."""
    values = [255 * bool(ink(i // 60, i % 60)) for i in range(60 * 60)]
    return {"height": 60, "width": 60, "values": values}


DRAWINGS = {
    "a stroke": (remarked(lambda row, column: 10 < row < 50 and 28 < column < 32), None),
    "a small digit": (remarked(lambda row, column: 20 <= row < 32 and 28 < column < 32), None),
    "a dot": (remarked(lambda row, column: 20 < row < 26 and 20 < column < 26), "dot"),
    "one pixel": (remarked(lambda row, column: (row, column) == (3, 4)), "dot"),
    "all black": (remarked(lambda row, column: True), "black"),
    "nearly all black": (remarked(lambda row, column: row > 20), "black"),
    "a picture as it is": (None, None),
}


@needs_node
def test_a_dot_and_a_black_sheet_get_a_remark_and_digits_get_none(tmp_path):
    drawings = [drawing for drawing, _ in DRAWINGS.values()]
    said = run_in_node(tmp_path, "remarks.mjs", ["refuse.js"], drawings)
    assert said == [remark for _, remark in DRAWINGS.values()]


def test_an_untrained_network_can_be_asked(digits_in_form):
    torch.manual_seed(0)
    net, data = lenet("relu"), digits_in_form[0]
    refusal = Refusal.fit(net, data)
    assert refusal.scores(net, data, data.images[:50]).isfinite().any()
