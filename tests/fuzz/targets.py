"""The readers that are tried: a whole file of each, how it is read, and what may be raised.

A new reader is a subclass of `Target` in `TARGETS`.
"""

import contextlib
import gzip
import io
import itertools
import json
import os
import random
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from helpers.event_graphs import loop

from fuzz import seals
from fuzz.event_targets import READERS
from fuzz.mutations import mutate
from fuzz.run_targets import Checkpoint, Run
from fuzz.store_targets import OpenedStore, Store, events
from fuzz.target import Target


class Graph(Target):
    name = "event graph"

    def make(self) -> None:
        loop(neurons=6, fan=2, steps=5).save(self.path)
        self.regions = seals.regions(self.path)

    def read(self) -> Any:
        from axonal.deploy import EventGraph

        return EventGraph.load(self.path)

    def seal(self, content: bytes) -> bytes:
        return seals.seal(content, self.regions, self.whole)


class Nir(Target):
    name = "nir"
    checked = False
    one_line = False  # nodes without an equivalent are listed

    def make(self) -> None:
        from axonal.deploy import to_nir

        to_nir(loop(neurons=3, fan=1, steps=3, delays=1), self.path)

    def read(self) -> Any:
        from axonal.deploy import from_nir

        return from_nir(self.path)


class Netx(Target):
    name = "netx"
    checked = False
    one_line = False  # layers without a form are listed

    def make(self) -> None:
        from axonal.deploy import EventGraph, Population, Projection, to_netx

        parts = [Population("in", "input", (3,))]
        for name, n in (("a", 4), ("b", 2)):
            cell = Population(name, "lif", (n,), decay=0.5, gain=1, bias=0, threshold=7)
            parts.append(cell)
        ends = itertools.pairwise(parts)
        wires = [Projection(p.name, q.name, [0, 1], [0, 1], [8.0, -6.0], [3, 1]) for p, q in ends]
        graph = EventGraph(tuple(parts), tuple(wires), ("b",), 1e-3, hop=1, arithmetic="loihi2")
        to_netx(graph, self.path)

    def read(self) -> Any:
        from axonal.deploy import from_netx

        return from_netx(self.path)


class Shd(Target):
    name = "shd"
    checked = False

    def make(self) -> None:
        from axonal.datasets import write_shd

        write_shd(self.path, events())

    def read(self) -> Any:
        from axonal.datasets import read_shd

        return read_shd(self.path)


