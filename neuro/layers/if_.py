"""Integrate-and-fire neurons without a leak."""

import math
from collections.abc import Collection
from typing import ClassVar

from axonal.neuro.layers._neuron import Size, Values
from axonal.neuro.layers.lif import LIF
from axonal.neuro.surrogates._own import Derivative


class IF(LIF):
    """Integrate-and-fire neurons, :class:`LIF` with a decay of 1: h = v + x.

    Under a constant input x and ``reset="subtract"`` the rate is x / threshold spikes per step, so
    that these neurons code a rectified linear unit's output in their rate.

    Source: Lapicque 1907, without the leak; Diehl et al., IJCNN 2015, for rate codes.

    Args:
        size: N neurons, or (C, H, W).
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
    """

    _learnable: ClassVar[tuple[str, ...]] = ("threshold",)

    def __init__(
        self,
        size: Size,
        *,
        threshold: Values = 1.0,
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
