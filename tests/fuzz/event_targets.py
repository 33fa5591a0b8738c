"""Readers of files of events as targets, one for every layout of `helpers.event_cases`."""

import contextlib
import random
import struct
import zlib
from typing import Any, ClassVar

from helpers import event_files
from helpers.event_cases import CASES, EVENTS

from fuzz.mutations import mutate
from fuzz.target import Target


class EventFile(Target):
    """A file that `read` takes; sealed: what lies packed in it is changed, and packed again."""

    checked = False
    case: ClassVar[str]

    def make(self) -> None:
        from axonal.datasets import read

        # a change of one byte may name another layout, whose machine code is loaded then
        for case in (*CASES, self.case):
            self.path.write_bytes(CASES[case]().content)
            read(self.path)

    def read(self) -> Any:
        from axonal.datasets import read

        # what is left of a file is asked for as well; it must not hang or crash either
        with contextlib.suppress(ValueError):
            read(self.path, truncated=True, sort=True)
        return read(self.path)

    def damage(self, r: random.Random, sealed: bool) -> None:
        found = repacked(self.case, self.whole, r) if sealed else None
        self.path.write_bytes(mutate(self.whole, r) if found is None else found)


def repacked(case: str, whole: bytes, r: random.Random) -> bytes | None:
    """A change in what is packed; None for a layout in which nothing is."""
    if case == "stmnist":
        size = struct.unpack("<I", whole[132:136])[0]
        inside = zlib.compress(mutate(zlib.decompress(whole[136 : 136 + size]), r))
        return whole[:132] + struct.pack("<I", len(inside)) + inside
    if case not in ("aedat4 lz4", "aedat4 zstd"):
        return None
    packets = [event_files.aedat4_packet(one) for one in (EVENTS[:90], EVENTS[90:])]
    chosen = r.randrange(2)
    packets[chosen] = mutate(packets[chosen], r)
    if case == "aedat4 lz4":
        import lz4.frame

        return event_files.aedat4(*map(lz4.frame.compress, packets), packing=1)
    import zstandard

    return event_files.aedat4(*map(zstandard.compress, packets), packing=3)


class Digits(Target):
    name = "n-tidigits"
    checked = False

    def make(self) -> None:
        import h5py

        with h5py.File(self.path, "w") as file:
            for k in range(3):
                file[f"test_timestamps/a-{k}"] = [0.25, 0.5, 0.5 + k]
                file[f"test_addresses/a-{k}"] = [k, 3, 63]

    def read(self) -> Any:
        from axonal.datasets import read_ntidigits

        return list(read_ntidigits(self.path, "test"))


class Gestures(Target):
    name = "dvs gesture"
    checked = False

    def make(self) -> None:
        packets = (event_files.aedat3_packet(one) for one in (EVENTS[:90], EVENTS[90:]))
        self.recording = self.path.with_name("user.aedat")
        self.recording.write_bytes(event_files.aedat3(*packets))
        head = "class,startTime_usec,endTime_usec\n"
        self.path.write_text(head + "".join(f"{k},{900 * k},{900 * k + 700}\n" for k in (1, 5, 11)))

    def read(self) -> Any:
        from axonal.datasets import read_gestures

        return list(read_gestures(self.recording, self.path))


READERS: tuple[type[Target], ...] = (
    *(type(case, (EventFile,), {"name": case, "case": case}) for case in CASES),
    Digits,
    Gestures,
)
