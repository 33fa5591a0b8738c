"""Training rules on MNIST with equal passes over the data, beside backpropagation."""

import ctypes
import gc
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from axonal._base.colours import BLACK, BLUE, GREEN, ORANGE, VERMILION
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.hebbian import local
from axonal.recipes import _local_rules, local_mnist
from axonal.recipes._runs import Job
from axonal.recipes._study import Parts
from experiments import _report

SEEDS = (0, 1, 2)
COMMON: Mapping[str, Any] = {"samples": 10_000, "epochs": 2, "hidden": 200, "validated": 2000}
ARMS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "backprop": ("backpropagation through time", {"rule": "backprop"}),
    "ottt": ("OTTT", {"rule": "ottt"}),
    "eprop": ("e-prop, symmetric feedback", {"rule": "eprop"}),
    "dfa": ("direct feedback alignment", {"rule": "direct-feedback-alignment"}),
    "fa": ("feedback alignment", {"rule": "feedback-alignment"}),
    "sign": ("sign-symmetric feedback", {"rule": "sign-symmetric"}),
    "dsr": ("DSR, 20 steps", {"rule": "dsr"}),
    "mono": ("Mono-Forward", {"rule": "mono-forward"}),
    "ff": ("Forward-Forward", {"rule": "forward-forward"}),
    "backprop, relu": ("backpropagation", {"rule": "backprop", "layers": "relu"}),
    "mono, relu": ("Mono-Forward", {"rule": "mono-forward", "layers": "relu"}),
    "ff, relu": ("Forward-Forward", {"rule": "forward-forward", "layers": "relu"}),
    "backprop, conv": ("backpropagation", {"rule": "backprop", "layers": "conv"}),
    "cafo": ("CaFo, fixed random blocks", {"rule": "cascaded-forward"}),
    "pff": ("physical Forward-Forward", {"rule": "physical-forward-forward"}),
}
"""Words and settings of every arm."""
GROUPS: Mapping[str, tuple[str, ...]] = {
    "spiking": ("backprop", "ottt", "eprop", "dfa", "fa", "sign", "dsr", "mono", "ff"),
    "relu": ("backprop, relu", "mono, relu", "ff, relu"),
    "conv": ("backprop, conv", "cafo"),
    "mixing": ("pff",),
}
PUBLISHED = [
    ["Forward-Forward, MNIST", "98.64", "Hinton, arXiv 2212.13345"],
    ["the same, its code in Matlab", "98.53", "readme of that code"],
    ["CwComp, a Forward-Forward of convolutions, MNIST", "99.42", "its readme (AAAI 2024)"],
    ["CaFo, random blocks, cross-entropy, CIFAR-10", "67.4", "its code, as noted there"],
    [
        "direct feedback alignment, recurrent LIF, Speech Commands",
        "91.5 (backpropagation 94.97)",
        'abstract of "Adaptive speech-to-spike encoding", 2026',
    ],
]
"""Test accuracies in percent."""
STEPS = (2, 4, 8, 16, 32, 64)
"""T of the figure of memory."""
WATCHED: Mapping[str, str] = {
    "backprop": BLACK, "ottt": VERMILION, "eprop": BLUE, "mono": GREEN, "dfa": ORANGE,
}  # fmt: skip
KIBIBYTE = 1024


