"""Training: what it reports, when it stops, and what it leaves behind."""

from __future__ import annotations

import math
import threading
from itertools import islice

import pytest
import torch
from torch import nn

from lenet_helpers import DivergedError, Progress, SettingError, evaluate_accuracy_gpu, lenet, train

CLASSES = 3


def examples(count: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Random 4×4 images whose class is plain to see: ``(n, 1, 4, 4)`` and ``(n,)``."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(count) % CLASSES
    X = torch.randn(count, 1, 4, 4, generator=generator) * 0.1
    X[torch.arange(count), 0, 0, y] += 1
    return X, y


def batches(count: int, size: int, seed: int = 0) -> list[tuple[torch.Tensor, torch.Tensor]]:
    X, y = examples(count, seed)
    return list(zip(X.split(size), y.split(size), strict=True))


def small_net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, CLASSES))


def run(net, train_iter, test_iter=None, num_epochs=1, lr=0.1, **options) -> list[Progress]:
    test_iter = batches(9, 4) if test_iter is None else test_iter
    return list(train(net, train_iter, test_iter, num_epochs, lr, "cpu", **options))


def numbers(reports: list[Progress]) -> list[tuple]:
    """What must be the same in two runs: all but the clock's readings."""
    return [(r.epoch, r.batch, r.loss, r.train_acc, r.test_acc) for r in reports]


def weights(net: nn.Module) -> torch.Tensor:
    return nn.utils.parameters_to_vector(net.parameters()).detach().clone()


def modes(net: nn.Module) -> list[bool]:
    return [module.training for module in net.modules()]


@pytest.fixture
def mixed_net():
    """A net whose parts are in different modes; no training or evaluation may mix them up."""
    net = small_net()
    net.append(nn.Identity())
    net.train()
    net[1].eval()
    return net


# Learning


def test_lenet_learns_the_digits_within_thirty_epochs(digits):
    torch.manual_seed(0)
    best = 0.0
    for progress in train(lenet(), *digits, num_epochs=30, lr=0.9, device="cpu"):
        best = max(best, progress.test_acc or 0)
        if best > 0.9:
            break
    assert best > 0.9
    assert progress.loss < 1


def test_tanh_learns_the_digits_in_two_epochs(digits):
    torch.manual_seed(0)
    last = list(train(lenet("tanh"), *digits, num_epochs=2, lr=0.3, device="cpu"))[-1]
    assert last.test_acc > 0.9
    assert last.train_acc > 0.9


def test_one_step_is_gradient_descent_by_hand():
    net, by_hand = small_net(), small_net()
    X, y = examples(6)
    (*_, last) = run(net, [(X, y)], lr=0.5, init=None)
    loss = nn.functional.cross_entropy(by_hand(X), y)
    loss.backward()
    expected = torch.cat([(p - 0.5 * p.grad).flatten() for p in by_hand.parameters()])
    torch.testing.assert_close(weights(net), expected.detach())
    assert last.loss == pytest.approx(loss.item())


def test_steps_are_those_of_torchs_optimiser_to_the_last_bit():
    net, theirs = small_net(), small_net()
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.3)
    train_iter = batches(12, 4)
    run(net, train_iter, lr=0.3, init=None)
    for X, y in train_iter:
        optimizer.zero_grad()
        nn.functional.cross_entropy(theirs(X), y).backward()
        optimizer.step()
    assert torch.equal(weights(net), weights(theirs))


def test_frozen_weights_stay_and_the_others_learn():
    net = small_net()
    net[1].requires_grad_(False)
    before = [p.clone() for p in net.parameters()]
    run(net, batches(6, 3), init=None)
    changed = [not torch.equal(p, q) for p, q in zip(net.parameters(), before, strict=True)]
    assert changed == [False, False, True, True]


def test_loss_and_accuracy_are_means_over_the_epoch_so_far():
    """A last batch of one counts as one example, not as one batch."""
    train_iter = batches(9, 4)
    net = small_net()
    frozen = run(net, train_iter, lr=1e-30, init=None)
    X, y = examples(9)
    for report in frozen[:-1]:
        seen = slice(0, min(4 * report.batch, 9))
        scores = net(X[seen])
        assert report.loss == pytest.approx(nn.functional.cross_entropy(scores, y[seen]).item())
        assert report.train_acc == pytest.approx((scores.argmax(1) == y[seen]).float().mean())


