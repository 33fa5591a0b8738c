"""A user's own surrogates: the accepted forms, and the derivative of each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from axonal.neuro.surrogates._surrogate import Surrogate

Derivative = Surrogate | Callable[[Tensor], Tensor]
"""Forms of a surrogate that layers accept, see `as_surrogate`."""


@dataclass(frozen=True)
class _Given(Surrogate):
    """A callable, or an object with a method ``derivative``, in the form of a surrogate."""

    given: Any = None

    def __repr__(self) -> str:
        return repr(self.given)


class _ByMethod(_Given):
    """Its method says the derivative."""

    def derivative(self, u: Tensor) -> Tensor:
        slope: Tensor = self.given.derivative(u)
        return slope


class _ByFunction(_Given):
    """It is a function that returns the derivative."""

    def derivative(self, u: Tensor) -> Tensor:
        slope: Tensor = self.given(u)
        return slope


class _ByAutograd(_Given):
    """It is a step function that torch differentiates."""

    def derivative(self, u: Tensor) -> Tensor:
        again = torch.is_grad_enabled()
        with torch.enable_grad():
            at = u if u.requires_grad else u.detach().requires_grad_()
            (slope,) = torch.autograd.grad(self.given(at).sum(), at, create_graph=again)
        return slope


def as_surrogate(who: str, given: Any) -> Surrogate:
    """Return ``given`` as a surrogate for the layer ``who``.

    Taken are a :class:`Surrogate`; an object with a method ``derivative(u)``; a function of u that
    returns spikes, 0 or 1, which torch can differentiate, as other libraries write surrogates; and
    a function that returns ds/du. Spikes are those of the layer, ``[u >= 0]``, in every case.

    Raises:
        TypeError: for everything else.

    >>> rectangle = as_surrogate("LIF", lambda u: (u.abs() < 0.5).to(u.dtype))
    >>> rectangle.derivative(torch.tensor([0.2, 0.7]))
    tensor([1., 0.])
    """
    if isinstance(given, type) or not (callable(given) or hasattr(given, "derivative")):
        raise TypeError(
            f"{who} expects surrogate as an instance such as ATan(alpha=2), or a function of u "
            f"that returns ds/du, got {given!r}."
        )
    if isinstance(given, nn.Module) and any(True for _ in given.parameters()):
        raise TypeError(
            f"{who}: the surrogate {type(given).__name__} has parameters, which would not learn: a "
            "surrogate is a fixed function."
        )
    if isinstance(given, Surrogate):
        if type(given).__call__ is not Surrogate.__call__ and not _steps(_looked_at(given)[0]):
            raise TypeError(
                f"{who} fires at [u >= 0], but {type(given).__name__} has other spikes: leave out "
                "its __call__ and write derivative(self, u)."
            )
        return given
    if callable(getattr(given, "derivative", None)):
        return _ByMethod(given=given)
    y, differentiable = _looked_at(given)
    if y is None:
        raise TypeError(
            f"{who} expects of a surrogate function ds/du in the shape of u, got none of {given!r}."
        )
    if _steps(y) and differentiable:
        return _ByAutograd(given=given)
    if _steps(y) or (y[0].abs() < 0.1 and (y[-1] - 1).abs() < 0.1):
        raise TypeError(
            f"{who}: {given!r} is a step without a derivative, or a smooth one: give the function "
            "that returns ds/du."
        )
    return _ByFunction(given=given)


_PROBE = (-100.0, -3.0, -0.5, -0.1, 0.1, 0.5, 3.0, 100.0)


def _looked_at(function: Callable[[Tensor], Any]) -> tuple[Tensor | None, bool]:
    """Return what a function makes of some potentials, if of their shape, and whether it learns."""
    with torch.enable_grad():
        u = torch.tensor(_PROBE).requires_grad_()
        y = function(u)
    if not isinstance(y, Tensor) or y.shape != u.shape:
        return None, False
    return y.detach(), y.requires_grad


def _steps(y: Tensor | None) -> bool:
    """Whether ``y`` is what the step function makes of the probe, which leaves out 0 itself."""
    return y is not None and torch.equal(y, (torch.tensor(_PROBE) >= 0).to(y.dtype))
