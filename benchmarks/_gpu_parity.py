"""Every kernel beside its definition on a GPU, before anybody looks at a time."""

import itertools
from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops.delayed_linear import delayed_linear
from axonal.neuro.ops.lif import lif
from axonal.neuro.ops.recurrent_lif import recurrent_lif
from axonal.neuro.surrogates import SURROGATES

TYPES = (torch.float32, torch.bfloat16, torch.float16)
# odd numbers of steps and cells; one step; so many cells that threads handle several each
SHAPES = ((17, 3, 43), (1, 2, 8), (33, 128, 4096))


def uniform(*shape: int, low: float = 0.0, high: float = 1.0, seed: int = 0) -> Tensor:
    """Numbers on the GPU that are the same on every machine."""
    numbers = torch.rand(shape, generator=torch.Generator().manual_seed(seed))
    return (low + (high - low) * numbers).cuda()


def deviation(mine: Tensor, definition: Tensor) -> float:
    """Largest difference, relative to the largest number."""
    if not definition.numel():
        return 0.0
    largest = definition.abs().max().clamp(min=1e-30)
    return float((mine.to(definition.dtype) - definition).abs().max() / largest)


def compared(name: str, mine: list[Tensor], definition: list[Tensor], dtype: torch.dtype) -> float:
    """Stop if the spikes, which come first, or anything else differ; return the worst deviation."""
    tolerance = {torch.float32: 1e-5, torch.float16: 2e-3, torch.bfloat16: 1.6e-2}[dtype]
    different = int((mine[0].float() != definition[0].float()).sum())
    worst = max(deviation(*pair) for pair in zip(mine, definition, strict=True))
    if different or not worst <= tolerance:
        raise SystemExit(f"{name}, {dtype}: {different} spikes differ, the rest by {worst:.1e}.")
    return worst


def check_lif(
    shape: tuple[int, ...], dtype: torch.dtype, *, learns: bool = True, **choices: Any
) -> float:
    """Compare outputs and all gradients; the definition runs in single precision."""
    x = uniform(*shape, low=-1.0, high=3.0).to(dtype)
    v, each = uniform(*shape[1:], high=0.9), shape[2:]
    decay, threshold = uniform(*each, low=0.3, high=0.95), uniform(*each, low=0.4, high=1.1)
    wait = torch.ones_like(v, dtype=torch.int32) if choices.get("refractory") else None
    g_spikes = uniform(*shape, low=-1.0, seed=1).to(dtype)
    found = []
    for backend in ("cuda", "reference"):
        own = x if backend == "cuda" else x.float()
        leaves = [a.detach().requires_grad_() for a in (own, v)]
        values = [a.detach().requires_grad_(learns) for a in (decay, threshold)]
        spikes, last, left = lif(*leaves, wait, *values, Convention(**choices), backend=backend)
        leaves += values if learns else []
        grads = torch.autograd.grad(
            (spikes, last), leaves, (g_spikes.to(spikes.dtype), torch.ones_like(last))
        )
        found.append([spikes.detach(), last.detach(), *grads, *(() if left is None else (left,))])
    return compared(f"lif {shape} {choices}", *found, dtype)


def check_delay(shape: tuple[int, ...], dtype: torch.dtype, kernel: str) -> float:
    """Compare output and all gradients; shape is steps, batch, inputs, outputs, longest delay.

    The definition runs in double precision, in which no convolution takes a short cut.
    """
    steps, batch, sources, targets, longest = shape
    x = uniform(steps, batch, sources, low=-1.0).to(dtype)
    history = uniform(longest, batch, sources, low=-1.0, seed=1).to(dtype)
    weight = uniform(targets, sources, low=-1.0, seed=2)
    delay = uniform(targets, sources, high=float(longest), seed=3)
    g = uniform(steps, batch, targets, low=-1.0, seed=4).to(dtype)
    found = []
    for backend in ("cuda", "reference"):
        own = (x, history, weight, delay)
        own = own if backend == "cuda" else tuple(a.double() for a in own)
        leaves = [a.detach().requires_grad_() for a in own]
        y, _ = delayed_linear(*leaves, 0.5, kernel=kernel, max_delay=longest, backend=backend)
        asked = leaves[:3] if kernel == "one-tap" else leaves
        grads = torch.autograd.grad(y, asked, g.to(y.dtype))
        # nothing here is a spike
        found.append([y.new_zeros(0), y.detach(), *grads])
    return compared(f"delay {shape} {kernel}", *found, dtype)


def check_recurrent(shape: tuple[int, ...], refractory: int) -> float:
    """Compare outputs and gradients in single precision, on a grid where sums are exact."""

    def grid(*shape: int, low: float, high: float) -> Tensor:
        return (uniform(*shape, low=low, high=high) * 64).round() / 64

    size = shape[2]
    given = [grid(*shape, low=-1.0, high=2.0), torch.zeros(shape[1:]).cuda()]
    given += [torch.zeros(shape[1:]).cuda(), grid(size, size, low=-0.5, high=0.5)]
    given += [grid(size, low=-0.2, high=0.2), uniform(size, low=0.3, high=0.95)]
    given += [uniform(size, low=0.4, high=1.1)]
    wait = torch.zeros(shape[1:], dtype=torch.int32).cuda() if refractory else None
    found = []
    for backend in ("cuda", "reference"):
        leaves = [a.detach().requires_grad_() for a in given]
        spikes, last, _ = recurrent_lif(
            *leaves[:3], wait, *leaves[3:], Convention(refractory=refractory), backend=backend
        )
        g = uniform(*shape, low=-1.0, seed=1)
        grads = torch.autograd.grad((spikes, last), leaves, (g, torch.ones_like(last)))
        found.append([spikes.detach(), last.detach(), *grads])
    return compared(f"recurrent_lif {shape}", *found, torch.float32)


def check_all(large: tuple[int, int, int]) -> list[str]:
    """Compare everything, with ``large`` as the last shape of LIF; one sentence an operator."""
    worst = {"lif": 0.0, "delay": 0.0, "recurrent_lif": 0.0}
    for dtype in TYPES:
        for shape in SHAPES:
            for decay_input, reset, detach, refractory, learns in itertools.product(
                (False, True), ("zero", "subtract"), (False, True), (0, 2), (False, True)
            ):
                choices = {
                    "decay_input": decay_input,
                    "reset": reset,
                    "detach_reset": detach,
                    "refractory": refractory,
                }
                found = check_lif(shape, dtype, learns=learns, **choices)
                worst["lif"] = max(worst["lif"], found)
        for name, alpha in ((name, kind().alpha) for name, kind in SURROGATES.items()):
            choices = {"surrogate": name, "alpha": alpha}
            worst["lif"] = max(worst["lif"], check_lif(SHAPES[0], dtype, **choices))
        worst["lif"] = max(worst["lif"], check_lif(large, dtype))
        for kernel in ("gaussian", "two-tap", "one-tap"):
            for batch in (1, 3, 8):
                found = check_delay((30, batch, 17, 9, 12), dtype, kernel)
                worst["delay"] = max(worst["delay"], found)
    for refractory in (0, 2):
        found = check_recurrent((20, 3, 43), refractory)
        worst["recurrent_lif"] = max(worst["recurrent_lif"], found)
    return [
        f"{name}: same spikes as the definition, the rest to {value:.0e} of its largest number."
        for name, value in worst.items()
    ]
