"""The connections of one sample at one step for their values alone, as a stream runs them.

Numpy multiplies a small matrix in half the time that torch takes for the same product, and most of
that would go into showing it the weights.
"""

import torch
from torch import Tensor

from axonal._base.array_types import AnyArray
from axonal.neuro.ops._dispatch import COMPILED, array


def fits_on(x: Tensor) -> bool:
    """Return whether x is one row like the last one, of a stream, which is for the values alone."""
    return x.dtype in COMPILED and x.is_cpu and x.numel() == x.shape[-1]


class Row:
    """Weights and a bias as numpy sees them: later changes in place are seen, too.

    Args:
        weight: W [O, I].
        bias: b [O], or none.

    >>> row = Row(torch.tensor([[3.0, 4.0]]), None)
    >>> row(torch.tensor([[0.0, 1.0]]))
    tensor([[4.]])
    """

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self.weight, self.bias = weight.detach(), None if bias is None else bias.detach()
        # memory that is moved, to be shared by processes, moves under a tensor that stays the same
        self.place = self._place(self.weight, self.bias)
        self.columns: AnyArray = array(self.weight).T
        self.added: AnyArray | None = None if self.bias is None else array(self.bias)

    def is_of(self, weight: Tensor, bias: Tensor | None) -> bool:
        """Return whether these are the same numbers at the same place."""
        if weight.dtype != self.weight.dtype or not weight.is_set_to(self.weight):
            return False
        if self._place(weight, bias) != self.place:
            return False
        if bias is None or self.bias is None:
            return bias is self.bias
        return bias.is_set_to(self.bias)

    @staticmethod
    def _place(weight: Tensor, bias: Tensor | None) -> tuple[int, int]:
        return weight.data_ptr(), 0 if bias is None else bias.data_ptr()

    def __call__(self, x: Tensor) -> Tensor:
        """Return x W^T + b for x [..., I] of one row."""
        y = array(x) @ self.columns
        return torch.from_numpy(y if self.added is None else y + self.added)
