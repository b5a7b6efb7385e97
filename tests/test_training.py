"""Training: what it reports, when it stops, and what it leaves behind."""

import itertools
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lenet_helpers import SettingError, evaluate_accuracy_gpu, train, training
from tests.tiny_training import (
    batches,
    examples,
    mixed_net,
    modes,
    one_epoch,
    run,
    small_net,
    weights,
)

ROOT = Path(training.__file__).parents[1]

# Learning


def test_steps_are_those_of_torchs_optimiser_to_the_last_bit():
    net, theirs = small_net(), small_net()
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.3)
    run(net, batches(12, 4), lr=0.3, init=None)
    for X, y in batches(12, 4):
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


def test_loss_and_accuracies_are_means_over_examples_with_a_last_batch_of_one():
    net = small_net()
    reports = run(net, batches(9, 4), lr=1e-30, init=None)
    X, y = examples(9)

    def by_hand(start: int, end: int):
        scores, labels = net(X[start:end]), y[start:end]
        loss = nn.functional.cross_entropy(scores, labels).item()
        return pytest.approx((loss, (scores.argmax(1) == labels).float().mean().item()), abs=1e-6)

    parts = [(0, 4), (4, 8), (8, 9), (8, 9)]  # since the report before; the last tells of the test
    for report, (start, end) in zip(reports, parts, strict=True):
        assert (report.loss, report.train_acc) == by_hand(0, end)
        assert (report.recent_loss, report.recent_acc) == by_hand(start, end)
    assert (reports[-1].loss, reports[-1].test_acc) == by_hand(0, 9)


# Beginning


def test_weights_begin_anew_by_xavier_with_biases_kept():
    net = small_net()
    with torch.no_grad():
        for p in net.parameters():
            p.fill_(9)
    run(net, batches(6, 3), lr=1e-30)
    bound = math.sqrt(6 / (16 + 8))
    assert 0.8 * bound < net[1].weight.abs().max() <= bound
    assert net[1].bias.unique().tolist() == [9]


def test_without_initialisation_training_goes_on_from_the_weights():
    together, one_by_one = small_net(), small_net()
    whole = run(together, batches(12, 3), num_epochs=2, init=None)
    parts = run(one_by_one, batches(12, 3), init=None) + run(one_by_one, batches(12, 3), init=None)
    assert torch.equal(weights(together), weights(one_by_one))
    assert [r.loss for r in whole] == [r.loss for r in parts]


def test_own_initialisation_is_applied_to_every_module_once_the_first_step_is_asked_for():
    seen, net = [], small_net()
    reports = train(net, batches(6), batches(6), 1, 0.1, "cpu", init=seen.append)
    assert seen == []
    next(reports)
    assert set(seen) == set(net.modules())


# Reports


@given(
    count=st.integers(1, 40),
    size=st.integers(1, 45),
    test_count=st.integers(1, 9),
    num_epochs=st.integers(1, 3),
    asked=st.integers(0, 60) | st.just(10_000),
)
@settings(max_examples=100, deadline=None)
def test_reports_of_any_run_keep_their_promises(count, size, test_count, num_epochs, asked):
    """Any number of batches and epochs, stopped after any number of questions, or never.

    Five reports an epoch, fewer if it has fewer batches, one where it is stopped, and one more
    with the test accuracy.
    """
    train_iter, test_iter = batches(count, size), batches(test_count, 4)
    net, calls, num_batches = small_net().eval(), itertools.count(), len(train_iter)

    def should_stop() -> bool:
        return next(calls) == asked  # said once, it ends the run

    reports = run(net, train_iter, test_iter, num_epochs, should_stop=should_stop)
    questions = num_batches + len(test_iter)  # before each batch
    epochs, rest = divmod(min(asked, num_epochs * questions), questions)
    trained = epochs * num_batches + min(rest, num_batches)
    expected = []  # batches over all epochs, and whether the test accuracy is known
    for batch in range(1, trained + 1):
        fifths, before = 5 * batch // num_batches, 5 * (batch - 1) // num_batches
        expected += [(batch, False)] * (fifths > before or batch == trained)
        expected += [(batch, True)] * (batch % num_batches == 0 and batch <= epochs * num_batches)
    assert [(round(r.epoch * num_batches), r.test_acc is not None) for r in reports] == expected
    for r, (batch, _) in zip(reports, expected, strict=True):
        finished, done = divmod(batch - 1, num_batches)
        assert (r.batch, r.num_batches, r.num_epochs) == (done + 1, num_batches, num_epochs)
        assert r.epoch == pytest.approx(batch / num_batches)
        assert math.isfinite(r.loss) and 0 <= r.train_acc <= 1 and 0 <= (r.test_acc or 0) <= 1
        seen = finished * count + min(r.batch * size, count)
        assert r.examples_per_sec * r.elapsed == pytest.approx(seen)
    assert [r.elapsed for r in reports] == sorted(r.elapsed for r in reports)
    assert not any(modes(net))


