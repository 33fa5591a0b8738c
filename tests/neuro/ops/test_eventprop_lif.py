"""Event-driven neurons on a grid: loops equal the definition, spikes equal those of the layers."""

import pytest
import torch
from helpers.eventprop import arguments
from hypothesis import given, settings
from hypothesis import strategies as st

from axonal import neuro
from axonal.neuro.events import Events
from axonal.neuro.ops.eventprop_lif import eventprop_lif, eventprop_readout

pytest.importorskip("numba")


def cotangent(y):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(y.shape, generator=generator, dtype=torch.float64).to(y.dtype)


def run(backend, events, parameters):
    """Spikes, and the gradients of all arguments, for a random cotangent of the times."""
    spikes = eventprop_lif(events, **parameters, backend=backend)
    leaves = [events.times, *parameters.values()]
    weighed = torch.where(spikes.valid, spikes.times, 0.0) * cotangent(spikes.times)
    return spikes, torch.autograd.grad(weighed.sum(), leaves)


def assert_parity(events, parameters, tolerance=1e-11):
    (mine, grads), (exact, wanted) = (
        run(backend, events, parameters) for backend in ("cpu", "reference")
    )
    assert torch.equal(mine.times, exact.times)
    assert torch.equal(mine.indices, exact.indices)
    assert torch.equal(mine.counts, exact.counts)
    for name, g, definition in zip(["times", *parameters], grads, wanted, strict=True):
        scale = float(definition.abs().max()) if definition.numel() else 0.0
        torch.testing.assert_close(
            g, definition, rtol=tolerance, atol=tolerance * (1 + scale), msg=name
        )
    return mine, grads


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("refractory", [0, 3])
@pytest.mark.parametrize(("steps", "batch", "sources", "targets"), [(1, 1, 3, 2), (63, 3, 5, 7)])
def test_the_compiled_loops_equal_the_definition(loop, refractory, steps, batch, sources, targets):
    given = arguments(steps, batch, sources, targets, loop=loop, refractory=refractory)
    spikes, grads = assert_parity(*given)
    if steps > 1:
        assert spikes.counts.max() > 20
        moving = [g for name, g in zip(["times", *given[1]], grads, strict=True)]
        assert all(g.abs().sum() > 0 for g in moving[:6])


def test_single_precision():
    assert_parity(*arguments(63, 3, 5, 7, loop=True, dtype=torch.float32), tolerance=2e-4)


@settings(max_examples=15)
@given(
    st.integers(1, 40), st.integers(1, 4), st.integers(1, 6), st.integers(1, 20), st.booleans(),
    st.integers(0, 4),
)  # fmt: skip
def test_every_size(steps, batch, sources, targets, loop, refractory):
    assert_parity(*arguments(steps, batch, sources, targets, loop=loop, refractory=refractory))


@pytest.mark.parametrize("names", [["weight"], ["times"], ["tau"], ["feedback_delay"], []])
def test_gradients_of_one_argument_alone(names):
    events, parameters = arguments(40, 2, 4, 5, loop=True)
    whole = dict(zip(["times", *parameters], run("cpu", events, parameters)[1], strict=True))
    alone = {name: a.detach().clone() for name, a in parameters.items()}
    times = events.times.detach().clone()
    leaves = [(alone | {"times": times})[name].requires_grad_() for name in names]
    spikes = eventprop_lif(events._replace(times=times), **alone, backend="cpu")
    assert spikes.times.requires_grad == bool(names)
    if names:
        weighed = torch.where(spikes.valid, spikes.times, 0.0) * cotangent(spikes.times)
        for name, g in zip(names, torch.autograd.grad(weighed.sum(), leaves), strict=True):
            assert torch.equal(g, whole[name])


