"""Calls that a Network understands between layers, since they treat every step alike.

One table for running, and the names that ``deploy.export`` meets. A call is refused where it would
mix time steps or samples, since then a sequence in chunks would no longer equal the sequence in
one. Calls along axes are in ``_axes``.
"""

import operator
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from axonal.neuro import _checks
from axonal.neuro.layers import BatchNorm, Conv2d, Dropout, Layer, Lift, Linear, TwoPoint, _apart
from axonal.neuro.layers.lift import over_time
from axonal.neuro.network import _axes

SEQUENCE_MODULES = (BatchNorm, Conv2d, Dropout, Lift, Linear, TwoPoint)
"""Our layers without memory: they take [T, B, ...] as it is."""

ELEMENTWISE: frozenset[Callable[..., Any]] = frozenset({
    operator.add, operator.sub, operator.mul, operator.truediv, operator.neg, operator.pow,
    torch.add, torch.sub, torch.mul, torch.div, torch.neg, torch.abs, torch.exp, torch.clamp,
    torch.relu, torch.sigmoid, torch.tanh, torch.where, torch.maximum, torch.minimum, torch.square,
    torch.sqrt, torch.rsqrt, torch.log,
    F.relu, F.gelu, F.silu, F.softplus, F.leaky_relu, F.elu, F.hardtanh, F.sigmoid, F.tanh,
    operator.ge, operator.gt, operator.le, operator.lt,
})  # fmt: skip
LIFTED: dict[Callable[..., Any], str] = {
    F.avg_pool1d: "avg_pool1d",
    F.avg_pool2d: "avg_pool2d",
    F.max_pool1d: "max_pool1d",
    F.max_pool2d: "max_pool2d",
    F.adaptive_avg_pool2d: "adaptive_avg_pool2d",
    F.adaptive_max_pool2d: "adaptive_max_pool2d",
    F.group_norm: "group_norm",
}
RESHAPING: frozenset[Callable[..., Any]] = frozenset({
    torch.cat, torch.concat, torch.flatten, torch.reshape, torch.permute, torch.unsqueeze,
    torch.squeeze, operator.getitem,
})  # fmt: skip
ELEMENTWISE_METHODS = frozenset({
    "add", "sub", "mul", "div", "neg", "abs", "exp", "clamp", "relu", "sigmoid", "tanh", "square",
    "sqrt", "rsqrt", "log", "float", "double", "half", "to", "type_as",
})  # fmt: skip
RESHAPING_METHODS = frozenset({
    "flatten", "reshape", "view", "permute", "unsqueeze", "squeeze", "contiguous",
})  # fmt: skip
SHAPE_METHODS = frozenset({"size"})


