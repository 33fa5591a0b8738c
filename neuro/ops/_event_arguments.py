"""Arguments that the event-driven operators share: events, weights, and one value per neuron."""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro._checks import InputError
from axonal.neuro.events import PRECISE, Events

Value = Tensor | float


def events_for(name: str, events: Any, weight: Tensor) -> Events:
    """Return events whose neurons are the columns of the weights [N, I].

    Raises:
        TypeError: for anything but events.
        ValueError: for events that are none, weights of another shape, and types of few digits.

    >>> events_for("lif", Events.of([[1.0]], [[0]], 1, 5), torch.ones(2, 1)).size
    1
    """
    if not isinstance(events, Events):
        raise TypeError(
            f"{name} expects Events, got {type(events).__name__}. Of spikes [T, B, N]: "
            "Events.from_dense(x)."
        )
    if not (torch.compiler.is_compiling() or torch.compiler.is_exporting()):
        events.checked(name)
    if weight.ndim != 2 or weight.shape[1] != events.size or not len(weight):
        turned = weight.ndim == 2 and weight.shape[0] == events.size
        raise InputError(
            f"{name} expects weight [N, I] with I = {events.size}, the size of events, got "
            f"{tuple(weight.shape)}."
            + (" The row of a neuron holds its inputs: write weight.T." if turned else "")
        )
    precise(name, "weight", weight)
    return events


def precise(name: str, what: str, given: Tensor) -> None:
    """Refuse types that have too few digits for times.

    Raises:
        ValueError: for anything but float32 and float64.

    >>> precise("lif", "weight", torch.zeros(1))
    """
    if given.dtype not in PRECISE:
        raise InputError(
            f"{name} expects {what} of float32 or float64, whose digits spike times need, got "
            f"{given.dtype}: write .float()."
        )


def row_of(name: str, what: str, value: Value, size: int, like: Tensor | None = None) -> Tensor:
    """Return a parameter as one value per neuron [N], in float64 unless it is to be as ``like``.

    Raises:
        ValueError: for another shape.

    >>> row_of("lif", "tau", 2.0, 3)
    tensor([2., 2., 2.], dtype=torch.float64)
    """
    if like is None:
        row = torch.as_tensor(value, dtype=torch.float64)
    else:
        row = torch.as_tensor(value, device=like.device)
        row = row if row.is_floating_point() else row.to(like.dtype)
    if row.ndim > 1 or row.numel() not in (1, size):
        raise InputError(
            f"{name} expects {what} as a scalar or [N] with N = {size}, got {tuple(row.shape)}."
        )
    return row.expand(size)
