"""The kernels of event-driven neurons without a GPU: as C++, and compiled without spills."""

import pytest
import torch
from helpers.cuda import ARCHITECTURES, launch_on_cpu, needs_compiler, needs_nvrtc, resources
from helpers.eventprop import arguments

from axonal.neuro.ops.eventprop_lif import _op, cuda, eventprop_lif, eventprop_readout

pytest.importorskip("numba")


@pytest.fixture
def on_the_cpu(monkeypatch):
    """Kernels in the place of the compiled loops."""
    monkeypatch.setattr(cuda, "launch", launch_on_cpu)
    monkeypatch.setattr(_op, "on_gpu", lambda x: True)


def cotangent(y):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(y.shape, generator=generator, dtype=torch.float64).to(y.dtype)


def fired(events, parameters, backend):
    spikes = eventprop_lif(events, **parameters, backend=backend)
    weighed = torch.where(spikes.valid, spikes.times, 0.0) * cotangent(spikes.times)
    return spikes, torch.autograd.grad(weighed.sum(), [events.times, *parameters.values()])


def read(events, parameters, backend):
    v = eventprop_readout(events, **parameters, backend=backend)
    return v, torch.autograd.grad(v, [events.times, *parameters.values()], cotangent(v))


def assert_close(mine, exact, tolerance):
    for g, definition in zip(mine, exact, strict=True):
        scale = float(definition.detach().abs().max()) if definition.numel() else 0.0
        torch.testing.assert_close(g, definition, rtol=tolerance, atol=tolerance * (1 + scale))


@needs_compiler
@pytest.mark.usefixtures("on_the_cpu")
@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("refractory", [0, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_kernels_equal_the_definition(loop, refractory, dtype):
    tolerance = 1e-11 if dtype == torch.float64 else 2e-4
    for steps, batch, sources, targets in ((1, 1, 3, 2), (63, 3, 5, 47)):
        given = arguments(
            steps, batch, sources, targets, loop=loop, refractory=refractory, dtype=dtype
        )
        (mine, grads), (exact, wanted) = (fired(*given, way) for way in ("cpu", "reference"))
        assert torch.equal(mine.times, exact.times)
        assert torch.equal(mine.indices, exact.indices)
        assert_close(grads, wanted, tolerance)
    assert mine.counts.max() > 100


@needs_compiler
@pytest.mark.usefixtures("on_the_cpu")
def test_the_kernels_of_a_readout_equal_the_definition():
    events, parameters = arguments(50, 3, 5, 47)
    parameters = {n: parameters[n] for n in ("weight", "delay", "tau", "tau_synapse")}
    (mine, grads), (exact, wanted) = (read(events, parameters, way) for way in ("cpu", "reference"))
    assert_close([mine, *grads], [exact, *wanted], 1e-11)


@needs_compiler
@pytest.mark.usefixtures("on_the_cpu")
@pytest.mark.parametrize("name", ["weight", "times", "tau"])
def test_gradients_of_one_argument_alone(name):
    events, parameters = arguments(40, 2, 4, 5, loop=True)
    whole = dict(zip(["times", *parameters], fired(events, parameters, "cpu")[1], strict=True))
    alone = {n: a.detach().clone() for n, a in parameters.items()}
    times = events.times.detach().clone()
    leaf = (alone | {"times": times})[name].requires_grad_()
    spikes = eventprop_lif(events._replace(times=times), **alone, backend="cpu")
    weighed = torch.where(spikes.valid, spikes.times, 0.0) * cotangent(spikes.times)
    assert torch.equal(torch.autograd.grad(weighed.sum(), leaf)[0], whole[name])


@needs_compiler
@pytest.mark.usefixtures("on_the_cpu")
def test_no_spike_and_no_sample_at_all():
    events, parameters = arguments(9, 2, 4, 5, loop=True, rate=0.0)
    assert fired(events, parameters, "cpu")[0].times.shape == (2, 0)
    none = events._replace(
        times=torch.zeros(0, 3).double().requires_grad_(), indices=torch.zeros(0, 3).long(),
        counts=torch.zeros(0).long(),
    )  # fmt: skip
    spikes, grads = fired(none, parameters, "cpu")
    assert spikes.times.shape == (0, 0)
    assert not any(g.any() for g in grads)


@needs_nvrtc
@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("part", ["run", "held", "back", "synapses", "times"])
def test_they_compile_without_spills(part, dtype, arch, record_property):
    number = getattr(cuda, {"run": "RUN", "held": "HELD", "back": "BACK"}.get(part, part.upper()))
    choices = {"LOOP": 1, "FIRES": 1, "KEEPS": 1, "DECAYS": 1, "PART": number, "WIDTH": 1}
    registers, spilled = resources(cuda.FILES, f"eventprop_{part}", dtype, arch, choices)
    record_property("registers", registers)
    assert spilled == 0
    assert registers <= 128