def lifted_call(name: str, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Apply ``torch.nn.functional.<name>``, made for batches, to a sequence [T, B, ...]."""
    function = getattr(F, name)
    return over_time(lambda flat: function(flat, *args, **kwargs), x)


def applied(module: nn.Module, x: Tensor) -> Tensor:
    """Apply a module without memory to a sequence [T, B, ...], with steps as samples if of torch.

    Decided by the module that stands there now: one that was put in its place after the Network
    was made may want another shape than the one that was traced.
    """
    check_no_memory(module)
    y: Tensor = over_time(module, x) if is_lifted(module) else module(x)
    return y


def stateful(module: nn.Module, x: Tensor, state: Any) -> tuple[Tensor, Any]:
    """Apply a layer with memory to a sequence [T, B, ...]."""
    check_memory(module)
    y: tuple[Tensor, Any] = module(x, state)
    return y


def check_memory(module: nn.Module) -> None:
    """Refuse a module without memory where a layer with memory was traced."""
    if not isinstance(module, Layer):
        raise _replaced(module, "a layer with memory")


def check_no_memory(module: nn.Module) -> None:
    """Refuse a module with memory, or of a kind unknown here, where one without was traced."""
    if (is_lifted(module) and not _of_torch(module)) or isinstance(module, Layer):
        raise _replaced(module, "a module of torch without memory")


def _of_torch(module: nn.Module) -> bool:
    inside = type(module).__module__.startswith(("torch.nn.", "torch.ao.nn."))
    return inside and not isinstance(module, nn.Sequential)


def _replaced(module: nn.Module, traced: str) -> _checks.InputError:
    return _checks.InputError(
        f"{type(module).__name__} stands where the Network was made with {traced}: put it into the "
        "module and make the Network again.",
        module,
    )


def is_lifted(module: nn.Module) -> bool:
    """Return whether a Network calls ``module`` with steps and samples as one batch."""
    return not isinstance(module, (Layer, *SEQUENCE_MODULES))


def keeps_steps(y: Any, x: Tensor, here: str) -> Any:
    """Return ``y`` if it still has the axes T and B of ``x``; refuse it otherwise."""
    if isinstance(y, Tensor) and y.shape[:2] != x.shape[:2]:
        raise _checks.InputError(
            f"{here}: the result has shape {tuple(y.shape)}, but the first two axes must stay "
            f"T, B = {tuple(x.shape[:2])}. Flatten from axis 2: x.flatten(2)."
        )
    return y


def picked(x: Tensor, index: Any, here: str) -> Tensor:
    """Return ``x[index]``, or refuse an index from behind that reaches steps or samples."""
    entries = index if isinstance(index, tuple) else (index,)
    counted = [entry for entry in entries if entry is not None and entry is not Ellipsis]
    if entries[0] is Ellipsis and len(counted) > x.ndim - 2:
        raise _checks.InputError(
            f"{here}: an index of {len(counted)} axes from behind picks time steps or samples of x "
            f"{tuple(x.shape)}: index later axes only."
        )
    y: Tensor = x[index]
    return y


def alike_at_every_step(y: Tensor, here: str, *constants: Tensor) -> Tensor:
    """Return ``y`` if no parameter that took part in it differs between steps or samples."""
    for constant in constants:
        front = constant.shape[: max(0, constant.ndim - (y.ndim - 2))]
        if any(n != 1 for n in front):
            raise _checks.InputError(
                f"{here}: a parameter of shape {tuple(constant.shape)} meets a sequence "
                f"[T, B, ...] of {y.ndim} axes, so it would differ between steps or samples: give "
                "it the shape of one step of one sample."
            )
    return y


def of_one_rank(y: Any, here: str, *sequences: Any) -> Any:
    """Return ``y`` if the sequences that it was made of have equally many axes.

    Otherwise the T or B of one would meet later axes of another, as in ``x - x.mean(-1)``.
    """
    ranks = [x.ndim for x in sequences if isinstance(x, Tensor)]
    if ranks and min(ranks) != max(ranks):
        raise _checks.InputError(
            f"{here}: sequences of {min(ranks)} and {max(ranks)} axes meet, so that T or B of one "
            "stands at a later axis of the other: keep the axis, x.mean(-1, keepdim=True)."
        )
    return y


def is_size(node: Any) -> bool:
    """Return whether a node is a size or made of sizes and numbers alone, not a tensor."""
    if not isinstance(node, fx.Node):
        return False
    if node.op == "call_method" and node.target in SHAPE_METHODS:
        return True
    if node.op != "call_function":
        return False
    if node.target is getattr:
        return node.args[1] in ("shape", "ndim")
    parts = node.all_input_nodes
    arithmetic = getattr(node.target, "__module__", "") == "_operator"
    return arithmetic and bool(parts) and all(map(is_size, parts))


def sequences(graph: fx.Graph) -> set[fx.Node]:
    """Return the nodes whose values have steps and samples: made of inputs, and no sizes."""
    reached: set[fx.Node] = set()
    for node in graph.nodes:
        made = any(source in reached for source in node.all_input_nodes)
        if node.op == "placeholder" or (made and not is_size(node)):
            reached.add(node)
    return reached


def _counts(node: Any) -> bool:
    """Return whether a size is made of T or B, which differ between chunks and batches."""
    if not is_size(node):
        return False
    if node.target is operator.getitem and node.args[0].target is not operator.getitem:
        return _may_reach_front(node.args[1])
    if node.target == "size" and (len(node.args) > 1 or node.kwargs):
        return _may_reach_front(node.kwargs.get("dim", node.args[-1]))
    return any(map(_counts, node.all_input_nodes))


def _may_reach_front(axis: Any) -> bool:
    """Return whether an axis, or a slice of axes, may be T or B; how many there are is unknown."""
    first = axis.start if isinstance(axis, slice) else axis
    return not isinstance(first, int) or not (first >= 2 or first == -1)


def problems(root: nn.Module, graph: fx.Graph) -> list[str]:
    """List every node of ``graph`` that a Network cannot run, by path and line."""
    listed = []
    seen: dict[str, str] = {}
    is_sequence = sequences(graph).__contains__
    for node in graph.nodes:
        reason = _problem(root, node, is_sequence)
        if _is_layer(root, node):
            if node.target in seen:
                reason = (
                    f"{node.target} is called a second time (first: {seen[str(node.target)]}), but "
                    "it has one state. Make a second layer."
                )
            seen.setdefault(str(node.target), node.meta["here"])
        if reason:
            listed.append(f"{node.meta['here']}: {reason}")
    return listed


def _is_layer(root: nn.Module, node: Any) -> bool:
    if not isinstance(node, fx.Node) or node.op != "call_module":
        return False
    return isinstance(root.get_submodule(str(node.target)), Layer)


def _of_constants(node: fx.Node, is_sequence: _axes.Judge) -> bool:
    """Return whether a call is made of parameters alone, which have no steps and samples."""
    sources = node.all_input_nodes
    called = node.op in ("call_function", "call_method") and bool(sources)
    return called and not any(is_sequence(n) or is_size(n) for n in sources)


def _is_known(node: fx.Node) -> bool:
    target: Any = node.target
    if target is getattr:
        return node.args[1] in ("T", "mT")
    if node.op == "call_method":
        return target in ELEMENTWISE_METHODS | RESHAPING_METHODS or _axes.is_along(target)
    return target in ELEMENTWISE | RESHAPING or _axes.is_along(target)


def _problem(root: nn.Module, node: fx.Node, is_sequence: _axes.Judge) -> str | None:
    if _of_constants(node, is_sequence) and _is_known(node):
        return None
    if node.op in ("call_function", "call_method") and _axes.is_along(node.target):
        return _axes.problem(node, is_sequence)
    if node.op == "call_module":
        module = root.get_submodule(str(node.target))
        module = module.module if isinstance(module, Lift) else module
        reason = _apart.problem(module) if is_lifted(module) else None
        if reason:
            return f"{node.target} ({type(module).__name__}) {reason}"
        inputs = [arg for arg in (*node.args, *node.kwargs.values()) if isinstance(arg, fx.Node)]
        if len(inputs) != 1 or node.kwargs or len(node.args) != 1:
            return f"{node.target} takes one input inside a Network, the sequence alone."
        return None
    if node.op == "call_function":
        source = node.args[0] if node.args else None
        if (
            node.target is operator.getitem
            and isinstance(source, fx.Node)
            and _is_layer(root, source)
            and isinstance(node.args[1], int)
        ):
            return (
                "inside a Network a layer returns its output alone, without the state: write "
                f"y = self.{source.target}(x)."
            )
        return _function_problem(node)
    if node.op == "output":
        if not any(arg.op != "get_attr" and not is_size(arg) for arg in node.all_input_nodes):
            return "forward returns no sequence: return the output [T, B, ...] of the last layer."
        return None
    if node.op == "call_method":
        name = str(node.target)
        if name == "permute":
            return _permute_problem(node)
        if name in ("reshape", "view"):
            return _reshape_problem(node)
        if name in ELEMENTWISE_METHODS and any(map(_counts, node.all_input_nodes)):
            return _COUNTED
        if name in SHAPE_METHODS | ELEMENTWISE_METHODS | RESHAPING_METHODS:
            return None
        return f"{_axes.name_of(name)} is not understood: it may mix time steps. {_ADVICE}"
    return None


_ADVICE = (
    "Put it after the Network (the losses and readouts reduce over time), or wrap it in a module "
    "with Lift if it treats every sample alone."
)


_COUNTED = (
    "T or B takes part in the arithmetic: the sequence in chunks, or in another batch, would give "
    "other values. Write the number."
)


def _permute_problem(node: fx.Node) -> str | None:
    dims: Any = node.kwargs.get("dims", node.args[1:])
    dims = dims[0] if len(dims) == 1 else dims
    if tuple(dims[:2]) == (0, 1):
        return None
    return "permute moves time or batch: keep them in front, x.permute(0, 1, ...)."


def _reshape_problem(node: fx.Node) -> str | None:
    sizes: Any = node.kwargs.get("shape", node.args[1:])
    sizes = sizes[0] if len(sizes) == 1 and isinstance(sizes[0], tuple | list) else sizes
    for place, size in enumerate(sizes):
        # where T = B nothing else would tell
        if _axis_of(size) in (0, 1) and _axis_of(size) != place:
            return "reshape moves time or batch: keep them in front, x.reshape(T, B, ...)."
    return None


def _axis_of(node: Any) -> int | None:
    """Return the axis whose length a node is, as in ``x.size(1)`` and ``x.shape[1]``."""
    if not isinstance(node, fx.Node) or not is_size(node):
        return None
    if node.target == "size" and (len(node.args) > 1 or node.kwargs):
        axis = node.kwargs.get("dim", node.args[-1])
    elif node.target is operator.getitem and node.args[0].target is not operator.getitem:  # type: ignore[union-attr]
        axis = node.args[1]
    else:
        return None
    return axis if isinstance(axis, int) else None


def _function_problem(node: fx.Node) -> str | None:
    target = node.target
    if target in ELEMENTWISE and not is_size(node) and any(map(_counts, node.all_input_nodes)):
        return _COUNTED
    if is_size(node) or target in ELEMENTWISE or target in LIFTED:
        return None
    if target is torch.permute:
        return _permute_problem(node)
    if target is torch.reshape:
        return _reshape_problem(node)
    if target in (torch.cat, torch.concat):
        dim = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else 0)
        if dim in (0, 1):
            return "torch.cat joins time or batch here: name a later axis, torch.cat(..., dim=2)."
        return None
    if target is operator.getitem:
        index = node.args[1]
        index = index if isinstance(index, tuple) else (index,)
        whole = slice(None)
        if index[0] is Ellipsis or (len(index) > 2 and index[0] == whole and index[1] == whole):
            return None
        return "indexing picks time steps or samples here: index later axes only, x[..., :10]."
    if target in RESHAPING:
        return None
    name = getattr(target, "__name__", str(target))
    return f"{name}(...) is not understood: it may mix time steps. {_ADVICE}"
