"""The gated scan: every back end beside the definition."""

import pytest
import torch
from helpers.cuda import ARCHITECTURES, launch_on_cpu, needs_compiler, needs_nvrtc, resources

from axonal.neuro.ops.gated_scan import _op, cuda, gated_scan

pytest.importorskip("numba")

DOUBLE = torch.float64


def arguments(steps, batch=3, channels=47, dtype=DOUBLE):
    generator = torch.Generator().manual_seed(steps)
    shapes = (steps, batch, channels), (steps, batch, channels), (batch, channels)
    return tuple(torch.randn(s, generator=generator, dtype=dtype).requires_grad_() for s in shapes)


def run(backend, given):
    y = gated_scan(*given, backend=backend)
    g = torch.randn(y.shape, generator=torch.Generator().manual_seed(1), dtype=y.dtype)
    return y, *torch.autograd.grad(y, given, g)


def assert_close(mine, definition, tolerance):
    for one, other in zip(mine, definition, strict=True):
        atol = tolerance * float(other.detach().abs().max())
        torch.testing.assert_close(one, other, rtol=tolerance, atol=atol)


@pytest.mark.parametrize(("steps", "channels"), [(1, 47), (37, 47), (3, 9000)])
def test_compiled_loops_equal_the_definition(steps, channels):
    given = arguments(steps, channels=channels)
    assert_close(run("cpu", given), run("reference", given), 1e-13)


def test_its_gradients_are_those_of_differences():
    assert torch.autograd.gradcheck(lambda *a: gated_scan(*a, backend="cpu"), arguments(5, 2, 3))


def test_any_split_of_a_sequence_gives_the_same_bits():
    x, f, h = (a.detach() for a in arguments(40, dtype=torch.float32))
    whole = gated_scan(x, f, h, backend="cpu")
    for cuts in ((7, 33), (1,) * 40):
        last, parts = h, []
        for x_c, f_c in zip(x.split(cuts), f.split(cuts), strict=True):
            parts.append(gated_scan(x_c, f_c, last, backend="cpu"))
            last = parts[-1][-1]
        assert torch.equal(torch.cat(parts), whole)


def test_it_is_an_operator_as_torch_wants_one():
    torch.library.opcheck(torch.ops.axonal.gated_scan.default, arguments(4))


@pytest.mark.parametrize(("place", "name", "shape"), [(1, "f", (37, 3, 1)), (2, "h", (47,))])
def test_tensors_of_another_shape_are_refused(place, name, shape):
    given = list(arguments(37))
    given[place] = torch.zeros(shape, dtype=DOUBLE)
    with pytest.raises(ValueError, match=f"gated_scan expects {name} "):
        gated_scan(*given, backend="cpu")


@needs_compiler
@pytest.mark.parametrize("steps", [1, 37])
def test_kernels_for_gpus_equal_the_definition_as_cpp(monkeypatch, steps):
    given = arguments(steps)
    definition = run("reference", given)
    monkeypatch.setattr(cuda, "launch", launch_on_cpu)
    monkeypatch.setattr(_op, "on_gpu", lambda x: True)
    assert_close(run("cpu", given), definition, 1e-13)


@needs_nvrtc
@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
def test_kernels_for_gpus_compile_without_spills(backward, arch):
    name = "gated_scan_backward" if backward else "gated_scan_forward"
    choices = cuda.choices(backward=backward)
    dtype = torch.bfloat16
    registers, spilled = resources(cuda.FILES, name, dtype, arch, choices, contract=backward)
    assert spilled == 0
    assert registers <= 64
