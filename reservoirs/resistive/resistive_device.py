"""One device of resistive memory: its window, how it is programmed, read, and how it ages."""

from dataclasses import dataclass, fields

import numpy as np

from axonal._base import checks
from axonal._base.array_types import Float64Array


@dataclass(frozen=True)
class ResistiveDevice:
    """Conductance of a resistive memory device, in microsiemens.

    Programmed towards a target g* of the window, read at a time t after that:

        g_0  = g* exp(spread xi)                     xi, eta, zeta standard normal
        g(t) = g_0 (t / t_0)^-nu                     nu = max(drift + drift_spread eta, 0)
        read: g(t) (1 + read_noise zeta), zeta new in every read

    A stuck device is at the lower or upper end of the window whatever its target is, and does not
    age. The spread may carry a device out of the window, which limits targets. By default a device
    is ideal.

    Sources: drift by a power law with exponents that differ between devices is the statistical
    model of phase-change memory by Joshi et al., Nature Communications 11, 2473, 2020, and
    Nandakumar et al., ICECS, 2019; as the documentation of aihwkit states it, mean exponents lie
    from 0.049 to 0.1 and deviations from 0.008 to 0.045. The log-normal spread
    and read noise in proportion to the conductance are choices of a model, positive at any spread;
    the window has no source, and only its ratio matters to a product.

    Args:
        g_min: lower end of the window, µS, > 0.
        g_max: upper end of the window, µS, > g_min.
        spread: standard deviation of the logarithm of g_0, >= 0.
        read_noise: standard deviation of a read, as a share of the conductance, >= 0.
        stuck_low: share of devices that are stuck at g_min, 0 to 1.
        stuck_high: share of devices that are stuck at g_max, 0 to 1 - stuck_low.
        drift: mean exponent, >= 0.
        drift_spread: standard deviation of the exponent between devices, >= 0.
        t_0: time after programming at which g_0 is measured, s, > 0.

    Raises:
        ValueError: for a number out of its range.

    >>> device = ResistiveDevice(1.0, 100.0, drift=0.05)
    >>> g_0, nu = device.programmed(np.array([50.0]), np.random.default_rng(0))
    >>> device.aged(g_0, nu, time=1e6)
    array([25.05936168])
    """

    g_min: float = 1.0
    g_max: float = 100.0
    spread: float = 0.0
    read_noise: float = 0.0
    stuck_low: float = 0.0
    stuck_high: float = 0.0
    drift: float = 0.0
    drift_spread: float = 0.0
    t_0: float = 1.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            checks.number("ResistiveDevice", field.name, value, 0, open_low=field.name == "t_0")
        checks.number("ResistiveDevice", "g_min", self.g_min, 0, open_low=True)
        if self.g_max <= self.g_min:
            raise ValueError(
                f"ResistiveDevice expects g_max above g_min = {self.g_min:g} µS, got "
                f"{self.g_max:g} µS. Are they resistances? Conductance is their inverse."
            )
        if self.stuck_low + self.stuck_high > 1:
            raise ValueError(
                "ResistiveDevice expects shares with stuck_low + stuck_high <= 1, got "
                f"{self.stuck_low:g} and {self.stuck_high:g}. Are they percents? Divide by 100."
            )

    def programmed(
        self, targets: Float64Array, rng: np.random.Generator
    ) -> tuple[Float64Array, Float64Array]:
        """Draw conductances g_0 in µS and exponents nu of devices with targets in µS.

        A device draws the same numbers whatever its target is.
        """
        shape = targets.shape
        g_0 = targets * np.exp(self.spread * rng.standard_normal(shape))
        nu = np.maximum(self.drift + self.drift_spread * rng.standard_normal(shape), 0.0)
        fate = rng.random(shape)
        low, high = fate < self.stuck_low, fate >= 1 - self.stuck_high
        g_0[low], g_0[high] = self.g_min, self.g_max
        nu[low | high] = 0.0
        return g_0, nu

    def aged(self, g_0: Float64Array, nu: Float64Array, time: float) -> Float64Array:
        """Conductances in µS a time in s, >= t_0, after programming."""
        if not (np.isfinite(time) and time >= self.t_0):
            raise ValueError(
                f"ResistiveDevice expects a time >= t_0 = {self.t_0:g} s after programming, got "
                f"{time!r}."
            )
        aged: Float64Array = g_0 * (time / self.t_0) ** -nu
        return aged