@dataclass(frozen=True)
class Trained(Job):
    """A network trained by a rule.

    Args:
        arm: a key of `ARMS`.
        seed: of weights and the order of samples.
    """

    arm: str
    seed: int

    @property
    def changes(self) -> dict[str, Any]:
        """Settings that differ from the recipe's."""
        return {**COMMON, **ARMS[self.arm][1], "seed": self.seed}

    @property
    def identity(self) -> list[Any]:
        """All settings."""
        settings = local_mnist.Settings(**self.changes)
        return ["local-rules", settings.identity(), settings.rate]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment and the settings."""
        return "local-rules", self.changes

    def measure(self) -> Row:
        """Accuracies, processor time of the training, and what the rule keeps."""
        with tempfile.TemporaryDirectory() as folder:
            parts = Parts(Path(folder), lambda part, share: None)
            _warm(self.changes)
            return dict(local_mnist.learn(local_mnist.Settings(**self.changes), parts).results)


@dataclass(frozen=True)
class Memory(Job):
    """Memory that the gradients of a batch take, in a process of its own.

    Args:
        arm: a key of `ARMS`.
    """

    arm: str

    @property
    def changes(self) -> dict[str, Any]:
        """Settings that differ from the recipe's."""
        return {**COMMON, **ARMS[self.arm][1], "seed": 0}

    @property
    def identity(self) -> list[Any]:
        """All settings."""
        return ["local-rules, memory", local_mnist.Settings(**self.changes).identity()]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment and the settings."""
        return "local-rules, memory", self.changes

    def measure(self) -> Row:
        """Start a process and measure in it."""
        context = get_context("forkserver")
        # imported once, by a process that measures nothing itself
        context.set_forkserver_preload([__name__])
        with ProcessPoolExecutor(1, mp_context=context) as process:
            return process.submit(_memory, self.changes).result()


@dataclass(frozen=True)
class Kept(Job):
    """Memory that a rule keeps over the number of steps."""

    @property
    def identity(self) -> list[Any]:
        """The network and the steps."""
        return ["local-rules, kept by steps", dict(COMMON), list(STEPS), list(WATCHED)]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment."""
        return "local-rules, kept", {"seed": 0}

    def measure(self) -> Row:
        """Measure every rule at every number of steps."""
        found: Row = {}
        for arm in WATCHED:
            found[arm] = []
            for steps in STEPS:
                settings = local_mnist.Settings(**COMMON, **ARMS[arm][1], steps=steps)
                rule = local_mnist.build(settings)
                kept = local.measured(rule, *_batch(settings, settings.batch))
                found[arm].append(kept.total)
        return {"kept": found}


