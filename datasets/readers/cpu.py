"""The inner loops of the readers, compiled.

A decoder takes words, or bytes, from ``at`` on and fills ``times`` and ``addresses`` until these or
the places run out. It returns where it stands, how many events it wrote, and a code: `FINE`, or
what is wrong with the word at which it stands. ``state`` is kept from call to call: `LAST` is the
time of the last event, `BASE` what full turns of the counter have added. `TURN` is the number of
ticks after which it begins again, 0 for never, and `PAUSES` whether any step back is a turn.
``ordered`` says whether a time that falls is refused.
"""

import numpy as np

from axonal._base.jit import jit, kernel

FINE, OUTSIDE, FELL, RESERVED, EARLY, ROWLESS = range(6)

LAST, BASE, HIGH, LOW, ROW, COLUMN, SIGN, X, Y, NOW, TURN, PAUSES = range(12)
STATES = 12
HALF, WIDTH = np.uint64(0xFFFFFFFF), np.uint64(32)
"""`X`, `Y` and `NOW` are those of an event that is refused."""

MOST_OF_A_WORD = 32
"""Events that one word may hold, for which there must be room."""


@jit
def _half(data, at):  # type: ignore[no-untyped-def]
    """Two bytes as a number; signed, since numba makes floats of sums with unsigned ones."""
    return np.int64(data[at]) | (np.int64(data[at + 1]) << 8)


