"""A user's ``forward`` as one graph with explicit states."""

import linecache
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor, fx, nn
from torch.utils import _pytree as pytree

from axonal.neuro import _checks
from axonal.neuro.layers import Layer
from axonal.neuro.network import _replacements, _supported_calls
from axonal.neuro.network._pickling import flatten, unflatten
from axonal.neuro.network._tracer import NetworkError, shown_name, trace

State = dict[str, Any]


class Network(Layer[State]):
    """Turn a module with an ordinary ``forward`` into a network with explicit states.

    The module's ``forward`` is traced once; in it a layer is called with the sequence alone and
    returns its output alone. The Network threads the states, keyed by module path, and is the one
    graph that running, ``record``, ``spike_report``, ``Streamer`` and ``deploy.export`` read.
    Between layers it understands addition and other element-wise arithmetic, concatenation,
    reshape, flatten, pooling and the stateless modules of torch (applied to every step alike).
    Parameters keep the names they have in the module, and its attributes and methods are those of
    the Network, unless a Network has one of that name itself.

    Args:
        module: the module whose ``forward`` takes sequences [T, B, ...].

    Attributes:
        traced: the graph of ``module.forward``, as ``torch.fx`` shows it.
        input_names: the names of its inputs.
        stateful_layers: the layers with memory by path, in the order they run.

    Returns:
        Called with the inputs [T, B, ...] and a state: what ``forward`` returns, and the states.
        ``neuro.detach(state)`` lets a next chunk go on without the gradients of this one.

    Raises:
        NetworkError: for a ``forward`` that branches on data, loops over time or calls something
            that may mix time steps; every reason is listed by path and line.
        ValueError: for inputs or states of the wrong shape, named with the layer's path.

    >>> import torch
    >>> from axonal import neuro
    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.fc, self.lif = neuro.Linear(3, 4), neuro.LIF(4)
    ...     def forward(self, x):
    ...         return self.lif(self.fc(x))
    >>> net = neuro.Network(Net())
    >>> y, state = net(torch.rand(5, 2, 3))
    >>> y.shape, list(state)
    (torch.Size([5, 2, 4]), ['lif'])
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        if not isinstance(module, nn.Module):
            raise TypeError(f"Network expects a torch module, got {type(module).__name__}.")
        self.traced = trace(module, Network)
        taken = [n for n in _own_names(module) if n in _RESERVED]
        if taken:
            raise NetworkError(
                f"{shown_name(module)} cannot become a Network: the names {', '.join(taken)} are "
                "taken by Network itself. Rename them in your module."
            )
        # shared, so that the module's own methods see what happens to the Network's parts
        for shared in _SHARED:
            vars(self)[shared] = vars(module)[shared]
        vars(self)["_source"] = module
        self.training = module.training
        self.source_name = shown_name(module)
        self.input_names = [n.name for n in self.traced.nodes if n.op == "placeholder"]
        self._paths = tuple(self.stateful_layers)
        self._parts = _replacements.containers(self, self._called, Network)
        self._seen: dict[str, nn.Module] = {}
        self._run = _compile(_with_states(self))

    def __getattr__(self, name: str) -> Any:
        """Return an attribute or a method of the user's module."""
        try:
            return super().__getattr__(name)
        except AttributeError as error:
            if "_source" not in vars(self) or not hasattr(self._source, name):
                raise error from None
        return getattr(self._source, name)

    def __setattr__(self, name: str, value: Any) -> None:
        source = vars(self).get("_source")
        if source is not None and name in vars(source) and name not in vars(self):
            # where the module's methods look for it
            setattr(source, name, value)
        else:
            super().__setattr__(name, value)

    def train(self, mode: bool = True) -> "Network":
        """Set the mode of the Network and of its parts."""
        super().train(mode)
        self._source.training = mode
        return self

    @property
    def stateful_layers(self) -> dict[str, Layer[Any]]:
        """The layers with memory by path, in the order they run."""
        modules = dict(self.named_modules(remove_duplicate=False))
        return {path: m for path in self._called if isinstance(m := modules[path], Layer)}

    @property
    def _called(self) -> list[str]:
        return [str(n.target) for n in self.traced.nodes if n.op == "call_module"]

    def forward(self, *inputs: Any, state: State | None = None) -> tuple[Any, State]:
        """Run the inputs [T, B, ...] on from ``state``; it may be given last or by name."""
        *inputs, state = self._given(inputs, state)  # type: ignore[assignment]
        self._check_inputs(inputs)
        state = self._check_state(state)
        if _checks.compiling():
            return self._run(self, *inputs, state)  # type: ignore[no-any-return]
        _replacements.check(self, self._parts, self._seen, Network)
        try:
            return self._run(self, *inputs, state)  # type: ignore[no-any-return]
        except _checks.InputError as error:
            raise self._located(error) from None
        except AttributeError as error:
            raise _replacements.missing(self, self._called) or error from None

    def step(self, *inputs: Any, state: State | None = None) -> tuple[Any, State]:
        """Run one step of every input [B, ...]; return the output [B, ...] and the states."""
        if len(inputs) == len(self.input_names) + 1 and state is None:
            *inputs, state = inputs  # type: ignore[assignment]
        for x in inputs:
            _checks.one_step(self, x)
        y, state = self(*(x.unsqueeze(0) for x in inputs), state=state)
        return pytree.tree_map(operator.itemgetter(0), y), state

    def _given(self, inputs: tuple[Any, ...], state: State | None) -> tuple[Any, ...]:
        """Return the inputs and the state, which may be given last or by name."""
        count = len(self.input_names)
        if len(inputs) == count + 1 and state is None:
            return inputs
        if len(inputs) != count:
            raise _checks.InputError(
                f"{self.source_name} takes {count} input(s) ({', '.join(self.input_names)}) and a "
                f"state, got {len(inputs)} argument(s).",
                self,
            )
        return (*inputs, state)

    def _check_inputs(self, inputs: Sequence[Any]) -> None:
        who = self.source_name
        first = None
        for name, x in zip(self.input_names, inputs, strict=True):
            if not isinstance(x, Tensor) or x.ndim < 2:
                got = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
                raise _checks.InputError(f"{who} expects {name} [T, B, ...], got {got}.", self)
            if not x.is_floating_point():
                raise _checks.InputError(
                    f"{who} expects floating-point {name}, got {x.dtype}: write {name}.float().",
                    self,
                )
            if x.shape[0] == 0:
                raise _checks.InputError(
                    f"{who} got {name} {tuple(x.shape)}: T = 0, there is no step to run.",
                    self,
                )
            if first is not None and x.shape[:2] != first:
                raise _checks.InputError(
                    f"{who} expects inputs of equal T and B, got {tuple(first)} and "
                    f"{tuple(x.shape[:2])} ({name}).",
                    self,
                )
            first = x.shape[:2]
            _checks.finite(self, x, f"the input {name}")

    def _check_state(self, state: Any) -> State:
        if state is None:
            return dict.fromkeys(self._paths)
        if not isinstance(state, Mapping) or set(state) != set(self._paths):
            named = isinstance(state, Mapping)
            got = ", ".join(map(str, state)) or "none" if named else type(state).__name__
            raise _checks.InputError(
                f"{self.source_name} expects the state it returned, with the layers "
                f"{', '.join(self._paths)}; got {got}.",
                self,
            )
        return dict(state)

    def _located(self, error: _checks.InputError) -> _checks.InputError:
        for path, module in self.named_modules():
            if path and module is error.module:
                return error.inside(path, self)
        return error

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(self.__dict__)
        # compiled code cannot be pickled; it is made again from the graph
        del state["_run"]
        state["_seen"] = {}
        state["traced"] = flatten(self.traced)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = {**state, "traced": unflatten(state["traced"])}
        super().__setstate__(state)  # type: ignore[no-untyped-call]
        self._run = _compile(_with_states(self))


