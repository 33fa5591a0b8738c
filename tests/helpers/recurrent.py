"""Inputs to compare implementations of a loop of LIF neurons with."""

import torch


def arguments(
    steps, batch, size, *, per_neuron=True, refractory=0, bias=True, high=3.0, dtype=torch.float64
):
    """Everything the operator takes, with gradients; inputs and weights are multiples of 1/64."""
    generator = torch.Generator().manual_seed(steps + size)

    def uniform(low, high, *shape):
        values = torch.rand(shape, generator=generator, dtype=dtype)
        return low + (high - low) * values

    def grid(low, high, *shape):
        return (uniform(low, high, *shape) * 64).round() / 64

    each = (size,) if per_neuron else ()
    spikes = (uniform(0, 1, batch, size) < 0.3).to(dtype)
    wait = torch.randint(0, refractory + 1, (batch, size), generator=generator).int()
    leaves = {
        "x": grid(-1.0, high, steps, batch, size),
        "spikes": spikes,
        "v": uniform(-0.5, 0.9, batch, size),
        "weight": grid(-1.0, 1.0, size, size) / 2,
        "bias": grid(-0.2, 0.2, size),
        "decay": uniform(0.3, 0.95, *each),
        "threshold": uniform(0.4, 1.1, *each),
    }
    given = {name: leaf.requires_grad_() for name, leaf in leaves.items()}
    given["wait"] = wait if refractory else None
    if not bias:
        given["bias"] = None
    return given
