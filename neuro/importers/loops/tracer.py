"""One run of a ``forward`` that loops over time, on symbolic values that carry an example.

Every call of the unrolled loop becomes a node. Sizes are read from the example, so that a loop over
the length of the input runs; a value that is read as a number is refused.
"""

import operator
import sys
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.overrides import TorchFunctionMode

STEPS, SAMPLES = 5, 2
"""Steps and samples of the example; a loop that names more steps takes those it has again."""
_DRAWN = frozenset({
    "rand", "randn", "randint", "rand_like", "randn_like", "bernoulli", "bernoulli_", "normal",
    "poisson", "randperm", "multinomial",
})  # fmt: skip
_MADE = frozenset({
    torch.zeros, torch.ones, torch.empty, torch.full,
    torch.zeros_like, torch.ones_like, torch.empty_like, torch.full_like,
})  # fmt: skip
_PREFIX = "inner."


class LoopError(Exception):
    """A ``forward`` that is no loop of equal steps; the message is the reason.

    Args:
        reason: what is in the way.
        of_form: whether an input of another form may run.
    """

    def __init__(self, reason: str, *, of_form: bool = False) -> None:
        super().__init__(reason)
        self.of_form = of_form


class _Value(fx.Proxy):
    """A symbolic value whose size is that of its example."""

    tracer: "LoopTracer"

    def __getattr__(self, name: str) -> Any:
        example = self.node.meta["example"]
        if isinstance(example, Tensor):
            if name in ("device", "dtype", "requires_grad", "is_cuda", "ndim"):
                return getattr(example, name)
            if name == "shape":
                return self.size()
        elif not name.startswith("__"):
            # a field of a state, whose example nobody reads
            return self.tracer.create_proxy("call_function", getattr, (self, name), {})
        return super().__getattr__(name)

    def size(self, dim: int | None = None) -> Any:
        self.tracer.length_is_asked |= self.node.op == "placeholder"
        shape = self.node.meta["example"].shape
        return shape if dim is None else shape[dim]

    def dim(self) -> int:
        return int(self.node.meta["example"].ndim)

    def numel(self) -> int:
        return int(self.node.meta["example"].numel())

    def __len__(self) -> int:
        return int(self.size(0))

    def __setitem__(self, index: Any, value: Any) -> None:
        written = self.tracer.written.setdefault(self.node, [])
        written.append((index, value.node if isinstance(value, fx.Proxy) else value))

    def _number(self) -> Any:
        raise LoopError("it reads a value as a number, so that its steps depend on the data")

    __index__ = __int__ = __float__ = item = tolist = _number


