"""Masks of modern Hopfield memories that leave nothing are refused on every path."""

from collections.abc import Callable

import pytest
import torch
from helpers.modern import draw, shake
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from axonal.hebbian.modern import (
    HopfieldAttention,
    HopfieldLayer,
    HopfieldPooling,
    energy,
    regime,
    retrieve,
)

# the compilers of torch 2.13 use what torch itself has deprecated
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning"),
]

x, y = draw(40, (2, 3, 6), (2, 4, 6))
ALL = torch.zeros(2, 4, dtype=torch.bool)
ALL[1] = True
STATES = torch.zeros(2, 3, 4, dtype=torch.bool)
STATES[1, 2] = True
MINUS = torch.zeros(3, 4, dtype=torch.float64)
MINUS[2] = -torch.inf
HEADS = torch.zeros(2, 2, 3, 4, dtype=torch.float64)
HEADS[0, 1, 2] = -torch.inf
HALF = torch.zeros(3, 4, dtype=torch.bool)
HALF[0, :2] = True
REST = torch.zeros(2, 4, dtype=torch.bool)
REST[1, 2:] = True


def attention(**options: object) -> HopfieldAttention:
    return shake(HopfieldAttention(6, num_heads=2, **options), 41)  # type: ignore[arg-type]


LAYERS: dict[str, Callable[[], Callable[..., Tensor]]] = {
    "one step": lambda: attention(),
    "reference": lambda: attention(backend="reference"),
    "three steps": lambda: attention(steps=3),
    "association": lambda: attention().association,
}
MASKS: dict[str, dict[str, Tensor]] = {
    "padding": {"padding_mask": ALL},
    "association": {"association_mask": STATES},
    "minus infinity": {"association_mask": MINUS},
    "minus infinity of one head": {"association_mask": HEADS},
    "only together": {"association_mask": HALF, "padding_mask": REST},
}


TRACED = ("padding", "association", "minus infinity of one head", "only together")


def compiled(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    torch.compiler.reset()
    return torch.compile(function, fullgraph=True, backend="eager")


@pytest.mark.parametrize("way", [lambda f: f, compiled], ids=["eager", "compiled"])
@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_masks_that_leave_nothing_are_refused(
    make: Callable[[], Callable[..., Tensor]],
    way: Callable[[Callable[..., Tensor]], Callable[..., Tensor]],
) -> None:
    call = way(make())
    # a compiler traces anew for each: of a mask that holds for all layers one of each type
    traced = MASKS if way is not compiled else {name: MASKS[name] for name in TRACED}
    for masks in traced.values():
        with pytest.raises(ValueError, match=r"no stored pattern at index .* Write ~mask") as e:
            call(x, y, **masks)
        assert "\n" not in str(e.value)


pooling = shake(HopfieldPooling(6), 42)
lookup = shake(HopfieldLayer(6, quantity=4), 42)
OTHERS: dict[str, Callable[[], Tensor]] = {
    "retrieve": lambda: retrieve(x, y, mask=ALL),
    "retrieve until nothing moves": lambda: retrieve(x, y, mask=ALL, steps=4),
    "energy": lambda: energy(x, y, mask=ALL),
    "regime": lambda: regime(x, y, 1.0, mask=ALL).kind,
    "pooling": lambda: pooling(y, padding_mask=ALL),
    "lookup": lambda: lookup(x, association_mask=MINUS),
}


@pytest.mark.parametrize("way", [lambda f: f, compiled], ids=["eager", "compiled"])
@pytest.mark.parametrize("call", OTHERS.values(), ids=OTHERS)
def test_so_they_are_wherever_there_is_a_mask(
    call: Callable[[], Tensor],
    way: Callable[[Callable[..., Tensor]], Callable[..., Tensor]],
) -> None:
    with pytest.raises(ValueError, match=r"leave no stored pattern at index"):
        way(call)()


@pytest.mark.parametrize("way", [lambda f: f, compiled], ids=["eager", "compiled"])
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_a_bias_is_finite_or_minus_infinity(
    value: float, way: Callable[[Callable[..., Tensor]], Callable[..., Tensor]]
) -> None:
    bias = torch.zeros(3, 4, dtype=torch.float64)
    bias[1, 2] = value
    with pytest.raises(ValueError, match=r"masks hold (nan|inf) at index \(1, 2\)"):
        way(attention())(x, y, association_mask=bias)


@pytest.mark.slow
def test_inductor_refuses_as_well() -> None:
    torch.compiler.reset()
    layer = torch.compile(attention(backend="reference"), fullgraph=True, dynamic=False)
    with pytest.raises(ValueError, match=r"leave no stored pattern at index"):
        layer(x, y, padding_mask=ALL)


PAIRS = {steps: [attention(steps=steps)] * 2 for steps in (1, 3)}


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 3]))
def test_with_masks_that_leave_something_compiled_layers_equal_eager_ones(
    seed: int, steps: int
) -> None:
    if PAIRS[steps][0] is PAIRS[steps][1]:
        PAIRS[steps][1] = compiled(PAIRS[steps][0])  # once for all examples
    generator = torch.Generator().manual_seed(seed)
    mask = torch.rand((2, 3, 4), generator=generator) < 0.5
    mask[..., 0] &= ~mask.all(-1)
    bias = torch.randn((2, 2, 3, 4), generator=generator, dtype=torch.float64)
    outcomes = []
    for call in PAIRS[steps]:
        added = bias.masked_fill(mask.unsqueeze(1), -torch.inf).requires_grad_()
        found = call(x, y, association_mask=added)
        (grad,) = torch.autograd.grad(found.square().sum(), added)
        outcomes.append((found, grad))
        assert found.isfinite().all() and grad.isfinite().all()
    for eager, other in zip(*outcomes, strict=True):
        torch.testing.assert_close(other, eager)


def test_masks_are_looked_at_inside_vmap_and_forward_derivatives() -> None:
    layer = attention(backend="reference")  # torch's attention has no rule for either
    together = torch.func.vmap(lambda s, p, m: layer(s[None], p[None], padding_mask=m[None])[0])
    torch.testing.assert_close(together(x, y, REST), layer(x, y, padding_mask=REST))
    with pytest.raises(ValueError, match=r"leave no stored pattern"):
        together(x, y, ALL)
    bias, tangent = draw(43, (3, 4), (3, 4))
    found, slope = torch.func.jvp(lambda b: layer(x, y, association_mask=b), (bias,), (tangent,))
    near = layer(x, y, association_mask=bias + 1e-6 * tangent)
    torch.testing.assert_close((near - found) / 1e-6, slope, rtol=1e-4, atol=1e-6)
