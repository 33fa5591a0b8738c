"""The LIF kernel without a GPU: what it computes as C++, and that it compiles without spills."""

import itertools

import pytest
import torch
from helpers.cuda import ARCHITECTURES, launch_on_cpu, needs_compiler, needs_nvrtc, resources
from helpers.lif import ATAN, CONVENTIONS, arguments, gradients

from axonal.neuro.ops._convention import PLAIN, Convention
from axonal.neuro.ops._gradients import Learns
from axonal.neuro.ops._neuron import Neuron, State
from axonal.neuro.ops._neuron_cuda import macros
from axonal.neuro.ops.lif import _op, cuda, lif
from axonal.neuro.ops.lif._kept import CHECKPOINTS, CUDA_SEGMENT, NOTHING, Kept
from axonal.neuro.ops.lif._op import lif_backward, lif_saving


@pytest.fixture(params=[1, 2, 4])
def wide(request, monkeypatch):
    """Run kernels on the CPU, with as many cells a thread as rows allow, up to this many."""
    monkeypatch.setattr(cuda, "launch", launch_on_cpu)
    monkeypatch.setattr(_op, "on_gpu", lambda x: True)

    def width(cells, widest, *tensors):
        while cells % widest:
            widest //= 2
        return min(widest, request.param)

    monkeypatch.setattr(cuda, "width", width)
    return request.param


def kernel(given, choices):
    """Outputs and gradients of the kernel, for the cotangents of `gradients`."""
    x, v, wait, decay, threshold = (None if a is None else a.detach() for a in given)
    learns = Learns(given[3].requires_grad, given[4].requires_grad)
    neuron = Neuron(decay, threshold, Convention(**choices))
    state = State(v, torch.empty(0, dtype=torch.int32) if wait is None else wait)
    *outputs, saved, waits = lif_saving(x, state, neuron, CHECKPOINTS)
    generator = torch.Generator().manual_seed(1)
    g_spikes, g_v = (
        torch.randn(y.shape, generator=generator, dtype=torch.float64).to(y.dtype)
        for y in outputs[:2]
    )
    kept = Kept(saved, waits)
    grads = lif_backward(g_spikes, g_v, x, kept, neuron, CHECKPOINTS, learns)
    return outputs, [g for g, learnt in zip(grads, (True, True, *learns), strict=True) if learnt]


def assert_parity(given, choices, tolerance):
    exact = lif(*given, Convention(**choices), backend="reference")
    wanted = gradients(exact[:2], given, (1, 1))
    outputs, grads = kernel(given, choices)
    assert torch.equal(outputs[0], exact[0])
    assert torch.equal(outputs[1], exact[1])
    assert exact[2] is None or torch.equal(outputs[2], exact[2])
    for mine, definition in zip(grads, wanted, strict=True):
        atol = tolerance * float(definition.abs().max()) if definition.numel() else 0.0
        torch.testing.assert_close(mine, definition, rtol=tolerance, atol=atol)
    return float(exact[0].detach().sum())


@needs_compiler
@pytest.mark.parametrize("wide", [2], indirect=True)
@pytest.mark.parametrize("choices", CONVENTIONS)
def test_every_convention_equals_the_definition(choices, wide):
    fired = 0.0
    for steps, shape in ((1, (3, 4)), (CUDA_SEGMENT + 1, (3, 4)), (50, (2, 4))):
        given = arguments(steps, steps > 1, choices["refractory"], shape=shape, dtype=torch.float32)
        fired += assert_parity(given, choices, 1e-5)
        fixed = (*given[:3], given[3].detach(), given[4].detach())
        assert_parity(fixed, choices, 1e-5)
    assert fired > 20


@needs_compiler
@pytest.mark.parametrize("steps", [1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48])
@pytest.mark.parametrize("wide", [4], indirect=True)
def test_every_length_fits_the_segments(steps, wide):
    # 130 cells are more than a block of threads, and no multiple of four
    for shape in ((2, 65), (1, 4), (1, 1)):
        given = arguments(steps, True, 3, shape=shape)
        assert_parity(given, {"refractory": 3, "decay_input": True}, 1e-12)


@needs_compiler
def test_wide_rows_and_learnt_values_of_one_kind(wide):
    for learns in itertools.product((True, False), repeat=2):
        x, v, wait, decay, threshold = arguments(20, True, 2, shape=(3, 172))
        decay, threshold = (
            p if learnt else p.detach()
            for p, learnt in zip((decay, threshold), learns, strict=True)
        )
        choices = {"decay_input": True, "reset": "subtract", "detach_reset": False, "refractory": 2}
        assert_parity((x, v, wait, decay, threshold), choices, 1e-12)


