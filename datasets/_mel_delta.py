"""Front end of mel energies, sent whenever they change by a fixed number of decibels."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import Float64Array
from axonal._base.checks import number, whole_number
from axonal.datasets._front_end import FrontEnd, Spikes, in_microseconds

SILENCE = 1e-20  # a power that has a logarithm, far below one step of 16 bits


@dataclass(frozen=True)
class MelDelta(FrontEnd):
    """Mel energies coded send-on-delta: an ON or OFF spike for every threshold of change.

    Every hop, at its last sample, the window that ends there gives
    E_c = 10 log10 sum_f W_cf |X_f|^2 / L for the bands c, with X the Fourier transform of the
    Hann-windowed samples, and triangles W_c evenly spaced in mel = 2595 log10(1 + f / 700 Hz).
    Energies ``span`` dB below the loudest band so far count as silence:

        M_t = max(M_t-1, max_c E_c),  F_t = M_t - span,  M_-1 = quiet
        x_c = max(E_c, F_t),  L'_c = max(L_c, F_t)
        n_c = trunc((x_c - L'_c) / threshold),  L_c = L'_c + n_c threshold

    n_c > 0 are n_c ON spikes of channel c, n_c < 0 are -n_c OFF spikes of channel ``bands`` + c.
    The floor lifts the levels L without a spike. All of it is causal: a spike depends on the
    samples up to its own time only, and the running maximum M replaces the maximum of the whole
    file, which no device knows. M never falls, so this is made for single utterances.

    Args:
        rate: samples per second.
        bands: mel bands; there are twice as many channels, ON first.
        lowest: lower edge of the first band in Hz.
        highest: upper edge of the last band in Hz, at most half the rate.
        window: seconds of sound in a spectrum.
        hop: seconds between spectra.
        threshold: change in dB that a spike stands for.
        span: how far below the loudest band sound is heard, in dB; no multiple of the threshold, or
            rounding decides about the last spike of the loudest band.
        quiet: level of the loudest band before the sound begins, in dB of a full-scale square wave.

    Raises:
        ValueError: settings out of range; sounds that are no samples from -1 to 1, one channel.

    Source: O'Shaughnessy, Speech Communication, 1987 (mel); Miskowicz, Sensors 6, 2006
    (send-on-delta).

    >>> import numpy as np
    >>> from axonal.datasets import MelDelta
    >>> tone = 0.1 * np.sin(2 * np.pi * 1000 * np.arange(1600) / 8000)
    >>> (times, units), = MelDelta().encode([tone])
    >>> int(np.bincount(units[units < 40]).argmax())  # the band around 1000 Hz
    17
    """

    rate: int = 8000
    bands: int = 40
    lowest: float = 60.0
    highest: float = 3900.0
    window: float = 0.025
    hop: float = 0.005
    threshold: float = 4.0
    span: float = 42.0
    quiet: float = -45.0

    def __post_init__(self) -> None:
        for name in ("rate", "bands"):
            whole_number("MelDelta", name, getattr(self, name))
        for name in ("lowest", "highest", "window", "hop", "threshold", "span"):
            number("MelDelta", name, getattr(self, name), 0, open_low=True)
        if not self.lowest < self.highest <= self.rate / 2:
            raise ValueError(
                f"MelDelta expects lowest < highest <= rate / 2 = {self.rate / 2:g} Hz, got "
                f"{self.lowest:g} and {self.highest:g}."
            )
        if not 1 <= self._hop <= self._window:
            raise ValueError(
                f"MelDelta expects a hop of at least one sample and at most the window of "
                f"{self.window:g} s, got {self.hop:g} s."
            )

    @property
    def channels(self) -> int:
        """Number of channels: an ON and an OFF channel per band."""
        return 2 * self.bands

    @property
    def _window(self) -> int:
        return round(self.window * self.rate)

    @property
    def _hop(self) -> int:
        return round(self.hop * self.rate)

    @property
    def _shortest(self) -> int:
        return self._hop

    def _encoded(self, sounds: list[Float64Array]) -> list[Spikes]:
        filters = self._filters()
        return [self._send(self._energies(sound, filters)) for sound in sounds]

    def energies(self, sound: npt.ArrayLike) -> Float64Array:
        """Mel energies E ``[frames, bands]`` of a sound, in dB; frame k ends with hop k."""
        (x,) = self._checked([sound])
        return self._energies(x, self._filters())

    def _energies(self, sound: Float64Array, filters: Float64Array) -> Float64Array:
        window, hop = self._window, self._hop
        frames = len(sound) // hop
        # before a sound begins there is silence
        padded = np.concatenate([np.zeros(window - hop), sound[: frames * hop]])
        cut = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
        taper = np.hanning(window + 2)[1:-1]
        taper /= np.sqrt((taper**2).sum())
        spectrum = np.abs(np.fft.rfft(cut * taper, self._points)) ** 2 / window
        levels: Float64Array = 10 * np.log10(spectrum @ filters + SILENCE)
        return levels

    @property
    def _points(self) -> int:
        """Length of the Fourier transform: the lowest bands are narrower than a window resolves."""
        return 1 << (2 * self._window - 1).bit_length()

    def _filters(self) -> Float64Array:
        """Triangles ``[frequencies, bands]`` with a height of 1."""
        low, high = (2595 * np.log10(1 + f / 700) for f in (self.lowest, self.highest))
        edges = 700 * (10 ** (np.linspace(low, high, self.bands + 2) / 2595) - 1)
        frequency = np.fft.rfftfreq(self._points, 1 / self.rate)[:, None]
        rise = (frequency - edges[:-2]) / (edges[1:-1] - edges[:-2])
        fall = (edges[2:] - frequency) / (edges[2:] - edges[1:-1])
        return np.asarray(np.maximum(0, np.minimum(rise, fall)))

    def _send(self, energies: Float64Array) -> Spikes:
        loudest = np.maximum.accumulate(np.maximum(energies.max(1), self.quiet))
        floors = loudest - self.span
        level = np.full(self.bands, self.quiet - self.span)
        counts = np.zeros((len(energies), self.channels), np.int64)
        for k, (energy, floor) in enumerate(zip(energies, floors, strict=True)):
            level = np.maximum(level, floor)
            change = np.trunc((np.maximum(energy, floor) - level) / self.threshold)
            level = level + change * self.threshold
            counts[k, : self.bands] = np.maximum(change, 0)
            counts[k, self.bands :] = np.maximum(-change, 0)
        frame, channel = np.nonzero(counts)
        often = counts[frame, channel]
        heard = in_microseconds((frame + 1) * self._hop - 1, self.rate)
        return np.repeat(heard, often), np.repeat(channel, often).astype(np.uint16)
