"""Samples written one by one into a file, by a writer that goes on where it was killed."""

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Sized
from os import PathLike
from pathlib import Path
from typing import Any

from axonal._base.array_types import AnyArray, Int64Array
from axonal._base.checks import whole_number
from axonal._base.files import check_target, locked_folder
from axonal._base.progress import bar
from axonal.datasets.events.event_set import EventSet
from axonal.datasets.events.labelled_recording import LabelledRecording
from axonal.datasets.events.recording import Recording
from axonal.datasets.events.sensor import Sensor, check_sensor
from axonal.datasets.store._journal import WRITING
from axonal.datasets.store._open import open_events
from axonal.datasets.store._parts import Parts
from axonal.datasets.store._save import NOWHERE
from axonal.datasets.store.origin import Origin
from axonal.datasets.store.streamed_sample import StreamedSample

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
PIECE = 1 << 20
"""Events that are encoded at a time."""
MOST = 2**63 - 1
WHO = "write_events"


def write_events(
    path: str | PathLike[str],
    samples: Iterable[LabelledRecording | StreamedSample],
    *,
    sensor: Sensor,
    classes: Iterable[str],
    name: str = "events",
    origin: Origin = NOWHERE,
    progress: bool = False,
) -> EventSet:
    """Write samples one by one, in memory that does not grow with their number or length.

    What is written lies in a hidden folder beside the path, ``.NAME.work``, until the file is whole
    and takes its place: at every moment the path is what it was or the whole new file. A call that
    was stopped in whatever way goes on where it stopped when it is made again with the same
    arguments, and ends in the same file. Samples that can be indexed, of an origin that `proves`
    them, are read from where it stopped; others are all read again, and what is on the disk of them
    is compared and not written. The folder takes up to half as much again as the file.

    Args:
        path: of the file; it is replaced if it exists.
        samples: the samples: a list, another `EventSet`, or anything that yields them.
        sensor: the geometry.
        classes: name of each class.
        name: of the data.
        origin: what they are made from; a call with another origin begins anew. One with a hash, as
            ``Origin.of_files`` makes it, spares a call that goes on what it has written.
        progress: whether to show a bar on stderr.

    Returns:
        the set, opened.

    Raises:
        TypeError: a sample that is none, a label or start that is no whole number, sizes in the
            place of a `Sensor`.
        ValueError: a sample of another sensor, out of order, with extra columns or a label that
            there is no class for; events, labels, starts or groups other than those that a stopped
            call has written.
        BlockingIOError: another process writes the same file.
        OSError: the path cannot be written, or the disk is full: the line says how much is
            missing. What was written stays for the next call.

    >>> import tempfile
    >>> from axonal.datasets import LabelledRecording, Recording, Sensor, write_events
    >>> camera = Sensor(4, 4, 2)
    >>> made = (LabelledRecording(Recording.of([k], [1], [2], [0], camera), k) for k in range(2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_events(f"{folder}/two.axe", made, sensor=camera, classes=("a", "b"))
    EventSet('events': 2 events in 2 samples of 2 classes, Sensor(width=4, height=4, polarities=2))
    """
    check_sensor(WHO, sensor)
    goal = check_target(path)
    about = {"sensor": sensor, "classes": tuple(classes), "name": name, "origin": origin}
    total = len(samples) if isinstance(samples, Sized) else None
    with locked_folder(_working_folder(goal)) as folder:
        parts = Parts(folder, goal, about)
        try:
            parts.open()
            with bar(f"writing {goal.name}", total, unit="samples", shown=progress) as step:
                first = _first(samples, origin, parts)
                for number, sample in enumerate(_every(samples, first), first):
                    for _ in _written(sample, number, about, parts):
                        step(number, f"{parts.journal.events} events")
                    step(number + 1, f"{parts.journal.events} events")
            parts.end()
            _check_space(parts)
            parts.join()
        except (TypeError, ValueError):
            with contextlib.suppress(OSError):  # the line that is on its way says more
                parts.forget_unfinished()
            raise
        except OSError as error:
            if error.errno not in FULL:
                raise
            raise _full(path, error, parts, total) from error
        finally:
            parts.close()
            with contextlib.suppress(OSError):  # a stopped call is to go on from what is in it
                folder.rmdir()
    return open_events(path)


