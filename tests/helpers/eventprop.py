"""Inputs to compare implementations of event-driven neurons with."""

import torch

from axonal.neuro.events import Events


def uniform(generator, low, high, *shape, dtype=torch.float64):
    return low + (high - low) * torch.rand(shape, generator=generator, dtype=dtype)


def random_events(generator, steps, batch, size, *, rate=0.1, dtype=torch.float64):
    """Events at real times, none in the last sample if there are several."""
    times, indices = [], []
    for b in range(batch):
        last = b == batch - 1 and batch > 1
        count = 0 if last else int(rate * steps * size)
        times.append(uniform(generator, 0, steps, count))
        indices.append(torch.randint(0, size, (count,), generator=generator))
    events = Events.of(times, indices, size, float(steps), dtype=dtype)
    return events._replace(times=events.times.requires_grad_())


def arguments(
    steps, batch, sources, targets, *, loop=False, refractory=0, rate=0.1, scale=1.0,
    dtype=torch.float64,
):  # fmt: skip
    """Everything the operator takes, with gradients; weights are multiples of 1/64."""
    generator = torch.Generator().manual_seed(steps + 7 * targets)

    def grid(low, high, *shape):
        return (uniform(generator, low, high, *shape) * 64).round().to(dtype) / 64

    def each(low, high, *shape):
        return uniform(generator, low, high, *shape).to(dtype)

    leaves = {
        "weight": scale * grid(-1.0, 3.0, targets, sources),
        "delay": each(0.0, 12.0, targets, sources),
        "tau": each(4.0, 12.0, targets),
        "tau_synapse": each(2.0, 6.0, targets),
        "threshold": each(0.5, 1.5, targets),
        "refractory": refractory * each(0.6, 1.4, targets),
    }
    if loop:
        leaves["feedback_weight"] = grid(-1.0, 1.0, targets, targets)
        leaves["feedback_delay"] = each(1.0, 9.0, targets, targets)
    given = {name: leaf.requires_grad_() for name, leaf in leaves.items()}
    return random_events(generator, steps, batch, sources, rate=rate, dtype=dtype), given
