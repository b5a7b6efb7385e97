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


def lazy() -> nn.Sequential:
    return nn.Sequential(nn.LazyConv2d(2, 3), nn.Sigmoid(), nn.Flatten(), nn.LazyLinear(3))


def wrapped(net: nn.Module) -> nn.Module:
    """As after ``torch.compile``, which is slow to load."""
    return type("OptimizedModule", (nn.Module,), {"forward": lambda self, X: net(X)})()


def compiled() -> nn.Module:
    net = convolution()
    outside = wrapped(net)
    outside._orig_mod = net
    return outside


NETS = {
    "plain": convolution,
    "flat": lambda: nn.Sequential(nn.Flatten(), nn.Linear(16, 3)),
    "normed": lambda: convolution(nn.BatchNorm1d(3)),
    "evaluating": lambda: convolution(nn.BatchNorm1d(3)).eval(),
    "lazy": lazy,
    "parallel": lambda: nn.DataParallel(convolution()),
    "compiled": compiled,
    "half": lambda: convolution().half(),
    "bfloat16": lambda: convolution().bfloat16(),
    "double": lambda: convolution().double(),
    "two types": lambda: nn.Sequential(convolution(), nn.Linear(3, 3).double()),
    "frozen": lambda: convolution().requires_grad_(False),
    "meta": lambda: convolution().to("meta"),
    "two outputs": Two,
    "one score": lambda: nn.Sequential(nn.Flatten(), nn.Linear(16, 1), nn.Flatten(0)),
    "maps": lambda: nn.Sequential(nn.Conv2d(1, 3, 4)),
    "classes first": lambda: nn.Sequential(nn.Flatten(0, 2), nn.Linear(4, 3)),
    "nothing": nn.Sequential,
    "class": lambda: nn.Sequential,
    "function": lambda: lenet,
    "none": lambda: None,
    "diverged": lambda: nn.Sequential(nn.Flatten(), nn.Linear(16, 3)).apply(spoil),
}  # fmt: skip
FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
TYPES = [*FLOATS, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16,
         torch.uint32, torch.uint64, torch.bool, torch.complex64]  # fmt: skip
SHAPES = [(1, 4, 4), (4, 4), (3, 4, 4), (4, 4, 1), (1, 5, 5), (1, 2, 2), (16,), (0, 4, 4), ()]
ODD_NUMBERS = [math.nan, math.inf, -math.inf, 255.0, -255.0, 1e30]


