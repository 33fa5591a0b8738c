"""Integrate-and-fire neurons without a leak."""

import math
from collections.abc import Collection
from numbers import Real
from typing import Any, ClassVar

from torch import Tensor

from axonal.neuro import _checks
from axonal.neuro.layers._neuron import Size, Values
from axonal.neuro.layers.lif import LIF, LIFState
from axonal.neuro.surrogates._own import Derivative


class IF(LIF):
    """Integrate-and-fire neurons, :class:`LIF` with a decay of 1: h = v + x.

    Under a constant input x and ``reset="subtract"`` the rate is x / threshold spikes per step, so
    that these neurons code a rectified linear unit's output in their rate. Neurons that begin at
    ``start`` = 1/2 are right on average after more than a few steps, and those that begin at rest
    half a spike late.

    Source: Lapicque 1907, without the leak; Diehl et al., IJCNN 2015, for rate codes; Bu et al.,
    AAAI 2022 (arXiv 2202.01440), for the start.

    Args:
        size: N neurons, or (C, H, W).
        start: potential before the first step, as a share of the threshold, 0 to below 1.
        learn: ``"threshold"`` to learn one threshold per neuron.
        threshold, reset, detach_reset, refractory, surrogate, recompute, backend: those of
            :class:`LIF`.

    Returns:
        Called with x [T, B, N] and a state: spikes [T, B, N], 0 or 1, and a :class:`LIFState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> import torch
    >>> spikes, state = IF(1, reset="subtract")(torch.full((8, 1, 1), 0.25))
    >>> spikes.flatten()
    tensor([0., 0., 0., 1., 0., 0., 0., 1.])
    >>> spikes, state = IF(1, reset="subtract", start=0.5)(torch.full((8, 1, 1), 0.25))
    >>> spikes.flatten()
    tensor([0., 1., 0., 0., 0., 1., 0., 0.])
    """

    _learnable: ClassVar[tuple[str, ...]] = ("threshold",)

    def __init__(
        self,
        size: Size,
        *,
        threshold: Values = 1.0,
        start: float = 0.0,
        reset: str = "zero",
        detach_reset: bool = True,
        refractory: int = 0,
        surrogate: Derivative | None = None,
        learn: Collection[str] | str = (),
        recompute: bool = False,
        backend: str = "auto",
    ) -> None:
        super().__init__(
            size, math.inf, threshold=threshold, reset=reset, detach_reset=detach_reset,
            refractory=refractory, surrogate=surrogate, learn=learn, recompute=recompute,
            backend=backend,
        )  # fmt: skip
        if not isinstance(start, Real) or not 0 <= start < 1:
            raise ValueError(
                f"{_checks.name_of(self)} expects start from 0 to below 1, a share of the "
                f"threshold, got {start!r}."
            )
        self.start: float = float(start)

    def init(self, x: Tensor) -> LIFState:
        """Return the state before the first step for inputs like ``x`` [B, N]."""
        rest = super().init(x)
        return rest._replace(v=rest.v + self.start * self.threshold) if self.start else rest

    def _settings(self) -> dict[str, Any]:
        return super()._settings() | {"start": self.start}
