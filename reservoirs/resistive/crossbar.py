"""A matrix of weights as pairs of conductances at the crossings of wires."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from axonal._base import checks
from axonal._base.array_types import Float64Array
from axonal.reservoirs._inputs import generator, real_array
from axonal.reservoirs.resistive import _wires
from axonal.reservoirs.resistive.adc import ADC
from axonal.reservoirs.resistive.resistive_device import ResistiveDevice

IDEAL = ResistiveDevice()


class Crossbar:
    """Weights [M, N] held by pairs of resistive devices; a read multiplies them with a vector.

    Programmed are g*+ = base + unit max(w, 0) and g*- = base + unit max(-w, 0), each in an array of
    its own, as :class:`ResistiveDevice` says. A read with voltages v = voltage x has the currents

        i_m = sum_n (G+_mn - G-_mn) v_n,   y = ADC(i) / (unit voltage),

    with G the conductances at that time; with a resistance of the wires, what the solved network of
    resistors lets through. Ideal devices, wires and no converter give W x up to rounding. Read
    noise of all devices is drawn as its sum at each output, which has the same distribution; with
    wires, the noise of a device counts as if it had the conductance that the wires leave of it.

    Args:
        weights: W [M, N], outputs and inputs.
        device: what each device is; ideal by default.
        unit: conductance per unit of weight, µS; by default the largest weight fills the window.
        base: conductance of a device that holds no weight, µS; by default the window's lower end.
        wire_resistance: of one segment of wire between neighbouring devices, ohm, >= 0.
        adc: the converter of each output, None for none.
        voltage: of an input of 1, V, > 0.
        seed: of the devices, a whole number or a generator; they are drawn alike for all targets.

    Attributes:
        conductances: g_0 of the devices [2, M, N], those of G+ and G-, µS.
        unit: conductance per unit of weight, µS.

    Raises:
        ValueError: for weights that are not finite or do not fit into the window, and for numbers
            out of range.

    >>> crossbar = Crossbar([[0.5, -1.0]], ResistiveDevice(1.0, 101.0))
    >>> crossbar.conductances[:, 0]
    array([[ 51.,   1.],
           [  1., 101.]])
    >>> crossbar.product([2.0, 3.0])
    array([-2.])
    """

    def __init__(
        self,
        weights: ArrayLike,
        device: ResistiveDevice = IDEAL,
        *,
        unit: float | None = None,
        base: float | None = None,
        wire_resistance: float = 0.0,
        adc: ADC | None = None,
        voltage: float = 0.2,
        seed: Any = 0,
    ) -> None:
        w = real_array("Crossbar", "weights", weights, "[M, N]", 2)
        base = device.g_min if base is None else checks.number("Crossbar", "base", base)
        if not device.g_min <= base <= device.g_max:
            raise ValueError(
                f"Crossbar expects base in the window from {device.g_min:g} to {device.g_max:g} "
                f"µS, got {base:g}."
            )
        largest, room = float(np.abs(w).max()), device.g_max - base
        if unit is None:
            unit = room / largest if largest else 1.0
        self.unit = checks.number("Crossbar", "unit", unit, 0, open_low=True)
        # a weight that fills the window may exceed it by rounding
        if largest * self.unit > room * (1 + 1e-12):
            raise ValueError(
                f"Crossbar: weights up to {largest:g} at {self.unit:g} µS each do not fit between "
                f"{base:g} and {device.g_max:g} µS: write unit={room / largest:.4g} or less, or "
                "leave it out."
            )
        self.device, self.adc, self.shape = device, adc, w.shape
        self.wire_resistance = checks.number("Crossbar", "wire_resistance", wire_resistance, 0)
        self.voltage = checks.number("Crossbar", "voltage", voltage, 0, open_low=True)
        rng = generator("Crossbar", seed)
        targets = base + self.unit * np.stack([np.maximum(w, 0), np.maximum(-w, 0)])
        self.conductances, self._exponents = device.programmed(targets, rng)
        self._largest = self.unit * self.voltage * float(np.abs(w).sum(1).max())  # µA
        self._let_through: dict[float, Float64Array] = {}

    @classmethod
    def random(
        cls,
        outputs: int,
        inputs: int,
        device: ResistiveDevice,
        *,
        deviation: float = 1.0,
        seed: Any = 0,
        **options: Any,
    ) -> "Crossbar":
        """Make a crossbar whose weights are the spread of its devices, and nothing else.

        All devices are programmed towards the geometric mean g of the window. The pair's difference
        has zero mean and the deviation g sqrt(2 e^s (e^s - 1)), s = spread^2, which ``unit`` makes
        the wanted one.

        Args:
            outputs: M.
            inputs: N.
            device: with a spread above 0.
            deviation: standard deviation of the weights, > 0, where no device is stuck.
            seed: of the devices.
            options: ``wire_resistance``, ``adc`` and ``voltage``; a converter needs a full scale.

        Raises:
            ValueError: if the devices have no spread, and for numbers out of range.
        """
        shape = [
            checks.whole_number("Crossbar.random", name, size)
            for name, size in (("outputs", outputs), ("inputs", inputs))
        ]
        if device.spread == 0:
            raise ValueError(
                "Crossbar.random expects a device with a spread above 0, or all weights are zero; "
                "write ResistiveDevice(spread=0.3) for example."
            )
        adc = options.get("adc")
        if adc is not None and adc.full_scale is None:
            raise ValueError(
                "Crossbar.random expects a converter with a full scale, since no weights are "
                "programmed that would tell one: write ADC(bits, full_scale=...) in µA."
            )
        deviation = checks.number("Crossbar.random", "deviation", deviation, 0, open_low=True)
        g, s = np.sqrt(device.g_min * device.g_max), device.spread**2
        unit = g * np.sqrt(2 * np.exp(s) * np.expm1(s)) / deviation
        return cls(np.zeros(shape), device, unit=unit, base=float(g), seed=seed, **options)

    @property
    def linear(self) -> bool:
        """True if a read is a product with fixed weights: no read noise and no converter."""
        return self.device.read_noise == 0 and self.adc is None

    def weights(self, time: float | None = None) -> Float64Array:
        """Weights [M, N] that reads have on average: all but read noise and the converter.

        Args:
            time: seconds after programming, >= t_0; t_0 by default.
        """
        plus, minus = self._conducting(time)
        found: Float64Array = (plus - minus) / self.unit
        return found

    def measured_weights(
        self, *, reads: int = 1, time: float | None = None, seed: Any = None
    ) -> Float64Array:
        """Weights [M, N] as a user of the crossbar can find them out: one input at a time.

        Args:
            reads: of each input, whose mean is taken.
            time: seconds after programming, >= t_0; t_0 by default.
            seed: of the read noise; needed if there is some.

        >>> device = ResistiveDevice(read_noise=0.1)
        >>> Crossbar([[1.0, -1.0]], device).measured_weights(reads=10_000, seed=0).round(2)
        array([[ 1., -1.]])
        """
        reads = checks.whole_number("Crossbar.measured_weights", "reads", reads)
        rng = None if seed is None else generator("Crossbar.measured_weights", seed)
        one_by_one = np.eye(self.shape[1])
        total = np.zeros(self.shape)
        for _ in range(reads):
            total += self.product(one_by_one, time=time, seed=rng).T
        return total / reads

    def product(self, x: ArrayLike, *, time: float | None = None, seed: Any = None) -> Float64Array:
        """Read the crossbar with each vector once.

        Args:
            x: inputs [..., N], in units of the read voltage.
            time: seconds after programming, >= t_0; t_0 by default.
            seed: a whole number or a generator, of the read noise; needed if there is some.

        Returns:
            y [..., M].

        Raises:
            ValueError: for inputs that are not finite or not [..., N]; for read noise without seed.
        """
        x = self._checked("Crossbar.product", x)
        plus, minus = self._conducting(time)
        y: Float64Array = x @ ((plus - minus) / self.unit).T
        if self.device.read_noise:
            if seed is None:
                raise ValueError(
                    "Crossbar.product expects a seed, since its devices have read noise: write "
                    "seed=0, or hand a numpy Generator on."
                )
            rng = generator("Crossbar.product", seed)
            variance = (x / self.unit) ** 2 @ (plus**2 + minus**2).T
            y += self.device.read_noise * np.sqrt(variance) * rng.standard_normal(y.shape)
        if self.adc is not None:
            current = self.unit * self.voltage  # µA for y = 1
            y = self.adc.converted(y * current, self._largest) / current
        return y

    def energy(self, x: ArrayLike, read_time: float) -> Float64Array:
        """Heat of the devices in one read, in joules: sum over pairs of v^2 (G+ + G-) read_time.

        Drivers, converters, wires and neurons are not in it, and they may well need more.

        Args:
            x: inputs [..., N], in units of the read voltage.
            read_time: length of the read pulse, s, > 0; 250 ns in aihwkit's model of PCM.

        Returns:
            energies [...].

        >>> crossbar = Crossbar([[1.0]], ResistiveDevice(1.0, 99.0), voltage=0.1)
        >>> print(f"{crossbar.energy([1.0], read_time=1e-6) * 1e12:.3g} pJ")
        1 pJ
        """
        x = self._checked("Crossbar.energy", x)
        read_time = checks.number("Crossbar.energy", "read_time", read_time, 0, open_low=True)
        per_input = self.conductances.sum((0, 1)) * 1e-6  # S
        heat: Float64Array = (x * self.voltage) ** 2 @ per_input * read_time
        return heat

    def _checked(self, who: str, x: ArrayLike) -> Float64Array:
        """Inputs [..., N] as float64."""
        array = real_array(who, "x", x, f"[..., {self.shape[1]}]", None)
        if array.shape[-1] != self.shape[1]:
            turned = " Is it transposed?" if array.shape[0] == self.shape[1] else ""
            raise ValueError(f"{who} expects x [..., {self.shape[1]}], got {array.shape}.{turned}")
        return array

    def _conducting(self, time: float | None) -> Float64Array:
        """Conductances G+ and G- [2, M, N] that the wires let through at a time, µS."""
        time = self.device.t_0 if time is None else float(time)
        if time not in self._let_through:
            g = self.device.aged(self.conductances, self._exponents, time)
            through = np.stack([_wires.transfer(array, self.wire_resistance) for array in g])
            # one time is kept: reads follow one another at the same one
            self._let_through = {time: through}
        return self._let_through[time]
