"""Delay kernels, and inputs to compare implementations with."""

import torch

KERNELS = [("gaussian", 0.5), ("gaussian", 2.0), ("gaussian", 8.0), ("two-tap", 1), ("one-tap", 1)]
"""What every back end knows."""

TRIANGLES = [("triangle", 1.0), ("triangle", 1.23), ("triangle", 4.5)]
"""What the CPU knows as well."""

STRAIGHT = [("straight-through", 0.5), ("straight-through", 8.0)]
"""Rounded on the way forward, Gaussian on the way back; the CPU knows them too."""


def arguments(steps, batch, sources, targets, max_delay, dtype=torch.float64, seed=0):
    """Input, history, weight and delay, with gradients."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(shape, generator=generator, dtype=dtype).requires_grad_()

    delay = torch.rand((targets, sources), generator=generator, dtype=dtype) * max_delay
    return (
        normal(steps, batch, sources),
        normal(max_delay, batch, sources),
        normal(targets, sources),
        delay.requires_grad_(),
    )
