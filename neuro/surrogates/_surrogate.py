"""Surrogate derivatives: what the backward pass puts in place of the step function's."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.autograd import forward_ad


@dataclass(frozen=True)
class Surrogate:
    """A surrogate derivative, which the backward pass puts in place of the step function's.

    The forward pass fires where the potential reaches the threshold, ``s = [u >= 0]`` with
    ``u = h - threshold``; the backward pass uses ``ds/du = derivative(u)``. An instance is a
    function of u [B, ...] that does both, for the spikes of a :class:`Cell`.

    Those of this module have compiled forms. Write one of your own as a subclass with a
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

    def __post_init__(self) -> None:
        if self.name not in SURROGATES and type(self).derivative is Surrogate.derivative:
            problem = "is abstract" if type(self) is Surrogate else "has no derivative"
            raise TypeError(
                f"{type(self).__name__} {problem}: use one of {', '.join(SURROGATES)}, or a "
                "subclass with derivative(self, u)."
            )
        if not (isinstance(self.alpha, (int, float)) and 0 < self.alpha < math.inf):
            raise ValueError(f"{type(self).__name__} expects alpha > 0, got {self.alpha!r}.")

    def __call__(self, u: Tensor) -> Tensor:
        """Return the spikes ``[u >= 0]``, 0 or 1, whose derivative is the surrogate's."""
        return spike(u, *operator_form(self))

    def derivative(self, u: Tensor) -> Tensor:
        """Return ``ds/du`` at ``u`` (potential minus threshold), same shape as ``u``."""
        return derivative(u, self.name, float(self.alpha))


@dataclass(frozen=True)
class ATan(Surrogate):
    """Arctangent surrogate, ``ds/du = (alpha / 2) / (1 + (pi alpha u / 2)^2)``.

    Source: Fang et al., ICCV 2021 (arXiv 2007.05785).

    >>> ATan(alpha=2.0).derivative(torch.zeros(1))
    tensor([1.])
    """

    alpha: float = 2.0
    name: ClassVar[str] = "atan"


@dataclass(frozen=True)
class Sigmoid(Surrogate):
    """Logistic surrogate, ``ds/du = alpha sigma(alpha u) (1 - sigma(alpha u))``.

    >>> Sigmoid(alpha=4.0).derivative(torch.zeros(1))
    tensor([1.])
    """

    alpha: float = 4.0
    name: ClassVar[str] = "sigmoid"


@dataclass(frozen=True)
class FastSigmoid(Surrogate):
    """Fast sigmoid of SuperSpike, ``ds/du = 1 / (1 + alpha |u|)^2``.

    Source: Zenke and Ganguli, Neural Computation 2018 (arXiv 1705.11146).

    >>> FastSigmoid(alpha=10.0).derivative(torch.tensor([0.1]))
    tensor([0.2500])
    """

    alpha: float = 10.0
    name: ClassVar[str] = "fast_sigmoid"


@dataclass(frozen=True)
class Triangle(Surrogate):
    """Triangular surrogate, ``ds/du = max(0, 1 - alpha |u|)``; its half-width is ``1 / alpha``.

    Source: Esser et al., PNAS 2016 (arXiv 1603.08270).

    >>> Triangle(alpha=1.0).derivative(torch.tensor([0.25]))
    tensor([0.7500])
    """

    alpha: float = 1.0
    name: ClassVar[str] = "triangle"


SURROGATES = {kind.name: kind for kind in (ATan, Sigmoid, FastSigmoid, Triangle)}
"""All that kernels know, in the order of the numbers by which they know them."""


def number_of(name: str) -> int:
    """Return the number by which every kernel knows the surrogate ``name``.

    >>> number_of("triangle")
    3
    """
    return tuple(SURROGATES).index(name)


def derivative(u: Tensor, surrogate: "str | Surrogate", alpha: float) -> Tensor:
    """Return the derivative of a surrogate, a name or one's own, at ``u``."""
    if surrogate == "atan":
        return (alpha / 2) / (1 + (math.pi / 2 * alpha * u).square())
    if surrogate == "sigmoid":
        s = torch.sigmoid(alpha * u)
        return alpha * s * (1 - s)
    if surrogate == "fast_sigmoid":
        return 1 / (1 + alpha * u.abs()).square()
    if surrogate == "triangle":
        return (1 - alpha * u.abs()).clamp(min=0)
    if not isinstance(surrogate, Surrogate):
        raise ValueError(f"unknown surrogate {surrogate!r}; known: {', '.join(SURROGATES)}.")
    slope = surrogate.derivative(u)
    if not isinstance(slope, Tensor) or slope.shape != u.shape:
        got = tuple(slope.shape) if isinstance(slope, Tensor) else type(slope).__name__
        raise ValueError(
            f"{type(surrogate).__name__}.derivative must return ds/du in the shape of u, "
            f"{tuple(u.shape)}, got {got}."
        )
    return slope


def operator_form(surrogate: Surrogate) -> "tuple[str | Surrogate, float]":
    """Return what operators take for ``surrogate``: its name and alpha, or itself if it is own.

    >>> operator_form(ATan(3.0))
    ('atan', 3.0)
    """
    kind, own = SURROGATES.get(surrogate.name), type(surrogate)
    plain = kind is not None and isinstance(surrogate, kind)
    plain = plain and own.derivative is Surrogate.derivative and "derivative" not in vars(surrogate)
    return (surrogate.name if plain else surrogate), float(surrogate.alpha)


def forward_mode() -> bool:
    """Whether forward-mode derivatives are being taken, outside of what is compiled."""
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
    """Fire where ``u >= 0``, with a surrogate, known by its name or one's own, for a derivative."""
    kind = _SpikeBothWays if forward_mode() else _Spike
    s: Tensor = kind.apply(u, surrogate, alpha)  # type: ignore[no-untyped-call]
    return s
