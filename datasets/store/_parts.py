"""The parts of a file of events while it is written: a folder beside it."""

import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from axonal._base.array_types import AnyArray, Int64Array
from axonal._base.files import take_place
from axonal.datasets.events.encoding import PERIOD_BITS, address_type, check_span, low_part
from axonal.datasets.store._journal import JOINING, JOURNAL, Journal, sync_folder
from axonal.datasets.store._sections import append, close, pad, write_all
from axonal.datasets.store.header import COLUMNS, GROUPS, PREFIX, VERSION, WHOLE, Header, Section

# Addresses come first in the file, so that they are written once; all else is appended at the end.
FINAL, LOW, BOUNDARIES, SAMPLES = "addresses", "low", "boundaries", "samples"
FILES = (FINAL, LOW, BOUNDARIES, SAMPLES)
KEPT = 3
"""Numbers per sample beside those of groups: its last period, start and label."""
BLOCK = 1 << 24
COMMIT_SECONDS = 5.0
COMMIT_EVENTS = 1 << 24


class Parts:
    """Files that grow, and the journal of how far they have come to the disk.

    A call that goes on adds all samples again from the first one on, or from the one that `skip`
    says. What a stopped call has written of them is compared, byte by byte, with what this one
    would write; the rest is written. So the file is that of one call, or is refused.

    Args:
        folder: that nobody else writes in.
        goal: the file that comes of it.
        about: sensor, classes, name and origin, as a `Header` has them.
    """

    def __init__(self, folder: Path, goal: Path, about: Mapping[str, Any]) -> None:
        self.folder, self.goal, self.about = folder, goal, about
        self.address = address_type(about["sensor"]).newbyteorder("<")
        text = Header(arrays={}, **about).text() + b" %d" % VERSION
        settings = hashlib.sha256(text).hexdigest()
        found = Journal.read(folder, settings)
        if found is not None and not self._holds(found):
            found = None
        self.resumed = found is not None
        self.known = found or Journal(settings)
        self.journal = Journal(settings)
        self._files: dict[str, Any] = {}
        self._ends = self._sizes(self.known)
        self._places = dict.fromkeys(FILES, 0) | {FINAL: PREFIX.size}
        self._committed, self._when = self.known.events, time.monotonic()

    def _holds(self, journal: Journal) -> bool:
        sizes = self._sizes(journal)
        try:
            return all((self.folder / n).stat().st_size >= size for n, size in sizes.items())
        except OSError:
            return False

    def _sizes(self, journal: Journal) -> dict[str, int]:
        width = 8 * (KEPT + len(journal.groups or ()))
        return {
            FINAL: PREFIX.size + journal.events * self.address.itemsize,
            LOW: 2 * journal.events,
            BOUNDARIES: 8 * journal.periods,
            SAMPLES: width * journal.samples,
        }

    def open(self) -> None:
        """Open the files where the journal says that they end; what came later is cut off."""
        if not self.resumed:
            # a journal of something else must not be found beside what is written now
            (self.folder / JOURNAL).unlink(missing_ok=True)
            sync_folder(self.folder)
        for name, size in self._ends.items():
            file = self._files[name] = (self.folder / name).open(
                "r+b" if self.resumed else "w+b", buffering=0
            )
            if name == FINAL and not self.resumed:
                write_all(file, bytes(PREFIX.size))
            file.truncate(size)
            file.seek(size)

    def close(self) -> None:
        """Close the files; a folder with nothing to go on from is left empty."""
        for file in self._files.values():
            file.close()
        if not (self.folder / JOURNAL).exists():
            self._clear()

    def _clear(self) -> None:
        # the journal goes first: without it the rest means nothing
        for name in (JOURNAL, f"{JOURNAL}.new", *FILES):
            (self.folder / name).unlink(missing_ok=True)

    def skip(self) -> int:
        """Take the whole samples that a stopped call has written for those of this one.

        Returns:
            their number: that of the sample to go on with.
        """
        self.journal = self.known.whole()
        self._places = self._sizes(self.journal)
        return self.journal.samples

    def add(self, times: Int64Array, addresses: AnyArray, sample: str) -> None:
        """Append events of the sample that is not whole yet, times from its start.

        Raises:
            ValueError: an event before the start, before the last one or too late.
        """
        if not len(times):
            return
        journal = self.journal
        if times[0] < 0:
            raise ValueError(f"{sample} has an event at {times[0]} microseconds, before its start.")
        if times[0] < journal.last:
            raise ValueError(
                f"{sample} has a piece that begins at {times[0]} microseconds after one that ends "
                f"at {journal.last}: pieces are expected in time order. Did a counter wrap?"
            )
        check_span(int(times[-1]), sample)
        known = self.known.events - 1 - journal.events
        # the period of the last event that is known has no end yet that would show it
        if self.known.held and 0 <= known < len(times) and times[known] != self.known.last:
            raise self._changed(f"other events as {sample}")
        new = np.arange(journal.begun, (int(times[-1]) >> PERIOD_BITS) + 1)
        begins = journal.events + np.searchsorted(times, new << PERIOD_BITS)
        other = f"other events as {sample}"
        self._put(FINAL, addresses.astype(self.address), other)
        self._put(LOW, low_part(times).astype("<u2", copy=False), other)
        self._put(BOUNDARIES, begins.astype(WHOLE), other)
        journal.events += len(times)
        journal.held += len(times)
        journal.begun += len(new)
        journal.periods += len(new)
        journal.last = int(times[-1])

    def end_sample(self, start: int, label: int, groups: Mapping[str, int]) -> None:
        """Close the sample.

        Raises:
            ValueError: other groups than those of the samples before it.
        """
        journal, known = self.journal, self.known
        sample = f"sample {journal.samples}"
        if journal.groups is None:
            journal.groups = tuple(sorted(groups))
            if known.samples and journal.groups != known.groups:
                raise self._changed(f"other groups for {sample}")
        if journal.groups != tuple(sorted(groups)):
            raise ValueError(
                f"{sample} has groups {', '.join(sorted(groups)) or 'none'}, those "
                f"before it {', '.join(journal.groups) or 'none'}."
            )
        last = journal.samples == known.samples - 1
        if (journal.samples >= known.samples and self.behind) or (
            last and journal.events > known.events - known.held
        ):
            raise self._changed(f"more events as {sample}")
        row = [journal.periods, start, label, *(groups[name] for name in journal.groups)]
        self._put(SAMPLES, np.array(row[:1], WHOLE), f"other events as {sample}")
        self._put(SAMPLES, np.array(row[1:], WHOLE), f"another label, start or group for {sample}")
        journal.samples += 1
        journal.held = journal.begun = journal.last = 0

    def _put(self, name: str, array: AnyArray, what: str) -> None:
        """Hold an array against what is on the disk at its place, and append what is not."""
        content, file, place = array.tobytes(), self._files[name], self._places[name]
        known = min(max(self._ends[name] - place, 0), len(content))
        if known and os.pread(file.fileno(), known, place) != content[:known]:
            raise self._changed(what)
        if known < len(content):
            write_all(file, content[known:])
        self._places[name] += len(content)

    @property
    def behind(self) -> bool:
        """Whether a stopped call has written more than what was added so far."""
        return any(place < self._ends[name] for name, place in self._places.items())

    def _changed(self, what: str) -> ValueError:
        return ValueError(
            f"a stopped call has written {what}. If the data changed, give another origin, or "
            f"remove {self.folder}."
        )

    def forget_unfinished(self) -> None:
        """Leave the sample that is not whole yet to a call that corrects it."""
        journal = self.journal
        if self.behind or not journal.held:
            return
        self.journal = journal.whole()
        if journal.samples:
            self.commit()
        else:
            (self.folder / JOURNAL).unlink(missing_ok=True)

    def commit_sometimes(self) -> None:
        """Bring what was added to the disk, if it is much or the last time is long ago."""
        if self.behind:
            return
        late = time.monotonic() - self._when >= COMMIT_SECONDS
        if late or self.journal.events - self._committed >= COMMIT_EVENTS:
            self.commit()

    def commit(self) -> None:
        """Bring what was added to the disk, then say so in the journal."""
        for file in self._files.values():
            os.fsync(file.fileno())
        sync_folder(self.folder)
        self.journal.write(self.folder)
        self._committed, self._when = self.journal.events, time.monotonic()

    def used(self) -> int:
        """Bytes that lie in the folder."""
        return sum(one.stat().st_size for one in self.folder.iterdir())

    def end(self) -> None:
        """Say that there are no more samples.

        Raises:
            ValueError: a stopped call has written more.
        """
        if self.behind:
            raise self._changed(
                f"{self.known.samples} samples and more, and now there are {self.journal.samples}"
            )
        self.journal.phase = JOINING
        self.commit()

    def to_join(self) -> int:
        """Bytes that `join` adds to those in the folder, but for some thousands."""
        sizes = self._sizes(self.journal)
        return sizes[LOW] + sizes[BOUNDARIES] + sizes[SAMPLES]

    def join(self) -> None:
        """Make one file of the parts, and put it in its place."""
        journal = self.journal
        final, size = self._files[FINAL], self._sizes(journal)[FINAL]
        names = (*(f"{GROUPS}{name}" for name in journal.groups or ()),)
        rows = np.fromfile(self.folder / SAMPLES, WHOLE)
        rows = rows.reshape(journal.samples, KEPT + len(names))
        columns = dict(zip((*COLUMNS[1:], *names), rows.T, strict=True))
        columns["first_period"] = np.concatenate([[0], columns["first_period"]])
        parts: dict[str, tuple[str, int, Any]] = {
            LOW: ("<u2", journal.events, self._blocks(LOW)),
            BOUNDARIES: (WHOLE, journal.periods + 1, self._bounds()),
        }
        for name, column in columns.items():
            plain = np.ascontiguousarray(column, WHOLE)
            parts[name] = (WHOLE, len(plain), [plain] if plain.size else [])
        _, _, digest = append(final, self._blocks(FINAL, PREFIX.size), written=True)
        sections = {FINAL: Section(self.address.str, journal.events, PREFIX.size, digest)}
        final.seek(size)
        pad(final)
        for name, (dtype, length, blocks) in parts.items():
            offset, _, digest = append(final, blocks)
            sections[name] = Section(dtype, length, offset, digest)
        close(final, self.about, sections)
        take_place(self.folder / FINAL, self.goal)
        self._clear()

    def _blocks(self, name: str, begin: int = 0) -> Iterator[bytes]:
        with (self.folder / name).open("rb") as file:
            file.seek(begin)
            while block := file.read(BLOCK):
                yield block

    def _bounds(self) -> Iterator[Any]:
        yield from self._blocks(BOUNDARIES)
        yield np.array([self.journal.events], WHOLE)
