"""Correlations of two series over a range of lags, as products of their spectra.

    c_oi(k) = sum_tb g_o(t, b) x_i(t - k, b),  k = 0 .. D

Lag by lag, every step costs a product of all pairs of channels per lag; as spectra it costs about
three, for all lags together. Time is cut into blocks, twice as long as the longest lag or so: of g
without overlap, of x with the D steps before. Spectra of such short blocks are matrix products as
well, which leave them in the order in which they are multiplied.

Source of the blocks: overlap-save, Oppenheim & Schafer, Discrete-Time Signal Processing, 8.7.
"""

import functools
import math

import torch
from torch import Tensor

from axonal.neuro.ops._buffer_pool import empty

SCRATCH = 1 << 24
"""Numbers that spectra of a part of the samples, and of all pairs, may take."""

SMALL = 1 << 20
"""Products below which the way there costs more than they do."""


def share_of_lags(x: Tensor, targets: int, taps: int, longest: int) -> float:
    """Return the cost beside that of ``taps`` lags, each by itself, for x [T, B, I]; at most 1."""
    steps, batch, sources = x.shape
    pairs = targets * sources
    if not x.numel() or taps * pairs * steps * batch < SMALL:
        return 1.0
    count, block = _blocks(steps, longest)
    rows = 2 * _frequencies(block, longest)
    if rows * pairs > SCRATCH:
        return 1.0
    cost = count * batch * (rows * (2 * block + longest) * (targets + sources) / 2)
    cost += 2 * rows * count * batch * pairs + rows * (longest + 1) * pairs
    return min(1.0, cost / (taps * pairs * steps * batch))


def correlation(g: Tensor, history: Tensor, x: Tensor) -> Tensor:
    """Return c [O, I, D + 1] of g [T, B, O] and x [T, B, I] after history [D, B, I], as above."""
    steps, batch, targets = g.shape
    longest, sources = len(history), x.shape[2]
    count, block = _blocks(steps, longest)
    number = _frequencies(block, longest)
    to, back = _transforms(number, block + longest, longest, g.dtype)
    found = empty((2, number, targets, sources), g)
    per_sample = 2 * number * count * (targets + sources)
    at_once = max(1, SCRATCH // per_sample)
    for low in range(0, batch, at_once):
        part = slice(low, min(low + at_once, batch))
        samples = part.stop - low
        half = count * samples
        ours = empty((2 * number, count, samples * targets), g)
        theirs = empty((2 * number, count, samples * sources), g)
        for k in range(count):
            start, end = k * block, (k + 1) * block
            _spectrum(ours[:, k], to, g[start:end, part])
            before = history[start:, part]
            _spectrum(theirs[:, k], to, before, x[max(0, start - longest) : end, part])
        a = ours.view(number, 2 * half, targets).transpose(1, 2)
        b = theirs.view(number, 2 * half, sources)
        # the spectrum of g conjugated, times that of x: its real and its imaginary part
        kept = float(low > 0)
        found[0].baddbmm_(a, b, beta=kept)
        found[1].baddbmm_(a[:, :, :half], b[:, half:], beta=kept)
        found[1].baddbmm_(a[:, :, half:], b[:, :half], alpha=-1)
    lags = found.view(2 * number, targets * sources).T @ back
    return lags.view(targets, sources, longest + 1)


def _spectrum(to: Tensor, transform: Tensor, *parts: Tensor) -> None:
    """Fill the spectrum [2 F, B N] of a block of parts [L, B, N], filled up with zeros."""
    place, kept = 0, 0
    for x in parts:
        columns = transform[:, place : place + len(x)]
        to.addmm_(columns, x.reshape(len(x), to.shape[1]), beta=kept)
        place, kept = place + len(x), 1


def _blocks(steps: int, longest: int) -> tuple[int, int]:
    """Return the number of blocks of g, and their length."""
    block = -(-steps // max(1, round(steps / max(32, 2 * (longest + 1)))))
    return -(-steps // block), block


def _frequencies(block: int, longest: int) -> int:
    """Return the number of frequencies of a block, which are those of an even number of steps."""
    return -(-(block + longest) // 2) + 1


@functools.lru_cache(maxsize=16)
def _transforms(number: int, steps: int, longest: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return what makes spectra [2 F, steps], real and imaginary parts in turn, and lags of them.

    Lag k is ``longest - k`` steps from the start of a block with the steps before it.
    """
    whole = 2 * (number - 1)
    frequency = torch.arange(number, dtype=torch.float64)
    turn = 2 * math.pi / whole * frequency[:, None]
    angle = turn * torch.arange(steps, dtype=torch.float64)
    to = torch.stack((angle.cos(), -angle.sin()), 1).flatten(0, 1)
    angle = turn * torch.arange(longest, -1, -1, dtype=torch.float64)
    weight = torch.full((number, 1), 2 / whole, dtype=torch.float64)
    weight[0] = weight[-1] = 1 / whole
    back = torch.cat((angle.cos() * weight, -angle.sin() * weight))
    return to.to(dtype), back.to(dtype)
