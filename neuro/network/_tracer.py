"""Traces a user's ``forward`` into one graph, collecting everything unsupported on the way."""

import inspect
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import fx, nn

from axonal.neuro.network import _supported_calls
from axonal.neuro.network._composition import Composition, as_written, is_one_layer

_LIBRARY = (str(Path(torch.__file__).parent), str(Path(__file__).parents[1]))
_CELL = "layers run the whole sequence [T, B, ...] at once; write a neuron of your own as a Cell."


def shown_name(module: nn.Module) -> str:
    """Return the name under which messages speak of a user's module."""
    return getattr(module, "source_name", type(module).__name__)


class NetworkError(ValueError):
    """A ``forward`` that cannot become a Network; the message lists every reason at once."""


def _place() -> str:
    """Return "forward, line 12 of model.py" for the user's line that is being traced."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_LIBRARY):
        frame = frame.f_back
    if frame is None:
        return "forward"
    code = frame.f_code
    return f"{code.co_name}, line {frame.f_lineno} of {Path(code.co_filename).name}"


class _Value(fx.Proxy):
    """A symbolic value that notes where a number is asked of it, and goes on as if it were 1."""

    tracer: "Tracer"

    def _number(self) -> int:
        self.tracer.report(
            f"a size is used as a number, as in a loop over time: {_CELL}"
            if _supported_calls.is_size(self.node)
            else f"a value is read as a number: the graph is made before any data is seen; {_CELL}"
        )
        return 1

    def __index__(self) -> int:
        return self._number()

    def __int__(self) -> int:
        return self._number()

    def __float__(self) -> float:
        return float(self._number())

    def __len__(self) -> int:
        return self._number()


class Tracer(fx.Tracer):
    """Traces with every layer as a leaf; the forward of a nested Network is traced through."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []
        self.modules: list[str] = []

    def report(self, problem: str) -> bool:
        """Note what is wrong at the line being traced; return whether it is news."""
        line = f"{self.here()}: {problem}"
        news = line not in self.problems
        if news:
            self.problems.append(line)
        return news

    def proxy(self, node: fx.Node) -> fx.Proxy:
        """Return the symbolic value of a node."""
        return _Value(node, self)

    def here(self) -> str:
        """Return the path of the module being traced and the user's line."""
        return f"{self.modules[-1] if self.modules else 'forward'} ({_place()})"

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Keep our layers and the modules of torch.nn whole."""
        return is_one_layer(m)

    def call_module(self, m: nn.Module, forward: Any, args: Any, kwargs: Any) -> Any:
        """Trace one module call."""
        path = self.path_of_module(m)
        self.modules.append(path)
        try:
            if isinstance(m, Composition):
                if kwargs or len(args) != len(m.input_names):
                    count = len(m.input_names)
                    self.report(f"a nested Network takes its {count} inputs alone.")
                    return args[0]
                return m._written(*args)
            return super().call_module(m, forward, args, kwargs)
        finally:
            self.modules.pop()

    def create_arg(self, a: Any) -> Any:
        """Refuse a tensor that is made in ``forward``: it belongs to no module."""
        if isinstance(a, torch.Tensor):
            known = itertools.chain(self.root.parameters(), self.root.buffers())
            if not any(a is tensor for tensor in known):
                self.report(
                    "a tensor is made in forward: register it, "
                    'self.register_buffer("name", tensor), and use self.name.'
                )
        return super().create_arg(a)

    def create_node(self, *args: Any, **kwargs: Any) -> fx.Node:
        """Create a node that remembers where the user wrote it."""
        node = super().create_node(*args, **kwargs)
        node.meta["here"] = "forward" if node.op == "output" else self.here()
        return node

    def to_bool(self, obj: fx.Proxy) -> bool:
        """Note a branch on data, and go on as if it were taken once: a while loop must end."""
        return self.report(
            "a branch on data: the graph must be the same for every input. "
            "Use torch.where, or decide before the Network."
        )

    def iter(self, obj: fx.Proxy) -> Iterator[Any]:
        """Note a loop over a tensor, and go on as if it had one entry."""
        self.report(f"a loop over a tensor (over time?): {_CELL}")
        return iter([obj])


def input_names(module: nn.Module) -> list[str]:
    """Return the names of the inputs of ``forward``; refuse one that does not name them."""
    written = module._written if isinstance(module, Composition) else module.forward
    parameters = inspect.signature(written).parameters.values()
    starred = [p.name for p in parameters if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if starred or not parameters:
        raise NetworkError(
            f"{shown_name(module)}.forward must name its inputs, such as forward(self, x)"
            + (f"; got {', '.join('*' + name for name in starred)}." if starred else ".")
        )
    return [p.name for p in parameters]


def trace(module: nn.Module) -> fx.Graph:
    """Trace ``forward`` and refuse what a Network cannot run, all of it at once.

    Args:
        module: a module to be wrapped, or a Network with a ``forward`` of its own.

    Raises:
        NetworkError: with one line per problem, by module path and line.
    """
    who = shown_name(module)
    of_its_own = isinstance(module, Composition)
    if not of_its_own and is_one_layer(module):
        raise NetworkError(
            f"{who} is one layer, it has no forward of layers to trace: write "
            "neuro.Sequential(layer)."
        )
    input_names(module)
    modes = [(m, m.training) for m in module.modules()]
    tracer, graph = _trace_once(module)
    # a forward that reads self.training would be frozen in the mode it was traced in
    module.train(not module.training)
    try:
        other_graph = _trace_once(module)[1]
    finally:
        for m, mode in modes:
            m.training = mode
    problems = list(tracer.problems)
    if graph is not None:
        problems += _supported_calls.problems(module, graph)
        if other_graph is not None and str(graph) != str(other_graph):
            problems.append(
                f"{who}.forward: does something else while training: use modules "
                "that know the mode (Dropout, BatchNorm) in place of self.training."
            )
    if problems:
        listed = "\n".join(f"  - {problem}" for problem in dict.fromkeys(problems))
        raise NetworkError(f"{who} cannot become a Network:\n{listed}")
    assert graph is not None
    return graph


def _trace_once(module: nn.Module) -> tuple[Tracer, fx.Graph | None]:
    tracer = Tracer()
    tracer.traced_func_name = "_written" if isinstance(module, Composition) else "forward"
    before = {name: (m, dict(vars(m))) for name, m in module.named_modules()}
    graph = None
    try:
        with as_written(module):
            graph = tracer.trace(module)
    except NetworkError:
        raise
    except Exception as error:  # whatever the user's forward raises on a symbolic value
        if not tracer.problems:
            first_line = str(error).split("\n")[0]
            tracer.problems.append(
                f"{_raised_at(error)}: {first_line} (traced without data: no values, sizes or "
                "conversions to numbers)"
            )
    finally:
        tracer.problems += _kept_values(before)
    return tracer, graph


def _kept_values(before: dict[str, tuple[nn.Module, dict[str, Any]]]) -> list[str]:
    """List the attributes in which ``forward`` kept a value, and put back what they were."""
    problems = []
    for path, (module, attributes) in before.items():
        kept = [name for name, value in vars(module).items() if _symbolic(value)]
        vars(module).clear()
        vars(module).update(attributes)
        problems += [
            f"{path or 'forward'}: keeps a tensor of the run on the module (self.{name}), a state "
            "that nobody sees: write the part as a Cell, whose state is passed along."
            for name in kept
        ]
    return problems


def _symbolic(value: Any) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return any(isinstance(entry, fx.Proxy) for entry in value)
    return isinstance(value, fx.Proxy)


def _raised_at(error: Exception) -> str:
    """Return the user's line in which ``error`` arose."""
    place, trace_back = "forward", error.__traceback__
    while trace_back is not None:
        code = trace_back.tb_frame.f_code
        if not code.co_filename.startswith(_LIBRARY):
            place = f"{code.co_name}, line {trace_back.tb_lineno} of {Path(code.co_filename).name}"
        trace_back = trace_back.tb_next
    return place