def spoil(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        module.weight.data.fill_(math.nan)


def mostly(usual, *others):
    """Half of what is drawn is as it should be, so that every check is reached."""
    return st.one_of(usual, usual, *others)


def as_others_have_it(draw, tensor: torch.Tensor):
    """The same as an array, a list, on another device, not dense; or as it is."""
    changes = {"numpy": torch.Tensor.numpy, "list": torch.Tensor.tolist}
    changes |= {"meta": lambda t: t.to("meta"), "sparse": torch.Tensor.to_sparse}
    how = draw(mostly(st.just(""), st.just(""), st.just(""), st.sampled_from(sorted(changes))))
    try:
        return changes[how](tensor) if how else tensor
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
    odd = st.integers(-3, 9)
    y = torch.tensor(draw(st.lists(mostly(st.integers(0, 2), odd), min_size=count, max_size=count)))
    y = y.to(torch.float64)
    if draw(mostly(st.just(False), st.booleans())):
        y += draw(st.sampled_from([0.5, math.nan, math.inf]))
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


def right_labels(y: torch.Tensor, count: int) -> list[int]:
    assert y.dtype != torch.bool and not y.is_floating_point() and y.shape in ((count,), (count, 1))
    numbers = y.long().flatten().tolist()
    assert all(0 <= number < CLASSES for number in numbers)
    return numbers


def assert_near(found: torch.Tensor, right: torch.Tensor, net) -> None:
    tolerance = 0.05 if found.dtype.itemsize < 4 or has_few_digits(net) else 1e-4
    assert found.shape == right.shape
    assert torch.allclose(found.double(), right, atol=tolerance, rtol=tolerance)


def has_few_digits(net: nn.Module) -> bool:
    return any(p.dtype.itemsize < 4 for p in net.parameters())


def right_accuracy(net, X, y) -> set[float]:
    """By hand. Where two scores are the same but for rounding, either may be the largest."""
    scores, numbers, gap = right_scores(net, X), right_labels(y, len(X)), 1e-6
    if has_few_digits(net):
        gap = 0.05
    sure = [row[k] > max(row[:k].tolist() + row[k + 1 :].tolist()) - gap
            for row, k in zip(scores, numbers, strict=True)]  # fmt: skip
    surer = [row[k] > max(row[:k].tolist() + row[k + 1 :].tolist()) + gap
             for row, k in zip(scores, numbers, strict=True)]  # fmt: skip
    return {count / len(X) for count in range(sum(surer), sum(sure) + 1)}


# Generated inputs


@settings(few, max_examples=300)
@given(nets, batch())
def test_the_check_lets_only_what_is_right_through(name, both):
    (X, y), net = both, made(name)

    def checked():
        own = sized(as_net(net), lambda: X)
        own.eval()
        scores = scores_of(own, X)
        return scores, as_labels(y, len(X), scores.shape[1])

    if (found := answer(checked)) is not None and name != "diverged":
        assert_near(found[0], right_scores(net, X), net)
        assert found[1].tolist() == right_labels(y, len(X))


@few
@given(nets, batch())
def test_accuracy_is_that_counted_by_hand(name, both):
    net = made(name)
    if (found := answer(lambda: evaluate_accuracy_gpu(net, [both]))) is not None:
        assert found in right_accuracy(net, *both)


@few
@given(nets, batch(), st.booleans())
def test_training_begins_with_the_right_loss(name, both, as_loader):
    net, (X, y) = made(name), both
    batches = [both]
    both_dense = all(isinstance(x, torch.Tensor) and x.dim() and len(x) for x in both)
    if as_loader and both_dense and len(X) == len(y) and X.layout == y.layout == torch.strided:
        batches = DataLoader(TensorDataset(X, y), batch_size=len(X))
    found = answer(lambda: list(train(net, batches, [both], 1, 1e-9, "cpu", init=None)))
    if found is not None:
        assert 0 <= found[0].train_acc <= 1
        assert found[-1].test_acc in right_accuracy(net, X, y)
        if name not in ("normed", "evaluating"):  # in training they normalise by the batch
            scores, numbers = right_scores(net, X), torch.tensor(right_labels(y, len(X)))
            assert_near(torch.tensor(found[0].loss), F.cross_entropy(scores, numbers), net)


@few
@given(nets, images())
def test_a_trace_and_the_outputs_are_those_of_the_network(name, X):
    net = made(name)
    if (found := answer(lambda: trace_shapes(net, X))) is not None and found.rows:
        assert found.rows[-1].output_shape[0] == found.input_shape[0] == len(X) or name in (
            "classes first", "one score",
        )  # fmt: skip
    if (outputs := answer(lambda: layer_outputs(net, X))) is not None and name != "diverged":
        assert_near(outputs[-1][1], right_scores(net, X), net)


def data_of(images, labels) -> BatchIterator:
    classes = tuple(Words.same(str(number)) for number in range(CLASSES))
    title, numbers = Words.same("tiny"), (0.5, 0.5, 2, False, False, 0)
    return BatchIterator("tiny", title, classes, title, images, labels, *numbers)


@st.composite
def pictures(draw):
    """A data set of pictures: as it should be, or as above."""
    count = draw(st.integers(1, 5))
    X = torch.randint(0, 256, (count, SIDE, SIDE), dtype=torch.uint8)
    other = draw(mostly(st.just(X), images()))
    data = data_of(other, draw(labels(count)))
    return draw(mostly(st.just(data), st.sampled_from([None, 3, "mnist", (data, data), [(X, X)]])))


@few
@given(nets, pictures())
def test_predictions_are_those_of_the_network(name, data):
    net = made(name)
    if (found := answer(lambda: predict_all(net, data))) is not None:
        X = data.images[:, None].double() / 255
        assert_near(found.probabilities, right_scores(net, X).softmax(dim=1), net)
        assert found.labels.tolist() == right_labels(data.labels, len(X))
        assert found.confusion.sum() == len(X)


@few
@given(nets, pictures())
def test_panels_open_or_say_why_not(name, data):
    net = made(name)
    if (panel := answer(lambda: MistakesPanel(net, data))) is not None:
        assert panel.predictions.confusion.sum() == len(data.labels)
    if (view := answer(lambda: NetworkView(net, data, draw=False))) is not None:
        shares = torch.tensor(view.probabilities or [1.0])
        assert torch.isclose(shares.sum(), torch.tensor(1.0))
        view.still()


@few
@given(nets, nets, pictures())
def test_what_is_saved_comes_back(tmp_path_factory, name, other, data):
    path, net, again = tmp_path_factory.mktemp("saved") / "net.pt", made(name), made(other)

    def there_and_back():
        save_net(net, path, data)
        load_net(again, path)
        return True

    if answer(there_and_back):
        ours, theirs = as_net(net).state_dict(), as_net(again).state_dict()
        assert all(torch.equal(ours[key].double(), theirs[key].double()) for key in ours)


ITERATORS = {
    "none": lambda pairs: None, "number": lambda pairs: 3, "text": lambda pairs: "mnist",
    "empty": lambda pairs: [], "list": list, "generator": iter, "one batch": lambda pairs: pairs[0],
    "no pairs": lambda pairs: [X for X, _ in pairs], "triples": lambda pairs: [(*pairs[0], 1)],
    "dictionary": dict, "last of one": lambda pairs: [*pairs, [x[:1] for x in pairs[0]]],
    "data set": lambda pairs: TensorDataset(*pairs[0]), "lying": lambda pairs: Lying(pairs),
    "loader": lambda pairs: DataLoader(TensorDataset(*pairs[0]), batch_size=2),
}  # fmt: skip


class Lying(list):
    def __len__(self):
        return 9


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
    lr = widgets.FloatSlider(0.1)

    def loop(train_iter, test_iter, lr):
        list(train(made("plain"), train_iter, test_iter, 1, lr, "cpu"))

    panel = answer(lambda: TrainAgain(loop, train_iter, test_iter, lr=lr))
    if panel is not None:
        panel.train_button.click()
        assert panel.wait(20)
        assert isinstance(panel.error, LessonError | None)


numbers = st.one_of(st.floats(), st.integers(-5, 2**70), st.booleans(), st.none(), st.text())
tables = st.lists(st.one_of(numbers, st.lists(numbers, max_size=3)), max_size=3)
scans = st.one_of(images(), tables, numbers, st.lists(st.lists(st.integers(0, 255), min_size=2,
                  max_size=2), min_size=1, max_size=9), images().map(lambda X: X[0, 0] if
                  isinstance(X, torch.Tensor) and X.dim() == 4 and X.numel() else X))  # fmt: skip


@few
@given(scans)
def test_a_drawing_is_a_drawing_or_is_refused(scan):
    if (found := answer(lambda: normalize_digit(scan))) is not None:
        assert found.shape == (28, 28) and found.isfinite().all()
        assert found.dtype == torch.float32
    if (found := answer(lambda: as_drawing(scan))) is not None:
        assert found[1].dtype == torch.uint8


odd = st.one_of(st.integers(-2, 40), st.floats(), st.text(max_size=3), st.none(), st.booleans())


@settings(few, max_examples=50)
@given(st.dictionaries(st.sampled_from(["activation", "pooling", "kernel_size", "channels",
       "hidden", "num_classes"]), st.one_of(odd, st.lists(odd, max_size=3))))  # fmt: skip
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
    "sparse": (X.to_sparse(), Y), "one-hot": (X, ONE_HOT), "numbers": (X, Y.float()),
    "row": (X, Y[None]), "yes and no": (X, Y > 1), "from 1": (X, Y + 1),
}  # fmt: skip