_SHARED = ("_parameters", "_buffers", "_non_persistent_buffers_set", "_modules")

_RESERVED = frozenset(dir(Network)) | {
    "traced", "input_names", "source_name", "_paths", "_parts", "_seen", "_run", "_source",
}  # fmt: skip


def _own_names(module: nn.Module) -> list[str]:
    children = [name for name, _ in module.named_children()]
    parameters = [name for name, _ in module.named_parameters(recurse=False)]
    return children + parameters + [name for name, _ in module.named_buffers(recurse=False)]


def _with_states(net: Network) -> fx.Graph:
    """Rewrite the traced graph so that every layer takes its state and gives back the next one."""
    graph = fx.Graph()
    values: dict[fx.Node, fx.Node] = {}
    nodes = list(net.traced.nodes)
    for node in nodes:
        if node.op == "placeholder":
            values[node] = graph.node_copy(node)
    inputs = list(values.values())
    state = graph.placeholder("state")
    modules = dict(net.named_modules())
    states: dict[str, fx.Node] = {}
    for node in nodes:
        if node.op == "placeholder":
            continue
        if node.op == "output":
            result = fx.node.map_arg(node.args[0], values.__getitem__)
            graph.output((result, states))
            break
        if node.op == "call_module":
            path, source = str(node.target), values[node.args[0]]
            module = modules[path]
            # the module itself is fetched at every call, since another may be put in its place
            get = graph.get_attr(path)
            if isinstance(module, Layer):
                before = graph.call_function(operator.getitem, (state, path))
                both = graph.call_function(_supported_calls.stateful, (get, source, before))
                values[node] = graph.call_function(operator.getitem, (both, 0))
                states[path] = graph.call_function(operator.getitem, (both, 1))
            else:
                values[node] = graph.call_function(_supported_calls.applied, (get, source))
            continue
        if node.op == "call_function" and node.target in _supported_calls.LIFTED:
            args = fx.node.map_arg(node.args, values.__getitem__)
            kwargs = fx.node.map_arg(node.kwargs, values.__getitem__)
            name = _supported_calls.LIFTED[node.target]
            values[node] = graph.call_function(_supported_calls.lifted_call, (name, *args), kwargs)
            continue
        copy = graph.node_copy(node, values.__getitem__)
        reshapes = (
            node.target in _supported_calls.RESHAPING
            or node.target in _supported_calls.RESHAPING_METHODS
        )
        if node.op != "get_attr" and reshapes and not _supported_calls.is_size(node):
            here = node.meta["here"]
            if node.target is operator.getitem:
                graph.erase_node(copy)
                index = fx.node.map_arg(node.args, values.__getitem__)
                copy = graph.call_function(_supported_calls.picked, (*index, here))
            copy = graph.call_function(_supported_calls.keeps_steps, (copy, inputs[0], here))
        constants = [values[n] for n in node.all_input_nodes if n.op == "get_attr"]
        if constants and node.op != "get_attr" and not reshapes:
            check = (copy, node.meta["here"], *constants)
            copy = graph.call_function(_supported_calls.alike_at_every_step, check)
        values[node] = copy
    return graph


