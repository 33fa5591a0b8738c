"""A walk through a flat NIR graph, with a signal in place of what every node sends."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from axonal.deploy.exporting.affine_signal import Signal, identity
from axonal.deploy.graph import Population
from axonal.deploy.kinds import NEURONS
from axonal.deploy.nir.errors import NIRError
from axonal.deploy.nir.flat import Flat
from axonal.deploy.nir.neurons import RULES, ImportedNeurons, imported
from axonal.deploy.nir.nodes import STEPS, Setting, agreed, alike

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
        self.found: dict[str, ImportedNeurons] = {}
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
        neurons = [path for path, node in nodes.items() if node.kind in RULES]
        for path in self.flat.inputs:
            self.guarded(path, self.start)
        for path in neurons:
            self.guarded(path, self.parameters)
        left = [path for path in nodes if path not in self.flat.inputs]
        while left:
            ready = [path for path in left if self.ready(path)]
            for path in ready:
                self.guarded(path, self.pass_on)
            if not ready:
                # a loop begins where parameters tell a shape; one number is that of one neuron
                known = [path for path in left if path in self.found and self.found[path].shape]
                many = [path for path in known if math.prod(self.found[path].shape) > 1]
                ready = many or known
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
        self.populations = self.ranked()
        return list(dict.fromkeys(shown))

    def guarded(self, path: str, step: Callable[[str], None]) -> None:
        """Take a step for a node; what goes wrong is a problem of this node."""
        try:
            step(path)
        except _STRANGE as error:
            line = " ".join(str(error).split()) or type(error).__name__
            self.problems.append(f"node {path!r} ({self.flat.nodes[path].kind}): {line}")

    def start(self, path: str) -> None:
        """An input and its events."""
        if self.before[path]:
            raise NIRError(f"an input of the graph, but {self.before[path][0]!r} leads to it, too")
        given = self.flat.nodes[path].get("shape", ())
        shape = tuple(int(n) for n in np.asarray(given).ravel())
        if not shape or min(shape) < 1:
            raise NIRError(f"its shape is {shape}, expected at least one positive number")
        self.populate(path, "input", shape)

    def populate(
        self, path: str, kind: str, shape: tuple[int, ...], reset: str = "zero", **fields: Any
    ) -> None:
        """Add a population under the path of its node, and send its events."""
        written = np.asarray(self.flat.nodes[path].metadata.get("shape", ())).ravel()
        own = tuple(int(n) for n in written) if written.dtype.kind in "iu" else ()
        size = math.prod(shape)
        whole: dict[str, Any] = {k: np.broadcast_to(x, shape).ravel() for k, x in fields.items()}
        self.populations[path] = Population(
            path, kind, own if own and math.prod(own) == size else shape, reset=reset, **whole
        )
        self.sent[path] = identity(path, shape)

    def parameters(self, path: str) -> None:
        """Read the parameters of a neuron."""
        self.found[path] = imported(self.flat.nodes[path], self.setting.dt, self.at_threshold)

    def neuron(self, path: str, arriving: tuple[int, ...]) -> None:
        """Add a population of neurons; one number in place of parameters stands for all.

        What it sends keeps a batch axis of one that arrives, for a Flatten that counts it.
        """
        found = self.found[path]
        own = found.shape if math.prod(found.shape) > 1 else arriving
        fields = {} if found.kind == "constant" else {**found.fields, "bias": np.zeros(())}
        self.populate(path, found.kind, own, reset=found.reset, **fields)
        if alike(own, arriving):
            self.sent[path] = Signal(arriving, self.sent[path].terms)

    def ready(self, path: str) -> bool:
        """True if the inputs of a node were sent; a neuron needs one of them, for its shape."""
        sources = [source in self.sent for source in self.before[path]]
        if self.flat.nodes[path].kind in RULES:
            known = path in self.found
            return known and (any(sources) if sources else bool(self.found[path].shape))
        return all(sources)

    def arriving(self, path: str) -> Signal:
        """Sum of what the nodes before send."""
        sources = self.before[path]
        if not sources:
            raise NIRError("nothing leads to it")
        total = self.sent[sources[0]]
        for source in sources[1:]:
            if not alike(self.sent[source].shape, total.shape):
                raise NIRError(
                    f"its inputs have different shapes: {total.shape} of {sources[0]!r}, "
                    f"{self.sent[source].shape} of {source!r}"
                )
            total = total + self.sent[source]
        return total

    def pass_on(self, path: str) -> None:
        """Send what a node makes of its input."""
        node = self.flat.nodes[path]
        if node.kind in RULES:
            shapes = [self.sent[p].shape for p in self.before[path] if p in self.sent]
            shape = shapes[0] if shapes else self.found[path].shape
            if not shape:
                raise NIRError("nothing leads to it, and one number does not tell its size")
            self.neuron(path, shape)
        elif node.kind in STEPS:
            self.sent[path] = STEPS[node.kind].apply(node, self.arriving(path), self.setting)
        else:
            y = self.arriving(path)
            if path not in self.flat.outputs:  # an end of a subgraph
                agreed(node.get("shape"), y.shape, "shape")
            self.sent[path] = y

    def drive(self, path: str) -> None:
        """Keep what joins the sum of a neuron."""
        shape = self.sent[path].shape
        if self.populations[path].kind == "constant":
            return
        if not self.before[path]:
            self.drives[path] = Signal(shape, {})
            return
        arriving = self.arriving(path)
        if not alike(arriving.shape, shape):
            senders = ", ".join(map(repr, self.before[path]))
            raise NIRError(
                f"its parameters have shape {shape}, but its input {arriving.shape}, of {senders}"
            )
        self.drives[path] = Signal(shape, arriving.terms)

    def shown(self, path: str) -> str:
        """Path of the population that an output shows; a plain sum gets one of its own."""
        y = self.sent[path]
        given = self.flat.nodes[path].get("shape")
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
                        f"node {source!r} ({self.flat.nodes[source].kind}): its "
                        f"potential goes on to {path!r}, but only spikes travel between populations"
                    )

    def ranked(self) -> dict[str, Population]:
        """Populations as in the graph that was written; without one inputs, then as in the file."""
        places = {path: k for k, path in enumerate(self.flat.nodes)}

        def rank(path: str) -> tuple[int, bool, int]:
            order = np.asarray(self.flat.nodes[path].metadata.get("order", 0))
            own = int(order) if order.ndim == 0 and order.dtype.kind in "iu" else 0
            return own, path not in self.flat.inputs, places[path]

        return {path: self.populations[path] for path in sorted(self.populations, key=rank)}

    def names(self) -> dict[str, str]:
        """Name of every population, by the path of its node."""
        wanted = {
            path: self.flat.nodes[path].metadata.get("name", path) for path in self.populations
        }
        names = list(wanted.values())
        found = {
            path: name if isinstance(name, str) and names.count(name) == 1 else path
            for path, name in wanted.items()
        }
        # a name may be the path of another
        return found if len(set(found.values())) == len(found) else {path: path for path in found}
