"""Surrogate derivatives: what the backward pass puts in place of the step function's."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor


@dataclass(frozen=True)
class Surrogate:
    """A surrogate derivative, known to every kernel as the pair ``(name, alpha)``.

    The forward pass fires where the potential reaches the threshold, ``s = [u >= 0]`` with
    ``u = h - threshold``; the backward pass uses ``ds/du = derivative(u)``. An instance is a
    function of u [B, ...] that does both, for the spikes of a :class:`Cell`.

    Args:
        alpha: sharpness, > 0; the exact meaning is in each subclass' equation.

    Raises:
        ValueError: if ``alpha`` is not a positive finite number.
    """

    alpha: float = 1.0
    name: ClassVar[str] = ""

    def __post_init__(self) -> None:
        if not self.name:
            raise TypeError(f"Surrogate is abstract: use one of {', '.join(SURROGATES)}.")
        if not (isinstance(self.alpha, (int, float)) and 0 < self.alpha < math.inf):
            raise ValueError(f"{type(self).__name__} expects alpha > 0, got {self.alpha!r}.")

    def __call__(self, u: Tensor) -> Tensor:
        """Return the spikes ``[u >= 0]``, 0 or 1, whose derivative is the surrogate's."""
        return spike(u, self.name, float(self.alpha))

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


def derivative(u: Tensor, name: str, alpha: float) -> Tensor:
    """Return the derivative of the surrogate ``name`` at ``u``: the form the operators call."""
    if name == "atan":
        return (alpha / 2) / (1 + (math.pi / 2 * alpha * u).square())
    if name == "sigmoid":
        s = torch.sigmoid(alpha * u)
        return alpha * s * (1 - s)
    if name == "fast_sigmoid":
        return 1 / (1 + alpha * u.abs()).square()
    if name == "triangle":
        return (1 - alpha * u.abs()).clamp(min=0)
    raise ValueError(f"unknown surrogate {name!r}; known: {', '.join(SURROGATES)}.")


class _Spike(torch.autograd.Function):
    """Step function whose derivative is a surrogate."""

    generate_vmap_rule = True

    @staticmethod
    def forward(u: Tensor, name: str, alpha: float) -> Tensor:
        return (u >= 0).to(u.dtype)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, str, float], output: Tensor) -> None:
        ctx.save_for_backward(inputs[0])
        ctx.name, ctx.alpha = inputs[1:]

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (u,) = ctx.saved_tensors
        return grad * derivative(u, ctx.name, ctx.alpha), None, None


def spike(u: Tensor, name: str, alpha: float) -> Tensor:
    """Fire where ``u >= 0``, with the surrogate ``name`` for a derivative."""
    s: Tensor = _Spike.apply(u, name, alpha)  # type: ignore[no-untyped-call]
    return s
