"""The state of a writer of events that has come to the disk, from which it goes on."""

import dataclasses
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

JOURNAL = "journal"
WRITING, JOINING = "writing", "joining"
Names = tuple[str, ...]


@dataclass
class Journal:
    """The state of a writer, all of which lies on the disk.

    Args:
        settings: hash of what decides about the file, apart from the samples.
        phase: "writing" while samples come, "joining" while their parts become one file.
        samples: whole samples.
        events: of all samples, also of the one that is not whole yet.
        periods: likewise.
        held: events of the sample that is not whole yet.
        begun: its periods.
        last: the time of its last event.
        groups: names of the groups, None before the first sample.
    """

    settings: str
    phase: str = WRITING
    samples: int = 0
    events: int = 0
    periods: int = 0
    held: int = 0
    begun: int = 0
    last: int = 0
    groups: Names | None = None

    def whole(self) -> "Journal":
        """The state before the sample that is not whole yet."""
        events, periods = self.events - self.held, self.periods - self.begun
        return dataclasses.replace(
            self, phase=WRITING, events=events, periods=periods, held=0, begun=0, last=0
        )

    def write(self, folder: Path) -> None:
        """Replace the journal of a folder; what it speaks of has been brought to the disk."""
        text = json.dumps(dataclasses.asdict(self))
        new = folder / f"{JOURNAL}.new"
        with new.open("w") as file:
            file.write(f"{hashlib.sha256(text.encode()).hexdigest()} {text}")
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, folder / JOURNAL)
        sync_folder(folder)

    @classmethod
    def read(cls, folder: Path, settings: str) -> "Journal | None":
        """The journal of a folder; None if there is none, or one of something else."""
        try:
            digest, _, text = (folder / JOURNAL).read_text().partition(" ")
            if hashlib.sha256(text.encode()).hexdigest() != digest:
                return None
            found = cls(**json.loads(text))
        except (OSError, ValueError, TypeError):
            return None
        found.groups = None if found.groups is None else tuple(found.groups)
        return found if found.settings == settings else None


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the file system can do that by itself."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
