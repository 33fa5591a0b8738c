"""Tensors and layers of the tests of modern Hopfield memories."""

import torch
from torch import Tensor

STATIC = {"static_state": True, "static_stored": True, "static_values": True}
PLAIN = {"normalize_state": False, "normalize_stored": False, "normalize_values": False}
EXACT = {"rtol": 1e-9, "atol": 1e-10}


def draw(seed: int, *shapes: tuple[int, ...]) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]


def shake(module: torch.nn.Module, seed: int) -> torch.nn.Module:
    """Weights and norms far from what they are at first, the same for every seed."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(0.7 * torch.randn(parameter.shape, generator=generator))
    return module.double()
