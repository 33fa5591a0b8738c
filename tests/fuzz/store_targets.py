"""Files of events as targets."""

import hashlib
import json
import random
from typing import Any

import numpy as np

from fuzz.mutations import mutate
from fuzz.target import Target


def events() -> Any:
    from axonal.datasets import EventSet, Sensor

    return EventSet.of(
        np.tile(np.arange(0, 100_000, 2000), 3),
        np.arange(150) % 4,
        [0, 50, 100, 150],
        [0, 1, 0],
        sensor=Sensor(4),
        classes=("a", "b"),
        name="made",
        groups={"speaker": [0, 1, 0]},
    )


class Store(Target):
    """All of a file read; sealed: the checksums of arrays and header are right."""

    name = "event store"

    def make(self) -> None:
        from axonal.datasets import save_events

        save_events(self.path, events())

    def read(self) -> Any:
        from axonal.datasets import check_events

        return check_events(self.path)

    def damage(self, r: random.Random, sealed: bool) -> None:
        if not sealed:
            super().damage(r, sealed)
            return
        from axonal.datasets.store.header import PREFIX, prefix

        place = PREFIX.unpack(self.whole[: PREFIX.size])[3]
        arrays, text = self.whole[PREFIX.size : place], self.whole[place:]
        if r.random() < 0.5:
            text = mutate(text, r)
        else:
            arrays = mutate(arrays, r)
            text = summed(bytes(PREFIX.size) + arrays, text)
        head = prefix(PREFIX.size + len(arrays), text)
        self.path.write_bytes(head + arrays + text)


class OpenedStore(Store):
    """A file opened without reading all of it, then binned: what is damaged may come, or a line."""

    name = "opened event store"
    checked = False

    def read(self) -> Any:
        from axonal.datasets import Grid, counts, event_list, open_events, voxel_grid

        found, grid = open_events(self.path), Grid(0.01, 5)
        try:
            some = [range(len(found))[:3]]
            return [work(found, grid, *some) for work in (counts, event_list, voxel_grid)]
        except ValueError as error:
            # a set has a name, and not always a file
            raise ValueError(f"{self.path}: {error}") from error


def summed(content: bytes, text: bytes) -> bytes:
    """The header with checksums of arrays that have changed."""
    values = json.loads(text)
    for part in values["arrays"].values():
        size = int(part["dtype"][2:]) * part["length"]
        piece = content[part["offset"] : part["offset"] + size]
        part["sha256"] = hashlib.sha256(piece).hexdigest()
    return json.dumps(values, sort_keys=True, separators=(",", ":")).encode()
