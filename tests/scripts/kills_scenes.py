"""What is killed by kills.py: commands, what goes on with them, and the content they leave."""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

# imported once, so that most moments fall into work and not into imports
import axonal.recipes._lightning
import axonal.recipes.figures
from axonal import cli, deploy, recipes
from axonal._base import signals
from axonal._base.sweeps import Store, fill
from axonal.datasets import (
    EventSet,
    Sensor,
    check_events,
    open_events,
    save_events,
    write_events,
)
from axonal.datasets.store import _parts
from axonal.deploy import EventGraph
from axonal.recipes import digits
from axonal.recipes._runs import Run

STEPS = 1500
SMALL = {"hidden": 4, "samples": 64, "epochs": 1, "channels": 4}


def nothing(folder: Path, content: Any = None) -> None:
    """Nothing to do."""


@dataclass
class Scene:
    """A command.

    Attributes:
        name: of the command.
        act: does it in a folder.
        content: what it left, to compare.
        prepare: the folder before it.
        again: goes on with it; by default the same command.
        after_kill: raises ValueError if something is lost already.
        weight: how often it is killed, beside the others.
    """

    name: str
    act: Callable[[Path], None]
    content: Callable[[Path], Any]
    prepare: Callable[[Path], None] = nothing
    again: Callable[[Path], None] | None = None
    after_kill: Callable[[Path, Any], None] = nothing
    weight: int = 1

    def __post_init__(self) -> None:
        if self.again is None:
            self.again = self.act


def axonal(*words: Any) -> None:
    """Run the command line."""
    sys.argv = ["axonal", *map(str, words)]
    cli.main()


# --- train ---


class Few:
    """Some of the samples of a set."""

    def __init__(self, samples: Any) -> None:
        self.samples = samples
        self.labels = samples.labels[:40]

    def __len__(self) -> int:
        return len(self.labels)

    def dense(self, indices: Any) -> Any:
        return self.samples.dense(indices)


def train(folder: Path) -> None:
    whole = digits.data
    digits.data = lambda settings: {k: Few(x) for k, x in whole(settings).items()}
    words = ("--epochs", 4, "--seed", 3, "--json", "--device", "cpu")
    axonal("train", "digits", "--out", folder / "run", "--resume", *words)


def run_content(folder: Path) -> Any:
    net, settings = recipes.load_run(folder / "run")
    state = {k: x.tolist() for k, x in net.state_dict().items()}
    summary = json.loads((folder / "run" / "summary.json").read_text())
    return state, settings, summary["test_accuracy"]


# --- save, export, import ---


@cache
def exported() -> bytes:
    return Path(recipes.__file__).parents[1].joinpath("deploy/data/digits.h5").read_bytes()


def an_old_file(folder: Path) -> None:
    (folder / "graph.h5").write_bytes(exported())


def graph_content(folder: Path) -> Any:
    graph = EventGraph.load(folder / "graph.h5")
    values = [(p.name, p.size) for p in graph.populations]
    return values, [q.weight.tolist() for q in graph.projections], graph.dt


def old_or_new(folder: Path, content: Any) -> None:
    if (folder / "graph.h5").exists():
        found = graph_content(folder)
        (folder / "graph.h5").write_bytes(exported())
        if found not in (content, graph_content(folder)):
            raise ValueError("a file that is neither the old nor the new one")


def save(folder: Path) -> None:
    graph = EventGraph.load(folder / "graph.h5")
    with signals.ending() as ends:
        try:
            for k in range(20):
                replace(graph, dt=0.001 * (k + 1)).save(folder / "graph.h5")
        except KeyboardInterrupt:
            sys.exit(ends.code)


def saved(folder: Path, content: Any) -> None:
    dt = EventGraph.load(folder / "graph.h5").dt
    if not any(np.isclose(dt, 0.001 * (k + 1)) for k in range(20)):
        raise ValueError(f"dt is {dt}")
    an_old_file(folder)


def export(folder: Path) -> None:
    axonal("export", "digits", "--out", folder / "graph.h5")


def a_nir_file(folder: Path) -> None:
    (folder / "net.nir").write_bytes(nir_file())
    an_old_file(folder)


@cache
def nir_file() -> bytes:
    torch.manual_seed(0)
    net = digits.build(digits.Settings(hidden=64, reset="zero")).eval()
    with TemporaryDirectory() as folder:
        file = Path(folder, "net.nir")
        deploy.to_nir(deploy.export(net, 0.001, input_shape=(64,)), file)
        return file.read_bytes()


def import_nir(folder: Path) -> None:
    axonal("import", folder / "net.nir", "--out", folder / "graph.h5")


# --- phase ---


def phase(folder: Path) -> None:
    words = ("--alpha", "0:0.1:4", "--T", "0.1:0.5:4", "--jobs", 2, "--json")
    axonal("phase", "hopfield", *words, "--mc", "N=600,samples=2,sweeps=30", "--out", folder)


