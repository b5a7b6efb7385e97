"""Whatever comes in at any door is used rightly, or refused in both languages: never a raw error.

What is accepted is compared with a computation in plain torch, in another type and by hand.
"""

import copy
import io
import math
from contextlib import redirect_stdout

import ipywidgets as widgets
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from lenet_helpers import (
    BatchIterator,
    Checkpoints,
    LessonError,
    SettingError,
    Words,
    evaluate_accuracy_gpu,
    lenet,
    load_data,
    load_net,
    save_net,
    trace_shapes,
    train,
)
from lenet_helpers.handwriting.form import normalize_digit
from lenet_helpers.inputs.networks import as_net, scores_of, sized
from lenet_helpers.inputs.tensors import as_labels
from lenet_helpers.layers import kernels, layer_outputs
from lenet_helpers.maps import kernel_maps
from lenet_helpers.mistakes import MistakesPanel
from lenet_helpers.models import lenet_like
from lenet_helpers.network_view import NetworkView
from lenet_helpers.network_view.pictures import as_drawing
from lenet_helpers.network_view.stored import stored_network
from lenet_helpers.paper1998.distortions import Distortion, affine_matrices
from lenet_helpers.predictions import predict_all
from lenet_helpers.runs.again import TrainAgain
from lenet_helpers.runs.records import Settings
from lenet_helpers.runs.training import new_net
from lenet_helpers.sweeps.experiments import train_lenet
from tests.conftest import part

SIDE, CLASSES = 4, 3


class Two(nn.Module):
    """Puts out its scores and something else."""

    def forward(self, X):
        return X.flatten(1)[:, :CLASSES], X


def convolution(*after: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.Sigmoid(), nn.Flatten(), nn.Linear(8, 3), *after)


def flat(*after: nn.Module, outputs: int = 3) -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(16, outputs), *after)


def compiled() -> nn.Module:
    """As ``torch.compile``, which is slow to load, wraps it."""
    net = convolution()
    outside = type("OptimizedModule", (nn.Module,), {"forward": lambda self, X: net(X)})()
    outside._orig_mod = net
    return outside


def diverged() -> nn.Module:
    net = flat()
    nn.init.constant_(net[1].weight, math.nan)
    return net


NETS = {
    "plain": convolution,
    "flat": flat,
    "normed": lambda: convolution(nn.BatchNorm1d(3)),
    "evaluating": lambda: convolution(nn.BatchNorm1d(3)).eval(),
    "lazy": lambda: nn.Sequential(nn.LazyConv2d(2, 3), nn.Flatten(), nn.LazyLinear(3)),
    "parallel": lambda: nn.DataParallel(convolution()),
    "compiled": compiled,
    "half": lambda: convolution().half(),
    "bfloat16": lambda: convolution().bfloat16(),
    "double": lambda: convolution().double(),
    "two types": lambda: nn.Sequential(convolution(), nn.Linear(3, 3).double()),
    "frozen": lambda: convolution().requires_grad_(False),
    "meta": lambda: convolution().to("meta"),
    "two outputs": Two,
    "one score": lambda: flat(nn.Flatten(0), outputs=1),
    "maps": lambda: nn.Sequential(nn.Conv2d(1, 3, 4)),
    "classes first": lambda: nn.Sequential(nn.Flatten(0, 2), nn.Linear(4, 3)),
    "nothing": nn.Sequential,
    "class": lambda: nn.Sequential,
    "function": lambda: lenet,
    "none": lambda: None,
    "diverged": diverged,
}
FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
TYPES = [*FLOATS, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16,
         torch.uint32, torch.uint64, torch.bool, torch.complex64]  # fmt: skip
SHAPES = [(1, 4, 4), (4, 4), (3, 4, 4), (4, 4, 1), (1, 5, 5), (1, 2, 2), (16,), (0, 4, 4), ()]
ODD_NUMBERS = [math.nan, math.inf, -math.inf, 255.0, -255.0, 1e30]
OTHERS_HAVE = {"as it is": lambda t: t, "numpy": torch.Tensor.numpy, "list": torch.Tensor.tolist,
               "meta": lambda t: t.to("meta"), "sparse": torch.Tensor.to_sparse}  # fmt: skip


