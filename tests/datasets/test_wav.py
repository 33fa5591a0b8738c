"""Headers of sound files: what is 16-bit PCM is read, everything else gets the right advice."""

import os
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonal.datasets import read_wav

SAMPLES = np.array([0, 16384, -16384, 32767, -32768], "<i2")
TAIL = bytes.fromhex("000000001000800000aa00389b71")


def part(name: bytes, content: bytes, size: int | None = None) -> bytes:
    length = len(content) if size is None else size
    return name + struct.pack("<I", length) + content + bytes(len(content) % 2)


def form(code: int = 1, channels: int = 1, rate: int = 8000, bits: int = 16) -> bytes:
    frame = channels * bits // 8
    return struct.pack("<HHIIHH", code, channels, rate, rate * frame, frame, bits)


def extensible(code: int = 1, tail: bytes = TAIL, valid: int = 16, **rest: int) -> bytes:
    more = struct.pack("<HHIH", 22, valid, 4, code) + tail
    return form(0xFFFE, **rest) + more


def riff(*parts: bytes, head: bytes = b"RIFF") -> bytes:
    content = b"WAVE" + b"".join(parts)
    return head + struct.pack("<I", len(content)) + content


DATA = part(b"data", SAMPLES.tobytes())
GOOD = {
    "plain": riff(part(b"fmt ", form()), DATA),
    "extensible": riff(part(b"fmt ", extensible()), DATA),
    "a list before": riff(part(b"LIST", b"odd"), part(b"fmt ", form()), part(b"fact", b""), DATA),
    "a list after": riff(part(b"fmt ", form()), DATA, part(b"LIST", b"INFO")),
    "a wrong size of the whole": b"RIFF\0\0\0\0" + riff(part(b"fmt ", form()), DATA)[8:],
}
BAD = {
    "float": (riff(part(b"fmt ", form(3, bits=32)), DATA), "is floating-point, expected PCM"),
    "extensible float": (
        riff(part(b"fmt ", extensible(3, bits=32)), DATA),
        "is floating-point, expected PCM: convert it to 16-bit PCM",
    ),
    "mu-law": (riff(part(b"fmt ", form(7, bits=8)), DATA), "is mu-law, expected PCM"),
    "unknown": (riff(part(b"fmt ", form(0x1234)), DATA), "is of format 0x1234, expected PCM"),
    "own format": (riff(part(b"fmt ", extensible(tail=bytes(14))), DATA), "a format of its own"),
    "extensible cut": (riff(part(b"fmt ", extensible()[:24]), DATA), "a format of its own"),
    "extensible stereo": (
        riff(part(b"fmt ", extensible(channels=2)), DATA),
        "has 2 channels, expected 1: mix it down",
    ),
    "24 bits": (riff(part(b"fmt ", form(bits=24)), DATA), "24 bits per sample, expected 16"),
    "no channels": (riff(part(b"fmt ", form(channels=0)), DATA), "has 0 channels, expected 1"),
    "no bits": (riff(part(b"fmt ", form(bits=0)), DATA), "has 0 bits per sample"),
    "odd frame": (riff(part(b"fmt ", form()[:12] + b"\5\0\x10\0"), DATA), "5 bytes per step"),
    "no rate": (riff(part(b"fmt ", form(rate=0)), DATA), "has 0 samples per second, expected 8000"),
    "short format": (riff(part(b"fmt ", form()[:10]), DATA), "its format is cut short"),
    "no format": (riff(DATA), "samples before the format"),
    "no data": (riff(part(b"fmt ", form())), "its samples are missing"),
    "nothing": (riff(), "its format and its samples are missing"),
    "big-endian": (riff(head=b"RIFX"), "is a RIFX file, expected RIFF: convert it"),
    "64 bits": (riff(head=b"RF64"), "is a RF64 file, expected RIFF: convert it"),
    "not wave": (b"RIFF\4\0\0\0AVI ", "no RIFF header"),
    "piped": (
        riff(part(b"fmt ", form()), part(b"data", SAMPLES.tobytes(), 0xFFFFFFFF)),
        "does not say how long it is",
    ),
    "larger than the file": (
        riff(part(b"fmt ", form()), part(b"data", SAMPLES.tobytes(), 0x7FFFFFFE)),
        "is cut off: 5 of 1073741823 samples",
    ),
    "half a sample": (riff(part(b"fmt ", form()), part(b"data", b"abc")), "no whole number of"),
    "many parts": (riff() + bytes(100_000), "more than 1000 parts"),
}


@pytest.mark.parametrize("content", GOOD.values(), ids=GOOD)
def test_pcm_of_16_bits_is_read(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    np.testing.assert_array_equal(read_wav(tmp_path / "a.wav", 8000), SAMPLES / 2**15)


@pytest.mark.parametrize(("content", "words"), BAD.values(), ids=BAD)
def test_another_header_is_one_line_with_advice(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(ValueError, match=rf"a\.wav .*{words}") as caught:
        read_wav(tmp_path / "a.wav", 8000)
    assert "\n" not in str(caught.value)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="is a pipe"):
        read_wav(tmp_path / "pipe", 8000)


@given(st.binary(max_size=60), st.integers(0, 60))
def test_any_header_is_read_or_one_line(tmp_path_factory, noise: bytes, place: int) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.wav"
    whole = GOOD["extensible"]
    path.write_bytes(whole[:place] + noise + whole[place + len(noise) :])
    try:
        read_wav(path, 8000)
    except ValueError as error:
        assert "\n" not in str(error) and str(path) in str(error)


def test_the_wave_module_writes_what_is_read(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(SAMPLES.tobytes())
    assert len(read_wav(tmp_path / "a.wav", 8000)) == 5
