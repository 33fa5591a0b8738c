"""Two-point cells: units whose answer to their input depends on a context."""

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal.neuro import _checks


def product(r: Tensor, c: Tensor) -> Tensor:
    """Return R + R C."""
    return r + r * c


def kay_phillips(r: Tensor, c: Tensor) -> Tensor:
    """Return R (1 + exp(R C)) / 2."""
    return 0.5 * r * (1 + torch.exp(r * c))


def hyperbolic(r: Tensor, c: Tensor) -> Tensor:
    """Return R + R tanh(R C)."""
    return r * (1 + torch.tanh(r * c))


def power(r: Tensor, c: Tensor) -> Tensor:
    """Return R 2^(R C)."""
    return r * torch.exp2(r * c)


def mod(r: Tensor, c: Tensor) -> Tensor:
    """Return ReLU6(R^2 + 2 R + C (1 + |R|))."""
    return F.hardtanh(r * r + 2 * r + c * (1 + r.abs()), 0.0, 6.0)


TRANSFERS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "product": product,
    "kay-phillips": kay_phillips,
    "tanh": hyperbolic,
    "power": power,
    "mod": mod,
}
"""Transfer functions of receptive drive R and context C, by name."""


class TwoPoint(nn.Module):
    """Two-point cells: a context amplifies or suppresses the answer to the receptive drive.

    With R, the drive of the basal inputs, and C, that of the apical ones (other streams, feedback),

        "product"       R + R C
        "kay-phillips"  R (1 + exp(R C)) / 2
        "tanh"          R (1 + tanh(R C))
        "power"         R 2^(R C)
        "mod"           ReLU6(R^2 + 2 R + C (1 + |R|))

    Where R > 0 all of them grow with C, those but "mod" are R at C = 0 and 0 at R = 0, so that
    context alone makes no answer; "mod" is ReLU6(R^2 + 2 R) at C = 0, full from R = 1.65 on, and
    ReLU6(C) at R = 0: in it context drives as well. "kay-phillips" and "power" grow exponentially:
    scale their inputs. The connections are layers of one's own in front:

        torch.cat((self.receptive(sound), self.context(picture)), -1)

    Source: Kay and Phillips, Bulletin of Mathematical Biology 73, 2011 (the second; the first,
    third and fourth beside it in their later work); "mod": Adeel et al. (arXiv 2305.10449), whose
    published forms differ in the factor of C, 1 here.

    Args:
        size: cells N.
        transfer: name of the function.

    Returns:
        Called with x [T, B, 2 N], R of all cells and then C of all cells: y [T, B, N].

    Raises:
        ValueError: for an unknown function, and inputs of the wrong shape.

    >>> cells = TwoPoint(2)
    >>> cells(torch.tensor([1.0, 1.0, 1.0, -1.0]).reshape(1, 1, 4)).flatten()  # R, R, C, C
    tensor([5., 1.])
    """

    def __init__(self, size: int, transfer: str = "mod") -> None:
        super().__init__()
        self.size = _checks.count(self, "size", size)
        if transfer not in TRANSFERS:
            known = ", ".join(TRANSFERS)
            raise ValueError(f"TwoPoint knows the transfers {known}; got {transfer!r}.")
        self.transfer = transfer

    def forward(self, x: Tensor) -> Tensor:
        """Run the cells over ``x`` [T, B, 2 N]."""
        _checks.sequence(self, x, (2 * self.size,), None)
        receptive, context = x.split(self.size, -1)
        return TRANSFERS[self.transfer](receptive, context)

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        return f'{self.size}, transfer="{self.transfer}"'
