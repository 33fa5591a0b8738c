"""Decisions of a stream: after every step those of its readout rule on the steps so far."""

import pytest
import torch
from helpers.neuro import spike_train

from axonal import neuro
from axonal.neuro.network.running_readout import WHOLE

STEPS, BATCH, CLASSES = 9, 3, 4


def _outputs(rule):
    y = spike_train(3, STEPS, BATCH, CLASSES, rate=0.2)
    return y if rule == "first_spike" else y + torch.randn(y.shape, dtype=y.dtype)


@pytest.mark.parametrize("rule", WHOLE)
def test_scores_are_those_of_the_rule_on_the_steps_so_far(rule):
    y, readout = _outputs(rule), neuro.RunningReadout(rule)
    for t in range(STEPS):
        torch.testing.assert_close(readout.update(y[t]), WHOLE[rule](y[: t + 1]))
    readout.reset()
    torch.testing.assert_close(readout.update(y[5]), WHOLE[rule](y[5:6]))


@pytest.mark.parametrize("rule", WHOLE)
def test_a_window_reads_the_last_steps_only(rule):
    y, readout = _outputs(rule), neuro.RunningReadout(rule, window=3)
    for t in range(STEPS):
        assert torch.equal(readout.update(y[t]), WHOLE[rule](y[max(0, t - 2) : t + 1]))


def _net():
    torch.manual_seed(0)
    layers = {"fc": neuro.Linear(5, 8), "lif": neuro.LIF(8), "out": neuro.Linear(8, CLASSES)}
    return neuro.Sequential(layers).eval()


def test_a_stream_decides_after_every_step_as_the_whole_sequence_does():
    net, x = _net(), 3 * torch.randn(STEPS, BATCH, 5)
    stream = neuro.Streamer(net, readout="mean_over_time")
    found = list(stream.decisions(x))
    y, _ = net(x)
    for t, decision in enumerate(found):
        assert decision.step == t and decision.seconds > 0
        torch.testing.assert_close(decision.scores, y[: t + 1].mean(0))
        assert torch.equal(decision.labels, decision.scores.argmax(-1))
    stream.reset()
    again = stream.decide(x[0])
    assert again.step == 0 and torch.equal(again.scores, found[0].scores)


def test_what_cannot_decide_says_so():
    net = _net()
    with pytest.raises(ValueError, match=r"has no readout rule: write Streamer\(net, readout="):
        neuro.Streamer(net).decide(torch.zeros(1, 5))
    with pytest.raises(ValueError, match=r"knows the rules mean_over_time, .*; got 'median'"):
        neuro.Streamer(net, readout="median")
    with pytest.raises(ValueError, match="expects a readout for its window"):
        neuro.Streamer(net, window=4)
    with pytest.raises(ValueError, match="RunningReadout expects window"):
        neuro.Streamer(net, readout="max_over_time", window=0)
    picture = neuro.Lift(torch.nn.Unflatten(1, (2, 2)))
    whole = neuro.Network(torch.nn.Sequential(neuro.Linear(5, 4), picture)).eval()
    with pytest.raises(ValueError, match=r"needs one output \[B, C\] per step, got \(1, 2, 2\)"):
        neuro.Streamer(whole, readout="max_over_time").decide(torch.zeros(1, 5))
