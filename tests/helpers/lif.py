"""Conventions of LIF, and inputs and gradients to compare implementations with."""

import itertools

import pytest
import torch

from axonal.neuro.surrogates import SURROGATES
from helpers import FUZZ

ATAN = {"surrogate": "atan", "alpha": 2.0}
OTHERS = tuple((name, kind().alpha) for name, kind in SURROGATES.items() if name != "atan")


def convention(decay_input, reset, detach, refractory, surrogate="atan", alpha=2.0):
    name = f"{reset}-refractory{refractory}-{surrogate}"
    return pytest.param(
        {
            "decay_input": decay_input,
            "reset": reset,
            "detach_reset": detach,
            "refractory": refractory,
            "surrogate": surrogate,
            "alpha": alpha,
        },
        id=name + ("-input_decays" if decay_input else "") + ("-detached" if detach else ""),
    )


CHOICES = ((False, True), ("zero", "subtract"), (False, True), (0, 2))
# a kernel is compiled for each: half of all, in which any three choices meet in every way
CONVENTIONS = [
    convention(*(values[i] for values, i in zip(CHOICES, which, strict=True)))
    for which in itertools.product((0, 1), repeat=len(CHOICES))
    if FUZZ or sum(which) % 2 == 0
] + [convention(False, "zero", True, 0, *surrogate) for surrogate in OTHERS]


def arguments(steps, per_neuron, refractory, seed=0, shape=(3, 4), dtype=torch.float64):
    """Input, potential, wait, decay and threshold, with gradients."""
    generator = torch.Generator().manual_seed(seed + steps)

    def uniform(low, high, *size):
        values = torch.rand(size, generator=generator, dtype=dtype)
        return (low + (high - low) * values).requires_grad_()

    x = uniform(-1.0, 3.0, steps, *shape)
    v = uniform(-0.5, 0.9, *shape)
    wait = torch.randint(0, refractory + 1, shape, generator=generator).int()
    each = shape[1:] if per_neuron else ()
    decay, threshold = uniform(0.3, 0.95, *each), uniform(0.4, 1.1, *each)
    return x, v, wait if refractory else None, decay, threshold


def gradients(outputs, given, used):
    """Gradients of everything that takes one, for random cotangents on the ``used`` outputs."""
    generator = torch.Generator().manual_seed(1)
    loss = sum(
        (torch.randn(y.shape, generator=generator, dtype=torch.float64).to(y.dtype) * y).sum()
        * wanted
        for y, wanted in zip(outputs, used, strict=True)
    )
    leaves = [a for a in given if a is not None and a.requires_grad]
    grads = torch.autograd.grad(loss, leaves, allow_unused=True)
    return [torch.zeros_like(a) if g is None else g for a, g in zip(leaves, grads, strict=True)]