@jit
def _turned(state, base, before, now):  # type: ignore[no-untyped-def]
    """Sum of the full turns, when the counter goes from one number to another.

    A step back by more than half a turn is a counter that was full. After that, a step ahead by
    more than half a turn is an event from before it was full. Where there are pauses of more than
    half a turn, any step back is a counter that was full.
    """
    turn, pauses = state[TURN], state[PAUSES]
    if now < before and (pauses or before - now > turn // 2):
        return base + turn
    if not pauses and now > before and now - before > turn // 2 and base > 0:
        return base - turn
    return base


@kernel
def evt3(words, at, state, width, height, ordered, times, addresses):  # type: ignore[no-untyped-def]
    """Decode words of 16 bits."""
    count, code, room = 0, FINE, times.shape[0] - MOST_OF_A_WORD
    last, base, high, low = state[LAST], state[BASE], state[HIGH], state[LOW]
    row, column, sign = state[ROW], state[COLUMN], state[SIGN]
    now, plane, start = base + (high << 12) + low, width * height, row * width
    ready = high >= 0 and 0 <= row < height and (now >= last or not ordered)
    while at < words.shape[0] and count <= room:
        word = np.int64(words[at])
        kind, field = word >> 12, word & 0xFFF
        if kind == 2:
            x = field & 0x7FF
            if not ready or x >= width:
                code, column = _why_not(high, row, 0, now, last, ordered), x
                break
            times[count] = last = now
            addresses[count] = (field >> 11) * plane + start + x
            count += 1
        elif kind == 0:
            row = field & 0x7FF
            start = row * width
            ready = high >= 0 and row < height and (now >= last or not ordered)
        elif kind == 4 or kind == 5:
            valid = field if kind == 4 else field & 0xFF
            if valid:
                x = column
                beyond = max(width - x, 0)
                if not ready or column < 0 or (beyond < 12 and valid >> beyond):
                    code = _why_not(high, row, column, now, last, ordered)
                    if code == OUTSIDE:
                        column += _first(valid, beyond if row < height else 0)
                    break
                last = now
                place = sign * plane + start + x
                while valid:
                    if valid & 1:
                        times[count] = now
                        addresses[count] = place
                        count += 1
                    valid >>= 1
                    place += 1
            column += 12 if kind == 4 else 8
        elif kind == 3:
            column, sign = field & 0x7FF, field >> 11
        elif kind == 6 or kind == 8:
            if kind == 6:
                low = field
            elif field != high:
                if high >= 0:
                    base = _turned(state, base, high << 12, field << 12)
                # the lower half belongs to the one before until it is told anew
                high, low = field, 0
            now = base + (high << 12) + low
            ready = high >= 0 and 0 <= row < height and (now >= last or not ordered)
        elif kind != 7 and kind != 10 and kind != 14 and kind != 15:
            code = RESERVED
            break
        at += 1
    state[LAST], state[BASE], state[HIGH], state[LOW] = last, base, high, low
    state[ROW], state[COLUMN], state[SIGN] = row, column, sign
    state[X], state[Y], state[NOW] = column, row, now
    return at, count, code


@jit
def _first(valid, beyond):  # type: ignore[no-untyped-def]
    """The lowest bit that is set, from a place on; 0 if there is none."""
    for k in range(beyond, MOST_OF_A_WORD):
        if valid >> k & 1:
            return k
    return 0


@jit
def _why_not(high, row, column, now, last, ordered):  # type: ignore[no-untyped-def]
    """Code of what is wrong with an event of EVT 3.0."""
    if high < 0:
        return EARLY
    if row < 0 or column < 0:
        return ROWLESS
    return FELL if now < last and ordered else OUTSIDE


@kernel
def evt2(words, at, state, width, height, ordered, times, addresses):  # type: ignore[no-untyped-def]
    """Decode words of 32 bits."""
    count, code = 0, FINE
    last, base, high = state[LAST], state[BASE], state[HIGH]
    while at < words.shape[0] and count < times.shape[0]:
        word = np.int64(words[at])
        kind = word >> 28
        if kind <= 1:
            x, y = (word >> 11) & 0x7FF, word & 0x7FF
            now = base + (high << 6) + ((word >> 22) & 0x3F)
            if high < 0 or x >= width or y >= height or (now < last and ordered):
                code = EARLY if high < 0 else FELL if now < last and ordered else OUTSIDE
                state[X], state[Y], state[NOW] = x, y, now
                break
            times[count] = last = now
            addresses[count] = (kind * height + y) * width + x
            count += 1
        elif kind == 8:
            now = word & 0xFFFFFFF
            if high >= 0:
                base = _turned(state, base, high << 6, now << 6)
            high = now
        elif kind != 10 and kind != 14 and kind != 15:
            code = RESERVED
            break
        at += 1
    state[LAST], state[BASE], state[HIGH] = last, base, high
    return at, count, code


@kernel
def evt21(words, at, state, width, height, ordered, times, addresses):  # type: ignore[no-untyped-def]
    """Decode words of 64 bits; ``state[LOW]`` is 1 where the upper half of a word comes first."""
    count, code, room = 0, FINE, times.shape[0] - MOST_OF_A_WORD
    last, base, high, swapped = state[LAST], state[BASE], state[HIGH], state[LOW]
    while at < words.shape[0] and count <= room:
        first, second = np.int64(words[at] & HALF), np.int64(words[at] >> WIDTH)
        upper, valid = (first, second) if swapped else (second, first)
        kind = upper >> 28
        if kind <= 1:
            if valid:
                x, y = (upper >> 11) & 0x7FF, upper & 0x7FF
                now = base + (high << 6) + ((upper >> 22) & 0x3F)
                beyond = max(width - x, 0)
                outside = y >= height or (beyond < 32 and valid >> beyond)
                if high < 0 or outside or (now < last and ordered):
                    code = EARLY if high < 0 else FELL if now < last and ordered else OUTSIDE
                    x += _first(valid, beyond if y < height else 0)
                    state[X], state[Y], state[NOW] = x, y, now
                    break
                last = now
                place = (kind * height + y) * width + x
                while valid:
                    if valid & 1:
                        times[count] = now
                        addresses[count] = place
                        count += 1
                    valid >>= 1
                    place += 1
        elif kind == 8:
            now = upper & 0xFFFFFFF
            if high >= 0:
                base = _turned(state, base, high << 6, now << 6)
            high = now
        elif kind != 10 and kind != 14 and kind != 15:
            code = RESERVED
            break
        at += 1
    state[LAST], state[BASE], state[HIGH] = last, base, high
    return at, count, code


DVS, ATIS, COLOUR = 1, 2, 4


@kernel
def event_stream(data, at, state, width, height, kind, times, addresses, extra):  # type: ignore[no-untyped-def]
    """Decode events of Event Stream 2.0, whose first byte is a time since the one before.

    ``extra`` is uint8 ``[places, 3]`` for the colours, of which events of an ATIS use the first.
    """
    count, code, now = np.int64(0), FINE, state[LAST]
    size = 8 if kind == COLOUR else 5
    while at < data.shape[0] and count < times.shape[0]:
        first, step, sign = np.int64(data[at]), np.int64(0), np.int64(0)
        if kind == ATIS:
            if first >= 0xFC:
                now += 63 * (first & 3)
                at += 1
                continue
            step, sign = first >> 2, (first >> 1) & 1
        else:
            if first >= 0xFE:
                if first == 0xFF:
                    now += 127 if kind == DVS else 254
                at += 1
                continue
            step = first
            if kind == DVS:
                step, sign = first >> 1, first & 1
        if at + size > data.shape[0]:
            break
        x, y = _half(data, at + 1), _half(data, at + 3)
        if x >= width or y >= height:
            code, state[X], state[Y] = OUTSIDE, x, y
            break
        now += step
        times[count] = now
        addresses[count] = (sign * height + y) * width + x
        if kind == ATIS:
            extra[count, 0] = first & 1
        elif kind == COLOUR:
            for k in range(3):
                extra[count, k] = data[at + 5 + k]
        count += 1
        at += size
    state[LAST] = now
    return at, count, code


@kernel
def generic(data, at, state, times, begins, sizes):  # type: ignore[no-untyped-def]
    """Find the generic events of Event Stream 2.0: times, and where their bytes lie in ``data``."""
    count, now = 0, state[LAST]
    while at < data.shape[0] and count < times.shape[0]:
        first = np.int64(data[at])
        if first >= 0xFE:
            if first == 0xFF:
                now += 254
            at += 1
            continue
        place, size, shift, more = at + 1, np.int64(0), 0, np.int64(1)
        while more and place < data.shape[0] and shift < 56:
            byte = np.int64(data[place])
            size += (byte >> 1) << shift
            more = byte & 1
            shift += 7
            place += 1
        if more or place + size > data.shape[0]:
            # a number of nine bytes ends no file that there is
            if shift >= 56:
                return at, count, RESERVED
            break
        now += first
        times[count], begins[count], sizes[count] = now, place, size
        count += 1
        at = place + size
    state[LAST] = now
    return at, count, FINE


@kernel
def gathered(data, begins, sizes, found):  # type: ignore[no-untyped-def]
    """Copy the bytes of every event into a row of its own."""
    for k in range(begins.shape[0]):
        for j in range(sizes[k]):
            found[k, j] = data[begins[k] + j]


@kernel
def placed(t, x, y, p, state, width, height, ordered, times, addresses):  # type: ignore[no-untyped-def]
    """Bring columns of events onto a clock without wraps, and into addresses.

    ``HIGH`` of the state is the last reading of the counter. Returns how many events are right, and
    the code of the next.
    """
    last, base, before, turn = state[LAST], state[BASE], state[HIGH], state[TURN]
    code, count = FINE, t.shape[0]
    for k in range(t.shape[0]):
        tick, column, row = np.int64(t[k]), np.int64(x[k]), np.int64(y[k])
        if turn and before >= 0:
            base = _turned(state, base, before, tick)
        before = tick
        now = base + before
        # one branch, not five
        outside = (column < 0) | (column >= width) | (row < 0) | (row >= height)
        fell = ordered & (now < last)
        if outside | fell:
            code, count = OUTSIDE if outside else FELL, k
            state[X], state[Y], state[NOW] = column, row, now
            break
        times[k] = last = now
        addresses[k] = (np.int64(p[k]) * height + row) * width + column
    state[LAST], state[BASE], state[HIGH] = last, base, before
    return count, code