# Reports


@pytest.mark.parametrize(
    ("num_batches", "points"),
    [
        (1, [1]),
        (2, [1, 2]),
        (3, [1, 2, 3]),
        (4, [1, 2, 3, 4]),
        (5, [1, 2, 3, 4, 5]),
        (7, [2, 3, 5, 6, 7]),
        (10, [2, 4, 6, 8, 10]),
        (45, [9, 18, 27, 36, 45]),
    ],
)
def test_five_reports_an_epoch_and_one_with_the_test_accuracy(num_batches, points):
    reports = run(small_net(), batches(2 * num_batches, 2), num_epochs=2)
    assert [r.batch for r in reports] == 2 * [*points, num_batches]
    assert [r.test_acc is not None for r in reports] == 2 * [*[False] * len(points), True]


def test_fields_of_the_reports_agree():
    reports = run(small_net(), batches(19, 2), num_epochs=2)
    assert {(r.num_batches, r.num_epochs) for r in reports} == {(10, 2)}
    first, second = reports[:6], reports[6:]
    assert [r.epoch for r in first] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1, 1])
    assert [r.epoch for r in second] == pytest.approx([1.2, 1.4, 1.6, 1.8, 2, 2])
    assert all(math.isfinite(r.loss) and r.loss > 0 for r in reports)
    assert all(0 <= r.train_acc <= 1 for r in reports)
    assert all(a.elapsed <= b.elapsed for a, b in zip(reports, reports[1:], strict=False))


def test_examples_per_second_counts_all_examples_and_all_time():
    reports = run(small_net(), batches(19, 2), num_epochs=2)
    for report in reports:
        whole_epochs = 0 if report in reports[:6] else 19
        seen = whole_epochs + min(2 * report.batch, 19)
        assert report.examples_per_sec * report.elapsed == pytest.approx(seen)


def test_test_accuracy_is_that_of_the_net_at_that_moment():
    net, test_iter = small_net(), batches(9, 4, seed=5)
    for report in train(net, batches(12, 4), test_iter, 3, 0.1, "cpu"):
        if report.test_acc is not None:
            assert report.test_acc == evaluate_accuracy_gpu(net, test_iter)


@pytest.mark.parametrize("num_batches", [1, 2, 3, 4])
def test_fewer_batches_than_reports_are_enough(num_batches):
    reports = run(small_net(), batches(num_batches, 1))
    assert reports[-1].batch == num_batches
    assert reports[-1].test_acc is not None


def test_last_batch_of_one():
    reports = run(small_net(), batches(9, 8))
    assert [r.batch for r in reports] == [1, 2, 2]


# Reproducing and going on


def test_same_seeds_give_the_same_numbers(digits):
    def two_epochs():
        digits[0].reseed(1)
        torch.manual_seed(1)
        return numbers(train(lenet("tanh"), *digits, num_epochs=2, lr=0.1, device="cpu"))

    assert two_epochs() == two_epochs()


def test_weights_begin_anew_by_xavier_with_biases_kept():
    net = small_net()
    with torch.no_grad():
        for p in net.parameters():
            p.fill_(9)
    run(net, batches(6, 3), lr=1e-30)
    bound = math.sqrt(6 / (16 + 8))
    assert net[1].weight.abs().max() <= bound
    assert net[1].weight.abs().max() > 0.8 * bound
    assert net[1].bias.unique().tolist() == [9]


def test_without_initialisation_training_goes_on_from_the_weights():
    together, one_by_one = small_net(), small_net()
    whole = run(together, batches(12, 3), num_epochs=2, init=None)
    parts = run(one_by_one, batches(12, 3), init=None) + run(one_by_one, batches(12, 3), init=None)
    assert torch.equal(weights(together), weights(one_by_one))
    assert [r.loss for r in whole] == [r.loss for r in parts]


def test_own_initialisation_is_applied_to_every_module():
    seen = []
    net = small_net()
    run(net, batches(6, 3), init=seen.append)
    assert set(seen) == set(net.modules())


