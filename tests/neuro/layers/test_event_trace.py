"""What gated units did, told from outside: rates, sparsity of gradients, a penalty."""

import pytest
import torch

from axonal import neuro


def _traced(**settings):
    torch.manual_seed(0)
    layer = neuro.EGRU(3, 6, **settings).double()
    x = torch.randn(9, 4, 3, dtype=torch.float64)
    with neuro.event_traces(layer) as seen:
        y, _ = layer(x)
    (trace,) = seen[""]
    return layer, x, y, trace


@pytest.mark.parametrize("support", [1.0, 3.6])
def test_rate_and_sparsity_are_those_of_states_written_out(support):
    layer, x, y, trace = _traced(support=support)
    c, state, silent, flat = torch.zeros(4, 6, dtype=torch.float64), None, [], []
    for x_t, y_t in zip(x, y, strict=True):
        _, state = layer.step(x_t, state)
        h = torch.where(y_t != 0, y_t, state.c)  # what is heard is the state before its reset
        silent.append(y_t == 0)
        flat.append((h - layer.threshold).abs() >= 1 / support)
        c = state.c
    assert torch.equal(trace.c[-1], c)
    rate = 1 - torch.stack(silent).double().mean()
    torch.testing.assert_close(trace.event_rate(), rate)
    torch.testing.assert_close(trace.backward_sparsity(), torch.stack(flat).double().mean())
    assert 0 < rate < 1


def test_the_penalty_is_its_formula_and_falls_along_its_gradient():
    layer, x, _, trace = _traced()
    value = trace.penalty(0.1, 0.2)
    rate = trace.event_rate()
    expected = (rate - 0.1) ** 2 + (trace.c - layer.threshold + 0.2).mean()
    torch.testing.assert_close(value, expected)
    value.backward()
    assert (layer.threshold_level.grad < 0).all()  # higher thresholds, less activity
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter -= 0.05 * parameter.grad
    with neuro.event_traces(layer) as seen:
        layer(x)
    assert seen[""][0].penalty(0.1, 0.2) < value


def test_layers_of_a_network_are_watched_for_as_long_as_the_block_lasts():
    net = neuro.Sequential({"a": neuro.EGRU(3, 4), "b": neuro.EGRU(4, 2), "c": neuro.Linear(2, 2)})
    with neuro.event_traces(net) as seen:
        net(torch.rand(5, 2, 3))
        net(torch.rand(5, 2, 3))
    net(torch.rand(5, 2, 3))
    assert {path: len(traces) for path, traces in seen.items()} == {"a": 2, "b": 2}
    assert seen["b"][1].y.shape == (5, 2, 2)
    with pytest.raises(ValueError, match="rate from 0 to 1 events per step, got 2"):
        seen["a"][0].penalty(2)