class LoopTracer(fx.Tracer):
    """Traces with the modules of torch and of a framework as leaves.

    Args:
        package: the framework's import name.
        returned: number of values that a module with memory returns, 0 for its output as it is;
            None of a module without memory.
        widened: output of a module with memory on an example, of which only the shape counts.

    Attributes:
        length_is_asked: whether ``forward`` read the shape of its input.
        written: what ``forward`` put into tensors of its own, by tensor.
    """

    def __init__(
        self,
        package: str,
        returned: Callable[[nn.Module], int | None],
        widened: Callable[[nn.Module, Tensor], Tensor],
    ) -> None:
        super().__init__()
        self.package, self.returned, self.widened = package, returned, widened
        self.length_is_asked = False
        self.written: dict[fx.Node, list[tuple[Any, Any]]] = {}
        self.example = torch.empty(0)
        self.looking_aside = False

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Keep modules of torch and of the framework whole, but for plain chains of them."""
        package = type(m).__module__.partition(".")[0]
        return package == self.package or (package == "torch" and type(m) is not nn.Sequential)

    def call_module(self, m: nn.Module, forward: Any, args: Any, kwargs: Any) -> Any:
        """Record a call, unless it is one within a leaf on its example."""
        if self.looking_aside:
            return forward(*args, **kwargs)
        return super().call_module(m, forward, args, kwargs)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        """Return the symbolic value of a parameter, within a leaf the parameter itself."""
        if self.looking_aside:
            return attr_val
        return super().getattr(attr, attr_val, parameter_proxy_cache)

    def proxy(self, node: fx.Node) -> fx.Proxy:
        """Return the symbolic value of a node."""
        return _Value(node, self)

    def create_node(self, *args: Any, **kwargs: Any) -> fx.Node:
        """Create a node with the value that it has on the example."""
        node = super().create_node(*args, **kwargs)
        if node.op != "output":
            self.looking_aside = True
            try:
                with torch.no_grad():
                    node.meta["example"] = self._on_example(node)
            finally:
                self.looking_aside = False
        return node

    def _on_example(self, node: fx.Node) -> Any:
        args: Any = fx.map_arg(node.args, _example)
        kwargs: Any = fx.map_arg(node.kwargs, _example)
        target: Any = node.target
        if node.op == "placeholder":
            return self.example
        if node.op == "get_attr":
            return operator.attrgetter(target)(self.root)
        if node.op == "call_method":
            return getattr(args[0], target)(*args[1:], **kwargs)
        if node.op == "call_function":
            if target is operator.getitem:
                return args[0][_inside(args[0], args[1])]
            return getattr(*args, None) if target is getattr else target(*args, **kwargs)
        module = self.root.get_submodule(target)
        count = self.returned(module)
        if count is None:
            return type(module).forward(module, *args, **kwargs)
        y = self.widened(module, args[0])
        return (y,) * count if count else y

    def iter(self, obj: fx.Proxy) -> Iterator[Any]:
        """Go through the entries that the example has."""
        value: Any = obj
        entries = obj.node.meta["example"]
        self.length_is_asked |= obj.node.op == "placeholder"
        return (value[i] for i in range(len(entries)))

    def to_bool(self, obj: fx.Proxy) -> bool:
        """Refuse a branch on data."""
        raise LoopError("it branches on data")


class _Made(TorchFunctionMode):
    """Records tensors that a ``forward`` makes, and refuses those that it draws."""

    def __init__(self, tracer: LoopTracer) -> None:
        super().__init__()
        self.tracer = tracer

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if not self.tracer.looking_aside:
            if getattr(func, "__name__", "") in _DRAWN:
                raise LoopError(
                    f"it draws random numbers ({func.__name__}): encode the input before it"
                )
            if func in _MADE and (_symbolic(args) or not self._within_framework()):
                return self.tracer.create_proxy("call_function", func, args, kwargs or {})
        return func(*args, **(kwargs or {}))

    def _within_framework(self) -> bool:
        """Return whether the framework makes it, as a state at rest: a tensor as any other."""
        frame = sys._getframe(2)
        while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("torch."):
            frame = frame.f_back
        name = str(frame.f_globals.get("__name__", ""))
        return name.partition(".")[0] == self.tracer.package


def _symbolic(args: tuple[Any, ...]) -> bool:
    return any(isinstance(a, fx.Proxy) for a in args)


class _Whole(nn.Module):
    """Calls a module, so that its ``forward`` is traced with its own defaults."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Any) -> Any:
        return self.inner(x)


def unrolled(tracer: LoopTracer, module: nn.Module, example: Tensor, *, training: bool) -> fx.Graph:
    """Run ``module`` on a symbolic value with this example; the module is left as it was.

    Args:
        tracer: a new one.
        module: whose ``forward`` is run.
        example: its input.
        training: the mode in which ``forward`` is run.

    Returns:
        Every call of the run, modules by their path in ``module``.

    Raises:
        LoopError: for a ``forward`` that cannot run on symbolic values, with the reason.
    """
    modes = [(m, m.training) for m in module.modules()]
    held = [(m, dict(vars(m)), dict(m._buffers)) for m in module.modules()]
    tracer.example = example
    try:
        for m in module.modules():
            # the example must not count in running statistics
            m.training = training and not tracer.is_leaf_module(m, "")
        with _Made(tracer):
            graph = tracer.trace(_Whole(module))
    except LoopError:
        raise
    except Exception as error:  # whatever a forward raises on a symbolic value
        raise LoopError(f"it does not run: {str(error).splitlines()[0]}", of_form=True) from error
    finally:
        for m, attributes, buffers in held:
            vars(m).clear()
            vars(m).update(attributes)
            m._buffers.clear()
            m._buffers.update(buffers)
        for m, mode in modes:
            m.training = mode
    for node in graph.nodes:
        if node.op in ("call_module", "get_attr"):
            node.target = str(node.target).removeprefix(_PREFIX)
    return graph


def _example(node: fx.Node) -> Any:
    return node.meta["example"]


def _inside(entries: Any, index: Any) -> Any:
    """Return an index whose steps beyond the example are moved into it: all of them are alike."""
    if not isinstance(entries, Tensor):
        return index
    whole = index if isinstance(index, tuple) else (index,)
    moved = tuple(
        i % entries.shape[axis] if type(i) is int and axis < entries.ndim else i
        for axis, i in enumerate(whole)
    )
    return moved if isinstance(index, tuple) else moved[0]