class Wav(Target):
    name = "wav"
    checked = False

    def make(self) -> None:
        import wave

        with wave.open(str(self.path), "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            sound.writeframes(np.arange(400, dtype="<i2").tobytes())

    def read(self) -> Any:
        from axonal.datasets import read_wav

        return read_wav(self.path, 8000)


class Idx(Target):
    name = "idx"

    def make(self) -> None:
        from axonal.datasets import _mnist

        _mnist.SPLITS = {"test": ("t10k", 3)}
        self.path.mkdir()
        for kind, shape in (("images-idx3", (3, 28, 28)), ("labels-idx1", (3,))):
            head = bytes([0, 0, 8, len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape)
            values = (np.arange(np.prod(shape)) % 10).astype(np.uint8)
            file = self.path / f"t10k-{kind}-ubyte.gz"
            file.write_bytes(gzip.compress(head + values.tobytes(), mtime=0))

    def prepare(self) -> None:
        self.files = {f: f.read_bytes() for f in sorted(self.path.iterdir())}

    def size(self) -> int:
        return sum(os.path.getsize(f) for f in self.files)

    def damage(self, r: random.Random, sealed: bool) -> None:
        for file, content in self.files.items():
            file.write_bytes(content)
        file = r.choice(list(self.files))
        if sealed:
            file.write_bytes(gzip.compress(mutate(gzip.decompress(self.files[file]), r), 1))
        else:
            file.write_bytes(mutate(self.files[file], r))

    def read(self) -> Any:
        from axonal.datasets import mnist

        return mnist("test", self.path)


class Zipped(Target):
    """Sealed: the content of a part is changed, and packed again."""

    def damage(self, r: random.Random, sealed: bool) -> None:
        if not sealed:
            super().damage(r, sealed)
            return
        with zipfile.ZipFile(io.BytesIO(self.whole)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        name = r.choice(list(parts))
        parts[name] = mutate(parts[name], r)
        self.pack(parts)

    def pack(self, parts: dict[str, bytes]) -> None:
        with zipfile.ZipFile(self.path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in parts.items():
                archive.writestr(name, content)


class State(Zipped):
    name = "stream state"

    def make(self) -> None:
        from axonal.deploy import Stream

        self.stream = Stream(loop(neurons=6, fan=2, steps=5))
        for _ in range(3):
            self.stream.advance({"in": np.ones(6)})
        self.stream.save(self.path)

    def read(self) -> Any:
        self.stream.load(self.path)
        state = self.stream._state
        self.stream.advance()
        return None if state is None else tuple(state)

    def pack(self, parts: dict[str, bytes]) -> None:
        from axonal._base.npz import read_npz
        from axonal.deploy.running.stream import _checksum

        kept = parts.pop("checksum.npy", None)
        super().pack(parts)
        with contextlib.suppress(ValueError):
            stream = io.BytesIO()
            np.save(stream, np.array(_checksum(read_npz(self.path))))
            kept = stream.getvalue()
        super().pack({**parts, "checksum.npy": kept or b""})


class Phase(Target):
    name = "phase store"

    def make(self) -> None:
        import xarray as xr

        from axonal.hebbian.phase._format import CELLS, NAMES, QUANTITY, written_by
        from axonal.hebbian.phase._store import Store

        axes = {"alpha": [0.0, 0.05], "T": [0.3, 0.4]}
        cells = (*axes, QUANTITY), np.full((2, 2, 2), np.nan), {NAMES: ["m", "e"]}
        values = {"m": (tuple(axes), np.eye(2)), CELLS: cells}
        settings = json.dumps({**written_by(), "alpha": axes["alpha"], "T": axes["T"]})
        store = Store(self.path)
        store.create(xr.Dataset(values, axes, {"settings": settings}))
        written = store.cells()
        for i in range(3):  # one cell is missing, as in a stopped diagram
            written[i // 2, i % 2] = [i, i / 3]

    def prepare(self) -> None:
        self.store = self.path / "diagram.zarr"
        self.files = {f: f.read_bytes() for f in sorted(self.store.rglob("*")) if f.is_file()}
        self.changed: list[Path] = []

    def size(self) -> int:
        return sum(os.path.getsize(f) for f in self.files if f.exists())

    def damage(self, r: random.Random, sealed: bool) -> None:
        for file in self.changed:
            file.write_bytes(self.files[file])
        root = self.store / "zarr.json"
        file = r.choice(list(self.files))
        self.changed = [file, root]
        cell = "c" in file.relative_to(self.store).parts and "montecarlo" in file.parts
        content = self.files[file]
        if cell and sealed:
            from google_crc32c import value

            content = mutate(content[:-4], r)
            file.write_bytes(content + value(content).to_bytes(4, "little"))
            return
        file.write_bytes(mutate(content, r))
        if sealed:
            from axonal.hebbian.phase._format import CHECKSUM, checksum

            with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
                values = json.loads(root.read_bytes())
                values["attributes"][CHECKSUM] = checksum(self.store, values)
                root.write_text(json.dumps(values))

    def read(self) -> Any:
        from axonal.hebbian import load_phase_diagram

        found = load_phase_diagram(self.path)
        return {str(name): np.asarray(x.values) for name, x in found.variables.items()}


TARGETS: dict[str, type[Target]] = {
    one.name: one
    for one in (
        Graph,
        Nir,
        Netx,
        Shd,
        Wav,
        Idx,
        Store,
        OpenedStore,
        State,
        Phase,
        Run,
        Checkpoint,
        *READERS,
    )
}
