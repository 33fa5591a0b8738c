"""Linear connections at every step."""

from typing import Any

from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers._masked import Masked
from axonal.neuro.ops.spike_linear import one_row, spike_linear


class Linear(Masked, nn.Linear):
    """Linear connections, y_t = (W * mask) x_t + b, at every step.

    Args:
        in_features: inputs N.
        out_features: outputs M.
        bias: add a learned constant.
        mask: which connections exist, 0 or 1, [M, N]; zeros stay zero through training and export.

    Returns:
        Called with x [T, B, N]: y [T, B, M]. With axes before the last, tokens [T, B, L, N] for
        instance, each is connected alike.

    Raises:
        ValueError: for a mask or an input of the wrong shape.

    >>> import torch
    >>> fc = Linear(2, 1, bias=False, mask=[[1, 0]])
    >>> y = fc(torch.tensor([[[0.0, 5.0]]]))
    >>> y.abs().item()
    0.0
    """

    _row: one_row.Row | None = None

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, mask: Any = None
    ) -> None:
        inputs, outputs = _checks.counts(self, in_features=in_features, out_features=out_features)
        super().__init__(inputs, outputs, bias)
        self._hold_mask(mask)

    def forward(self, x: Tensor) -> Tensor:
        """Connect ``x`` [T, B, ..., N]."""
        size: tuple[int, ...] = (self.in_features,)
        if not _checks.fits(x, size, self.weight.dtype):
            if isinstance(x, Tensor) and x.ndim > 3 and x.shape[-1:] == size:
                size = tuple(x.shape[2:])
            _checks.sequence(self, x, size, self.weight.dtype)
        return spike_linear(x, self.masked_weight, self.bias)

    def _go_on(self, x: Tensor) -> Tensor:
        """Connect an ``x`` like the last one, as a stream does."""
        weight, bias = self.weight, self.bias
        if x.dtype != weight.dtype:  # the layer was converted since
            y: Tensor = self(x)
            return y
        own = self.mask is None and type(self).masked_weight is Masked.masked_weight
        if not own or weight.is_sparse or not one_row.fits_on(x):
            return spike_linear(x, self.masked_weight, bias)
        row = self._row
        if row is None or not row.is_of(weight, bias):
            self._row = row = one_row.Row(weight, bias)
        return row(x)

    def __getstate__(self) -> dict[str, Any]:
        # a copy has weights of its own
        state: dict[str, Any] = super().__getstate__()  # type: ignore[no-untyped-call]
        return state | {"_row": None}
