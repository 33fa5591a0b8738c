"""Generated code that runs a traced network and threads the states of its layers."""

import linecache
import operator
from collections.abc import Callable
from typing import Any

from torch import fx, nn

from axonal.neuro.layers import Layer
from axonal.neuro.layers.lift import over_time
from axonal.neuro.network import _axes, _supported_calls
from axonal.neuro.network._composition import Composition
from axonal.neuro.network.walker import Walker

Run = Callable[..., Any]


def running_code(net: Composition, paths: list[str] | None = None, *, goes_on: bool = False) -> Run:
    """Return a plain function of (network, *inputs, state) that returns the outputs and states.

    Args:
        net: the Network.
        paths: of the layers that ``forward`` calls, each once; then their modules are further
            arguments, called as what they are without a look. By default the modules are fetched
            from the network and looked at, as a compiler needs it.
        goes_on: call layers with memory as a stream does after its first step; of ``paths`` only.
    """
    return _compiled(_StatesThreaded(net, paths, goes_on).result())


class _StatesThreaded(Walker):
    """Rewrites the traced graph so that every layer takes its state and gives back the next one."""

    def __init__(self, net: Composition, paths: list[str] | None, goes_on: bool) -> None:
        super().__init__(net)
        self.goes_on = goes_on
        self.made = fx.Graph()
        self.inputs = [
            self.made.node_copy(node) for node in self.graph.nodes if node.op == "placeholder"
        ]
        self.state = self.made.placeholder("state")
        self.layers = {
            path: self.made.placeholder(f"layer_{i}") for i, path in enumerate(paths or ())
        }
        self.states: dict[str, fx.Node] = {}
        self.is_sequence = _supported_calls.sequences(self.graph).__contains__

    def result(self) -> fx.Graph:
        """Return the graph of (*inputs, state, *layers) that returns (outputs, states)."""
        outputs = self.run(*self.inputs)
        self.made.output((outputs, self.states))
        return self.made

    def get_attr(self, target: Any, args: Any, kwargs: Any) -> fx.Node:
        return self.made.get_attr(target)

    def call_module(self, target: Any, args: Any, kwargs: Any) -> fx.Node:
        path, module = str(target), self.submodules[target]
        call = self.made.call_function
        if not isinstance(module, Layer):
            if self.goes_on and _as_written(module):
                return self.made.call_method("_go_on", (self.layers[path], *args))
            if path in self.layers:
                lifted = _supported_calls.is_lifted(module)
                return call(over_time if lifted else operator.call, (self.layers[path], *args))
            return call(_supported_calls.applied, (self.made.get_attr(path), *args))
        before = call(operator.getitem, (self.state, path))
        if path in self.layers and self.goes_on:
            both = self.made.call_method("_go_on", (self.layers[path], *args, before))
        elif path in self.layers:
            both = call(operator.call, (self.layers[path], *args, before))
        else:
            both = call(_supported_calls.stateful, (self.made.get_attr(path), *args, before))
        self.states[path] = call(operator.getitem, (both, 1))
        return call(operator.getitem, (both, 0))

    def call_function(self, target: Any, args: Any, kwargs: Any) -> fx.Node:
        if target in _supported_calls.LIFTED:
            name = _supported_calls.LIFTED[target]
            return self.made.call_function(_supported_calls.lifted_call, (name, *args), kwargs)
        if target is operator.getitem and self.is_sequence(self.node):
            y = self.made.call_function(_supported_calls.picked, (*args, self.here))
            return self._with_steps(y)
        return self._checked(target, self.made.call_function, args, kwargs)

    def call_method(self, target: Any, args: Any, kwargs: Any) -> fx.Node:
        return self._checked(target, self.made.call_method, args, kwargs)

    def _checked(
        self, target: Any, create: Callable[..., fx.Node], args: Any, kwargs: Any
    ) -> fx.Node:
        """Copy a call, with what must hold of its shapes before it or after it."""
        if not self.is_sequence(self.node):
            return create(target, args, kwargs)
        if _axes.is_along(target):
            guard = _axes.guard(self.node, self.is_sequence)
            if guard is not None:
                check, values = guard
                self.made.call_function(check, fx.node.map_arg(values, self.env.__getitem__))
            return create(target, args, kwargs)
        y = create(target, args, kwargs)
        if target in _supported_calls.RESHAPING or target in _supported_calls.RESHAPING_METHODS:
            return self._with_steps(y)
        constants = [
            self.env[node]
            for node in self.node.all_input_nodes
            if not (self.is_sequence(node) or _supported_calls.is_size(node))
        ]
        sequences = [self.env[node] for node in self.node.all_input_nodes if self.is_sequence(node)]
        if len(sequences) > 1:
            y = self.made.call_function(_supported_calls.of_one_rank, (y, self.here, *sequences))
        if not constants:
            return y
        alike = _supported_calls.alike_at_every_step
        return self.made.call_function(alike, (y, self.here, *constants))

    def _with_steps(self, y: fx.Node) -> fx.Node:
        check = (y, self.inputs[0], self.here)
        return self.made.call_function(_supported_calls.keeps_steps, check)


def _as_written(module: nn.Module) -> bool:
    """Return whether ``module`` has a way to run what is like the last, which its forward is."""
    owners = [kind for kind in type(module).__mro__ if "forward" in vars(kind)]
    return "_go_on" in vars(owners[0])


def _compiled(graph: fx.Graph) -> Run:
    code = graph.python_code("self")
    # registered so that a traceback shows the generated line
    filename = f"<axonal network {abs(hash(code.src)):x}>"
    linecache.cache[filename] = (len(code.src), None, code.src.splitlines(keepends=True), filename)
    scope = dict(code.globals)
    exec(compile(code.src, filename, "exec"), scope)
    return scope["forward"]  # type: ignore[no-any-return]
