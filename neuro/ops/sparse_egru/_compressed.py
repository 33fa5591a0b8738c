"""Weights of which only those that are not zero are kept."""

from typing import NamedTuple

import torch
from torch import Tensor


class Compressed(NamedTuple):
    """A matrix W [M, N] by its columns, in the compressed form of W^T's rows (CSR).

    The weights of column j, from what one source sends, are ``weight[start[j] : start[j + 1]]``, in
    the rows ``row`` of the same places.

    Attributes:
        start: int64 [N + 1].
        row: int32 [S].
        weight: [S].
    """

    start: Tensor
    row: Tensor
    weight: Tensor

    @classmethod
    def of(cls, matrix: Tensor) -> "Compressed":
        """Keep what is not zero of a matrix [M, N].

        >>> Compressed.of(torch.tensor([[0.0, 2.0], [3.0, 0.0]])).row
        tensor([1, 0], dtype=torch.int32)
        """
        columns = matrix.detach().T.contiguous()
        found = columns != 0
        start = torch.zeros(len(columns) + 1, dtype=torch.int64)
        start[1:] = found.sum(1).cumsum(0)
        return cls(start, found.nonzero()[:, 1].to(torch.int32), columns[found])

    def dense(self, rows: int) -> Tensor:
        """The matrix [M, N] with its zeros."""
        sources = len(self.start) - 1
        column = torch.repeat_interleave(torch.arange(sources), self.start.diff())
        matrix = self.weight.new_zeros(rows, sources)
        return matrix.index_put((self.row.long(), column), self.weight)
