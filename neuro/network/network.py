"""A user's ``forward`` as one graph with explicit states."""

import functools
import inspect
import math
import operator
from collections.abc import Callable, Mapping
from threading import get_ident
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from axonal.neuro import _checks
from axonal.neuro.layers import Layer
from axonal.neuro.network import _eager, _names, _refusals, _replacements
from axonal.neuro.network._composition import Composition
from axonal.neuro.network._pickling import flatten, unflatten
from axonal.neuro.network._running_code import Run, running_code
from axonal.neuro.network._tracer import NetworkError, input_names, shown_name, trace

State = dict[str, Any]
_Places = tuple[tuple[nn.Module | None, str, nn.Module, int], ...]
_Plan = tuple[Run, tuple[nn.Module, ...], _Places]
"""Code, the modules that it calls, and where these stood when it was made."""


class _TracedWhenMade(type):
    """Makes the graph of a network as soon as its constructor is done."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        net = super().__call__(*args, **kwargs)
        if "_plan" not in vars(net):
            net._make()
        return net


def _threading_states(written: Callable[..., Any]) -> Callable[..., Any]:
    """Return the ``forward`` that runs a Network whose layers ``written`` composes."""

    @functools.wraps(written)
    def forward(self: "Network", *inputs: Any, state: State | None = None) -> Any:
        if self._composing and self._composing == get_ident():
            return written(self, *inputs)
        names = self.input_names
        if len(inputs) == len(names) + 1 and state is None:
            *inputs, state = inputs  # type: ignore[assignment]
        elif len(inputs) != len(names):
            raise _refusals.wrong_count(self, inputs)
        compiling = torch.compiler.is_compiling() or torch.compiler.is_exporting()
        # a transform of torch.func may have tensors without values
        unread = compiling or torch._C._functorch.maybe_current_level() is not None
        for name, x in zip(names, inputs, strict=True):
            if (
                not isinstance(x, Tensor) or x.ndim < 2 or x.shape[0] == 0
                or not x.is_floating_point() or x.shape[:2] != inputs[0].shape[:2]
            ):  # fmt: skip
                raise _refusals.wrong_input(self, name, x, inputs[0])
            # on the CPU only, since reading a value stalls a GPU; a sum is finite only if all are
            if not unread and x.device.type == "cpu" and not math.isfinite(x.detach().sum()):
                _checks.finite(self, x, f"the input {name}")
        if state is None:
            state = dict.fromkeys(self._paths)
        elif not isinstance(state, Mapping) or set(state) != set(self._paths):
            raise _refusals.wrong_state(self, state)
        if compiling:
            return self._run_looked_at(self, *inputs, state)
        run, layers, places = self._plan
        try:
            # `_stands_otherwise` written out, since every call of a small network comes by
            for owner, name, module, parts in places:
                present = (self if owner is None else owner)._modules.get(name)
                if len(module._modules) != parts or present is not module:
                    run, layers, _ = self._plan_anew()
                    break
            return run(self, *inputs, state, *layers)
        except _checks.InputError as error:
            # the user's line matters where forward runs as it is written
            trace_back = None if self._traces else error.__traceback__
            raise self._located(error).with_traceback(trace_back) from None

    # of the call, not of what was written: inspect and torch.export read it
    forward.__signature__ = _called_with(written)  # type: ignore[attr-defined]
    return forward


def _called_with(written: Callable[..., Any]) -> inspect.Signature:
    """Return the parameters of ``written`` and, after them, the state."""
    parameters = list(inspect.signature(written).parameters.values())
    plain = all(p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters)
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD if plain else inspect.Parameter.KEYWORD_ONLY
    end = -1 if parameters and parameters[-1].kind is inspect.Parameter.VAR_KEYWORD else None
    state = inspect.Parameter("state", kind, default=None)
    return inspect.Signature([*parameters[:end], state, *(parameters[end:] if end else ())])


def _forward_of_source(self: "Network", *inputs: Any) -> Any:
    """Run the inputs [T, B, ...] on from ``state``; it may be given last or by name."""
    return self._source.forward(*inputs)


class Network(Composition, metaclass=_TracedWhenMade):
    """Turn an ordinary ``forward`` into a network with explicit states.

    Write the ``forward`` in a subclass, or in a module that a Network wraps. It is traced once; in
    it a layer is called with the sequence alone and returns its output alone. The Network threads
    the states, keyed by module path, and is the one graph that running, ``record``,
    ``spike_report``, ``Streamer`` and ``deploy.export`` read. Between layers it understands
    addition and other element-wise arithmetic, concatenation, reshape, flatten, pooling,
    reductions, norms and products over axes from 2 on, and the stateless modules of torch (applied
    to every step alike). Parameters keep the names they have in the module. Of a wrapped module,
    attributes and methods are those of the Network, unless a Network has one of that name itself;
    in a subclass such a name is refused.

    To debug a ``forward`` with ``print`` and breakpoints, write ``trace=False``: it then runs as it
    is written, line by line, with the same outputs and states. Such a network cannot be exported
    or compiled, and calls that would mix steps or samples are not looked for: trace it to know.

    Args:
        module: whose ``forward`` takes sequences [T, B, ...]; a subclass with a ``forward`` of its
            own gives none, ``super().__init__()``.
        trace: make the graph; without it ``forward`` runs as it is written.

    Attributes:
        traced: the graph of ``forward``, as ``torch.fx`` shows it.
        input_names: the names of its inputs.
        stateful_layers: the layers with memory by path, in the order they run.

    Returns:
        Called with the inputs [T, B, ...] and a state: what ``forward`` returns, and the states.
        ``neuro.detach(state)`` lets a next chunk go on without the gradients of this one.

    Raises:
        NetworkError: for a ``forward`` that branches on data, loops over time or calls something
            that may mix time steps; every reason is listed by path and line. For names that hide
            those of a Network.
        ValueError: for inputs or states of the wrong shape, named with the layer's path.

    >>> import torch
    >>> from axonal import neuro
    >>> class Net(neuro.Network):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.fc, self.lif = neuro.Linear(3, 4), neuro.LIF(4)
    ...     def forward(self, x):
    ...         return self.lif(self.fc(x))
    >>> net = Net()
    >>> y, state = net(torch.rand(5, 2, 3))
    >>> y.shape, list(state)
    (torch.Size([5, 2, 4]), ['lif'])

    Had ``Net`` been a ``torch.nn.Module``, ``neuro.Network(Net())`` would be the same network.
    """

    _written = _forward_of_source
    if TYPE_CHECKING:  # a subclass writes it with its own inputs
        forward: Callable[..., Any]
    else:
        forward = _threading_states(_forward_of_source)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        written: Any = cls.forward
        threading = getattr(written, "__code__", None) is _THREADING
        # one that takes a state runs the network itself, around the forward of its base
        if not threading and "state" not in inspect.signature(written).parameters:
            cls._written, cls.forward = written, _threading_states(written)

    def __init__(self, module: nn.Module | None = None, *, trace: bool = True) -> None:
        super().__init__()
        who, composes = type(self).__name__, type(self)._written is not _forward_of_source
        vars(self)["_traces"] = trace
        if module is None and composes:
            return  # made when the constructor has given it its layers
        if not isinstance(module, nn.Module):
            raise TypeError(
                "Network expects a torch module"
                + (f", got {type(module).__name__}." if module is not None else ": ")
                + ("" if module is not None else _TWO_WAYS)
            )
        if composes:
            raise TypeError(
                f"{who} has a forward of its own and takes no module: write super().__init__()."
            )
        if isinstance(module, Network):
            raise NetworkError(f"{shown_name(module)} is a Network already: use it as it is.")
        vars(self)["_source"] = module
        # shared, so that the module's own methods see what happens to the Network's parts
        for shared in ("_parameters", "_buffers", "_non_persistent_buffers_set", "_modules"):
            vars(self)[shared] = vars(module)[shared]
        self.training = module.training
        self._make()

    def _make(self) -> None:
        """Trace ``forward``, unless it is to run as it is written, and generate the code."""
        module, made = vars(self).get("_source", self), vars(self)
        _names.check(self, module, Network)
        made["source_name"] = shown_name(module)
        if self._traces:
            made["traced"] = trace(module)
            made["input_names"] = [n.name for n in self.traced.nodes if n.op == "placeholder"]
            made["_parts"] = _replacements.containers(self, self._called)
        else:
            made["input_names"] = input_names(module)
        made["_paths"] = tuple(self.stateful_layers)
        self._plan_anew()

    def _plan_anew(self) -> _Plan:
        """Make the code for the modules that stand there now; refuse those that do not fit."""
        made = vars(self)
        made.pop("_run_on", None)
        if not self._traces:
            plan: _Plan = (_eager.run, (), ())
            made["_plan"], made["_run_looked_at"] = plan, _eager.run
            return plan
        _replacements.check(self, self._parts, self._called, self._paths)
        if "_run_looked_at" not in made:
            made["_run_looked_at"] = running_code(self)
        paths = list(dict.fromkeys(self._called))
        layers = tuple(map(self.get_submodule, paths))
        places = _replacements.places(self, (*self._parts, *paths))
        made["_plan"] = plan = running_code(self, paths), layers, places
        return plan

    def _stands_otherwise(self, places: _Places) -> bool:
        """Return whether a module was replaced, or given other parts, since the code was made."""
        for owner, name, module, parts in places:
            present = (self if owner is None else owner)._modules.get(name)
            if len(module._modules) != parts or present is not module:
                return True
        return False

    def _go_on(self, *inputs: Any) -> tuple[Any, State]:
        """Run inputs like the last ones, and behind them the state that these left."""
        _, layers, places = self._plan
        own = type(self).forward.__code__ is not _THREADING
        if own or not self._traces or hooked(self, *layers) or self._stands_otherwise(places):
            y, state = self(*inputs)
            return y, state
        made = vars(self)
        if "_run_on" not in made:
            made["_run_on"] = running_code(self, list(dict.fromkeys(self._called)), goes_on=True)
        try:
            y, state = self._run_on(self, *inputs, *layers)
        except _checks.InputError as error:
            raise self._located(error) from None
        return y, state

    def _replicate_for_data_parallel(self) -> Any:
        # a replica has other modules than those of the plan
        replica = super()._replicate_for_data_parallel()  # type: ignore[no-untyped-call]
        vars(replica)["_plan"] = _NO_PLAN
        return replica

    def __getattr__(self, name: str) -> Any:
        """Return an attribute or a method of a wrapped module."""
        try:
            return super().__getattr__(name)
        except AttributeError as error:
            source = vars(self).get("_source")
            if source is not None and hasattr(source, name):
                return getattr(source, name)
            if name in _names.MADE and "_traces" in vars(self):
                raise AttributeError(_names.not_there(self, name)) from None
            raise error from None

    def __setattr__(self, name: str, value: Any) -> None:
        _names.check_attribute(self, name, value, Network)
        source = vars(self).get("_source")
        if source is not None and name in vars(source) and name not in vars(self):
            # where the module's methods look for it
            setattr(source, name, value)
        else:
            super().__setattr__(name, value)

    def train(self, mode: bool = True) -> "Network":
        """Set the mode of the Network and of its parts."""
        super().train(mode)
        if "_source" in vars(self):
            self._source.training = mode
        return self

    @property
    def stateful_layers(self) -> dict[str, Layer[Any]]:
        """The layers with memory by path, in the order they run."""
        if not self._traces:
            return _eager.stateful_layers(self)
        modules = dict(self.named_modules(remove_duplicate=False))
        return {path: m for path in self._called if isinstance(m := modules[path], Layer)}

    @property
    def _called(self) -> list[str]:
        return [str(n.target) for n in self.traced.nodes if n.op == "call_module"]

    def step(self, *inputs: Any, state: State | None = None) -> tuple[Any, State]:
        """Run one step of every input [B, ...]; return the output [B, ...] and the states."""
        if len(inputs) == len(self.input_names) + 1 and state is None:
            *inputs, state = inputs  # type: ignore[assignment]
        for x in inputs:
            _checks.one_step(self, x)
        y, state = self(*(x.unsqueeze(0) for x in inputs), state=state)
        return only_step(y), state

    def _located(self, error: _checks.InputError) -> _checks.InputError:
        for path, module in self.named_modules():
            if path and module is error.module:
                return error.inside(path, self)
        return error

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())  # type: ignore[no-untyped-call]
        # generated code cannot be pickled; it is made again from the graph
        for name in ("_plan", "_run_looked_at", "_run_on"):
            state.pop(name, None)
        if "traced" in state:
            state["traced"] = flatten(self.traced)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "traced" in state:
            state = {**state, "traced": unflatten(state["traced"])}
        super().__setstate__(state)  # type: ignore[no-untyped-call]
        self._plan_anew()


def hooked(*modules: nn.Module) -> bool:
    """Return whether one of the modules has a hook, or another forward put in its place."""
    for m in modules:
        if m._forward_hooks or m._forward_pre_hooks or "forward" in vars(m):
            return True
    return bool(_OF_ALL._global_forward_hooks or _OF_ALL._global_forward_pre_hooks)


def only_step(y: Any) -> Any:
    """Return the step of outputs [1, B, ...]."""
    return y[0] if isinstance(y, Tensor) else pytree.tree_map(operator.itemgetter(0), y)


_OF_ALL: Any = torch.nn.modules.module
_TWO_WAYS = "write neuro.Network(Net()), or class Net(neuro.Network) with a forward."
_THREADING = Network.forward.__code__
_NO_PLAN: _Plan = (_eager.run, (), ((nn.Module(), "", nn.Module(), 0),))
