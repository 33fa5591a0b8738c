"""Sound files as arrays: 16 bit, one channel, one rate; anything else is refused in one line."""

import wave
from os import PathLike
from pathlib import Path

import numpy as np
import numpy.typing as npt

FULL_SCALE = 2**15


def read_wav(path: str | PathLike[str], rate: int) -> npt.NDArray[np.float64]:
    """Samples of a mono 16-bit WAV file, in [-1, 1).

    x = integer sample / 32768.

    Args:
        path: of the file.
        rate: samples a second that the file must have; nothing is resampled.

    Returns:
        Samples ``[L]``, float64.

    Raises:
        ValueError: another rate, several channels, another sample width, no samples, a file that
            ends early or is no WAV file.
        FileNotFoundError: there is no such file.

    >>> import tempfile, wave
    >>> from axonal.datasets import read_wav
    >>> with tempfile.NamedTemporaryFile(suffix=".wav") as file:
    ...     with wave.open(file.name, "wb") as sound:
    ...         sound.setparams((1, 2, 8000, 0, "NONE", ""))
    ...         sound.writeframes(bytes([0, 64, 0, 192]))
    ...     read_wav(file.name, rate=8000).tolist()
    [0.5, -0.5]
    """
    path = Path(path)
    try:
        with wave.open(str(path), "rb") as sound:
            channels, width, found, frames, *_ = sound.getparams()
            content = sound.readframes(frames)
    except (wave.Error, EOFError) as error:
        why = str(error) or "it ends early"
        raise ValueError(f"{path} is not a readable WAV file ({why}): copy it again.") from error
    if channels != 1:
        raise ValueError(f"{path} has {channels} channels, expected 1: mix it down to mono first.")
    if width != 2:
        raise ValueError(f"{path} has {8 * width} bits a sample, expected 16: convert it first.")
    if found != rate:
        raise ValueError(
            f"{path} has {found} samples a second, expected {rate}: resample it first."
        )
    if len(content) != 2 * frames:
        raise ValueError(
            f"{path} is cut off: {len(content) // 2} of {frames} samples are there. Copy it again."
        )
    if not frames:
        raise ValueError(f"{path} holds no samples: copy it again.")
    return np.frombuffer(content, "<i2") / FULL_SCALE