# Stopping


def test_stop_asked_for_at_a_report_trains_no_further():
    net, stops = small_net(), []
    for report in train(
        net, batches(20), batches(6), 3, 0.1, "cpu", should_stop=lambda: bool(stops)
    ):
        assert not stops
        if report.batch == 4:
            stops.append(report)
            kept = weights(net)
    assert torch.equal(weights(net), kept)


# Modes


def test_modes_between_reports_and_after_leaving_the_loop_are_as_before():
    net = mixed_net()
    before = modes(net)
    for report in train(net, batches(12), batches(6), 2, 0.1, "cpu"):
        assert modes(net) == before
        kept = weights(net)
        if report.epoch > 1:
            break
    assert modes(net) == before
    assert torch.equal(weights(net), kept)


def test_training_trains_and_evaluation_evaluates():
    net, seen = mixed_net(), []
    net[2].register_forward_hook(lambda layer, *_: seen.append(layer.training))
    run(net, batches(6), batches(4))
    assert seen == [True, True, True, False, False]


def test_evaluation_changes_neither_modes_nor_gradients_nor_running_statistics():
    net = mixed_net()
    before, state = modes(net), {name: value.clone() for name, value in net.state_dict().items()}
    evaluate_accuracy_gpu(net.train(), batches(6))
    assert all(modes(net)) and not all(before)
    assert all(torch.equal(value, state[name]) for name, value in net.state_dict().items())
    assert all(p.grad is None for p in net.parameters())


# Settings that cannot be used: said at the call, before anything is trained

COUNT, RATE = "num_epochs must be a positive integer", "learning rate lr must be a number above 0"
RATES = (0, -0.1, math.inf, math.nan, "0.9", True, None)
WRONG = [
    *(({"num_epochs": n}, "轮数 num_epochs", COUNT) for n in (0, -3, 1.5, "10", True, None)),
    *(({"lr": lr}, f"lr 应为正数（例如 0.9），却得到 {lr!r}", RATE) for lr in RATES),
    ({"train_iter": []}, "训练集是空的", "training set is empty"),
    ({"test_iter": iter([])}, "test_iter 应能反复遍历", r"anew .*test_iter = list\(test_iter\)"),
    *(({"device": d}, f"设备 {d!r} 不可用", f'{d!r} can\'t.*"cpu"') for d in ("gpu", 3.5, "")),
]


@pytest.mark.parametrize(("setting", "zh", "en"), WRONG)
def test_setting_that_cannot_be_is_explained_at_the_call(setting, zh, en):
    options = {"train_iter": batches(6), "test_iter": batches(6), "num_epochs": 1, "lr": 1,
               "device": "cpu"}  # fmt: skip
    with pytest.raises(SettingError, match=en) as caught:
        train(small_net(), **options | setting)
    assert zh in caught.value.words.zh


def test_empty_test_set_is_explained_by_the_evaluation():
    for act in (
        lambda: run(small_net(), batches(6), []),
        lambda: evaluate_accuracy_gpu(small_net(), []),
    ):
        with pytest.raises(SettingError, match="no example to measure on") as caught:
            act()
        assert "数据集是空的" in caught.value.words.zh


# Same seed, same machine


def test_another_process_gets_the_same_numbers_to_the_last_bit():
    source = (
        "import json, sys; from tests.tiny_training import one_epoch; "
        "print(json.dumps([one_epoch(), 'torch._dynamo' in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", source], cwd=ROOT, capture_output=True, check=True)
    theirs, slow = json.loads(done.stdout)
    assert theirs == one_epoch()
    assert not slow  # what torch.optim loads, for a second; the first run begins without it
