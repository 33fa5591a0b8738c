"""What the front ends share: the check of what they are given, and the clock."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from axonal.datasets._checks import FloatArray, real_array

Spikes = tuple[npt.NDArray[np.int32], npt.NDArray[np.uint16]]


def checked(sounds: Sequence[npt.ArrayLike], who: str, shortest: int) -> list[FloatArray]:
    """Sounds as float64 ``[L]``, refuse what is no sound."""
    found = []
    for sound in sounds:
        x = real_array(sound, who, "[L]", 1)
        if x.ndim != 1:
            raise ValueError(
                f"{who} expects each sound as samples [L], got shape {x.shape}. Is it stereo? Take "
                "the mean of its channels."
            )
        if len(x) < shortest:
            raise ValueError(
                f"{who} expects sounds of at least {shortest} samples, got {len(x)}: that is less "
                "than one step."
            )
        if np.abs(x).max() > 1:
            raise ValueError(
                f"{who} expects samples from -1 to 1, got {np.abs(x).max():g}. Are these 16-bit "
                "integers? Divide them by 32768."
            )
        found.append(x)
    return found


def in_microseconds(samples: npt.NDArray[np.int64], rate: int) -> npt.NDArray[np.int32]:
    """When samples with these numbers are heard."""
    return (samples * 1_000_000 // rate).astype(np.int32)
