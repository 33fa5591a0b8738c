"""Whether two implementations compute the same, before anybody looks at their times."""

from collections.abc import Callable

import torch
from torch import Tensor

Gradient = Callable[[], tuple[Tensor, Tensor]]


def agreement(mine: Gradient, definition: Gradient) -> str:
    """Compare spikes and gradients of the input; say how much differs, if anything does."""
    spikes, grad = mine()
    expected, expected_grad = definition()
    different = int((spikes != expected).sum())
    deviation = float((grad - expected_grad).abs().max() / expected_grad.abs().max())
    said = (
        "same spikes" if not different else f"{different / expected.numel():.1e} of spikes differ"
    )
    return f"{said}, gradient to {deviation:.0e}"


def required(said: str, name: str) -> str:
    """Stop if what must be the same is not."""
    if not said.startswith("same spikes") or float(said.rsplit(" ", 1)[1]) > 1e-4:
        raise SystemExit(f"{name} does not compute what the definition says: {said}.")
    return said


def seeded(*shape: int, high: float = 1.0) -> Tensor:
    """Uniform numbers that are the same in every process."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)) * high
