"""Walking another framework's tree of modules, and making a Network of it."""

import operator
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import torch
from torch import Tensor, nn

from axonal.neuro.importers import _stateless
from axonal.neuro.importers._rules import ConversionError, Framework, Rule, Site, UnlikeError
from axonal.neuro.importers.loops import LoopError, TimeLoop, as_step
from axonal.neuro.layers import Lift
from axonal.neuro.layers._neuron import Size
from axonal.neuro.network import Network, NetworkError, Sequential
from axonal.neuro.surrogates import Surrogate

PACKAGES = ("norse", "snntorch", "spikingjelly")


def convert(
    framework: Framework,
    module: nn.Module,
    input_shape: Size | None,
    surrogate: Surrogate | None,
) -> Network:
    """Make a Network of a tree of modules; see the functions ``from_...``."""
    who = framework.function
    if not isinstance(module, nn.Module):
        raise TypeError(f"{who} expects a torch module, got {type(module).__name__}.")
    dtype, device = _type_of(who, module)
    walk = _Walk(framework)
    if _stateless.hooked(module):
        walk.problem("", module, _HOOKED)
    root, loop = walk.convert("", module), None
    try:
        try:
            net = _network(who, root, module)
        except _SteppingError as error:
            walk.refuse(module)
            root, loop = _as_step(walk, root, module, input_shape, error)
            net = _network(who, root, module)
        _measure(who, net, input_shape, dtype, device)
    except ConversionError:
        walk.refuse(module)  # a module without an equivalent may be why
        raise
    for path, pending in walk.pending.items():
        if not pending.shape:
            continue  # no step comes through here: the forward does not call it
        try:
            pending.made = pending.make(dtype, device, surrogate).train(pending.training)
        except UnlikeError as reason:
            walk.problem(path, pending.original, str(reason))
        except AttributeError as error:
            walk.problem(
                path,
                pending.original,
                f"{error}; the rules are for {framework.package} {framework.version}",
            )
    walk.refuse(module)
    net = _network(who, _resolved(root), module)
    net.time_loop = loop
    return net


class _SteppingError(ConversionError):
    """A forward that is not one of layers: it may step through time."""


def _as_step(
    walk: "_Walk",
    root: nn.Module,
    module: nn.Module,
    input_shape: Size | None,
    error: _SteppingError,
) -> tuple[nn.Module, TimeLoop]:
    """Read a module that steps through time; refuse it with the reason."""
    sizes: Any = (input_shape,) if isinstance(input_shape, Integral) else input_shape
    shape = None if sizes is None else tuple(map(operator.index, sizes))
    try:
        step, loop, unreset = as_step(walk.framework, root, module, shape)
    except LoopError as reason:
        who, name = walk.framework.function, type(module).__name__
        raise ConversionError(
            f"{who} cannot import {name}: its forward steps through time, and {reason}. Hand over "
            f"its layers in their order, {who}(nn.Sequential(net.fc1, net.lif1, ...))."
        ) from error
    for path in unreset:
        kind = type(walk.pending[path].original).__name__
        walk.pending[path].rule = walk.framework.potentials[kind]
    return step, loop


class _Pending(Lift):
    """Stands for a neuron until the shape of its input is known."""

    def __init__(self, original: nn.Module, rule: Rule) -> None:
        super().__init__(nn.Identity())
        # in a tuple, so that it does not become a part of the network
        self._original, self.rule = (original,), rule
        self.shape: tuple[int, ...] = ()
        self.made: nn.Module = nn.Identity()

    @property
    def original(self) -> nn.Module:
        return self._original[0]

    def make(
        self, dtype: torch.dtype, device: torch.device, surrogate: Surrogate | None
    ) -> nn.Module:
        return self.rule.make(self.original, Site(self.shape, dtype, device, surrogate))

    def forward(self, x: Tensor) -> Tensor:
        self.shape = tuple(x.shape[2:])
        width = getattr(self.original, "hidden_size", None)
        return x if width is None else x[..., :1].expand(*x.shape[:-1], int(width))


