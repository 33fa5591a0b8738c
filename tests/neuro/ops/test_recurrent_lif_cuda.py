"""The kernels of a loop of LIF neurons without a GPU: as C++, and compiled without spills."""

import pytest
import torch
from helpers.cuda import ARCHITECTURES, launch_on_cpu, needs_compiler, needs_nvrtc, resources
from helpers.lif import ATAN, CONVENTIONS
from helpers.recurrent import arguments

from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops._gradients import Learns
from axonal.neuro.ops._neuron import Neuron, State
from axonal.neuro.ops._neuron_cuda import macros
from axonal.neuro.ops.recurrent_lif import _op, cuda, recurrent_lif
from axonal.neuro.ops.recurrent_lif._feedback import Feedback
from axonal.neuro.ops.recurrent_lif._kept import Kept
from axonal.neuro.ops.recurrent_lif._op import (
    INPUT,
    NOTHING,
    POTENTIAL,
    recurrent_backward,
    recurrent_forward,
)

LEARNT = ("x", "v", "decay", "threshold")  # the other gradients are products with that of x


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch):
    monkeypatch.setattr(cuda, "launch", launch_on_cpu)
    monkeypatch.setattr(_op, "on_gpu", lambda x: True)


def cotangents(outputs):
    generator = torch.Generator().manual_seed(1)
    return [
        torch.randn(y.shape, generator=generator, dtype=torch.float64).to(y.dtype) for y in outputs
    ]


def kernels(given, choices, save, learns=(True, True)):
    """Outputs and gradients of the kernels."""
    x, before, v, weight, bias, decay, threshold = (
        None if given[name] is None else given[name].detach()
        for name in ("x", "spikes", "v", "weight", "bias", "decay", "threshold")
    )
    bias = x.new_zeros(len(weight)) if bias is None else bias
    wait = torch.empty(0, dtype=torch.int32) if given["wait"] is None else given["wait"]
    neuron = Neuron(decay, threshold, Convention(**choices))
    taken = Feedback(before, weight, bias), State(v, wait), neuron
    spikes, last, left, h = recurrent_forward(x, *taken, save)
    g_spikes, g_v = cotangents((spikes, last))
    if save == NOTHING:
        return (spikes, last, left), []
    kept = Kept(x if save == INPUT else None, spikes, h)
    grads = recurrent_backward(g_spikes, g_v, kept, *taken, Learns(*learns))
    return (spikes, last, left), grads


def assert_parity(given, choices, save, tolerance):
    exact = recurrent_lif(**given, convention=Convention(**choices), backend="reference")
    loss = sum((g * y).sum() for g, y in zip(cotangents(exact[:2]), exact[:2], strict=True))
    wanted = torch.autograd.grad(loss, [given[name] for name in LEARNT])
    outputs, grads = kernels(given, choices, save)
    assert torch.equal(outputs[0], exact[0])
    torch.testing.assert_close(outputs[1], exact[1], rtol=tolerance, atol=tolerance)
    assert exact[2] is None or torch.equal(outputs[2], exact[2])
    for name, mine, definition in zip(LEARNT, grads, wanted, strict=True):
        size = float(definition.abs().max())
        torch.testing.assert_close(
            mine, definition, rtol=tolerance, atol=tolerance * (1 + size), msg=name
        )


@needs_compiler
@pytest.mark.parametrize("choices", CONVENTIONS)
def test_every_convention_equals_the_definition(choices):
    # refractory neurons, and who learns the decay of an input that decays, keep x
    again = choices["refractory"] or choices["decay_input"]
    for steps, per_neuron in ((1, False), (17, True)):
        given = arguments(
            steps, 3, 5, per_neuron=per_neuron, refractory=choices["refractory"], bias=per_neuron
        )
        for save in (INPUT,) if again else (INPUT, POTENTIAL):
            assert_parity(given, choices, save, 1e-11)


@needs_compiler
@pytest.mark.parametrize("batch", [1, 2])
def test_single_precision_over_more_than_a_block(batch):
    choices = dict(CONVENTIONS[0].values[0])
    given = arguments(9, batch, 131, high=1.0, dtype=torch.float32)
    assert_parity(given, choices, POTENTIAL, 1e-5)
    assert kernels(given, choices, NOTHING)[0][0].any()


@needs_compiler
def test_half_precision_keeps_its_state_in_single():
    choices = dict(CONVENTIONS[0].values[0])
    given = arguments(9, 2, 7, high=1.0, dtype=torch.float32)
    full = kernels(given, choices, POTENTIAL)
    halves = {n: given[n].detach().half() for n in ("x", "spikes", "weight", "bias")}
    outputs, grads = kernels(given | halves, choices, POTENTIAL)
    assert [a.dtype for a in (*outputs[:2], *grads)] == [
        torch.float16, torch.float32, torch.float16, *[torch.float32] * 3
    ]  # fmt: skip
    # inputs and weights are multiples of 1/64, of which half precision loses none here
    assert torch.equal(outputs[0].float(), full[0][0])
    for mine, definition in zip(grads, full[1], strict=True):
        torch.testing.assert_close(mine.float(), definition, rtol=1e-2, atol=1e-2)


@needs_compiler
def test_no_sample_at_all():
    choices = dict(CONVENTIONS[0].values[0]) | ATAN
    outputs, grads = kernels(arguments(4, 0, 5), choices, POTENTIAL)
    assert outputs[0].shape == grads[0].shape == (4, 0, 5)


@needs_nvrtc
@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("part", ["step", "replay", "back"])
def test_they_compile_without_spills(part, dtype, arch, record_property):
    number = {"step": cuda.STEP, "replay": cuda.REPLAY, "back": cuda.BACK}[part]
    choices = macros(Convention(True, "subtract", False, 2, "sigmoid"), backward=True)
    choices |= {"LEARNS_DECAY": 1, "LEARNS_THRESHOLD": 1, "PART": number, "WIDTH": 1}
    registers, spilled = resources(cuda.FILES, f"recurrent_lif_{part}", dtype, arch, choices)
    record_property("registers", registers)
    assert spilled == 0
    assert registers <= 64
