"""Tensors that a forward pass of LIF keeps for its backward pass."""

from collections.abc import Callable, Sequence

from torch import Tensor

NOTHING, POTENTIAL, CHECKPOINTS = 0, 1, 2
"""Nothing, h [T, M], or v (and wait) [ceil(T / SEGMENT), M]."""

SEGMENT = 32
"""Steps between two checkpoints of the state, from which a backward pass computes again."""

CUDA_SEGMENT = 16
"""The same on a GPU, whose kernels keep the potentials of a segment in registers."""


def _fresh(shape: Sequence[int], like: Tensor) -> Tensor:
    return like.new_empty(shape)


def room(
    x: Tensor,
    v: Tensor,
    wait: Tensor,
    save: int,
    segment: int = SEGMENT,
    empty: Callable[[Sequence[int], Tensor], Tensor] = _fresh,
) -> tuple[Tensor, Tensor]:
    """Return uninitialised tensors for the potentials and refractory steps of ``save``.

    >>> import torch
    >>> x, v = torch.zeros(70, 2, 3), torch.zeros(2, 3)
    >>> [a.shape for a in room(x, v, v.int(), CHECKPOINTS)]
    [torch.Size([3, 2, 3]), torch.Size([3, 2, 3])]
    """
    steps = x.shape[0]
    segments = -(-steps // segment) if save == CHECKPOINTS else 0
    saved = empty((steps if save == POTENTIAL else segments, *x.shape[1:]), v)
    return saved, wait.new_empty(segments, *wait.shape) if wait.numel() else wait.new_empty(0, 0)
