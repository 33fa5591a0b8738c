"""Analogue-to-digital conversion of the currents of a crossbar."""

from dataclasses import dataclass

import numpy as np

from axonal._base import checks
from axonal._base.array_types import Float64Array


@dataclass(frozen=True)
class ADC:
    """A converter of signed currents to whole steps, one of which is zero.

        i -> step round(i / step), at most full_scale in size,  step = full_scale / (2^(bits-1) - 1)

    The error is half a step at most, as long as nothing exceeds the full scale.

    Args:
        bits: 2 to 24.
        full_scale: largest current, µA, > 0; None for the largest that a crossbar's programmed
            weights can make of inputs from -1 to 1, so that ideal devices never exceed it.

    Raises:
        ValueError: for a number out of its range.

    >>> ADC(bits=3, full_scale=3.0).converted(np.array([0.4, -1.6, 9.0]), 1.0)
    array([ 0., -2.,  3.])
    """

    bits: int
    full_scale: float | None = None

    def __post_init__(self) -> None:
        checks.whole_number("ADC", "bits", self.bits, 2, 24)
        if self.full_scale is not None:
            checks.number("ADC", "full_scale", self.full_scale, 0, open_low=True)

    def step(self, largest: float) -> float:
        """Size of a step in µA, where ``largest`` is the full scale if none was given."""
        full = largest if self.full_scale is None else self.full_scale
        return full / float(2 ** (self.bits - 1) - 1)

    def converted(self, currents: Float64Array, largest: float) -> Float64Array:
        """Currents in µA as the converter tells them; ``largest`` as in :meth:`step`."""
        step, top = self.step(largest), 2 ** (self.bits - 1) - 1
        # crossbars without any weight have no scale, and no current either
        levels = currents / step if step else np.zeros_like(currents)
        # + 0.0 makes a negative zero positive
        return step * np.clip(np.rint(levels), -top, top) + 0.0
