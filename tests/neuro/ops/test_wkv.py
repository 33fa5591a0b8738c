"""The WKV recurrence: the published figures, and every back end beside the definition."""

import pytest
import torch
from helpers.cuda import ARCHITECTURES, launch_on_cpu, needs_compiler, needs_nvrtc, resources
from helpers.neuro_fixtures import golden

from axonal.neuro.ops.wkv import WKVState, _op, cuda, wkv

pytest.importorskip("numba")

DOUBLE = torch.float64


def arguments(steps=37, batch=2, channels=5, scale=1.0, dtype=DOUBLE):
    generator = torch.Generator().manual_seed(steps)

    def draw(*shape, by=1.0):
        return by * torch.randn(shape, generator=generator, dtype=DOUBLE)

    given = (
        draw(steps, batch, channels, by=scale), draw(steps, batch, channels),
        -draw(channels).exp(), draw(channels, by=scale),
        draw(batch, channels), draw(batch, channels).exp(), draw(batch, channels, by=scale),
    )  # fmt: skip
    return tuple(a.to(dtype).requires_grad_() for a in given)


def run(backend, given, told=("y", "p", "q", "o")):
    """Outputs and all gradients, for random cotangents on the outputs that are told."""
    y, state = wkv(*given[:4], WKVState(*given[4:]), backend=backend)
    outputs = dict(zip(("y", "p", "q", "o"), (y, *state), strict=True))
    generator = torch.Generator().manual_seed(1)
    cotangents = [torch.randn(a.shape, generator=generator).to(a.dtype) for a in outputs.values()]
    loss = sum(
        (a * g).sum()
        for (name, a), g in zip(outputs.items(), cotangents, strict=True)
        if name in told
    )
    return *outputs.values(), *torch.autograd.grad(loss, given, materialize_grads=True)


def assert_close(mine, definition, tolerance):
    for one, other in zip(mine, definition, strict=True):
        atol = tolerance * float(other.detach().abs().max())
        torch.testing.assert_close(one, other, rtol=tolerance, atol=atol)


@pytest.mark.parametrize("backend", ["reference", "cpu"])
def test_outputs_and_gradients_are_those_of_the_published_kernels(backend):
    z = golden("spikegpt/spikegpt_reference.npz")
    names = ("wkv_k", "wkv_v", "wkv_time_decay", "wkv_time_first")
    leaves = [z[name].to(DOUBLE).requires_grad_() for name in names]
    k, v, decay, first = leaves
    y, _ = wkv(k.transpose(0, 1), v.transpose(0, 1), -decay.exp(), first, backend=backend)
    y = y.transpose(0, 1)
    grads = torch.autograd.grad(y, leaves, z["wkv_gy"].to(DOUBLE))
    wanted = [z[name] for name in ("wkv_gk", "wkv_gv", "wkv_g_time_decay", "wkv_g_time_first")]
    assert_close((y, *grads), (z["wkv_y"], *wanted), 1e-12)


@pytest.mark.parametrize("told", [("y",), ("y", "p", "q", "o"), ("o",)], ids="-".join)
@pytest.mark.parametrize(("steps", "scale"), [(1, 1.0), (16, 1.0), (37, 1.0), (37, 40.0)])
def test_compiled_loops_equal_the_definition(steps, scale, told):
    given = arguments(steps, scale=scale)
    assert_close(run("cpu", given, told), run("reference", given, told), 1e-11)


def test_single_precision_is_as_near_as_its_rounding():
    given = arguments(50, 3, 300, dtype=torch.float32)
    double = tuple(a.detach().double().requires_grad_() for a in given)
    exact = [a.float() for a in run("reference", double, ("y",))]
    assert_close(run("cpu", given, ("y",)), exact, 2e-5)


@pytest.mark.parametrize("backend", ["reference", "cpu"])
def test_any_split_of_a_sequence_gives_the_same_bits(backend):
    k, v, w, u, *_ = arguments(40, dtype=torch.float32)
    whole, end = wkv(k, v, w, u, backend=backend)
    for cuts in ((7, 33), (1,) * 40):
        state, parts = None, []
        for k_c, v_c in zip(k.split(cuts), v.split(cuts), strict=True):
            y, state = wkv(k_c, v_c, w, u, state, backend=backend)
            parts.append(y)
        assert torch.equal(torch.cat(parts), whole)
        assert all(map(torch.equal, state, end))


def test_it_equals_the_closed_form_and_no_weight_overflows():
    k, v, w, u, *_ = (a.detach() for a in arguments(12))
    for shift in (0.0, 1e4, -1e4):
        y, _ = wkv(k + shift, v, w, u, backend="cpu")
        for t in range(12):
            ages = torch.arange(t - 1, -1, -1, dtype=DOUBLE)[:, None, None]
            weights = torch.cat((k[:t] + ages * w, (u + k[t])[None])).softmax(0)
            # k + 1e4 itself is rounded to a few 1e-12
            torch.testing.assert_close(y[t], (weights * v[: t + 1]).sum(0), rtol=0, atol=1e-10)


def test_it_is_an_operator_as_torch_wants_one():
    given = arguments(4)
    torch.library.opcheck(torch.ops.axonal.wkv.default, (*given, True))


@pytest.mark.parametrize(
    ("place", "name", "shape"),
    [(1, "v", (37, 2, 4)), (2, "w", (1,)), (3, "u", (4,)), (5, "q", (2, 1))],
)
def test_tensors_of_another_shape_are_refused(place, name, shape):
    given = list(arguments())
    given[place] = torch.zeros(shape, dtype=DOUBLE)
    with pytest.raises(ValueError, match=f"wkv expects {name} "):
        wkv(*given[:4], WKVState(*given[4:]), backend="cpu")


@needs_compiler
@pytest.mark.parametrize("steps", [1, 16, 37])
def test_kernels_for_gpus_equal_the_definition_as_cpp(monkeypatch, steps):
    given = arguments(steps, 3, 47)
    definition = run("reference", given)
    monkeypatch.setattr(cuda, "launch", launch_on_cpu)
    monkeypatch.setattr(_op, "on_gpu", lambda x: True)
    assert_close(run("cpu", given), definition, 1e-11)


@needs_nvrtc
@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
def test_kernels_for_gpus_compile_without_spills(backward, dtype, arch):
    name = "wkv_backward" if backward else "wkv_forward"
    choices = cuda.choices(backward=backward)
    registers, spilled = resources(cuda.FILES, name, dtype, arch, choices, contract=backward)
    assert spilled == 0
    assert registers <= 128
