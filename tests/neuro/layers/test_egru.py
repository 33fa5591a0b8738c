"""Event-based gated units as a layer."""

import numpy as np
import pytest
import torch
from helpers import needs

from axonal import neuro


def _official(**settings):
    z = np.load(needs.data("fixtures") / "egru" / "egru_reference.npz")
    names = ("kernel", "recurrent_kernel", "bias", "recurrent_bias", "thr")
    checkpoint = {name: torch.from_numpy(z[f"A_{name}"]) for name in names}
    return neuro.EGRU.from_official(checkpoint, **settings), z


def test_a_checkpoint_of_the_original_gives_its_outputs_trace_and_events():
    layer, z = _official()
    y0 = torch.from_numpy(z["A_y0"][0])
    y, state = layer(torch.from_numpy(z["A_x"]), neuro.EGRUState(y0, torch.zeros_like(y0)))
    trace, _ = neuro.LeakyIntegrator(7, 10.0, decay="euler", decay_input=True)(y)
    assert np.array_equal((y != 0).numpy(), z["A_o"] != 0)
    for got, name in ((y, "A_y"), (trace, "A_trace")):
        np.testing.assert_allclose(got.detach().numpy(), z[name], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(state.c.detach().numpy(), z["A_h"][-1], rtol=1e-5, atol=1e-6)


def test_a_state_is_carried_whole_unless_the_original_is_asked_for():
    x = torch.rand(12, 2, 4)
    layer = neuro.EGRU(4, 6)
    whole, _ = layer(x)
    first, state = layer(x[:5])
    assert torch.equal(whole, torch.cat((first, layer(x[5:], state)[0])))
    layer.official = True
    forgotten = layer(x[5:], state)[0]
    assert torch.equal(forgotten, layer(x[5:], state._replace(c=torch.zeros(2, 6)))[0])
    assert not torch.equal(forgotten, whole[5:])


def test_zoneout_keeps_the_state_in_training_and_mixes_it_afterwards():
    torch.manual_seed(0)
    layer = neuro.EGRU(1, 500, zoneout=0.5)
    with torch.no_grad():
        for parameter in (layer.weight_in, layer.weight):
            parameter.zero_()
        layer.bias_in[1000:] = 0.2  # g
        layer.threshold_level.fill_(1.0)  # none is heard
    x = torch.zeros(1, 1, 1)
    change = 0.5 * torch.tanh(torch.tensor(0.2))
    c = layer(x)[1].c
    assert ((c == 0) | torch.isclose(c, change)).all() and 0.4 < (c == 0).float().mean() < 0.6
    torch.testing.assert_close(layer.eval()(x)[1].c, (change / 2).expand(1, 500))


def test_thresholds_begin_with_their_distribution_and_are_read_as_cut():
    torch.manual_seed(0)
    # few units each: a recurrent kernel has three times their square
    layers = [neuro.EGRU(1, 500, threshold_mean=0.2) for _ in range(40)]
    level = torch.cat([layer.threshold_level.detach() for layer in layers])
    assert abs(level.mean() - 0.2) < 0.005 and abs(level.std() - 0.183) < 0.005
    small = neuro.EGRU(2, 2)
    with torch.no_grad():
        small.threshold_level.copy_(torch.tensor([-0.5, 1.5]))
    assert small.threshold.tolist() == [0.0, 1.0]
    assert torch.autograd.grad(small.threshold.sum(), small.threshold_level)[0].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"threshold_mean": -0.2465}, r"EGRU expects threshold_mean in \(0, 1\), got -0.2465"),
        ({"support": 0}, "EGRU expects support > 0, got 0"),
        ({"zoneout": 1.0}, r"EGRU expects zoneout in \[0, 1\), got 1.0"),
        ({"backend": "gpu"}, "EGRU knows the backends auto, reference, cpu; got 'gpu'"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        neuro.EGRU(2, 3, **settings)


def test_a_checkpoint_of_something_else_is_refused():
    with pytest.raises(ValueError, match=r"misses recurrent_kernel, .* and has weight"):
        neuro.EGRU.from_official({"kernel": torch.zeros(2, 9), "weight": torch.zeros(1)})
    _, z = _official()
    names = ("recurrent_kernel", "bias", "recurrent_bias", "thr")
    given = {name: torch.from_numpy(z[f"A_{name}"]) for name in names}
    with pytest.raises(ValueError, match=r"expects kernel of shape \(5, 21\).*got \(5, 20\)"):
        neuro.EGRU.from_official({"kernel": torch.zeros(5, 20), **given})