@pytest.mark.parametrize("kind", LINES)
def test_the_line_of_the_message_mends_it(kind):
    net, (images, labels) = made("plain"), LINES[kind]
    with pytest.raises(SettingError) as caught:
        evaluate_accuracy_gpu(net, [(images, labels)])
    for text in caught.value.words:
        names = {"X": images, "y": labels, "torch": torch, "nn": nn}
        exec(text.rstrip("。").rpartition("：" if "：" in text else ": ")[2], names)
        assert 0 <= evaluate_accuracy_gpu(net, [(names["X"], names["y"])]) <= 1


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


@pytest.fixture
def defaults():
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)


def one_of_each(net, batches, data) -> list[torch.Tensor]:
    """What comes out at the doors, as numbers."""
    kept = Checkpoints([0, 1])
    last = list(train(net, batches, batches, 1, 0.1, "cpu", init=None, checkpoints=kept))[-1]
    view = NetworkView(net, data, checkpoints=kept)
    view.draw(SCAN)
    view.still()
    stored = stored_network()
    found = [last.loss, last.test_acc, view.probabilities, stored.refusal.scores(
        stored.net, data, data.images[:3]).tolist()]  # fmt: skip
    found = [torch.tensor(each, device="cpu").double() for each in found]
    assert predict_all(net, data).probabilities.dtype == torch.float32
    MistakesPanel(net, data)
    torch.manual_seed(0)
    return [*found, predict_all(net, data).probabilities, layer_outputs(net, batches[0][0])[-1][1],
            normalize_digit(SCAN), affine_matrices(3, 28, Distortion())]  # fmt: skip