def mostly(usual, *others):
    """Half of what is drawn is as it should be, so that every check is reached."""
    return st.one_of(usual, usual, *others)


def as_others_have_it(draw, tensor: torch.Tensor):
    """The same as an array, a list, on another device, not dense; mostly as it is."""
    how = draw(st.sampled_from(["as it is"] * 16 + sorted(OTHERS_HAVE)))
    try:
        return OTHERS_HAVE[how](tensor)
    except (NotImplementedError, TypeError):  # numpy has no bfloat16, sparse tensors no uint16
        return tensor


@st.composite
def images(draw):
    count = draw(mostly(st.integers(2, 5), st.integers(0, 1)))
    shape = count, *draw(mostly(st.just((1, SIDE, SIDE)), st.sampled_from(SHAPES)))
    X = torch.rand(shape, generator=torch.Generator().manual_seed(draw(st.integers(0, 99))))
    X *= draw(mostly(st.just(1), st.sampled_from([1, 255, 1e4])))
    odd = draw(mostly(st.none(), st.sampled_from(ODD_NUMBERS)))
    if odd is not None and X.numel():
        X.view(-1)[draw(st.integers(0, X.numel() - 1))] = odd
    X = X.to(draw(mostly(st.just(torch.float32), st.sampled_from(FLOATS), st.sampled_from(TYPES))))
    return as_others_have_it(draw, X)


@st.composite
def labels(draw, count: int):
    count = draw(mostly(st.just(count), st.integers(0, 5)))
    number = mostly(st.integers(0, 2), st.integers(-3, 9))
    y = torch.tensor(draw(st.lists(number, min_size=count, max_size=count)), dtype=torch.float64)
    y += draw(st.sampled_from([0] * 15 + [0.5, math.nan, math.inf]))
    form = draw(mostly(st.just("plain"), st.sampled_from(["column", "row", "one hot", "maps"])))
    if form == "one hot":
        y = F.one_hot(y.nan_to_num(0, 0, 0).long().clamp(0, 2), CLASSES).double()
    y = {"column": y[:, None], "row": y[None], "maps": y[:, None, None]}.get(form, y)
    y = y.to(draw(mostly(st.just(torch.int64), st.sampled_from(TYPES))))
    return as_others_have_it(draw, y)


@st.composite
def batch(draw):
    X = draw(images())
    return X, draw(labels(len(X) if hasattr(X, "__len__") else 1))


nets = mostly(st.sampled_from(["plain", "flat", "half", "double"]), st.sampled_from(sorted(NETS)))
few = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


def made(name: str) -> nn.Module:
    torch.manual_seed(0)
    return NETS[name]()


def answer(act):
    """What it returns; ``None`` if it is refused in both languages. All else is a failure."""
    try:
        with redirect_stdout(io.StringIO()):
            return act()
    except LessonError as error:
        zh, en = error.words
        assert any("\u4e00" <= sign <= "\u9fff" for sign in zh) and len(en) > 20
        return None


def right_scores(net, X) -> torch.Tensor:
    """By plain torch, in double precision; of a lazy network the weights are those it has got."""
    plain = getattr(net, "module", getattr(net, "_orig_mod", net))
    assert X.is_floating_point() and X.isfinite().all() and X.abs().max() <= 100
    X = X.to(next(plain.parameters()).dtype).double()
    with torch.no_grad():
        return copy.deepcopy(plain).double().eval()(X)


def right_labels(y: torch.Tensor, count: int) -> torch.Tensor:
    assert y.dtype != torch.bool and not y.is_floating_point() and y.shape in ((count,), (count, 1))
    y = y.long().flatten()
    assert all(0 <= number < CLASSES for number in y.tolist())
    return y


