"""A walk through a flat NIR graph, with a signal in place of what every node sends."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from axonal.deploy._kinds import NEURONS
from axonal.deploy._signal import Signal, identity
from axonal.deploy.exchange._errors import NIRError
from axonal.deploy.exchange._flat import Flat
from axonal.deploy.exchange._neurons import RULES, Imported, imported
from axonal.deploy.exchange._nodes import STEPS, Setting
from axonal.deploy.graph import Population

# What numpy and torch raise on parameters that no node of this type should have.
_STRANGE = (NIRError, ValueError, TypeError, IndexError, RuntimeError, OverflowError, MemoryError)


@dataclass
class Reader:
    """Collects populations and what drives them, and what has no equivalent.

    Args:
        flat: the graph.
        setting: how its times are read.
        at_threshold: whether neurons fire at their threshold, too.
    """

    flat: Flat
    setting: Setting
    at_threshold: bool
    populations: dict[str, Population] = field(default_factory=dict)
    drives: dict[str, Signal] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sent: dict[str, Signal] = {}
        self.found: dict[str, Imported] = {}
        self.before: dict[str, list[str]] = {path: [] for path in self.flat.nodes}
        for source, target in self.flat.edges:
            self.before[target].append(source)

    def read(self, outputs: list[str]) -> list[str]:
        """Fill the populations and their drives, or problems.

        Args:
            outputs: paths of the Output nodes.

        Returns:
            paths of the populations that they show.
        """
        nodes = self.flat.nodes
        neurons = [path for path, node in nodes.items() if type(node).__name__ in RULES]
        for path in self.flat.inputs:
            self.guarded(path, self.start)
        for path in neurons:
            self.guarded(path, self.parameters)
        left = [path for path in nodes if path not in self.sent]
        while left:
            ready = [path for path in left if self.ready(path)]
            for path in ready:
                self.guarded(path, self.pass_on)
            if not ready:
                # a single number in a loop is that of one neuron
                ready = [path for path in left if path in self.found and self.found[path].shape]
                for path in ready:
                    self.guarded(path, lambda p: self.neuron(p, self.found[p].shape))
            if not ready:
                for path in left:
                    if path in self.found and not self.before[path]:
                        self.guarded(path, self.pass_on)
                if not self.problems:
                    listed = ", ".join(map(repr, left))
                    self.problems.append(f"a loop without a neuron, or of unknown size: {listed}")
                break
            left = [path for path in left if path not in self.sent and path not in ready]
        for path in neurons:
            if path in self.sent and all(source in self.sent for source in self.before[path]):
                self.guarded(path, self.drive)
        shown = [self.shown(path) for path in outputs if path in self.sent]
        self.refuse_potentials()
        self.populations = dict(sorted(self.populations.items(), key=self.rank))
        return list(dict.fromkeys(shown))

    def guarded(self, path: str, step: Callable[[str], None]) -> None:
        """Take a step for a node; what goes wrong is a problem of this node."""
        try:
            step(path)
        except _STRANGE as error:
            line = " ".join(str(error).split()) or type(error).__name__
            self.problems.append(f"node {path!r} ({type(self.flat.nodes[path]).__name__}): {line}")

    def start(self, path: str) -> None:
        """An input and its events."""
        if self.before[path]:
            raise NIRError(f"an input of the graph, but {self.before[path][0]!r} leads to it, too")
        given = self.flat.nodes[path].input_type["input"]
        shape = tuple(int(n) for n in np.asarray(() if given is None else given).ravel())
        if not shape or min(shape) < 1:
            raise NIRError(f"its shape is {shape}, expected at least one positive number")
        self.populate(path, "input", shape)

    def populate(self, path: str, kind: str, shape: tuple[int, ...], **fields: Any) -> None:
        """Add a population under the path of its node, and send its events."""
        written = np.asarray(self.flat.nodes[path].metadata.get("shape", ())).ravel()
        own = tuple(int(n) for n in written) if written.dtype.kind in "iu" else ()
        size = math.prod(shape)
        whole: dict[str, Any] = {k: np.broadcast_to(x, shape).ravel() for k, x in fields.items()}
        self.populations[path] = Population(
            path, kind, own if own and math.prod(own) == size else shape, **whole
        )
        self.sent[path] = identity(path, shape)

    def parameters(self, path: str) -> None:
        """Read a neuron; where its parameters have its shape, it sends from the start."""
        found = imported(self.flat.nodes[path], self.setting.dt, self.at_threshold)
        self.found[path] = found
        if math.prod(found.shape) > 1:
            self.neuron(path, found.shape)

    def neuron(self, path: str, shape: tuple[int, ...]) -> None:
        """Add a population of neurons."""
        found = self.found[path]
        fields = {} if found.kind == "constant" else found.fields
        if fields:
            fields = {**fields, "bias": np.zeros(())}
        self.populate(path, found.kind, shape, **fields)

    def ready(self, path: str) -> bool:
        """Whether what a node needs has been sent; of a neuron that is one input, for its shape."""
        sources = [source in self.sent for source in self.before[path]]
        if type(self.flat.nodes[path]).__name__ in RULES:
            return path in self.found and any(sources)
        return all(sources)

    def arriving(self, path: str) -> Signal:
        """Sum of what the nodes before send."""
        sources = self.before[path]
        if not sources:
            raise NIRError("nothing leads to it")
        total = self.sent[sources[0]]
        for source in sources[1:]:
            if self.sent[source].shape != total.shape:
                raise NIRError(
                    f"its inputs have different shapes: {total.shape} of {sources[0]!r}, "
                    f"{self.sent[source].shape} of {source!r}"
                )
            total = total + self.sent[source]
        return total

    def pass_on(self, path: str) -> None:
        """Send what a node makes of its input."""
        node = self.flat.nodes[path]
        kind = type(node).__name__
        if kind in RULES:
            if not self.before[path]:
                raise NIRError("nothing leads to it, and one number does not tell its size")
            first = next(source for source in self.before[path] if source in self.sent)
            self.neuron(path, self.sent[first].shape)
        elif kind in STEPS:
            self.sent[path] = STEPS[kind].apply(node, self.arriving(path), self.setting)
        else:
            self.sent[path] = self.arriving(path)

    def drive(self, path: str) -> None:
        """Keep what joins the sum of a neuron."""
        shape = self.sent[path].shape
        if self.populations[path].kind == "constant":
            return
        if not self.before[path]:
            self.drives[path] = Signal(shape, {})
            return
        arriving = self.arriving(path)
        if arriving.shape != shape:
            raise NIRError(f"its parameters have shape {shape}, but its input {arriving.shape}")
        self.drives[path] = arriving

    def shown(self, path: str) -> str:
        """Path of the population that an output shows; a plain sum gets one of its own."""
        y = self.sent[path]
        given = self.flat.nodes[path].input_type["input"]
        if given is not None and math.prod(np.asarray(given).ravel().tolist()) != y.size:
            self.problems.append(
                f"node {path!r} (Output): its shape is {np.asarray(given).ravel().tolist()}, but "
                f"what leads to it has {y.shape}"
            )
        if len(y.terms) == 1:
            (((source, delay), matrix),) = y.terms.items()
            known = self.populations.get(source)
            if known is not None and known.kind in NEURONS and not delay:
                own = self.sent[source].terms[source, 0]
                if matrix.shape == own.shape and (matrix != own).nnz == 0:
                    return source
        self.populate(
            path, "integrator", y.shape, decay=np.zeros(()), gain=np.ones(()), bias=np.zeros(())
        )
        self.drives[path] = y
        return path

    def refuse_potentials(self) -> None:
        """Name what reads a potential, which is a number and no spike."""
        for path, drive in self.drives.items():
            for source, _ in drive.terms:
                if source in self.populations and self.populations[source].kind == "integrator":
                    self.problems.append(
                        f"node {source!r} ({type(self.flat.nodes[source]).__name__}): its "
                        f"potential goes on to {path!r}, but only spikes travel between populations"
                    )

    def rank(self, item: tuple[str, Population]) -> int:
        """Place of a population in the graph that was written; in the order of the file without."""
        order = np.asarray(self.flat.nodes[item[0]].metadata.get("order", 0))
        return int(order) if order.ndim == 0 and order.dtype.kind in "iu" else 0

    def names(self) -> dict[str, str]:
        """Name of every population, by the path of its node."""
        wanted = {
            path: self.flat.nodes[path].metadata.get("name", path) for path in self.populations
        }
        names = list(wanted.values())
        return {
            path: name if isinstance(name, str) and names.count(name) == 1 else path
            for path, name in wanted.items()
        }
