"""Sound files as arrays: 16 bit, one channel, one rate; anything else is refused in one line."""

from os import PathLike
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from axonal._base.array_types import Float64Array
from axonal._base.files import check_source

FULL_SCALE = 2**15

PCM, EXTENSIBLE = 1, 0xFFFE
FOREIGN = {2: "ADPCM", 3: "floating-point", 6: "A-law", 7: "mu-law", 17: "IMA ADPCM", 85: "MP3"}
# The end of the identifiers of formats that have a number; it comes first, in two bytes.
NUMBERED = bytes.fromhex("000000001000800000aa00389b71")
STREAMED = 0xFFFFFFFF
"""Size that programs write which cannot go back to the header."""
MOST_PARTS = 1000


class WavFormat(NamedTuple):
    """Fields of the header of a WAV file.

    >>> WavFormat(code=1, channels=1, rate=8000, frame=2, bits=16).bits
    16
    """

    code: int
    channels: int
    rate: int
    frame: int
    bits: int


def read_wav(path: str | PathLike[str], rate: int) -> Float64Array:
    """Samples of a mono 16-bit WAV file, in [-1, 1).

    x = integer sample / 32768.

    Args:
        path: of the file, PCM; its header may be that of WAVE_FORMAT_EXTENSIBLE.
        rate: samples per second that the file must have; nothing is resampled.

    Returns:
        Samples ``[L]``, float64.

    Raises:
        ValueError: another rate, several channels, another sample width or format, no samples, a
            file that ends early or is no WAV file.
        FileNotFoundError: there is no such file.
        OSError: it is no regular file, or cannot be read.

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
    check_source(path)
    with path.open("rb") as sound:
        form, size = _header(sound, path)
        _check(form, path, rate)
        _check_size(size, path)
        content = sound.read(min(size, path.stat().st_size))
    if len(content) != size:
        raise ValueError(
            f"{path} is cut off: {len(content) // 2} of {size // 2} samples are there. "
            "Copy it again."
        )
    return np.frombuffer(content, "<i2") / FULL_SCALE


def _check_size(size: int, path: Path) -> None:
    if size == STREAMED:
        raise ValueError(
            f"{path} does not say how long it is, as programs write it into a pipe: convert it to "
            "a file."
        )
    if size % 2:
        raise ValueError(f"{path} is damaged: {size} bytes are no whole number of samples.")
    if not size:
        raise ValueError(f"{path} holds no samples: copy it again.")


def _header(sound: BinaryIO, path: Path) -> tuple[WavFormat, int]:
    """WavFormat and bytes of sound; the file then stands before its first sample."""
    head = sound.read(12)
    if head[:4] in (b"RIFX", b"RF64", b"BW64"):
        raise ValueError(f"{path} is a {head[:4].decode()} file, expected RIFF: convert it first.")
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
        raise ValueError(f"{path} is not a readable WAV file (no RIFF header): copy it again.")
    form = None
    for _ in range(MOST_PARTS):
        begin = sound.read(8)
        if len(begin) < 8:
            missing = "its format and its samples are" if form is None else "its samples are"
            raise ValueError(f"{path} is not a readable WAV file ({missing} missing).")
        name, size = begin[:4], int.from_bytes(begin[4:], "little")
        if name == b"data":
            if form is None:
                raise ValueError(f"{path} is not a readable WAV file (samples before the format).")
            return form, size
        if name == b"fmt ":
            form = _format(sound.read(min(size, 40)), path)
            size -= min(size, 40)
        # parts have an even length
        sound.seek(size + size % 2, 1)
    raise ValueError(f"{path} is not a readable WAV file (more than {MOST_PARTS} parts).")


def _format(fields: bytes, path: Path) -> WavFormat:
    if len(fields) < 16:
        raise ValueError(f"{path} is not a readable WAV file (its format is cut short).")
    code, channels = (int.from_bytes(fields[at : at + 2], "little") for at in (0, 2))
    rate = int.from_bytes(fields[4:8], "little")
    frame, bits = (int.from_bytes(fields[at : at + 2], "little") for at in (12, 14))
    if code == EXTENSIBLE:
        if len(fields) < 40 or fields[26:40] != NUMBERED:
            raise ValueError(
                f"{path} has a format of its own (WAVE_FORMAT_EXTENSIBLE without a known number): "
                "convert it to 16-bit PCM first."
            )
        code = int.from_bytes(fields[24:26], "little")
    return WavFormat(code, channels, rate, frame, bits)


def _check(form: WavFormat, path: Path, rate: int) -> None:
    if form.code != PCM:
        what = FOREIGN.get(form.code, f"of format {form.code:#06x}")
        raise ValueError(f"{path} is {what}, expected PCM: convert it to 16-bit PCM first.")
    if form.channels != 1:
        advice = "mix it down to mono first" if form.channels else "copy it again"
        raise ValueError(f"{path} has {form.channels} channels, expected 1: {advice}.")
    if form.bits != 16:
        raise ValueError(
            f"{path} has {form.bits} bits per sample, expected 16: convert it to 16-bit PCM first."
        )
    if form.frame != 2:
        raise ValueError(
            f"{path} is damaged: {form.frame} bytes per step, expected 2 of one channel of 16 bits."
        )
    if form.rate != rate:
        raise ValueError(
            f"{path} has {form.rate} samples per second, expected {rate}: resample it first."
        )
