"""The step function of the forward pass, with another derivative in the backward pass."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.autograd import forward_ad

SURROGATES: "dict[str, type[Surrogate]]" = {}
"""Surrogates with compiled forms by name; the package fills it, in one line each."""


@dataclass(frozen=True)
class Surrogate:
    """A surrogate derivative, which the backward pass puts in place of the step function's.

    The forward pass fires where the potential reaches the threshold, ``s = [u >= 0]`` with
    ``u = h - threshold``; the backward pass uses ``ds/du = derivative(u)``. An instance is a
    function of u [B, ...] that does both, for the spikes of a :class:`Cell`.

    Those of this package have compiled forms. Write one of your own as a subclass with a
    ``derivative``: it runs in plain torch, wherever ``backend`` is ``"auto"``.

    Args:
        alpha: sharpness, > 0; the exact meaning is in each subclass' equation.

    Raises:
        ValueError: if ``alpha`` is not a positive finite number.
        TypeError: for a subclass without a derivative.

    >>> class Boxcar(Surrogate):
    ...     def derivative(self, u):
    ...         return (u.abs() < 0.5 / self.alpha).to(u.dtype)
    >>> Boxcar(alpha=2.0).derivative(torch.tensor([-0.1, 0.4]))
    tensor([1., 0.])
    """

    alpha: float = 1.0
    name: ClassVar[str] = ""
    cuda: ClassVar[str] = ""

    def __post_init__(self) -> None:
        kind = type(self)
        if kind.derivative is Surrogate.derivative and kind.slope is Surrogate.slope:
            problem = "is abstract" if kind is Surrogate else "has no derivative"
            raise TypeError(
                f"{kind.__name__} {problem}: use one of {', '.join(SURROGATES)}, or a subclass "
                "with derivative(self, u)."
            )
        if not (isinstance(self.alpha, (int, float)) and 0 < self.alpha < math.inf):
            raise ValueError(f"{kind.__name__} expects alpha > 0, got {self.alpha!r}.")

    def __call__(self, u: Tensor) -> Tensor:
        """Return the spikes ``[u >= 0]``, 0 or 1, whose derivative is the surrogate's."""
        return spike(u, *operator_form(self))

    def derivative(self, u: Tensor) -> Tensor:
        """Return ``ds/du`` at ``u`` (potential minus threshold), same shape as ``u``."""
        return self.slope(u, float(self.alpha))

    @staticmethod
    def slope(u: Tensor, alpha: float) -> Tensor:
        """Return ``ds/du`` at ``u`` for the sharpness ``alpha``."""
        raise NotImplementedError

    @staticmethod
    def scalar(u: Any, alpha: Any, number: Any) -> Any:
        """Return ``ds/du`` of one number.

        Args:
            u: potential minus threshold.
            alpha: sharpness.
            number: type of u, as a function of a number.
        """
        raise NotImplementedError


def derivative(u: Tensor, surrogate: str | Surrogate, alpha: float) -> Tensor:
    """Return ``ds/du`` at ``u`` of a surrogate given by its name, or of a user's own."""
    if not isinstance(surrogate, Surrogate):
        if surrogate not in SURROGATES:
            raise ValueError(f"unknown surrogate {surrogate!r}; known: {', '.join(SURROGATES)}.")
        return SURROGATES[surrogate].slope(u, alpha)
    slope = surrogate.derivative(u)
    if not isinstance(slope, Tensor) or slope.shape != u.shape:
        got = tuple(slope.shape) if isinstance(slope, Tensor) else type(slope).__name__
        raise ValueError(
            f"{type(surrogate).__name__}.derivative must return ds/du in the shape of u, "
            f"{tuple(u.shape)}, got {got}."
        )
    return slope


def operator_form(surrogate: Surrogate) -> tuple[str | Surrogate, float]:
    """Return ``surrogate`` as operators take it: name and alpha, or itself if it is a user's own.

    >>> from axonal.neuro import ATan
    >>> operator_form(ATan(3.0))
    ('atan', 3.0)
    """
    table, kind = SURROGATES.get(surrogate.name), type(surrogate)
    plain = table is not None and kind.slope is table.slope
    plain = plain and kind.derivative is Surrogate.derivative
    plain = plain and "derivative" not in vars(surrogate)
    return (surrogate.name if plain else surrogate), float(surrogate.alpha)


def forward_mode() -> bool:
    """Whether forward-mode derivatives are being taken, outside of compiled code."""
    return not torch.compiler.is_compiling() and forward_ad._current_level >= 0


class _Spike(torch.autograd.Function):
    """Step function whose derivative is a surrogate."""

    generate_vmap_rule = True

    @staticmethod
    def forward(u: Tensor, surrogate: str | Surrogate, alpha: float) -> Tensor:
        return (u >= 0).to(u.dtype)

    @staticmethod
    def setup_context(
        ctx: Any, inputs: tuple[Tensor, str | Surrogate, float], output: Tensor
    ) -> None:
        ctx.save_for_backward(inputs[0])
        ctx.surrogate, ctx.alpha = inputs[1:]

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (u,) = ctx.saved_tensors
        return grad * derivative(u, ctx.surrogate, ctx.alpha), None, None


class _SpikeBothWays(_Spike):
    """The same with forward-mode derivatives, with which torch.compile could not trace it."""

    @staticmethod
    def setup_context(
        ctx: Any, inputs: tuple[Tensor, str | Surrogate, float], output: Tensor
    ) -> None:
        _Spike.setup_context(ctx, inputs, output)
        ctx.save_for_forward(inputs[0])

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, *_: None) -> Tensor:
        (u,) = ctx.saved_tensors
        return tangent * derivative(u, ctx.surrogate, ctx.alpha)


def spike(u: Tensor, surrogate: str | Surrogate, alpha: float) -> Tensor:
    """Fire where ``u >= 0``, with the derivative of a surrogate by name or of a user's own."""
    if _alone(u):
        return (u >= 0).to(u.dtype)
    kind = _SpikeBothWays if forward_mode() else _Spike
    s: Tensor = kind.apply(u, surrogate, alpha)  # type: ignore[no-untyped-call]
    return s


def _alone(u: Tensor) -> bool:
    """Whether no derivative of ``u`` is wanted: a Function costs more than a small step."""
    if torch.compiler.is_compiling() or (u.requires_grad and torch.is_grad_enabled()):
        return False
    return not forward_mode() and torch._C._functorch.maybe_current_level() is None