def test_nothing_happens_before_the_first_step_is_asked_for():
    net = small_net()
    before = weights(net)
    train(net, batches(6, 3), batches(6, 3), 1, 0.1, "cpu")
    assert torch.equal(weights(net), before)


# Stopping


def test_stop_at_once_trains_nothing_and_reports_nothing():
    net = small_net()
    before = weights(net)
    assert run(net, batches(12, 2), should_stop=lambda: True, init=None) == []
    assert torch.equal(weights(net), before)


@pytest.mark.parametrize(("asked", "trained"), [(1, 1), (3, 3), (7, 7), (9, 9)])
def test_stop_within_an_epoch_ends_with_a_report_of_what_was_trained(asked, trained):
    calls = []

    def should_stop():
        calls.append(None)
        return len(calls) > asked  # asked once before every batch

    reports = run(small_net(), batches(20, 2), num_epochs=3, should_stop=should_stop)
    assert reports[-1].batch == trained
    assert reports[-1].epoch == pytest.approx(trained / 10)
    assert reports[-1].test_acc is None


def test_stop_asked_for_at_a_report_trains_no_further_and_repeats_no_point():
    net, reports, stop = small_net(), [], threading.Event()
    for report in train(net, batches(20, 2), batches(6, 2), 3, 0.1, "cpu", should_stop=stop.is_set):
        reports.append(report)
        if report.batch == 4 and not stop.is_set():
            stop.set()
            kept = weights(net)
    assert torch.equal(weights(net), kept)
    points = [(r.epoch, r.test_acc) for r in reports]
    assert len(points) == len(set(points))


def test_stop_during_evaluation_gives_no_half_measured_accuracy():
    evaluating = []

    class TestSet(list):
        def __iter__(self):
            evaluating.append(True)
            return super().__iter__()

    reports = run(
        small_net(), batches(20, 2), TestSet(batches(8, 2)), 3, should_stop=lambda: bool(evaluating)
    )
    assert [r.batch for r in reports] == [2, 4, 6, 8, 10]
    assert all(r.test_acc is None for r in reports)


def test_stop_in_the_second_epoch_keeps_the_first_epochs_accuracy():
    calls = []

    def should_stop():
        calls.append(None)
        return len(calls) > 10 + 4 + 3  # 10 batches, 4 of the test set, 3 batches

    reports = run(small_net(), batches(20, 2), batches(8, 2), num_epochs=3, should_stop=should_stop)
    assert reports[5].test_acc is not None
    assert reports[-1].epoch == pytest.approx(1.3)


# Modes, interruptions and early ends


def test_modes_between_reports_and_afterwards_are_as_before(mixed_net):
    before = modes(mixed_net)
    for _ in train(mixed_net, batches(12, 2), batches(6, 2), 2, 0.1, "cpu"):
        assert modes(mixed_net) == before
    assert modes(mixed_net) == before


def test_training_trains_and_evaluation_evaluates(mixed_net):
    seen = []
    mixed_net.append(nn.Dropout())
    mixed_net[-1].register_forward_hook(lambda layer, inputs, output: seen.append(layer.training))
    run(mixed_net, batches(6, 2), batches(4, 2))
    assert seen == [True, True, True, False, False]


class Interrupted(list):
    """A data set in the middle of which the user presses the stop button."""

    def __iter__(self):
        yield from islice(super().__iter__(), 5)
        raise KeyboardInterrupt


def test_interruption_while_training_keeps_net_modes_and_reports(mixed_net):
    before, start = modes(mixed_net), weights(mixed_net)
    reports = []
    with pytest.raises(KeyboardInterrupt):
        for report in train(mixed_net, Interrupted(batches(20, 2)), batches(6, 2), 1, 0.1, "cpu"):
            reports.append(report)
    assert [r.batch for r in reports] == [2, 4]
    assert modes(mixed_net) == before
    assert not torch.equal(weights(mixed_net), start)
    assert weights(mixed_net).isfinite().all()


def test_interruption_while_evaluating_restores_the_modes(mixed_net):
    before = modes(mixed_net)
    with pytest.raises(KeyboardInterrupt):
        run(mixed_net, batches(6, 2), Interrupted(batches(20, 2)))
    assert modes(mixed_net) == before


