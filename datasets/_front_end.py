"""Front ends: sounds in, spikes out."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import Float64Array, Int32Array, Int64Array, UInt16Array
from axonal.datasets._checks import real_array

Spikes = tuple[Int32Array, UInt16Array]


@dataclass(frozen=True)
class FrontEnd(ABC):
    """A cochlea: the spikes that sounds of one sampling rate become. Abstract.

    Subclasses are frozen dataclasses, whose fields are all that their spikes depend on.
    """

    @property
    @abstractmethod
    def rate(self) -> int:
        """Samples per second."""

    @property
    @abstractmethod
    def channels(self) -> int:
        """Number of channels."""

    @property
    @abstractmethod
    def _shortest(self) -> int:
        """Samples of the shortest sound that is taken."""

    @abstractmethod
    def _encoded(self, sounds: list[Float64Array]) -> list[Spikes]:
        """Spikes of each checked sound."""

    def encode(self, sounds: Sequence[npt.ArrayLike]) -> list[Spikes]:
        """Spikes of each sound.

        Args:
            sounds: samples ``[L]`` from -1 to 1 at ``rate``, each of its own length.

        Returns:
            For each sound times int32 ``[spikes]`` in microseconds, and channels uint16
            ``[spikes]``, in time order.

        Raises:
            ValueError: sounds that are no samples from -1 to 1, of one channel, or too short.
        """
        return self._encoded(self._checked(sounds))

    def _checked(self, sounds: Sequence[npt.ArrayLike]) -> list[Float64Array]:
        """Sounds as float64 ``[L]``, refuse what is no sound."""
        who, arrays = type(self).__name__, []
        for sound in sounds:
            x = real_array(sound, who, "[L]", 1)
            if x.ndim != 1:
                raise ValueError(
                    f"{who} expects each sound as samples [L], got shape {x.shape}. Is it stereo? "
                    "Take the mean of its channels."
                )
            if len(x) < self._shortest:
                raise ValueError(
                    f"{who} expects sounds of at least {self._shortest} samples, got {len(x)}: "
                    "that is less than one step."
                )
            if np.abs(x).max() > 1:
                raise ValueError(
                    f"{who} expects samples from -1 to 1, got {np.abs(x).max():g}. Are these "
                    "16-bit integers? Divide them by 32768."
                )
            arrays.append(x)
        return arrays


def in_microseconds(samples: Int64Array, rate: int) -> Int32Array:
    """Times of the samples with these numbers."""
    return (samples * 1_000_000 // rate).astype(np.int32)