def _compile(graph: fx.Graph) -> Callable[..., Any]:
    """Turn a graph into a plain function of (network, *inputs, state)."""
    code = graph.python_code("self")
    # registered so that a traceback shows the generated line
    filename = f"<axonal network {abs(hash(code.src)):x}>"
    linecache.cache[filename] = (len(code.src), None, code.src.splitlines(keepends=True), filename)
    scope = dict(code.globals)
    exec(compile(code.src, filename, "exec"), scope)
    return scope["forward"]  # type: ignore[no-any-return]


class Sequential(Network):
    """Layers one after another, as a Network: sugar for a ``forward`` that calls them in turn.

    Args:
        layers: layers with or without memory and modules of torch; or one dict of them by name.

    Returns:
        Called with x [T, B, ...] and a state: the last layer's output and the states by path.

    Raises:
        NetworkError: for a module that cannot be part of a Network.

    >>> import torch
    >>> from axonal import neuro
    >>> net = Sequential(neuro.Linear(3, 4), neuro.LIF(4), neuro.Linear(4, 2))
    >>> y, state = net(torch.rand(5, 2, 3))
    >>> y.shape, list(state)
    (torch.Size([5, 2, 2]), ['1'])
    """

    def __init__(self, *layers: nn.Module | Mapping[str, nn.Module]) -> None:
        if len(layers) == 1 and isinstance(layers[0], Mapping):
            named: dict[str, Any] = dict(layers[0])
        else:
            named = {str(i): layer for i, layer in enumerate(layers)}
        if not named:
            raise ValueError("Sequential expects at least one layer.")
        chain = nn.Sequential()
        for name, layer in named.items():
            if not isinstance(layer, nn.Module):
                raise TypeError(
                    f"Sequential expects modules, got {type(layer).__name__} at {name!r}."
                )
            chain.add_module(name, layer)
        super().__init__(_Chain(chain))

    def __len__(self) -> int:
        """Return the number of layers."""
        return len(self._modules)

    def __getitem__(self, index: int | str) -> nn.Module:
        """Return one layer by position or by name."""
        return self.get_submodule(index if isinstance(index, str) else list(self._modules)[index])


class _Chain(nn.Module):
    """Gives the layers of a chain to the tracer under their own names."""

    source_name = "Sequential"

    def __init__(self, chain: nn.Sequential) -> None:
        super().__init__()
        # not named_children and children, which show a layer that stands at two places once
        self._modules.update(chain._modules)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self._modules.values():
            x = layer(x)  # type: ignore[misc]
        return x
