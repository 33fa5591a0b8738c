"""Event-based gated units against the original's figures and their definition."""

import numpy as np
import pytest
import torch
from helpers import needs

from axonal.neuro.ops.egru import egru


def _official(dtype=torch.float32, backend="auto"):
    """Outputs and gradients of the original's configuration A, by the fixture's names."""
    z = np.load(needs.data("fixtures") / "egru" / "egru_reference.npz")
    names = ("kernel", "recurrent_kernel", "bias", "recurrent_bias", "thr", "x")
    own = {name: torch.tensor(z[f"A_{name}"], dtype=dtype, requires_grad=True) for name in names}
    y0 = torch.tensor(z["A_y0"][0], dtype=dtype)
    damping, support = map(float, z["A_damp_support"])
    y, c = egru(
        own["x"] @ own["kernel"] + own["bias"], y0, torch.zeros_like(y0),
        own["recurrent_kernel"].T, own["recurrent_bias"], own["thr"],
        damping=damping, support=support, backend=backend,
    )  # fmt: skip
    gy, gh = (torch.tensor(z[f"A_{name}"], dtype=dtype) for name in ("gy", "gh"))
    ((y * gy).sum() + (c * gh).sum()).backward()
    got = {"y": y, "h": c, "o": (y != 0).to(dtype), "gx": own["x"].grad}
    got |= {f"g_{name}": own[name].grad for name in names[:-1]}
    return got, {name: z[f"A_{name}"] for name in got}


@pytest.mark.parametrize("backend", ["reference", "cpu"])
def test_outputs_and_gradients_are_those_of_the_original(backend):
    got, wanted = _official(backend=backend)
    assert np.array_equal(got["o"].numpy(), wanted["o"])
    for name, value in wanted.items():
        np.testing.assert_allclose(
            got[name].detach().numpy(), value, rtol=1e-5, atol=1e-5, err_msg=name
        )


def _problem(seed, steps, batch, size, dtype=torch.float64, active=0.3):
    rng = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=rng, dtype=torch.float64).to(dtype)

    return {
        "x": normal(steps, batch, 3 * size),
        "y": normal(batch, size),
        "c": normal(batch, size),
        "weight": normal(3 * size, size) / size**0.5,
        "bias": normal(3 * size),
        "threshold": active * torch.rand(size, generator=rng, dtype=torch.float64).to(dtype),
    }


@pytest.mark.parametrize("taken", [None, 0.8, "mask"])
@pytest.mark.parametrize(("size", "active"), [(3, 0.3), (70, 0.2), (70, 3.0)])
def test_compiled_loops_equal_the_definition(taken, size, active):
    given = _problem(1, 9, 4, size, active=active)
    k = None if taken is None else torch.full((), 0.8, dtype=torch.float64)
    if taken == "mask":
        k = (torch.rand(9, 4, size, generator=torch.Generator().manual_seed(2)) < 0.8).double()
    results = []
    for backend in ("reference", "cpu"):
        own = {name: a.clone().requires_grad_() for name, a in given.items()}
        y, c = egru(**own, taken=k, damping=0.9, support=1.3, backend=backend)
        cotangent = torch.sin(torch.arange(y.numel(), dtype=y.dtype)).view_as(y)
        grads = torch.autograd.grad((y * cotangent).sum() + (c * c).sum(), own.values())
        results.append((y, c, *grads))
    for own, other in zip(*results, strict=True):
        torch.testing.assert_close(own, other, rtol=1e-10, atol=1e-10)
    share = float((results[0][0] != 0).double().mean())
    assert (share < 0.25) == (active == 3.0)  # both ways to sum have run


@pytest.mark.parametrize("batch", [1, 4, 5])
def test_inference_equals_training(batch):
    given = _problem(6, 20, batch, 70)
    learning = egru(**given | {"weight": given["weight"].clone().requires_grad_()})
    with torch.no_grad():
        for own, other in zip(egru(**given), learning, strict=True):
            torch.testing.assert_close(own, other.detach(), rtol=1e-10, atol=1e-10)


def test_a_run_in_two_parts_gives_the_same_bits():
    given = _problem(3, 11, 2, 20, dtype=torch.float32)
    y, c = egru(**given)
    first = egru(**given | {"x": given["x"][:4]})
    second = egru(**given | {"x": given["x"][4:], "y": first[0][-1], "c": first[1][-1]})
    assert torch.equal(y, torch.cat((first[0], second[0])))
    assert torch.equal(c, torch.cat((first[1], second[1])))


def test_one_unit_alone():
    x = torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64).expand(6, 1, 3)
    rest = torch.zeros(1, 1, dtype=torch.float64)
    y, _ = egru(x, rest, rest, torch.zeros(3, 1).double(), torch.zeros(3).double(),
                torch.tensor([0.3]).double())  # fmt: skip
    wanted = torch.tensor([0.556770, 0.625826, 0.644398, 0.649393, 0.650736, 0.651097]).double()
    torch.testing.assert_close(y.flatten(), wanted, atol=5e-7, rtol=0)


def test_gradients_where_no_event_is_near():
    # so low a threshold that every unit is heard, and a pseudo-derivative of no width: exact
    given = _problem(4, 5, 2, 3)
    given["threshold"] = torch.full((3,), -9.0, dtype=torch.float64)
    own = [a.requires_grad_() for a in given.values()]

    def run(x, y, c, weight, bias, threshold):
        return egru(x, y, c, weight, bias, threshold, support=1e6)

    assert torch.autograd.gradcheck(run, own)


def test_other_shapes_are_refused():
    given = _problem(5, 3, 2, 4)
    with pytest.raises(ValueError, match=r"egru expects weight \(12, 4\), got \(12, 5\)"):
        egru(**given | {"weight": torch.zeros(12, 5, dtype=torch.float64)})