def _working_folder(goal: Path) -> Path:
    """The folder beside a file in which it is made."""
    name = goal.name
    if len(os.fsencode(name)) > 200:  # the longest name is 255 bytes
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return goal.with_name(f".{name}.work")


def _first(samples: Any, origin: Origin, parts: Parts) -> int:
    """Number of the first sample that has to be read."""
    if not origin.proves or not _indexed(samples) or len(samples) < parts.known.samples:
        return 0
    return parts.skip()


def _indexed(samples: object) -> bool:
    return hasattr(samples, "__len__") and hasattr(samples, "__getitem__")


def _every(samples: Any, first: int) -> Iterator[Any]:
    """The samples, of a list or of what has an end without raising an `IndexError` as well."""
    if _indexed(samples):
        return (samples[number] for number in range(first, len(samples)))
    return iter(samples)


def _pieces(
    sample: Any, number: int, about: dict[str, Any]
) -> Iterator[tuple[Int64Array, AnyArray]]:
    """Times from the start of a sample, and addresses, some at a time."""
    if isinstance(sample, LabelledRecording):
        pieces: Iterable[Recording] = (sample.recording,)
        zero = 0
    elif isinstance(sample, StreamedSample):
        pieces = sample.pieces
        zero = whole_number(WHO, f"start of sample {number}", sample.start, -MOST, MOST)
    else:
        raise TypeError(
            f"write_events expects a LabelledRecording or a StreamedSample, got "
            f"{type(sample).__name__} as sample {number}."
        )
    for piece in pieces:
        if piece.sensor != about["sensor"] or piece.extra:
            columns = f" with {', '.join(piece.extra)}" if piece.extra else ""
            raise ValueError(
                f"write_events expects times and addresses of {about['sensor']}, got "
                f"{piece.sensor}{columns} as sample {number}."
            )
        for first in range(0, len(piece), PIECE):
            part = slice(first, min(first + PIECE, len(piece)))
            yield piece.times[part] - zero, piece.addresses[part]


def _written(sample: Any, number: int, about: dict[str, Any], parts: Parts) -> Iterator[None]:
    """Write a sample, but for what lies on the disk of it; yields after every piece."""
    place = f"sample {number}"
    for times, addresses in _pieces(sample, number, about):
        parts.add(times, addresses, place)
        parts.commit_sometimes()
        yield
    label = whole_number(WHO, f"label of {place}", sample.label, -1, len(about["classes"]) - 1)
    start = whole_number(WHO, f"start of {place}", sample.start, -MOST, MOST)
    groups = {
        name: whole_number(WHO, f"{name} of {place}", value, -MOST, MOST)
        for name, value in sample.groups.items()
    }
    parts.end_sample(start, label, groups)
    parts.commit_sometimes()


def _check_space(parts: Parts) -> None:
    """Refuse to join parts on a disk that cannot hold the rest, before it is full."""
    missing = parts.to_join() - shutil.disk_usage(parts.folder).free
    if missing > 0:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _full(path: str | PathLike[str], error: OSError, parts: Parts, total: int | None) -> OSError:
    """The line for a full disk: how much is missing."""
    journal, used = parts.journal, parts.used()
    needed, about = used + parts.to_join(), "at least "
    if total and journal.samples:
        needed, about = int(needed * max(total / journal.samples, 1)), "about "
    if journal.phase != WRITING:
        about = ""
    free = shutil.disk_usage(parts.folder).free if error.errno == errno.ENOSPC else 0
    missing = max(needed - used - free, 1)
    line = OSError(
        f"cannot write {path}: {error.strerror}; {about}{missing / 1e6:.3f} MB more are needed "
        f"where {Path(parts.folder).name} lies. {journal.samples} samples are kept there: make "
        "room, and the same call goes on."
    )
    line.errno = error.errno
    return line