def of_layers(steps, dtype, *, loop, refractory):
    """A network of layers in evaluation mode, and the arguments that describe it."""
    torch.manual_seed(3)
    layer = neuro.DelayedLinear(6, 8, max_delay=12).to(dtype).eval()
    cells = neuro.CuBaLIF(
        8, tau=7.3, tau_synapse=3.1, threshold=0.4, decay_input=True, refractory=refractory
    ).to(dtype)
    layers = [layer, *([back := neuro.DelayedLinear(8, 8, max_delay=6).to(dtype)] if loop else [])]
    with torch.no_grad():
        for each in layers:
            # sums of such weights are exact in any order
            each.weight.copy_((each.weight * 64).round() / 64)
        layer.weight.abs_()
    network = neuro.Sequential(layer, neuro.Recurrent(cells, back) if loop else cells).eval()
    parameters = {
        "weight": layer.weight, "delay": layer.delay, "decay": cells.decay,
        "decay_synapse": cells.decay_synapse, "threshold": cells.threshold,
        "refractory": refractory,
    }  # fmt: skip
    if loop:
        parameters |= {"feedback_weight": back.weight, "feedback_delay": 1 + back.delay}
    return network, parameters


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("refractory", [0, 2])
@pytest.mark.parametrize("backend", ["cpu", "reference"])
def test_the_spikes_are_those_of_the_layers(dtype, loop, refractory, backend):
    x = (torch.rand(150, 4, 6, generator=torch.Generator().manual_seed(2)) < 0.1).to(dtype)
    network, parameters = of_layers(150, dtype, loop=loop, refractory=refractory)
    spikes, _ = network(x)
    mine = eventprop_lif(Events.from_dense(x), **parameters, backend=backend)
    assert spikes.sum() > 200
    assert torch.equal(mine.to_dense(), spikes)
    assert mine.times.dtype == dtype


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_readout_is_that_of_the_layers(dtype):
    x = (torch.rand(90, 4, 6, generator=torch.Generator().manual_seed(2)) < 0.1).to(dtype)
    layer = neuro.DelayedLinear(6, 3, max_delay=12).to(dtype).eval()
    synapse = neuro.LeakyIntegrator(3, tau=3.0).to(dtype)
    membrane = neuro.LeakyIntegrator(3, tau=7.0, decay_input=True).to(dtype)
    wanted, _ = membrane(synapse(layer(x)[0])[0])
    given = Events.from_dense(x), layer.weight, layer.delay
    decays = {"decay": membrane.decay, "decay_synapse": synapse.decay}
    for backend in ("cpu", "reference"):
        torch.testing.assert_close(eventprop_readout(*given, **decays, backend=backend), wanted)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_gradients_of_a_readout_are_derivatives_and_equal_the_definition(dtype):
    events, parameters = arguments(50, 3, 5, 4, dtype=dtype)
    names = ("weight", "delay", "tau", "tau_synapse")
    parameters = {name: parameters[name] for name in names}
    leaves = [events.times, *parameters.values()]
    results = []
    for backend in ("cpu", "reference"):
        v = eventprop_readout(events, **parameters, backend=backend)
        g = cotangent(v)
        results.append((v, *torch.autograd.grad(v, leaves, g)))
    tolerance = 1e-11 if dtype == torch.float64 else 1e-4
    for mine, exact in zip(*results, strict=True):
        torch.testing.assert_close(mine, exact, rtol=tolerance, atol=10 * tolerance)
        assert mine.abs().sum() > 0
    if dtype == torch.float32:
        return
    # those of weights and time constants are the derivatives of the grid itself
    step = 1e-5
    for place, name in ((2 - 1, "weight"), (3, "tau"), (4, "tau_synapse")):
        direction = cotangent(parameters[name])
        ends = [
            eventprop_readout(
                events, **parameters | {name: parameters[name] + sign * step * direction}
            )
            for sign in (1, -1)
        ]
        slope = ((ends[0] - ends[1]) * g).sum() / (2 * step)
        torch.testing.assert_close(
            (results[0][1 + place] * direction).sum(), slope, rtol=1e-7, atol=1e-7
        )


def test_a_synapse_that_does_not_exist_is_one_of_weight_zero():
    events, parameters = arguments(60, 2, 6, 5, loop=True)
    mask = torch.rand(5, 6, generator=torch.Generator().manual_seed(1)) < 0.5
    parameters["weight"] = (parameters["weight"] * mask).detach().requires_grad_()
    assert_parity(events, parameters)


def test_no_spike_at_all():
    for batch in (0, 2):
        none = Events(
            torch.zeros(batch, 0), torch.zeros(batch, 0).long(), torch.zeros(batch).long(), 2, 5.0
        )
        weight, delay = torch.ones(3, 2, requires_grad=True), torch.ones(3, 2)
        for backend in ("cpu", "reference"):
            spikes = eventprop_lif(none, weight, delay, tau=5, tau_synapse=3, backend=backend)
            assert (spikes.times.shape, spikes.size) == ((batch, 0), 3)
            (g,) = torch.autograd.grad(spikes.times.sum(), weight)
            assert not g.any()
            v = eventprop_readout(none, weight, delay, tau=5, tau_synapse=3, backend=backend)
            (g,) = torch.autograd.grad(v.sum(), weight)
            assert not v.any() and not g.any()


def test_layers_chain_through_the_times_of_events():
    events, first = arguments(60, 2, 5, 6)
    _, second = arguments(60, 2, 6, 4)
    names = ("weight", "delay", "tau", "tau_synapse")
    grads = []
    for backend in ("cpu", "reference"):
        hidden = eventprop_lif(events, **first, backend=backend)
        v = eventprop_readout(hidden, **{n: second[n] for n in names}, backend=backend)
        loss = v.mean(0).logsumexp(-1).sum()
        grads.append(torch.autograd.grad(loss, [events.times, first["weight"], first["delay"]]))
    for mine, exact in zip(*grads, strict=True):
        assert mine.abs().sum() > 0
        torch.testing.assert_close(mine, exact, rtol=1e-10, atol=1e-12)


