"""Tensors that a forward pass of LIF keeps for its backward pass."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from torch import Tensor

from axonal.neuro.ops._neuron import State

NOTHING, POTENTIAL, CHECKPOINTS = 0, 1, 2
"""Nothing, h [T, M], or v (and wait) [ceil(T / SEGMENT), M]."""

SEGMENT = 32
"""Steps between two checkpoints of the state, from which a backward pass computes again."""

CUDA_SEGMENT = 16
"""The same on a GPU, whose kernels keep the potentials of a segment in registers."""


class Kept(NamedTuple):
    """What a backward pass starts from, besides the input.

    Attributes:
        saved: potentials: nothing [0, B, ...], h [T, B, ...] or v at the checkpoints.
        waits: refractory steps left at the checkpoints, int32; nothing where neurons have none.
    """

    saved: Tensor
    waits: Tensor


def _fresh(shape: Sequence[int], like: Tensor) -> Tensor:
    return like.new_empty(shape)


def room(
    x: Tensor,
    state: State,
    save: int,
    *,
    on_gpu: bool,
    empty: Callable[[Sequence[int], Tensor], Tensor] = _fresh,
) -> Kept:
    """Return uninitialised tensors for the potentials and refractory steps of ``save``.

    >>> import torch
    >>> x, v = torch.zeros(70, 2, 3), torch.zeros(2, 3)
    >>> [a.shape for a in room(x, State(v, v.int()), CHECKPOINTS, on_gpu=False)]
    [torch.Size([3, 2, 3]), torch.Size([3, 2, 3])]
    """
    v, wait = state
    steps, segment = x.shape[0], CUDA_SEGMENT if on_gpu else SEGMENT
    segments = -(-steps // segment) if save == CHECKPOINTS else 0
    saved = empty((steps if save == POTENTIAL else segments, *x.shape[1:]), v)
    waits = wait.new_empty(segments, *wait.shape) if wait.numel() else wait.new_empty(0, 0)
    return Kept(saved, waits)