def has_few_digits(net: nn.Module) -> bool:
    return any(p.dtype.itemsize < 4 for p in net.parameters())


def assert_near(found: torch.Tensor, right: torch.Tensor, net) -> None:
    tolerance = 0.05 if found.dtype.itemsize < 4 or has_few_digits(net) else 1e-4
    assert found.shape == right.shape
    assert torch.allclose(found.double(), right, atol=tolerance, rtol=tolerance)


def right_accuracy(net, X, y) -> set[float]:
    """By hand. Where two scores are the same but for rounding, either may be the largest."""
    scores, gap = right_scores(net, X), 0.05 if has_few_digits(net) else 1e-6
    own = right_labels(y, len(X))[:, None]
    lead = scores.gather(1, own) - scores.scatter(1, own, -math.inf).amax(dim=1, keepdim=True)
    return {count / len(X) for count in range((lead > gap).sum(), (lead > -gap).sum() + 1)}


# Generated inputs


@settings(few, max_examples=300)
@given(nets, batch())
def test_the_check_lets_only_what_is_right_through(name, both):
    (X, y), net = both, made(name)

    def checked():
        scores = scores_of(sized(as_net(net), lambda: X).eval(), X)
        return scores, as_labels(y, len(X), scores.shape[1])

    if (found := answer(checked)) is not None and name != "diverged":
        assert_near(found[0], right_scores(net, X), net)
        assert torch.equal(found[1], right_labels(y, len(X)))


@few
@given(nets, batch(), st.booleans())
def test_accuracy_and_the_first_loss_are_those_computed_by_hand(name, both, as_loader):
    net, (X, y) = made(name), both
    if (found := answer(lambda: evaluate_accuracy_gpu(net, [both]))) is not None:
        assert found in right_accuracy(net, X, y)
    batches, net = [both], made(name)
    both_dense = all(isinstance(x, torch.Tensor) and x.dim() and len(x) for x in both)
    if as_loader and both_dense and len(X) == len(y) and X.layout == y.layout == torch.strided:
        batches = DataLoader(TensorDataset(X, y), batch_size=len(X))
    found = answer(lambda: list(train(net, batches, [both], 1, 1e-9, "cpu", init=None)))
    if found is not None:
        assert 0 <= found[0].train_acc <= 1
        assert found[-1].test_acc in right_accuracy(net, X, y)
        if name not in ("normed", "evaluating"):  # in training they normalise by the batch
            loss = F.cross_entropy(right_scores(net, X), right_labels(y, len(X)))
            assert_near(torch.tensor(found[0].loss), loss, net)


@few
@given(nets, images())
def test_a_trace_and_the_outputs_are_those_of_the_network(name, X):
    net = made(name)
    if (found := answer(lambda: trace_shapes(net, X))) is not None and found.rows:
        assert found.input_shape[0] == len(X)
        assert found.rows[-1].output_shape[0] == len(X) or name in ("classes first", "one score")
    if (outputs := answer(lambda: layer_outputs(net, X))) is not None and name != "diverged":
        assert_near(outputs[-1][1], right_scores(net, X), net)


@st.composite
def pictures(draw):
    """A data set of pictures: as it should be, or as above."""
    count = draw(st.integers(1, 5))
    X = torch.randint(0, 256, (count, SIDE, SIDE), dtype=torch.uint8)
    classes, title = tuple(map(Words.same, "012")), Words.same("tiny")
    arrays = draw(mostly(st.just(X), images())), draw(labels(count))
    data = BatchIterator("tiny", title, classes, *arrays, 0.5, 0.5, 2, False, False, 0)
    return draw(mostly(st.just(data), st.sampled_from([None, 3, "mnist", (data, data), [(X, X)]])))


