"""Networks of three frameworks' tutorials: trained there, imported, exported, verified."""

import json
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from axonal import datasets, deploy
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.recipes._runs import Job
from experiments import _peer, _report

PART = "tutorials"
TRAINED, TESTED, SHOWN = 6000, 200, 2
BACKENDS = ("nest", "brian2")
NAMES: dict[str, tuple[str, str]] = {
    "dense": ("snnTorch", "784-1000-10 `Leaky`, T = 25, a current that stays"),
    "convolutions": ("snnTorch", "12C5-MP2-64C5-MP2-10 `Leaky`, T = 25, currents are pooled"),
    "recurrent": ("Norse", "encoder, 100 `LIFRecurrentCell`, `LICell`, T = 32, maximum"),
    "maps": ("Norse", "encoder, 8C5-MP2-16C5-MP2-64 `LIFCell`, `LILinearCell`, T = 32, maximum"),
    "one layer": ("SpikingJelly", "784-10 `LIFNode`, spikes drawn from pixels, T = 30"),
    "counting": ("SpikingJelly", "8C3-MP2-8C3-MP2-128-10 `IFNode`, T = 8, steps counted"),
    "repeating": ("SpikingJelly", "the same, T = 4, `repeat` and many steps at once"),
}
"""Framework and network by the names of the peer's part."""


@dataclass(frozen=True)
class Imported(Job):
    """A network of a tutorial, from its training to other simulators.

    Args:
        name: a key of `NAMES`.
        seed: of initial weights and of the order of images.
    """

    name: str
    seed: int = 0
    # another process does most of the work, whose processor time is not counted here
    clock = time.perf_counter

    @property
    def identity(self) -> list[Any]:
        """All that decides the result."""
        return ["tutorials", self.name, list(NAMES[self.name]), TRAINED, TESTED, SHOWN, self.seed]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment, the network and the seed."""
        return "tutorials", {"network": self.name, "seed": self.seed}

    def measure(self) -> Row:
        """Train, import and export there; run on simulators here."""
        train, test = _read("train", TRAINED), _read("test", TESTED)
        asked = {
            "train": train[0],
            "train_labels": train[1],
            "test": test[0],
            "test_labels": test[1],
            "shown": train[0][:SHOWN],
        }
        with tempfile.TemporaryDirectory() as folder:
            path, graph = Path(folder) / "asked.pt", Path(folder) / "graph.h5"
            torch.save(asked, path)
            framework = NAMES[self.name][0]
            arguments = (str(path), self.name, str(graph), str(self.seed))
            said = _peer.ask("tutorials", framework, "_tutorials_peer", *arguments)
            # what a framework prints comes before the answer
            found: Row = json.loads(said[said.rindex('{"training_seconds"') :])
            if graph.exists():
                found["verified"] = _verified(deploy.EventGraph.load(graph))
        return found


def _read(split: str, number: int) -> tuple[Tensor, Tensor]:
    """Return the first images [n, 1, 28, 28] of MNIST, from 0 to 1, and labels."""
    images, labels = datasets.mnist(split)
    pixels = torch.from_numpy(images[:number]).float() / 255
    return pixels.unsqueeze(1), torch.from_numpy(labels[:number]).long()


def _verified(graph: deploy.EventGraph) -> dict[str, str]:
    """Return by back end what it says of the golden run."""
    said = {}
    for name in BACKENDS:
        result = deploy.verify(graph, [name])
        last = str(result).splitlines()[-1]
        said[name] = "equal" if result.passed else last.partition("cannot run this graph: ")[2]
        said[name] = said[name] or last
    return said


def plan() -> list[Imported]:
    """Every network."""
    return [Imported(name) for name in NAMES]


def write(store: Store, out: Path) -> list[Path]:
    """Write tutorials.md and .json."""
    rows = {name: store.find(Imported(name)) for name in NAMES}
    columns = [
        "framework", "network", "accuracy", "spikes that differ", "in double", "exported", *BACKENDS
    ]  # fmt: skip
    whole = [n for n, row in rows.items() if "equal" in row.get("verified", {}).values()]
    page = _report.page(
        "tutorials",
        PART,
        list(rows.values()),
        chosen=False,
        trained=TRAINED,
        tested=TESTED,
        shown=SHOWN,
        count=len(NAMES),
        whole=len(whole),
        table=markdown_table(columns, [_line(name, row) for name, row in rows.items()]),
        reasons=[f"{NAMES[n][0]}, {n}: {why}" for n, row in rows.items() for why in _reasons(row)],
    )
    return [
        _report.write_text(out / "tutorials.md", page),
        _report.write_data(out / "tutorials.json", {n: _numbers(row) for n, row in rows.items()}),
    ]


def _line(name: str, row: Row) -> list[Any]:
    framework, network = NAMES[name]
    if "not_imported" in row:
        return [framework, network, *["-"] * (3 + 1 + len(BACKENDS))]
    verified = row.get("verified", {})
    states = {"equal": "equal"}
    return [
        framework,
        network,
        f"{100 * row['accuracy']:.1f} %",
        f"{row['different']} of {row['cells']}",
        row["different_in_double"],
        f"{row['neurons']} neurons" if verified else "no",
        *(states.get(verified.get(b, ""), "refused" if verified else "-") for b in BACKENDS),
    ]


def _reasons(row: Row) -> list[str]:
    """Return why a network stops short of a simulator, in its own words."""
    found = [row[name] for name in ("not_imported", "not_exported") if name in row]
    refused = {b: why for b, why in row.get("verified", {}).items() if why != "equal"}
    return [*found, *(f"{backend}: {why}" for backend, why in refused.items())]


def _numbers(row: Row) -> dict[str, Any]:
    wanted: Callable[[str], bool] = {
        "accuracy", "imported", "decisions_alike", "spikes", "cells", "different",
        "different_in_double", "left_out", "neurons", "synapses", "verified", "not_imported",
        "not_exported",
    }.__contains__  # fmt: skip
    return {name: value for name, value in row.items() if wanted(name)}
