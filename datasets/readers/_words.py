"""Formats that are streams of words: what their decoders in `cpu.py` share."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from axonal._base.array_types import Int64Array
from axonal.datasets.events import Sensor
from axonal.datasets.readers.piece import Piece
from axonal.datasets.readers.request import Request
from axonal.datasets.readers.source import Source

BLOCK, PLACES = 1 << 17, 1 << 15
"""Bytes that are read, and events that are decoded, at a time: little, to stay near the core."""

BEFORE_ALL = -(2**62)
WHOLE = "read(path, truncated=True) gives what is whole"
CUT = f"Was it cut? {WHOLE}."


def fresh(turn: int = 0, pauses: bool = False) -> Int64Array:
    """State of a decoder that has seen nothing.

    Args:
        turn: ticks after which the counter begins again, 0 for never.
        pauses: whether any step back of it is a full turn.
    """
    from axonal.datasets.readers import cpu

    state = np.full(cpu.STATES, -1, np.int64)
    state[cpu.LAST], state[cpu.BASE], state[cpu.SIGN] = BEFORE_ALL, 0, 0
    state[cpu.TURN], state[cpu.PAUSES] = turn, pauses
    return state


def refused(code: int, word: int, state: Int64Array, sensor: Sensor) -> str:
    """The line for an event or a word that a decoder refuses."""
    from axonal.datasets.readers import cpu

    if code in (cpu.EARLY, cpu.ROWLESS):
        told = "time" if code == cpu.EARLY else "row or column"
        return (
            f"an event before the first word that tells its {told}: the beginning of the recording "
            f"is missing. {WHOLE}."
        )
    if code == cpu.OUTSIDE:
        return outside(int(state[cpu.X]), int(state[cpu.Y]), sensor)
    if code == cpu.FELL:
        turn = 0 if state[cpu.PAUSES] else int(state[cpu.TURN])
        return fell(int(state[cpu.LAST]), int(state[cpu.NOW]), turn)
    return f"a word {word:#x} of a type that is reserved. Is the file damaged?"


def outside(x: int, y: int, sensor: Sensor) -> str:
    """The line for an event that is none of the sensor's."""
    return (
        f"an event at x = {x}, y = {y}, outside {sensor}. Is the file damaged, or of another "
        f"sensor? Write read(path, sensor=Sensor(width, height, {sensor.polarities}))."
    )


def fell(before: int, now: int, turn: int) -> str:
    """The line for a time that falls; the counter begins again after ``turn`` ticks, or never."""
    pause = (
        f" After a pause longer than {turn / 2e6:.1f} s, half of its counter, write read(path, "
        "pauses=True)."
    )
    return (
        f"the clock jumps back from {before} to {now} microseconds. Was the camera restarted, or "
        "is the file damaged? read(path, stop=...) gives what lies before, read(path, sort=True) "
        "sorts all of it."
    ) + (pause if turn else "")


def decoded(
    source: Source,
    begin: int,
    decoder: Callable[..., Any],
    sensor: Sensor,
    request: Request,
    state: Int64Array,
    width: int,
) -> Iterator[Piece]:
    """Events of words of ``width`` bytes, from a byte of the file to its end.

    Raises:
        EventFileError: a word that is refused, or a part of one at the end.
    """
    from axonal.datasets.readers import cpu

    ordered = not request.sort
    times, addresses = np.empty(PLACES, np.int64), np.empty(PLACES, np.uint32)
    end = begin + (source.size - begin) // width * width
    while begin < end:
        words = np.frombuffer(source.at(begin, min(BLOCK, end - begin)), f"<u{width}")
        at = 0
        while at < len(words):
            at, count, code = decoder(
                words, at, state, sensor.width, sensor.height, ordered, times, addresses
            )
            if count:
                yield Piece(times[:count], addresses[:count], {})
            if code in (cpu.EARLY, cpu.ROWLESS) and request.truncated:
                at += 1
            elif code != cpu.FINE:
                raise source.error(begin + width * at, refused(code, int(words[at]), state, sensor))
        begin += words.nbytes
    if end < source.size and not request.truncated:
        raise source.error(
            end,
            f"the file ends within a word, after {source.size - end} of its {width} bytes. {CUT}",
        )