def test_events_of_real_times_fall_into_steps():
    weight, delay = torch.tensor([[9.0]]), torch.tensor([[1.4]])
    spikes = eventprop_lif(
        Events.of([[0.9, 3.0]], [[0, 0]], 1, 3.0), weight, delay, tau=4.0, tau_synapse=1.0,
        refractory=9,
    )  # fmt: skip
    assert spikes.times.tolist() == [[1.0]]
    assert spikes.duration == 3.0


BAD = {
    "expects Events, got Tensor": {"events": torch.zeros(3, 1, 2)},
    r"weight \[N, I\] with I = 2": {"weight": torch.ones(3, 4)},
    "delay \\(3, 2\\), got": {"delay": torch.ones(3, 3)},
    "finite weights": {"weight": torch.full((3, 2), torch.nan)},
    "delay >= 0 steps, got -3": {"delay": torch.full((3, 2), -3.0)},
    "delay >= 0 steps, got nan": {"delay": torch.full((3, 2), torch.nan)},
    "either tau or decay, and got both": {"decay": 0.5},
    "either tau or decay, and got neither": {"tau": None},
    "tau > 0 steps, got -1": {"tau": -1.0},
    "finite tau whose factor": {"tau": torch.inf},
    "finite tau_synapse whose factor": {"tau_synapse": 1e-9},
    r"tau as a scalar or \[N\] with N = 3": {"tau": torch.ones(2)},
    "threshold > 0, got 0": {"threshold": 0.0},
    "finite threshold > 0, got inf": {"threshold": torch.inf},
    "refractory >= 0 steps, got -1": {"refractory": -1},
    "one of the two": {"feedback_weight": torch.ones(3, 3)},
    "feedback_delay >= 1 steps, got 0": {
        "feedback_weight": torch.ones(3, 3), "feedback_delay": torch.zeros(3, 3)
    },
    r"feedback_weight \(3, 3\), got": {
        "feedback_weight": torch.ones(2, 2), "feedback_delay": torch.ones(2, 2)
    },
    "limit >= 1 spikes per sample": {"limit": 0},
    "sample 1 has more than limit = 8 spikes": {"limit": 8},
    "unknown backend": {"backend": "gpu"},
    "expects tensors on one GPU": {"backend": "cuda"},
}  # fmt: skip


@pytest.mark.parametrize("message", BAD)
@pytest.mark.parametrize("backend", ["cpu", "reference"])
def test_bad_input_is_refused_in_one_line(message, backend):
    events = Events.of([[1.0], [0.0, 1.0, 2.0]], [[1], [0, 1, 0]], 2, 5.0)
    good = {
        "events": events, "weight": torch.full((3, 2), 9.0), "delay": torch.ones(3, 2),
        "tau": 5.0, "tau_synapse": 3.0, "backend": backend,
    }  # fmt: skip
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        eventprop_lif(**good | BAD[message])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("backend", ["cpu", "reference"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"times": torch.tensor([[2.0, 1.0]])},
            "in order, times that never fall, got 1",
        ),
        ({"times": torch.tensor([[-2.0, 1.0]])}, "from 0 to duration = 5 steps, got -2"),
        ({"times": torch.tensor([[1.0, torch.nan]])}, "got nan in sample 0"),
        ({"times": torch.tensor([[1.0, 9.0]])}, "duration = 5 steps, got 9"),
        ({"indices": torch.tensor([[0, 2]])}, "neurons 0 to 1, got 2"),
        ({"indices": torch.tensor([[0, -1]])}, "neurons 0 to 1, got -1"),
        ({"counts": torch.tensor([3])}, r"counts from 0 to S = 2, got \[3\]"),
        ({"duration": torch.inf}, "finite duration"),
        ({"size": 3}, "with I = 3"),
    ],
)
def test_events_that_are_none_are_refused_in_one_line(backend, change, message):
    events = Events.of([[1.0, 2.0]], [[0, 1]], 2, 5.0)._replace(**change)
    with pytest.raises(ValueError, match=message) as caught:
        eventprop_lif(
            events, torch.ones(3, 2), torch.ones(3, 2), tau=5.0, tau_synapse=3.0, backend=backend
        )
    assert "\n" not in str(caught.value)


def test_a_network_that_runs_away_is_stopped_by_the_limit():
    events = Events.of([[1.0]], [[0]], 1, 100_000.0)
    with pytest.raises(ValueError, match="limit = 1000"):
        eventprop_lif(
            events, torch.full((50, 1), 99.0), torch.zeros(50, 1), tau=5.0, tau_synapse=3.0,
            feedback_weight=torch.ones(50, 50), feedback_delay=torch.ones(50, 50), limit=1000,
        )  # fmt: skip
