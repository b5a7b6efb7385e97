"""Not a digit: the same score in Python and JavaScript, and what a small training catches."""

import copy
import json
from dataclasses import fields

import numpy as np
import pytest
import torch
from torch import nn

from lenet_helpers import SettingError, lenet, train
from lenet_helpers.handwriting.form import normalize_digit
from lenet_helpers.network_view import Refusal, printed_letters
from lenet_helpers.network_view.collages import no_digits
from lenet_helpers.network_view.describe import describe
from lenet_helpers.network_view.refuse import SHARE
from lenet_helpers.network_view.refuse_fit import ink_and_side
from lenet_helpers.network_view.stored import digits_in_form
from tests.conftest import diverged, part
from tests.node import needs_node, run_in_node

COLLAGES = 600
NETWORKS = {
    "relu": (lambda: lenet("relu", "max"), 0.1),
    "fully connected": (
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 40), nn.Sigmoid(), nn.Linear(40, 10)),
        0.9,
    ),
}


def in_form(pictures) -> torch.Tensor:
    in_form = torch.stack([normalize_digit(picture) for picture in pictures])
    return in_form.clamp(max=255).round().to(torch.uint8)


@pytest.fixture(scope="module")
def data():
    """scikit-learn's digits in MNIST's form: to learn from, to choose on, to test on."""
    learning, testing = digits_in_form()
    learning.batch_size = 64
    learning.reseed(0)
    return part(learning, slice(0, 1150)), part(learning, slice(1150, None)), testing


@pytest.fixture(scope="module")
def trained(data):
    """Each network after a short training, with its rule."""
    found = {}
    for name, (make, lr) in NETWORKS.items():
        torch.manual_seed(1)
        net = make()
        list(train(net, *data[:2], 6, lr, "cpu"))
        found[name] = net, Refusal.fit(net, *data[:2], collages=COLLAGES)
    return found


def disc(radius: float) -> np.ndarray:
    y, x = np.mgrid[-140:140, -140:140] + 0.5
    return np.where(x**2 + y**2 <= radius**2, 255, 0)


def noise(count: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (count, 28, 28), np.uint8))


# What is caught


@pytest.mark.parametrize("name", NETWORKS)
def test_blank_paper_dots_and_a_blackened_pad_are_refused_and_few_digits(trained, data, name):
    (net, refusal), (learning, choosing, testing) = trained[name], data
    pictures = [np.zeros((280, 280)), np.full((280, 280), 255), np.full((200, 150), 200)]
    pictures += [disc(radius) for radius in (0.8, 2, 4, 7, 9, 11, 14, 22, 40, 100)]
    assert refusal.refuses(net, learning, in_form(pictures)).all()
    assert refusal.refuses(net, choosing, choosing.images).float().mean() <= SHARE
    assert refusal.refuses(net, testing, testing.images).float().mean() <= 0.05


def test_what_is_no_digit_is_mostly_refused(trained, data):
    net, refusal = trained["relu"]
    images = data[2].images
    pairs = in_form(torch.cat([images[:-1:2], images[1::2]], dim=2))
    letters = in_form(printed_letters("DejaVuSans", "DejaVuSerif"))
    for pictures, least in ((pairs, 0.75), (letters, 0.5), (noise(50), 1.0)):
        assert refusal.refuses(net, data[2], pictures).float().mean() >= least


def test_wrong_answers_are_refused_more_often_than_right_ones(trained, data):
    net, refusal = trained["fully connected"]
    testing = data[2]
    with torch.no_grad():
        wrong = net(testing.prepare(testing.images)).argmax(dim=1) != testing.labels
    scores = refusal.scores(net, testing, testing.images)
    assert wrong.any()
    assert scores[wrong].median() > scores[~wrong].quantile(0.8)


def test_marks_are_0_for_half_of_the_digits_and_1_for_one_in_a_hundred(trained, data):
    net, refusal = trained["relu"]
    marks = refusal.marks(net, data[1], data[1].images)
    for mark in marks.T:
        assert (mark > 0).double().mean() == pytest.approx(0.5, abs=0.01)
        assert (mark >= 1).double().mean() == pytest.approx(0.01, abs=0.008)
    scores = refusal.scores(net, data[1], data[1].images)
    finite = scores.isfinite()
    assert torch.allclose(scores[finite], marks.norm(dim=1)[finite])


# The same everywhere


@needs_node
def test_javascript_agrees(trained, data, tmp_path):
    learning, _, testing = data
    wrong = no_digits(learning.images[:200], learning.labels[:200], 3, most=70)
    blots = in_form([np.zeros((9, 9)), disc(4), disc(30), np.eye(28) * 255])
    pictures = torch.cat([testing.images[:60], wrong, noise(5), blots])
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


def assert_same(one: Refusal, other: Refusal) -> None:
    for each in fields(Refusal):
        ours, theirs = (torch.as_tensor(getattr(rule, each.name)) for rule in (one, other))
        assert (ours - theirs).abs().max() < 1e-6


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_written_is_small_and_reads_back(trained, name):
    _, refusal = trained[name]
    description, numbers = refusal.describe()
    text = json.dumps(description)
    if name != "fully connected":
        assert len(numbers) + len(text) <= 61_000
    assert_same(Refusal.read(json.loads(text), numbers), refusal)


def test_the_same_fit_again_and_the_network_is_left_as_it_was(trained, data):
    net, refusal = trained["relu"]
    before, state = copy.deepcopy(net.state_dict()), torch.get_rng_state()
    net.train()
    assert_same(Refusal.fit(net, *data[:2], collages=COLLAGES), refusal)
    assert net.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(net.state_dict()[key], value) for key, value in before.items())


def test_without_validation_digits_a_sixth_is_held_back(trained, data):
    net, _ = trained["relu"]
    learning, _, testing = data
    refusal = Refusal.fit(net, learning, collages=COLLAGES)
    held = learning.images[-(len(learning.images) // 6) :]
    assert refusal.refuses(net, learning, held).float().mean() <= SHARE
    assert refusal.refuses(net, testing, testing.images).float().mean() <= 0.05


# Collages


def test_collages_are_in_mnists_form_and_the_same_for_a_seed(data):
    images, labels = data[0].images[:20], data[0].labels[:20]
    made = no_digits(images, labels, 0)
    assert made.dtype == torch.uint8
    assert made.shape == (80, 28, 28)
    assert no_digits(images, labels, 0, most=30).shape == (30, 28, 28)
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
        (lambda: nn.Sequential(nn.Flatten(), nn.Sigmoid()), -1, "nn.Linear"),
        (diverged, -1, "diverged"),
        (lenet, 7, "class 7"),
    ],
)
def test_what_no_rule_can_be_fitted_to_is_refused(data, make, without, said):
    with pytest.raises(SettingError, match=said):
        Refusal.fit(make(), part(data[0], data[0].labels != without))


def test_an_untrained_network_can_be_asked(data):
    torch.manual_seed(0)
    net = lenet("relu")
    refusal = Refusal.fit(net, data[0], collages=100)
    assert refusal.scores(net, data[0], data[0].images[:50]).isfinite().any()