@needs_compiler
def test_half_precision_is_computed_in_single(wide):
    x, v, _, decay, threshold = arguments(40, True, 0, shape=(3, 8), dtype=torch.float32)
    x = x.detach().half()
    full = (x.float().requires_grad_(), v, None, decay, threshold)
    exact = lif(*full, PLAIN, backend="reference")
    wanted = gradients(exact[:2], full, (1, 1))
    # g_x reaches the kernel in half precision, as its cotangent does
    outputs, grads = kernel((x.requires_grad_(), v, None, decay, threshold), ATAN)
    assert outputs[0].dtype == grads[0].dtype == torch.float16
    assert outputs[1].dtype == grads[1].dtype == torch.float32
    assert torch.equal(outputs[0].float(), exact[0])
    assert torch.equal(outputs[1], exact[1])
    for mine, definition in zip(grads, wanted, strict=True):
        torch.testing.assert_close(mine.float(), definition, rtol=2e-3, atol=2e-3)


@needs_compiler
@pytest.mark.parametrize("wide", [1], indirect=True)
@pytest.mark.parametrize("shape", [(0, 4), (3, 0)])
def test_nothing_at_all(shape, wide):
    assert_parity(arguments(7, False, 0, shape=shape, dtype=torch.float32), ATAN, 1e-5)


@needs_compiler
@pytest.mark.parametrize("wide", [1], indirect=True)
def test_a_forward_pass_alone_saves_nothing(wide):
    x, v, _, decay, threshold = (None if a is None else a.detach() for a in arguments(9, True, 0))
    state = State(v, v.new_empty(0).int())
    *_, saved, waits = lif_saving(x, state, Neuron(decay, threshold), NOTHING)
    assert saved.numel() == waits.numel() == 0


@needs_compiler
@pytest.mark.parametrize("wide", [1], indirect=True)
def test_values_are_spread_over_neurons_and_wrong_shapes_refused(wide):
    x = torch.rand(9, 2, 3, 4) * 3
    v, decay, one = torch.zeros(2, 3, 4), torch.tensor([[0.2], [0.5], [0.9]]), torch.tensor(1.0)
    exact = lif(x, v, None, decay, one, backend="reference")[0]
    state, neuron = State(v, torch.empty(0, dtype=torch.int32)), Neuron(decay, one)
    spikes, *_ = lif_saving(x, state, neuron, NOTHING)
    assert torch.equal(spikes, exact)
    with pytest.raises(ValueError, match=r"lif expects v \(2, 3, 4\), got \(3, 4\)"):
        lif_saving(x, state._replace(v=v[0]), neuron, NOTHING)


HEAVY = macros(Convention(True, "subtract", False, 2, "sigmoid"), backward=True)
LIGHT = macros(PLAIN, backward=True)
HELD = macros(Convention(detach_reset=False, refractory=2), backward=True)
# with the most registers that each may take
VARIANTS = {
    "forward": ("lif_forward", HEAVY | {"WIDTH": 4}, 64),
    "backward": ("lif_backward", LIGHT | {"WIDTH": 2, "LEARNS_DECAY": 0}, 96),
    "backward-refractory": ("lif_backward", HELD | {"WIDTH": 1, "LEARNS_DECAY": 0}, 144),
    "backward-heavy": ("lif_backward", HEAVY | {"WIDTH": 2, "LEARNS_DECAY": 0}, 160),
    "backward-learns": ("lif_backward", LIGHT | {"WIDTH": 1, "LEARNS_DECAY": 1}, 128),
    "backward-all": ("lif_backward", HEAVY | {"WIDTH": 1, "LEARNS_DECAY": 1}, 192),
}


@needs_nvrtc
@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("variant", VARIANTS)
def test_it_compiles_without_spills(variant, dtype, arch, record_property):
    name, choices, most = VARIANTS[variant]
    choices = {"BACKWARD": int(name == "lif_backward"), **choices}
    choices["LEARNS_THRESHOLD"] = choices.get("LEARNS_DECAY", 0)
    registers, spilled = resources(cuda.FILES, name, dtype, arch, choices)
    record_property("registers", registers)
    assert spilled == 0
    assert registers <= most
