"""Front end of a gammatone filter bank that drives leaky integrate-and-fire hair cells."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import BoolArray, Float32Array, Float64Array
from axonal._base.checks import number, whole_number
from axonal.datasets._front_end import FrontEnd, Spikes, in_microseconds

# Of Re(1 - a / z)^-4 the numerator has the real roots |a| (cos w + COTANGENT sin w), a = |a| e^iw.
COTANGENTS = 1 / np.tan(np.pi * np.array([1, 3, 5, 7]) / 8)
BATCH = 64  # sounds that are integrated side by side


@dataclass(frozen=True)
class HairCells(FrontEnd):
    """Gammatone filters, half-wave rectification, and an adapting spiking neuron per channel.

    Filter c of order 4 is the real part y of a cascade of four equal complex one-pole filters,
    computed as four real second-order sections:

        z_t = a z_t-1 + (1 - |a|) x_t,  a = exp((-2 pi 1.019 ERB(f_c) + 2 pi i f_c) / rate)

    with ERB(f) = 24.7 (4.37 f / kHz + 1) Hz and centres f_c evenly spaced on the ERB scale. Its
    input is pre-emphasised, x_t = s_t - emphasis s_t-1. The hair cell sees it relative to the
    loudest sample so far, rectified and compressed, and fires when u reaches theta + b:

        P_t = max(P_t-1, |s_t|),  P_-1 = quiet
        u_t = d u_t-1 + (1 - d) gain max(2 y_t / P_t, 0)^power,  d = exp(-1 / (tau rate))
        spike: u = 0 for ``refractory`` s, b += jump;  otherwise b decays with tau_b

    All of it is causal: a spike depends on the samples up to its own time only. P never falls, so
    this is made for single utterances.

    Args:
        rate: samples per second.
        filters: number of gammatones, and of channels.
        lowest: centre of the first filter in Hz.
        highest: centre of the last filter in Hz, below half the rate.
        emphasis: of high frequencies, 0 (none) to below 1.
        quiet: loudest sample before the sound begins, > 0; 1 is full scale.
        power: exponent of the compression, > 0.
        gain: of the input current, > 0.
        tau: membrane time constant in seconds.
        threshold: theta at rest.
        refractory: seconds of silence after a spike.
        jump: of the threshold at a spike.
        tau_b: time constant of the threshold's decay in seconds.

    Raises:
        ValueError: settings out of range; sounds that are no samples from -1 to 1, one channel.

    Source: Holdsworth, Nimmo-Smith, Patterson and Rice, Implementing a gammatone filter bank, 1988;
    Slaney, Apple Computer Technical Report 35, 1993 (the sections); Glasberg and Moore, Hearing
    Research 47, 1990 (ERB); Cramer et al., IEEE TNNLS 33, 2022 (spiking hearing for data sets).

    >>> import numpy as np
    >>> from axonal.datasets import HairCells
    >>> cells = HairCells()
    >>> tone = 0.1 * np.sin(2 * np.pi * 1000 * np.arange(1600) / 8000)
    >>> (times, units), = cells.encode([tone])
    >>> bool(abs(cells.centres[np.bincount(units).argmax()] - 1000) < 150)
    True
    """

    rate: int = 8000
    filters: int = 64
    lowest: float = 100.0
    highest: float = 3600.0
    emphasis: float = 0.9
    quiet: float = 0.02
    power: float = 0.4
    gain: float = 6.0
    tau: float = 0.002
    threshold: float = 0.35
    refractory: float = 0.002
    jump: float = 0.15
    tau_b: float = 0.02

    def __post_init__(self) -> None:
        for name in ("rate", "filters"):
            whole_number("HairCells", name, getattr(self, name))
        positive = ("lowest", "highest", "quiet", "power", "gain", "tau", "threshold", "tau_b")
        for name in positive:
            number("HairCells", name, getattr(self, name), 0, open_low=True)
        if not self.lowest < self.highest < self.rate / 2:
            raise ValueError(
                f"HairCells expects lowest < highest < rate / 2 = {self.rate / 2:g} Hz, got "
                f"{self.lowest:g} and {self.highest:g}."
            )
        if not (0 <= self.emphasis < 1 and self.refractory >= 0 and self.jump >= 0):
            raise ValueError(
                f"HairCells expects emphasis from 0 to below 1, refractory >= 0 and jump >= 0, got "
                f"{self.emphasis:g}, {self.refractory:g} and {self.jump:g}."
            )

    @property
    def channels(self) -> int:
        """Number of channels, one per filter."""
        return self.filters

    @property
    def centres(self) -> Float64Array:
        """Centre frequency of each filter ``[filters]`` in Hz."""
        # the integral of 1 / ERB, up to a factor
        low, high = (np.log1p(0.00437 * f) for f in (self.lowest, self.highest))
        return np.asarray(np.expm1(np.linspace(low, high, self.filters)) / 0.00437)

    @property
    def _shortest(self) -> int:
        return 1

    def _encoded(self, sounds: list[Float64Array]) -> list[Spikes]:
        spikes: list[Spikes] = [(np.zeros(0, np.int32), np.zeros(0, np.uint16))] * len(sounds)
        # sounds of about one length go together: the shorter ones wait for the longest
        order = sorted(range(len(sounds)), key=lambda i: len(sounds[i]))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            lengths = [len(sounds[i]) for i in chosen]
            x = np.zeros((len(chosen), max(lengths)))
            for row, i in enumerate(chosen):
                x[row, : lengths[row]] = sounds[i]
            fired = self._fire(self._drive(x))
            for row, i in enumerate(chosen):
                sample, channel = np.nonzero(fired[: lengths[row], :, row])
                spikes[i] = in_microseconds(sample, self.rate), channel.astype(np.uint16)
        return spikes

    def filtered(self, sound: npt.ArrayLike) -> Float32Array:
        """Output y of every filter ``[L, filters]`` for a sound, before rectification."""
        (x,) = self._checked([sound])
        return self._filtered(x[None])[:, :, 0]

    def _filtered(self, x: Float64Array) -> Float32Array:
        """Sounds ``[B, L]`` through the bank, ``[L, filters, B]``."""
        # only this front end needs scipy, which takes a while to import
        from scipy.signal import lfilter, sosfilt

        emphasised = lfilter([1, -self.emphasis], [1], x)
        out = np.empty((x.shape[1], self.filters, len(x)), np.float32)
        for channel, centre in enumerate(self.centres):
            width = 1.019 * 24.7 * (4.37e-3 * centre + 1)
            radius = np.exp(-2 * np.pi * width / self.rate)
            angle = 2 * np.pi * centre / self.rate
            zeros = radius * (np.cos(angle) + COTANGENTS * np.sin(angle))
            pole = [1, -2 * radius * np.cos(angle), radius**2]
            sections = [[1 - radius, -(1 - radius) * zero, 0, *pole] for zero in zeros]
            out[:, channel] = sosfilt(sections, emphasised).T
        return out

    def _drive(self, x: Float64Array) -> Float32Array:
        """Current of the hair cells ``[L, filters, B]``."""
        loudest = np.maximum.accumulate(np.maximum(np.abs(x), self.quiet), axis=1)
        drive = self._filtered(x)
        drive *= (2 / loudest).T[:, None].astype(np.float32)
        np.maximum(drive, 0, out=drive)
        np.power(drive, np.float32(self.power), out=drive)
        drive *= np.float32(self.gain)
        return drive

    def _fire(self, drive: Float32Array) -> BoolArray:
        """Spikes ``[L, filters, B]`` of the adapting neurons."""
        decay, decay_b = (np.exp(-1 / (tau * self.rate)) for tau in (self.tau, self.tau_b))
        pause = round(self.refractory * self.rate)
        u, b, rest = np.zeros((3, *drive.shape[1:]))
        fired = np.zeros(drive.shape, np.bool_)
        for t, current in enumerate(drive):
            rest -= 1
            b *= decay_b
            u *= decay
            u += (1 - decay) * current
            u[rest > 0] = 0
            spike = np.greater_equal(u, self.threshold + b, out=fired[t])
            rest[spike] = pause + 1
            b[spike] += self.jump
            u[spike] = 0
        return fired