@few
@given(nets, pictures())
def test_predictions_and_panels_show_what_the_network_says(name, data):
    net = made(name)
    if (found := answer(lambda: predict_all(net, data))) is not None:
        X = data.images[:, None].double() / 255
        assert_near(found.probabilities, right_scores(net, X).softmax(dim=1), net)
        assert torch.equal(found.labels, right_labels(data.labels, len(X)))
        assert found.confusion.sum() == len(X)
    if (panel := answer(lambda: MistakesPanel(net, data))) is not None:
        assert panel.predictions.confusion.sum() == len(data.labels)
    if (view := answer(lambda: NetworkView(net, data, draw=False))) is not None:
        assert sum(view.probabilities or [1.0]) == pytest.approx(1)
        view.still()


@few
@given(nets, nets, pictures())
def test_what_is_saved_comes_back(tmp_path_factory, name, other, data):
    path, net, again = tmp_path_factory.mktemp("saved") / "net.pt", made(name), made(other)

    def there_and_back():
        save_net(net, path, data)
        return load_net(again, path)

    if answer(there_and_back):
        ours, theirs = as_net(net).state_dict(), as_net(again).state_dict()
        assert all(torch.equal(ours[key].double(), theirs[key].double()) for key in ours)


class Lying(list):
    def __len__(self):
        return 9


ITERATORS = {
    "none": lambda pairs: None, "number": lambda pairs: 3, "text": lambda pairs: "mnist",
    "empty": lambda pairs: [], "list": list, "generator": iter, "one batch": lambda pairs: pairs[0],
    "no pairs": lambda pairs: [X for X, _ in pairs], "triples": lambda pairs: [(*pairs[0], 1)],
    "dictionary": dict, "last of one": lambda pairs: [*pairs, [x[:1] for x in pairs[0]]],
    "data set": lambda pairs: TensorDataset(*pairs[0]), "lying": Lying,
    "loader": lambda pairs: DataLoader(TensorDataset(*pairs[0]), batch_size=2),
}  # fmt: skip


@few
@given(st.sampled_from(sorted(ITERATORS)), st.sampled_from(sorted(ITERATORS)), nets)
def test_batches_come_from_any_iterator_or_are_refused(first, second, name):
    pairs = [(torch.rand(4, 1, SIDE, SIDE), torch.arange(4) % 3)] * 2
    train_iter, test_iter = (ITERATORS[kind](pairs) for kind in (first, second))
    net = made(name)
    found = answer(lambda: list(train(net, train_iter, test_iter, 2, 0.1, "cpu")))
    assert found is None or 0 <= found[-1].test_acc <= 1
    found = answer(lambda: evaluate_accuracy_gpu(net, ITERATORS[second](pairs)))
    assert found is None or 0 <= found <= 1

    def loop(train_iter, test_iter, lr):
        list(train(made("plain"), train_iter, test_iter, 1, lr, "cpu"))

    lr = widgets.FloatSlider(0.1)
    if (panel := answer(lambda: TrainAgain(loop, train_iter, test_iter, lr=lr))) is not None:
        panel.train_button.click()
        assert panel.wait(20)
        assert isinstance(panel.error, LessonError | None)


numbers = st.one_of(st.floats(), st.integers(-5, 2**70), st.booleans(), st.none(), st.text())
tables = st.lists(st.one_of(numbers, st.lists(numbers, max_size=3)), max_size=3)
bytes_of_ink = st.lists(st.lists(st.integers(0, 255), min_size=2, max_size=2), min_size=1)


def first_map(X):
    return X[0, 0] if isinstance(X, torch.Tensor) and X.dim() == 4 and X.numel() else X


@few
@given(st.one_of(images(), images().map(first_map), tables, numbers, bytes_of_ink))
def test_a_drawing_is_a_drawing_or_is_refused(scan):
    if (found := answer(lambda: normalize_digit(scan))) is not None:
        assert found.shape == (28, 28) and found.isfinite().all()
        assert found.dtype == torch.float32
    if (found := answer(lambda: as_drawing(scan))) is not None:
        assert found[1].dtype == torch.uint8