def _batch(settings: Any, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a batch of images that nobody has drawn."""
    images = np.random.default_rng(0).integers(0, 256, (size, 28, 28))
    # all steps are there, though they are equal
    return _local_rules.inputs(settings, images).contiguous(), torch.arange(size) % 10


def _warm(changes: Mapping[str, Any]) -> None:
    """Learn from a batch once, so that no compiler and no import is in the time of a training."""
    settings = local_mnist.Settings(**changes)
    local.fit(local_mnist.build(settings), [_batch(settings, settings.batch)])


def _memory(changes: dict[str, Any]) -> Row:
    """Bytes kept, as counted and as said, and the growth of this process at its peak."""
    torch.set_num_threads(1)
    settings = local_mnist.Settings(**changes)
    rule = local_mnist.build(settings)
    x, target = _batch(settings, settings.batch)
    kept = local.measured(rule, x, target)._asdict()  # compiled code is there from here on
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what was freed goes back, and has to be asked for again
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
    before = _high_water()
    rule.gradients(x, target)
    return {"kept": kept, "said": rule.stored(x).total, "peak": _high_water() - before}


def _high_water() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * KIBIBYTE


def plan() -> list[Job]:
    """All networks, seed by seed, and what is kept."""
    networks = [Trained(arm, seed) for seed in SEEDS for arm in ARMS]
    return [Kept(), *(Memory(arm) for arm in ARMS), *networks]


def write(store: Store, out: Path) -> list[Path]:
    """Write local_rules.md, local_rules.json and local_rules.png."""
    rows = {arm: [store.find(Trained(arm, seed)) for seed in SEEDS] for arm in ARMS}
    memory = {arm: store.find(Memory(arm)) for arm in ARMS}
    kept = store.find(Kept())
    tables = {group: _table(arms, rows, memory) for group, arms in GROUPS.items()}
    every = [kept, *memory.values(), *(row for few in rows.values() for row in few)]
    page = _report.page(
        "local_rules",
        "local-rules",
        every,
        "rows, of networks and of memory",
        chosen=False,
        tables=tables,
        rates=", ".join(
            f"{ARMS[arm][0]} ({group}) {local_mnist.Settings(**ARMS[arm][1]).rate:g}"
            for group, arms in GROUPS.items()
            for arm in arms
        ),
        published=markdown_table(["published", "test (%)", "source"], PUBLISHED),
        flat=_flat(kept["kept"]["ottt"]),
        grows=f"{kept['kept']['backprop'][-1] / kept['kept']['backprop'][0]:.0f}",
        longest=STEPS[-1],
        ottt=f"{kept['kept']['ottt'][-1] / 1e6:.2f}",
        backprop=f"{kept['kept']['backprop'][-1] / 1e6:.1f}",
        **COMMON,
    )
    return [
        _report.write_text(out / "local_rules.md", page),
        _report.write_data(out / "local_rules.json", _numbers(rows, memory, kept)),
        _report.save(_figure(kept["kept"]), out / "local_rules.png"),
    ]


def _flat(sizes: Sequence[int]) -> bool:
    """Whether memory stays once a chunk is full."""
    return len(set(sizes[STEPS.index(8) :])) == 1


def _numbers(
    rows: Mapping[str, Sequence[Row]], memory: Mapping[str, Row], kept: Row
) -> dict[str, Any]:
    return {
        "arms": {
            arm: {
                "test": [row["test_accuracy"] for row in few],
                "validation": [row["validation_accuracy"] for row in few],
                "training_seconds": [row["training_seconds"] for row in few],
                "kept_bytes": sum(memory[arm]["kept"].values()),
                "said_bytes": memory[arm]["said"],
                "peak_bytes": memory[arm]["peak"],
            }
            for arm, few in rows.items()
        },
        "kept_over_steps": {"steps": STEPS, **kept["kept"]},
    }


def _table(
    arms: Sequence[str], rows: Mapping[str, Sequence[Row]], memory: Mapping[str, Row]
) -> str:
    first = statistics.fmean(row["training_seconds"] for row in rows[arms[0]])
    lines = []
    for arm in arms:
        few = rows[arm]
        seconds = statistics.fmean(row["training_seconds"] for row in few)
        lines.append(
            [
                ARMS[arm][0],
                _percent([row["test_accuracy"] for row in few]),
                _percent([row["validation_accuracy"] for row in few]),
                f"{seconds:.1f} ({seconds / first:.2f})",
                f"{sum(memory[arm]['kept'].values()) / 1e6:.2f}",
                f"{memory[arm]['said'] / 1e6:.2f}",
                f"{memory[arm]['peak'] / 1e6:.1f}",
            ]
        )
    head = [
        "rule", "test %", "validation %", "CPU s (over the first)", "kept, measured (MB)",
        "kept, as it says (MB)", "peak of the process (MB)",
    ]  # fmt: skip
    return markdown_table(head, lines)


def _percent(shares: Sequence[float]) -> str:
    return f"{100 * statistics.fmean(shares):.2f} ± {100 * statistics.stdev(shares):.2f}"


def _figure(kept: Mapping[str, Sequence[int]]) -> Figure:
    """Draw what rules keep over the number of steps."""
    figure = Figure(figsize=(5.6, 3.6), layout="constrained")
    ax = figure.subplots()
    # some lie on one another
    styles = ("o-", "o-", "s--", "o-", "x:")
    for (arm, colour), style in zip(WATCHED.items(), styles, strict=True):
        ax.plot(STEPS, [size / 1e6 for size in kept[arm]], style, color=colour, label=ARMS[arm][0])
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set_xticks(STEPS, [str(k) for k in STEPS])
    ax.set(xlabel="steps T", ylabel="kept for the gradients of a batch (MB)")
    ax.legend(frameon=False)
    return figure