def test_leaving_the_loop_keeps_what_was_learned(mixed_net):
    before = modes(mixed_net)
    for _ in train(mixed_net, batches(20, 2), batches(6, 2), 5, 0.1, "cpu"):
        kept = weights(mixed_net)
        break
    assert torch.equal(weights(mixed_net), kept)
    assert modes(mixed_net) == before


# A loss that is no longer finite


def test_divergence_is_reported_and_then_explained(digits):
    torch.manual_seed(0)
    reports = []
    with pytest.raises(DivergedError) as caught:
        for report in train(lenet("relu"), *digits, num_epochs=2, lr=1e6, device="cpu"):
            reports.append(report)
    assert not math.isfinite(reports[-1].loss)
    assert all(math.isfinite(r.loss) for r in reports[:-1])
    zh, en = caught.value.words
    assert "学习率 1e+06" in zh
    assert "learning rate 1e+06" in en
    assert isinstance(caught.value, ArithmeticError)


def test_divergence_in_the_only_batch_is_seen():
    X, y = examples(6)
    with pytest.raises(DivergedError):
        run(small_net(), [(X * float("inf"), y)])


# Settings that cannot be used: said at the call, before anything is trained


@pytest.mark.parametrize("num_epochs", [0, -3, 1.5, "10", True, None])
def test_number_of_epochs_that_cannot_be_is_explained(num_epochs):
    with pytest.raises(SettingError, match="num_epochs must be a positive integer") as caught:
        train(small_net(), batches(6, 2), batches(6, 2), num_epochs, 0.1, "cpu")
    assert "轮数 num_epochs" in caught.value.words.zh


@pytest.mark.parametrize("lr", [0, -0.1, math.inf, math.nan, "0.9", True, None])
def test_learning_rate_that_cannot_be_is_explained(lr):
    with pytest.raises(SettingError, match="learning rate lr must be a number above 0") as caught:
        train(small_net(), batches(6, 2), batches(6, 2), 1, lr, "cpu")
    assert repr(lr) in caught.value.words.zh


def test_whole_number_is_a_learning_rate_too():
    assert run(small_net(), batches(6, 2), lr=1)


def test_empty_training_set_is_explained():
    with pytest.raises(SettingError, match="training set is empty"):
        train(small_net(), [], batches(6, 2), 1, 0.1, "cpu")


def test_empty_test_set_is_explained():
    with pytest.raises(SettingError, match="no example to measure on"):
        run(small_net(), batches(6, 2), test_iter=[])


# Accuracy


def test_accuracy_is_the_fraction_of_right_answers_by_hand():
    net = small_net()
    X, y = examples(50)
    y = (y + (torch.arange(50) % 4 == 0)) % CLASSES
    by_hand = sum(int(net(x[None]).argmax()) == int(label) for x, label in zip(X, y, strict=True))
    data_iter = list(zip(X.split(7), y.split(7), strict=True))
    assert evaluate_accuracy_gpu(net, data_iter) == by_hand / 50
    assert evaluate_accuracy_gpu(net, data_iter, torch.device("cpu")) == by_hand / 50


def test_accuracy_weighs_examples_not_batches():
    always_first = nn.Linear(2, 2)
    nn.init.zeros_(always_first.weight)
    always_first.bias.data = torch.tensor([1.0, 0.0])
    data_iter = [
        (torch.zeros(3, 2), torch.tensor([0, 0, 0])),
        (torch.zeros(1, 2), torch.tensor([1])),
    ]
    assert evaluate_accuracy_gpu(always_first, data_iter) == 0.75


def test_evaluation_changes_neither_modes_nor_gradients(mixed_net):
    before = modes(mixed_net)
    evaluate_accuracy_gpu(mixed_net, batches(6, 2))
    assert modes(mixed_net) == before
    assert all(p.grad is None for p in mixed_net.parameters())


def test_evaluation_of_nothing_is_explained():
    with pytest.raises(SettingError, match="no example to measure on") as caught:
        evaluate_accuracy_gpu(small_net(), [])
    assert "数据集是空的" in caught.value.words.zh