class _Walk:
    """Copies a tree with every module exchanged for its equivalent, and collects what has none."""

    def __init__(self, framework: Framework) -> None:
        self.framework = framework
        self.pending: dict[str, _Pending] = {}
        self.problems: list[str] = []
        self.made: dict[int, nn.Module] = {}

    def problem(self, path: str, module: nn.Module, reason: str) -> nn.Module:
        """Note a module without an equivalent; return its placeholder."""
        self.problems.append(f"{path or 'the module'} ({type(module).__name__}): {reason}.")
        return nn.Identity()

    def refuse(self, module: nn.Module) -> None:
        """Raise for all problems at once, if there are any."""
        if not self.problems:
            return
        who = f"{self.framework.function} cannot import {type(module).__name__}"
        if len(self.problems) == 1:
            raise ConversionError(f"{who}: {self.problems[0]}")
        listed = "\n".join(f"  - {problem}" for problem in self.problems)
        raise ConversionError(f"{who}:\n{listed}")

    def convert(self, path: str, module: nn.Module) -> nn.Module:
        """Return the equivalent of ``module``; one that stands at two paths has one."""
        if id(module) not in self.made:
            made = self._convert(path, module)
            self.made.setdefault(id(module), made)
        return self.made[id(module)]

    def _convert(self, path: str, module: nn.Module) -> nn.Module:
        package = _package(type(module))
        if package == self.framework.package:
            return self._framework(path, module)
        theirs = [k for k in type(module).__mro__ if _package(k) in PACKAGES]
        if theirs:
            return self.problem(path, module, self._foreign(package, theirs[0]))
        if package == "torch" and type(module) not in (nn.Sequential, nn.ModuleList, nn.ModuleDict):
            return _stateless.converted(module)
        return self._copy(path, module)

    def _framework(self, path: str, module: nn.Module) -> nn.Module:
        framework, name = self.framework, type(module).__name__
        if _stateless.hooked(module) and path:
            return self.problem(path, module, _HOOKED)
        if name in framework.neurons:
            self.pending[path] = _Pending(module, framework.neurons[name]).train(module.training)
            return self.pending[path]
        if name in framework.wrappers:
            child = framework.wrappers[name]
            return self.convert(_join(path, child), module.get_submodule(child))
        if name in framework.containers:
            inner = nn.Sequential()
            for child, part in _parts(module).items():
                inner.add_module(child, self.convert(_join(path, child), part))
            return inner
        if name in framework.stateless:
            return framework.stateless[name](module)
        plain = _stateless.subclass(module, same_mask="Dropout")
        if plain is not None:
            return plain
        instead = framework.instead.get(name, "docs/importers.md lists what has")
        return self.problem(path, module, f"it has no equivalent here; {instead}")

    def _foreign(self, package: str, kind: type) -> str:
        other = _package(kind)
        if package == other:
            return f"it belongs to {other}: use from_{other}"
        return (
            f"a subclass of {other}'s {kind.__name__} may change what it computes; write it as a "
            "neuro.Cell"
        )

    def _copy(self, path: str, module: nn.Module) -> nn.Module:
        """Copy a module with a forward of its own, whose children are exchanged."""
        new: Any = type(module).__new__(type(module))
        new.__dict__ = dict(vars(module))
        self.made[id(module)] = new
        new._parameters = {
            name: None if p is None else nn.Parameter(p.detach().clone(), p.requires_grad)
            for name, p in module._parameters.items()
        }
        new._buffers = {
            name: None if b is None else b.detach().clone() for name, b in module._buffers.items()
        }
        new._modules = {
            name: None if child is None else self.convert(_join(path, name), child)
            for name, child in module._modules.items()
        }
        copied: nn.Module = new
        return copied


_HOOKED = (
    "its forward hooks would be lost, and with them what they change; remove them first "
    "(torch.nn.utils.prune.remove, if it is pruned), and put them on the Network"
)


def _package(kind: type) -> str:
    return kind.__module__.partition(".")[0]


