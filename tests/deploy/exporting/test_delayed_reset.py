"""Resets one step late and no reset at all: by hand, and against a neuron that resets at once."""

import itertools

import pytest
import torch
from helpers.lif import OTHERS, arguments, gradients

from axonal import deploy, neuro
from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops.lif import lif
from axonal.neuro.ops.recurrent_lif import recurrent_lif
from axonal.neuro.surrogates._surrogate import spike

BOTH = ("cpu", "reference")


def sequence(*values):
    return torch.tensor(values, dtype=torch.float64).reshape(-1, 1, 1)


def test_the_threshold_is_subtracted_from_the_next_step():
    neuron = neuro.LIF(1, 2.0, decay="euler", reset="delayed").double()
    # 1.5; 0.75 + 0.5 - 1; 0.125 + 2.5 fires; 1.3125 + 0 - 1
    spikes, state = neuron(sequence(1.5, 0.5, 2.5, 0.0))
    assert spikes.flatten().tolist() == [1, 0, 1, 0]
    assert state.v.item() == 0.3125


def test_a_potential_far_above_the_threshold_is_taken_down_step_by_step():
    spikes, state = neuro.IF(1, reset="delayed").double()(sequence(3.5, 0, 0, 0, 0))
    assert spikes.flatten().tolist() == [1, 1, 1, 0, 0]
    assert state.v.item() == 0.5


def test_without_a_reset_a_neuron_fires_as_long_as_it_is_above_its_threshold():
    neuron = neuro.LIF(1, 2.0, decay="euler", reset="none").double()
    spikes, state = neuron(sequence(4.0, 0, 0, 0))
    assert spikes.flatten().tolist() == [1, 1, 1, 0]
    assert state.v.item() == 0.5


@pytest.mark.parametrize(
    ("surrogate", "alpha", "decay_input", "detach"),
    [
        *(("atan", 2.0, *choice) for choice in itertools.product((True, False), repeat=2)),
        *((*other, k % 2 == 0, False) for k, other in enumerate(OTHERS)),
    ],
)
def test_spikes_and_gradients_are_those_of_a_raised_neuron_that_resets_at_once(
    surrogate, alpha, decay_input, detach
):
    # v = h - (threshold / d) s and u = v + threshold / d - threshold:
    # see deploy/exporting/delayed_reset.py
    x, v, _, decay, threshold = arguments(40, True, 0)
    settings = {
        "decay_input": decay_input, "detach_reset": detach, "surrogate": surrogate, "alpha": alpha
    }  # fmt: skip
    late = lif(x, v, None, decay, threshold, Convention(reset="delayed", **settings))
    extra = threshold / decay - threshold
    share = 1 if decay_input else 1 - decay
    due = spike(v - threshold, surrogate, alpha)
    due = due.detach() if detach else due
    assert due.any()
    raised = lif(
        x + share * extra,
        v - threshold / decay * due + extra,
        None,
        decay,
        threshold / decay,
        Convention(reset="subtract", **settings),
    )
    assert torch.equal(late[0], raised[0]) and 50 < late[0].sum() < late[0].numel() - 50
    before_reset = raised[1] - extra + threshold / decay * raised[0][-1]
    torch.testing.assert_close(late[1], before_reset, rtol=0, atol=1e-12)
    given = (x, v, decay, threshold)
    for mine, other in zip(
        gradients(late[:1], given, [1]), gradients(raised[:1], given, [1]), strict=True
    ):
        torch.testing.assert_close(mine, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("reset", ["delayed", "none"])
def test_layers_run_every_reset_in_compiled_loops(reset):
    torch.manual_seed(1)
    x = torch.rand(40, 3, 5, dtype=torch.float64) * 2
    settings = {"reset": reset, "decay_input": True, "detach_reset": False}
    for make in (neuro.LIF, neuro.CuBaLIF):
        spikes = [make(5, 3.0, backend=b, **settings).double()(x)[0] for b in BOTH]
        assert torch.equal(*spikes) and spikes[0].any()


@pytest.mark.parametrize("reset", ["delayed", "none"])
@pytest.mark.parametrize("backend", ["cpu", "cuda"])
def test_a_back_end_without_the_reset_is_refused(reset, backend):
    x, v, _, decay, threshold = arguments(3, False, 0, shape=(2, 4))
    message = f'no compiled form of reset="{reset}" for backend="{backend}"'
    with pytest.raises(ValueError, match=message):
        lif(x, v, None, decay, threshold, Convention(reset=reset), backend=backend)
    weight = torch.eye(4, dtype=torch.float64)
    with pytest.raises(ValueError, match=message):
        recurrent_lif(
            x, v, v, None, weight, None, decay, threshold, Convention(reset=reset), backend=backend
        )


def test_refractory_steps_beside_a_delayed_reset_are_refused():
    with pytest.raises(ValueError, match=r'reset="delayed" expects refractory = 0 .*, got 2'):
        neuro.LIF(3, reset="delayed", refractory=2)


def test_a_loop_of_neurons_that_reset_late_equals_a_loop_over_steps():
    torch.manual_seed(0)
    body, back = neuro.LIF(6, 5.0, reset="delayed"), neuro.Linear(6, 6)
    loop = neuro.Recurrent(body, back)
    x = torch.rand(30, 3, 6)
    spikes, _ = loop(x)
    s, state, stepped = torch.zeros(3, 6), None, []
    for x_t in x:
        s, state = body.step(x_t + back(s[None])[0], state)
        stepped.append(s)
    assert torch.equal(spikes, torch.stack(stepped)) and spikes.sum() > 20


def test_a_potential_exactly_at_the_threshold_fires_in_the_graph_as_well():
    neuron = neuro.LIF(2, 10.0, threshold=[1.0, 1.0000001], reset="delayed")
    x = torch.tensor([1.0, 0, 0, 0, 1.0, 1.0, 1.0]).reshape(-1, 1, 1).expand(-1, 1, 2)
    graph = deploy.export(neuro.Sequential({"n": neuron}), dt=1e-3, inputs=x)
    result = deploy.verify(graph)
    assert result.passed, str(result)
    assert graph.golden.spikes["n"][0, 0].tolist() == [True, False]


def test_what_is_never_reset_is_refused_by_the_graph():
    net = neuro.Sequential({"n": neuro.LIF(2, reset="none")})
    with pytest.raises(deploy.ExportError, match=r'n \(LIF\): reset="none" has no event-driven'):
        deploy.export(net, dt=1e-3)