SCAN = [[0, 200, 0], [0, 200, 0], [0, 200, 100]]


CHANGES = {
    "float64": lambda: torch.set_default_dtype(torch.float64),
    "meta": lambda: torch.set_default_device("meta"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_defaults_of_the_kernel_change_nothing(defaults, change):
    results = []
    for act in (lambda: None, change):
        torch.manual_seed(0)
        net = lenet()
        act()
        data = part(load_data("digits", 32, "cpu", seed=1)[1], slice(20))
        batches = [(data.prepare(data.images), data.labels)]
        torch.manual_seed(0)
        results.append([*one_of_each(net, batches, data), *batches[0]])
    for before, after in zip(*results, strict=True):
        assert torch.allclose(before.double(), after.double(), atol=1e-5)


def test_networks_of_the_default_type_are_trained_and_swept_the_same(digits, defaults):
    one = dict(dataset="digits", epochs=1, batch_size=256, channels=(2,), hidden=(), seed=3)
    before = train_lenet(**one)
    torch.set_default_dtype(torch.float64)
    assert train_lenet(**one) == before
    net = new_net(Settings("digits"))
    assert net[0].weight.dtype == torch.float64
    few_digits = [part(data, slice(64)) for data in digits]
    assert 0 <= list(train(net, *few_digits, 1, 0.1, "cpu"))[-1].test_acc <= 1
    torch.set_default_device("meta")
    assert new_net(Settings("digits"))[0].weight.device.type == "cpu"


@pytest.mark.parametrize("default", [("dtype", torch.float64), ("device", "meta")], ids=str)
def test_data_are_read_the_same_whatever_the_defaults_are(defaults, default):
    def first() -> tuple:
        train_iter, _ = load_data("digits", 32, "cpu", seed=1)
        return *next(iter(train_iter)), train_iter.mean, train_iter.std

    before = first()
    getattr(torch, f"set_default_{default[0]}")(default[1])
    X, y, *numbers = first()
    assert X.dtype == torch.get_default_dtype()  # as the layers of a lesson are
    assert torch.equal(X.float(), before[0]) and torch.equal(y, before[1])
    assert tuple(numbers) == before[2:]


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