odd = st.one_of(st.integers(-2, 40), st.floats(), st.text(max_size=3), st.none(), st.booleans())
names = ["activation", "pooling", "kernel_size", "channels", "hidden", "num_classes"]


@settings(few, max_examples=50)
@given(st.dictionaries(st.sampled_from(names), st.one_of(odd, st.lists(odd, max_size=3))))
def test_a_network_is_built_or_refused(settings):
    net = answer(lambda: lenet_like(**settings))
    assert net is None or net(torch.zeros(1, 1, 28, 28)).dim() == 2


# The known faults

X, Y = torch.rand(6, 1, SIDE, SIDE), torch.arange(6) % CLASSES
ONE_HOT = F.one_hot(Y, CLASSES)


def test_one_hot_labels_are_taken_if_it_is_said():
    net = made("plain")
    right = evaluate_accuracy_gpu(net, [(X, Y)])
    for rows in (ONE_HOT, ONE_HOT.float(), ONE_HOT.bool()):
        assert evaluate_accuracy_gpu(net, [(X, rows)], one_hot=True) == right
        reports = list(train(made("plain"), [(X, rows)], [(X, rows)], 1, 0.1, "cpu", one_hot=True))
        same = list(train(made("plain"), [(X, Y)], [(X, Y)], 1, 0.1, "cpu"))
        assert reports[0].train_acc == same[0].train_acc <= 1
        with pytest.raises(SettingError, match=r"y\.argmax\(dim=1\)"):
            evaluate_accuracy_gpu(net, [(X, rows)])
    with pytest.raises(SettingError):
        evaluate_accuracy_gpu(net, [(X, 0 * ONE_HOT)], one_hot=True)


LINES = {  # what came, and what then is asked with the line of the message
    "no channel": (X[:, 0], Y), "colours": (X.expand(-1, 3, -1, -1), Y),
    "channel last": (X.permute(0, 2, 3, 1), Y), "bytes": ((X * 255).byte(), Y),
    "0 to 255": (X * 255, Y), "complex": (X.to(torch.complex64), Y), "gaps": (X / 0, Y),
    "sparse": (X.to_sparse(), Y), "one-hot": (X, ONE_HOT),
    "one-hot numbers": (X, ONE_HOT.float()), "numbers": (X, Y.float()),
    "row": (X, Y[None]), "yes and no": (X, Y > 1), "from 1": (X, Y + 1),
}  # fmt: skip


@pytest.mark.parametrize(("images", "labels"), LINES.values(), ids=LINES)
def test_the_line_of_the_message_mends_it(images, labels):
    net = made("plain")
    with pytest.raises(SettingError) as caught:
        evaluate_accuracy_gpu(net, [(images, labels)])
    for text in caught.value.words:
        names = {"X": images, "y": labels, "torch": torch, "nn": nn}
        exec(text.rstrip("。").rpartition("：" if "：" in text else ": ")[2], names)
        assert 0 <= evaluate_accuracy_gpu(net, [(names["X"], names["y"])]) <= 1


@pytest.mark.parametrize("name", NETS)
def test_each_network_is_right_or_refused_on_right_data(name):
    by_hand = test_accuracy_and_the_first_loss_are_those_computed_by_hand
    by_hand.hypothesis.inner_test(name, (X, Y), as_loader=False)


def test_a_batch_of_one_with_batch_norm_names_both_ways_out():
    with pytest.raises(SettingError, match="drop_last=True"):
        list(train(made("normed"), [(X, Y), (X[:1], Y[:1])], [(X, Y)], 1, 0.1, "cpu"))


@pytest.mark.parametrize("scan", [torch.eye(8) > 0, torch.eye(8), torch.eye(8).int()])
def test_ink_from_0_to_1_is_as_dark_as_ink_up_to_255(scan):
    assert torch.equal(as_drawing(scan)[1], as_drawing(torch.eye(8) * 255)[1])


