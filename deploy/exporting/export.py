"""From a trained Network to an event graph with a golden run."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from axonal.deploy.exporting import affine
from axonal.deploy.exporting.affine_signal import Signal, identity, substitute
from axonal.deploy.exporting.assemble import assemble, finest_grid, off_grid
from axonal.deploy.exporting.calls import (
    MULTIPLY,
    AbandonedError,
    UnsupportedError,
    attribute,
    call_output,
    like_output,
    module_output,
)
from axonal.deploy.exporting.exact_copy import exact_copy
from axonal.deploy.exporting.golden_run import golden_run
from axonal.deploy.exporting.graded_inputs import warn_of_counts
from axonal.deploy.exporting.inputs import given_inputs, input_shapes
from axonal.deploy.exporting.integrators import feed_onward
from axonal.deploy.exporting.neurons import neuron
from axonal.deploy.exporting.sequence_layers import gated, memory
from axonal.deploy.exporting.spike_gates import (
    MAX_POOLS,
    RECTIFIERS,
    Gate,
    are_spikes,
    maximum,
    product,
)
from axonal.deploy.graph import EventGraph, Population
from axonal.deploy.graph.errors import GraphError
from axonal.deploy.graph.readout_rules import unreadable
from axonal.deploy.running.verify import verify
from axonal.neuro import (
    EGRU,
    LMU,
    DelayedConv1d,
    DelayedConv2d,
    DelayedLinear,
    Dropout,
    Layer,
    LegendreMemory,
    Lift,
    Network,
    Recurrent,
    TemporalConv,
)
from axonal.neuro.network.walker import Walker


class ExportError(ValueError):
    """A network that has no event graph; the message lists every reason by path."""


def export(
    net: Network,
    dt: float,
    *,
    inputs: Tensor | Sequence[Tensor] | None = None,
    input_shape: Sequence[int] | int | None = None,
    steps: int = 100,
    samples: int = 4,
    seed: int = 0,
    info: dict[str, Any] | None = None,
    readout: str | None = None,
) -> EventGraph:
    """Export a network as an event graph that fires the same spikes.

    What is exported is the network in evaluation mode and float64, with the weights that pruning
    and parametrisations (``torch.nn.utils``) amount to.

    Every layer of neurons becomes a population and what stands between two populations becomes
    synapses: masks, whole delays, convolutions, average pooling, skips and concatenation are
    unrolled, batch norm is folded. A maximum over windows of spikes becomes a population that keeps
    nothing and fires where one of its window does, a product of spikes one that fires where both
    do. Weights are rounded to a grid 2^-k on which
    every sum of inputs is exact in float64 in any order, except sums of graded spikes, which are
    rounded as in torch. The graph carries a golden run: inputs, and the spikes and readout of the
    network itself on them.

    Args:
        net: a Network; it is not changed.
        dt: seconds per step, > 0.
        inputs: golden inputs [T, B, ...], one tensor per input; by default spikes drawn with
            ``seed`` at the lowest rate of 0.1, 0.3, 0.6, 1 at which every population fires.
        input_shape: shape of one input step, where inputs are drawn and no layer tells it.
        steps: T of drawn inputs.
        samples: B of drawn inputs.
        seed: of drawn inputs.
        info: anything JSON can hold, kept with the graph.
        readout: rule by which :func:`score` and ``axonal run`` score the only output, "max",
            "mean", "last" or "first-spike" (of an output that fires), kept with the graph.

    Returns:
        The :class:`EventGraph`.

    Raises:
        ExportError: for layers or calls without an event-driven form; all of them are listed by
            path.
        ValueError: for inputs that do not fit the network.

    Warns:
        UserWarning: for populations that never fire in the golden run, and for inputs with other
            values than 0 and 1, which most back ends refuse.

    >>> import torch
    >>> from axonal import neuro
    >>> _ = torch.manual_seed(0)
    >>> net = neuro.Sequential({"fc": neuro.Linear(3, 4), "lif": neuro.LIF(4, threshold=0.1)})
    >>> graph = export(net, dt=0.001)
    >>> [p.name for p in graph.populations], graph.golden.steps
    (['x', 'lif'], 100)
    """
    if not isinstance(net, Network):
        raise TypeError(f"export expects a neuro.Network, got {type(net).__name__}: wrap it first.")
    if not isinstance(dt, (int, float)) or not 0 < dt < math.inf:
        got = dt if isinstance(dt, (int, float)) else type(dt).__name__
        raise ValueError(f"export expects dt > 0 seconds per step, got {got}.")
    exact = exact_copy(net)
    for module in exact.modules():
        if isinstance(module, DelayedLinear | DelayedConv1d | DelayedConv2d):
            module.round_in_evaluation = True
    given = given_inputs(net, inputs)
    warn_of_counts(dict(zip(net.input_names, given, strict=False)))
    shapes = [tuple(x.shape[2:]) for x in given] if given else input_shapes(exact, input_shape)
    builder = _Builder()
    builder.numbers_enter = any(bool(((x != 0) & (x != 1)).any()) for x in given)
    outputs = builder.build(exact, shapes)
    if builder.problems:
        listed = "\n".join(f"  - {problem}" for problem in dict.fromkeys(builder.problems))
        raise ExportError(f"{net.source_name} cannot be exported:\n{listed}")
    kinds = {p.name: p.kind for p in builder.populations.values()}
    unread = unreadable(readout, outputs, kinds)
    if unread is not None:
        raise ExportError(f"{net.source_name} cannot be exported: {unread}")
    grid = finest_grid(builder.inputs, max((float(x.abs().max()) for x in given), default=1.0))
    lost = [f"population {line}" for line in off_grid(builder.populations, builder.inputs, grid)]
    if lost:
        raise ExportError(
            f"{net.source_name} cannot be exported: its graph would not fire the same spikes: "
            f"{'; '.join(lost)}"
        )
    populations, projections = assemble(builder.populations, builder.inputs, grid)
    golden = golden_run(
        exact, populations, outputs, given or shapes, steps, samples, seed, builder.gates
    )
    try:
        graph = EventGraph(
            populations, projections, outputs, dt, info={**(info or {}), "grid": grid},
            golden=golden, readout=readout,
        )  # fmt: skip
    except GraphError as error:
        raise ExportError(f"{net.source_name} cannot be exported: {error}") from error
    result = verify(graph)
    if result.mismatches:
        raise ExportError(
            f"{net.source_name} cannot be exported: its graph would not fire the same spikes.\n"
            f"{result}"
        )
    return graph


class _OnSignals(Walker):
    """Runs the graph of a Network on signals; the builder says what becomes of each."""

    def __init__(self, builder: "_Builder", net: Network, prefix: str) -> None:
        super().__init__(net)
        self.builder, self.prefix = builder, prefix

    def get_attr(self, target: Any, args: Any, kwargs: Any) -> Any:
        return attribute(self.net, target)

    def call_module(self, target: Any, args: Any, kwargs: Any) -> Any:
        module = self.net.get_submodule(target)
        return self.builder.module(f"{self.prefix}{target}", module, args[0])

    def call_function(self, target: Any, args: Any, kwargs: Any) -> Any:
        return self.builder.call(f"{self.prefix}{self.here}", target, args, kwargs)

    call_method = call_function


class _Builder:
    """Walks the graph of a Network with a :class:`Signal` in place of every tensor."""

    def __init__(self) -> None:
        self.inputs: dict[str, Signal] = {}
        self.populations: dict[str, Population] = {}
        self.loops: dict[str, Signal] = {}
        self.problems: list[str] = []
        self.gates: dict[str, Gate] = {}
        self.numbers_enter = False

    def build(self, net: Network, shapes: list[tuple[int, ...]]) -> tuple[str, ...]:
        """Fill the populations and return the names of the outputs."""
        paths = dict(net.named_modules())
        sources = []
        for name, shape in zip(net.input_names, shapes, strict=True):
            while name in paths or name in self.populations:
                name += "_input"
            self.populations[name] = Population(name, "input", shape)
            sources.append(identity(name, shape))
        try:
            result = self.network(net, sources, "")
        except AbandonedError:
            return ()  # a listed problem is why
        leaves = pytree.tree_leaves(result, is_leaf=lambda y: isinstance(y, Signal))
        names = [f"output{i if i else ''}" for i in range(len(leaves))]
        outputs = tuple(self.output(y, name) for y, name in zip(leaves, names, strict=True))
        self.inputs = {name: self.resolved(drive) for name, drive in self.inputs.items()}
        self.gates = {
            name: gate._replace(drive=self.inputs[name]) for name, gate in self.gates.items()
        }
        feed_onward(self.populations, self.inputs, outputs)
        return outputs

    def output(self, y: Any, name: str) -> str:
        """Return the population that is this output; add a memoryless one for a bare sum."""
        if not isinstance(y, Signal):
            self.problems.append(f"output: {type(y).__name__} is not a sequence")
            return name
        if len(y.terms) == 1:
            ((source, delay),) = y.terms
            matrix = y.terms[source, delay]
            same = delay == 0 and matrix.shape[0] == matrix.shape[1]
            if same and (matrix != identity(source, y.shape).terms[source, 0]).nnz == 0:
                return source
        name = self.free(name)
        self.populate(name, "integrator", y, decay=np.zeros(y.size), gain=np.ones(y.size))
        return name

    def free(self, name: str) -> str:
        """Return ``name``, or the first of name2, name3, ... that no population has."""
        free, count = name, 1
        while free in self.populations:
            count += 1
            free = f"{name}{count}"
        return free

    def populate(self, name: str, kind: str, drive: Signal, **parameters: Any) -> Signal:
        """Add a population driven by a signal; return its output."""
        self.inputs[name] = drive
        self.populations[name] = Population(
            name, kind, drive.shape, bias=np.zeros(drive.size), **parameters
        )
        return identity(name, drive.shape)

    def network(self, net: Network, sources: Sequence[Signal], prefix: str) -> Any:
        """Run the graph of a Network on signals."""
        return _OnSignals(self, net, prefix).run(*sources)

    def module(self, path: str, module: nn.Module, x: Signal) -> Signal:
        """Return the output of one module."""
        if isinstance(module, (*affine.TRANSPARENT, Dropout)):
            return x
        if isinstance(module, Lift):
            return self.module(path, module.module, x)
        try:
            if isinstance(module, Layer):
                return self.layer(path, module, x)
            if type(module) in MAX_POOLS:
                return self.gate(path, maximum(x, self.firing, module, MAX_POOLS[type(module)]))
            if type(module) in RECTIFIERS and are_spikes(x, self.firing):
                return x
            return module_output(module, x)
        except UnsupportedError as error:
            self.problems.append(f"{path} ({type(module).__name__}): {error}")
            try:
                return like_output(module, x)
            except AbandonedError as why:
                self.problems.append(f"{path}: does not run on {x.shape}: {why}")
                raise

    @property
    def firing(self) -> dict[str, Population]:
        """The populations so far, without inputs where numbers enter by them."""
        kinds = {"input"} if self.numbers_enter else set()
        return {name: p for name, p in self.populations.items() if p.kind not in kinds}

    def gate(self, name: str, gate: Gate) -> Signal:
        """Add a population without memory that fires where enough of what it hears does."""
        name = self.free(name)
        self.gates[name] = gate
        keeps_nothing = {"decay": np.zeros(gate.drive.size), "gain": np.ones(gate.drive.size)}
        threshold = float(gate.threshold)
        return self.populate(name, "lif", gate.drive, threshold=threshold, **keeps_nothing)

    def layer(self, path: str, layer: Layer[Any], x: Signal) -> Signal:
        """Return the output of a layer with memory."""
        if isinstance(layer, DelayedLinear):
            return affine.delayed(x, layer)
        if isinstance(layer, TemporalConv | DelayedConv1d | DelayedConv2d):
            try:
                if isinstance(layer, TemporalConv):
                    return affine.over_time(x, layer)
                return affine.delayed_convolution(x, layer)
            except ValueError as error:
                raise UnsupportedError(str(error)) from error
        if isinstance(layer, Network):
            y = self.network(layer, [x], f"{path}.")
            if not isinstance(y, Signal):
                raise UnsupportedError("a body with several outputs")
            return y
        if isinstance(layer, Recurrent):
            return self.recurrent(path, layer, x)
        if isinstance(layer, LegendreMemory | EGRU):
            if isinstance(layer, LegendreMemory):
                own = memory(path, layer, x)
            else:
                own = gated(path, layer, x)
            self.populate(path, own.kind, own.drive, **own.parameters)
            return own.output
        if isinstance(layer, LMU):
            raise UnsupportedError(
                "its outputs f(W x + b) are numbers at every step, not events; a LegendreMemory "
                "between neurons has a form, as in SpikingLMUFormer"
            )
        form = neuron(layer, x)
        return self.populate(path, form.kind, form.drive, **form.parameters)

    def recurrent(self, path: str, layer: Recurrent, x: Signal) -> Signal:
        """Close a loop: the output is a placeholder until the body has been walked."""
        loop = f".loop of {path}"
        recent = identity(loop, layer.size).later(layer.delay)
        back = self.module(f"{path}.feedback", layer.feedback, recent)
        y = self.module(f"{path}.body", layer.body, x + back)
        if any(source == loop for source, _ in y.terms):
            raise UnsupportedError("the loop contains no neuron: a sum fed back to itself")
        self.loops[loop] = y
        return y

    def call(self, here: str, target: Any, args: Any, kwargs: Any) -> Any:
        """Return the result of a function or method between layers."""
        try:
            x = args[0] if args and isinstance(args[0], Signal) else None
            if x is not None and target in MAX_POOLS:
                name = getattr(target, "__name__", "max_pool")
                axes = MAX_POOLS[target]
                windows = maximum(x, self.firing, lambda y: target(y, *args[1:], **kwargs), axes)
                return self.gate(name, windows)
            if x is not None and target in MULTIPLY and isinstance(args[1], Signal):
                return self.gate("product", product(x, args[1], self.firing))
            if x is not None and target in RECTIFIERS and are_spikes(x, self.firing):
                return x
            return call_output(target, args, kwargs)
        except UnsupportedError as error:
            self.problems.append(f"{here}: {error}")
            return next(a for a in pytree.tree_leaves(args) if isinstance(a, Signal))

    def resolved(self, drive: Signal) -> Signal:
        """Replace the placeholders of loops by what the bodies return."""
        while loops := [source for source, _ in drive.terms if source in self.loops]:
            drive = substitute(drive, loops[0], self.loops[loops[0]])
        return drive