def _parts(module: nn.Module) -> dict[str, nn.Module]:
    """Return the children; unlike named_children, one that has two names under both."""
    return {name: part for name, part in module._modules.items() if part is not None}


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _type_of(who: str, module: nn.Module) -> tuple[torch.dtype, torch.device]:
    """Return the one floating-point type and device of a module's parameters, or else buffers."""
    tensors: list[Tensor] = [*module.parameters()] or [*module.buffers()]
    kinds = {(t.dtype, t.device) for t in tensors if t.is_floating_point()}
    if len(kinds) > 1:
        shown = ", ".join(sorted(f"{dtype} on {device}" for dtype, device in kinds))
        raise ConversionError(
            f"{who} expects parameters of one type on one device, got {shown}: write "
            "module.to(device, dtype) first."
        )
    return kinds.pop() if kinds else (torch.get_default_dtype(), torch.device("cpu"))


def _network(who: str, root: nn.Module, module: nn.Module) -> Network:
    """Make a Network of the exchanged modules; ``module`` is the original, for messages."""
    # a subclass may have a forward of its own, which is traced
    in_order = isinstance(root, nn.Sequential) and type(root).forward is nn.Sequential.forward
    if in_order and not _parts(root):
        raise ConversionError(f"{who} expects at least one layer, got an empty module.")
    plain = in_order or _package(type(module)) in (*PACKAGES, "torch")
    try:
        if in_order:
            net: Network = Sequential(_parts(root))
        else:
            net = Sequential({"layer": root}) if plain else Network(root)
        net.training = module.training  # not train(), which would change the mode of every layer
        if any(_own(m) for m in module.modules()):
            _once(net)
        return net
    except NetworkError as error:
        lines = [line.removeprefix("  - ") for line in str(error).splitlines()]
        reason = lines[1] if len(lines) > 1 else lines[0]
        if plain and not any(_own(m) for m in module.modules()):
            name = type(module).__name__
            raise ConversionError(f"{who} cannot import {name}: {reason}") from error
        raise _SteppingError(reason) from error


def _once(net: Network) -> None:
    """Refuse neurons that run more than once, as in a loop over an input that stays."""
    called = [str(n.target) for n in net.traced.nodes if n.op == "call_module"]
    for path in called:
        if called.count(path) > 1 and isinstance(net.get_submodule(path), _Pending):
            raise _SteppingError(f"{path} runs {called.count(path)} times")


def _own(module: nn.Module) -> bool:
    """Return whether a module is of a class of the user's, with a forward that may do anything."""
    return _package(type(module)) not in (*PACKAGES, "torch")


def _measure(
    who: str,
    net: Network,
    shape: Sequence[int] | int | None,
    dtype: torch.dtype,
    device: torch.device,
) -> None:
    """Run one silent step, so that every neuron sees the shape of its input."""
    if shape is None:
        shape = _first_features(net)
    if shape is None:
        raise ConversionError(
            f"{who} cannot tell the shape of one input step: name it, "
            f"{who}(module, input_shape=(C, H, W))."
        )
    sizes: Any = (shape,) if isinstance(shape, Integral) else shape
    shape = tuple(map(operator.index, sizes))
    silence = [torch.zeros(1, 1, *shape, dtype=dtype, device=device) for _ in net.input_names]
    modes = [(m, m.training) for m in net.modules()]
    try:
        with torch.no_grad():
            net.eval()(*silence)
    except (RuntimeError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise ConversionError(
            f"{who}: one step of input_shape {shape} does not run through the module: {first}"
        ) from error
    finally:
        for m, mode in modes:
            m.training = mode


def _first_features(net: Network) -> int | None:
    """Return the features of the layer that takes the input, if it names them."""
    first = next(n for n in net.traced.nodes if n.op == "placeholder")
    for user in first.users:
        layer = net.get_submodule(str(user.target)) if user.op == "call_module" else None
        layer = layer.original if isinstance(layer, _Pending) else layer
        for name in ("in_features", "input_size", "linear_features"):
            if getattr(layer, name, None) is not None:
                return int(getattr(layer, name))
    return None


def _resolved(root: nn.Module) -> nn.Module:
    """Put the neurons in the places that were kept for them."""
    if isinstance(root, _Pending):
        return root.made
    for parent in list(root.modules()):
        for name, child in _parts(parent).items():
            if isinstance(child, _Pending):
                setattr(parent, name, child.made)
    return root