def test_kernels_without_a_convolution_are_refused():
    for each in ([], [kernels(made("flat"))], [kernels(made("plain")), kernels(made("flat"))]):
        with pytest.raises(SettingError, match="convolutions"):
            kernel_maps(*each)
    assert kernel_maps(kernels(made("bfloat16"))).caption


# Defaults of the kernel

SCAN = [[0, 200, 0], [0, 200, 0], [0, 200, 100]]
SWEEP = dict(dataset="digits", epochs=1, batch_size=256, channels=(2,), hidden=(), seed=3)
CHANGES = {
    "float64": lambda: torch.set_default_dtype(torch.float64),
    "meta": lambda: torch.set_default_device("meta"),
}


@pytest.fixture
def defaults():
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)


def one_of_each(net) -> tuple[list[torch.Tensor], dict]:
    """What comes out at the doors, as numbers."""
    train_iter, test_iter = load_data("digits", 32, "cpu", seed=1)
    data, kept = part(test_iter, slice(20)), Checkpoints([0, 1])
    X, y = next(iter(train_iter))
    assert X.dtype == torch.get_default_dtype()  # as the layers of a lesson are
    last = list(train(net, [(X, y)], [(X, y)], 1, 0.1, "cpu", init=None, checkpoints=kept))[-1]
    view = NetworkView(net, data, checkpoints=kept)
    view.draw(SCAN)
    view.still()
    MistakesPanel(net, data)
    stored, predicted = stored_network(), predict_all(net, data)
    assert predicted.probabilities.dtype == torch.float32
    scores = stored.refusal.scores(stored.net, data, data.images[:3])
    torch.manual_seed(0)
    found = [X, y, normalize_digit(SCAN), predicted.probabilities, layer_outputs(net, X)[-1][1]]
    found += [scores, affine_matrices(3, 28, Distortion())]
    lists = [last.loss, last.test_acc, view.probabilities, train_iter.mean, train_iter.std]
    found += [torch.tensor(each, device="cpu") for each in lists]
    own = new_net(Settings("digits"))
    assert (own[0].weight.device.type, own[0].weight.dtype) == ("cpu", X.dtype)
    assert 0 <= list(train(own, [(X, y)], [(X, y)], 1, 0.1, "cpu"))[-1].test_acc <= 1
    return found, train_lenet(**SWEEP)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_defaults_of_the_kernel_change_nothing(defaults, change):
    net = lenet()
    before, swept = one_of_each(copy.deepcopy(net))
    change()
    after, swept_after = one_of_each(net)
    for one, other in zip(before, after, strict=True):
        assert torch.allclose(one.double(), other.double(), atol=1e-5)
    assert torch.equal(before[0], after[0].float())  # a batch's pixels, to the last bit
    assert swept == swept_after


# Other data


def test_weights_say_when_they_meet_other_pixels(tmp_path, digits, capsys):
    save_net(lenet(), tmp_path / "net.pt", digits[0])
    net, other = lenet(), copy.copy(digits[1])
    load_net(net, tmp_path / "net.pt", digits[1])
    evaluate_accuracy_gpu(net, digits[1])
    evaluate_accuracy_gpu(net, [(X.new_zeros(2, 1, 28, 28), Y[:2])])  # nobody knows whence
    assert capsys.readouterr().out == ""
    other.standardize = False
    for act in (lambda: load_net(lenet(), tmp_path / "net.pt", other),
                lambda: evaluate_accuracy_gpu(net, other), lambda: predict_all(net, other),
                lambda: MistakesPanel(net, other), lambda: NetworkView(net, other),
                lambda: next(train(net, other, other, 1, 0.1, "cpu", init=None))):  # fmt: skip
        act()
        said = capsys.readouterr().out
        assert said.count("注意") == 1 and "standardize=True" in said, said
        assert "pixels from 0 to 1" in said and "像素 0–1" in said
    evaluate_accuracy_gpu(net, other)  # it has learned from them
    assert capsys.readouterr().out == ""
