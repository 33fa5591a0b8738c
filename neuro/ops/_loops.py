"""Compiled loops of the CPU, started on tensors."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from axonal._base.threads import SMALL, shards


def over_cells(
    loops: Callable[..., Any],
    cells: int,
    size: int,
    series: Sequence[Tensor],
    others: Sequence[Tensor],
    *numbers: float,
) -> None:
    """Run loops over all cells, samples times neurons, in several threads if that pays.

    Args:
        loops: a compiled function of the arrays, the numbers and the range of cells to run.
        cells: number of cells M.
        size: bytes of state that the whole work touches.
        series: tensors [T, B, ...], which become arrays [T, M].
        others: further tensors, which become arrays of one axis.
        numbers: further arguments.

    >>> import torch
    >>> y = torch.zeros(2, 3, 1)
    >>> over_cells(lambda y, d, low, high: y.fill(d[0]), 3, 24, [y], [torch.tensor(0.5)])
    >>> y.sum()
    tensor(3.)
    """
    arguments: list[Any] = []
    for x in series:
        array = (x.detach() if x.requires_grad else x).contiguous().numpy()
        arguments.append(array.reshape(len(array), cells))
    for x in others:
        array = (x.detach() if x.requires_grad else x).contiguous().numpy()
        arguments.append(array.reshape(-1))
    if size < SMALL:
        loops(*arguments, *numbers, 0, cells)
    else:
        shards(loops, cells, size, *arguments, *numbers)