def phase_content(folder: Path) -> Any:
    from axonal.hebbian import load_phase_diagram

    diagram = load_phase_diagram(folder)
    # as text, in which what is no number equals itself
    return str({name: diagram[name].values.tolist() for name in ("overlap", "energy", "survival")})


# --- stream ---


def lines(first: int) -> str:
    r = np.random.default_rng(0)
    events = [json.dumps({"t": t, "events": r.integers(0, 64, 1).tolist()}) for t in range(STEPS)]
    return "\n".join(events[first:]) + "\n"


def events(folder: Path) -> None:
    an_old_file(folder)
    (folder / "events.jsonl").write_text(lines(0))


def stream(folder: Path) -> None:
    state = folder / "state.npz"
    words = ["--resume", state] if state.exists() else []
    words += ["--save-state", state, "--data", folder / "events.jsonl"]
    axonal("run", folder / "graph.h5", "--stream", *words)


def keep(folder: Path, content: Any) -> None:
    """Keep what has left, and the lines that have not been run."""
    out = (folder / "out.txt").read_text()
    first = 0
    if (folder / "state.npz").exists():
        found = deploy.Stream(EventGraph.load(folder / "graph.h5"))
        found.load(folder / "state.npz")
        first = found.step
        (folder / "before.log").write_text(out)
    else:
        # killed: the state is what it was, and so the stream begins again
        (folder / "before.log").unlink(missing_ok=True)
    (folder / "events.jsonl").write_text(lines(first))


def spikes(folder: Path) -> Any:
    before = folder / "before.log"
    text = before.read_text() if before.exists() else ""
    before.unlink(missing_ok=True)
    return (text + (folder / "out.txt").read_text()).splitlines()


# --- experiments ---


def experiments(folder: Path) -> None:
    with signals.ending() as ends:
        try:
            runs = [Run("coincidence", {**SMALL, "seed": seed}) for seed in range(4)]
            fill(Store(folder / "runs.jsonl"), runs, processes=2, commit=None, progress=False)
        except KeyboardInterrupt:
            sys.exit(ends.code)


def rows(folder: Path) -> Any:
    found = []
    for line in (folder / "runs.jsonl").read_text().splitlines():
        row = json.loads(line) if line.endswith("}") else {}
        found.append({k: row.get(k) for k in ("key", "test", "validation", "rates")})
    return sorted((row for row in found if row["key"]), key=lambda row: str(row["key"]))


# --- a simulator ---


def simulate(folder: Path) -> None:
    from axonal._base.workplace import workplace

    script = "import os, subprocess, sys, time\n"
    script += "subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(0.8)'])\n"
    script += (
        "open('part', 'w').write('1' * 10**6); time.sleep(0.8); open('answer', 'w').write('2')"
    )
    with signals.ending() as ends:
        try:
            with workplace("axonal-kills-") as place:
                place.run([sys.executable, "-S", "-c", script], os.environ, 60.0)
                (folder / "answer").write_text((place.folder / "answer").read_text())
        except KeyboardInterrupt:
            sys.exit(ends.code)


# --- sets of events ---


def a_set(samples: int) -> EventSet:
    times = np.arange(100 * samples) % 100
    ends, sensor = np.arange(samples + 1) * 100, Sensor(100)
    return EventSet.of(times, times, ends, ends[1:] * 0, sensor=sensor, classes=("a",))


def convert(folder: Path) -> None:
    # every sample is brought to the disk, so that there is much to go on from
    _parts.COMMIT_SECONDS = 0.0
    write_events(folder / "events.axe", a_set(60), sensor=Sensor(100), classes=("a",))


def an_old_set(folder: Path) -> None:
    save_events(folder / "events.axe", a_set(1))


def old_or_whole(folder: Path, content: Any) -> None:
    found, samples = set_content(folder), len(open_events(folder / "events.axe"))
    if found != content and samples != 1:
        raise ValueError("neither the old set nor the new one")


def set_content(folder: Path) -> bytes:
    check_events(folder / "events.axe")
    return (folder / "events.axe").read_bytes()


SCENES = (
    Scene("train", train, run_content, weight=4),
    Scene("save", save, graph_content, an_old_file, after_kill=saved, weight=4),
    Scene("export", export, graph_content, an_old_file, after_kill=old_or_new, weight=4),
    Scene("import", import_nir, graph_content, a_nir_file, after_kill=old_or_new, weight=4),
    Scene("phase", phase, phase_content, weight=1),
    Scene("run --stream", stream, spikes, events, after_kill=keep, weight=4),
    Scene("experiments", experiments, rows, weight=1),
    Scene("write events", convert, set_content, an_old_set, after_kill=old_or_whole, weight=3),
    Scene("simulator", simulate, lambda f: (f / "answer").read_text(), weight=3),
)
