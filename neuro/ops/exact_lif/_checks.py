"""Checks of what the exact engine is given: one line each, before anything is computed."""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro._checks import InputError, whole
from axonal.neuro.events import Events


def connections(
    events: Events,
    weight: Tensor,
    delay: Tensor,
    feedback_weight: Tensor | None,
    feedback_delay: Tensor | None,
) -> int:
    """Refuse shapes that do not fit; return the number of neurons."""
    if weight.ndim != 2 or weight.shape[1] != events.size or not len(weight):
        hint = ""
        if weight.ndim == 2 and weight.shape[0] == events.size:
            hint = " The row of a neuron holds its inputs: write weight.T."
        raise InputError(
            f"exact_lif expects weight [N, I] with I = {events.size}, the size of events, got "
            f"{tuple(weight.shape)}.{hint}"
        )
    size = len(weight)
    if (feedback_weight is None) != (feedback_delay is None):
        missing = "feedback_weight" if feedback_weight is None else "feedback_delay"
        raise InputError(f"exact_lif expects feedback_weight and feedback_delay, got no {missing}.")
    given = {
        "delay": (delay, tuple(weight.shape)),
        "feedback_weight": (feedback_weight, (size, size)),
        "feedback_delay": (feedback_delay, (size, size)),
    }
    for name, (tensor, shape) in given.items():
        if tensor is not None and tuple(tensor.shape) != shape:
            raise InputError(f"exact_lif expects {name} {shape}, got {tuple(tensor.shape)}.")
    for name, tensor in {"weight": weight, **{k: t for k, (t, _) in given.items()}}.items():
        if tensor is not None and not tensor.is_floating_point():
            raise InputError(
                f"exact_lif expects {name} of a floating-point type, got {tensor.dtype}: write "
                f"{name}.float()."
            )
    return size


def row(name: str, value: Tensor | float, size: int) -> Tensor:
    """Return a parameter as one value per neuron [N] of float64."""
    given = torch.as_tensor(value, dtype=torch.float64)
    if given.ndim > 1 or given.numel() not in (1, size):
        raise InputError(
            f"exact_lif expects {name} as a scalar or [N] with N = {size}, got "
            f"{tuple(given.shape)}."
        )
    return given.expand(size)


def values(
    events: Events,
    weight: Tensor,
    delay: Tensor,
    feedback_weight: Tensor | None,
    feedback_delay: Tensor | None,
    rows: dict[str, Tensor],
) -> None:
    """Refuse numbers with which there is nothing to compute."""
    if torch.compiler.is_compiling() or torch.compiler.is_exporting():
        return
    _of_events(events)
    _finite("weight", weight)
    _least("delay", delay, 0.0)
    for name in ("tau", "tau_synapse"):
        given = rows[name].detach()
        if not ((given > 0) & (given < torch.inf)).all():
            wrong = _first(given, ~((given > 0) & (given < torch.inf)))
            raise InputError(
                f"exact_lif expects {name} finite and > 0 steps, got {wrong}. A neuron without "
                "leak has no exact gradient here: use a long time constant."
            )
    threshold, v_reset = rows["threshold"].detach(), rows["v_reset"].detach()
    _finite("v_reset", v_reset)
    if not ((threshold > 0) & (threshold > v_reset)).all():
        wrong = _first(threshold, ~((threshold > 0) & (threshold > v_reset)))
        raise InputError(
            f"exact_lif expects threshold > 0 and > v_reset, got {wrong}: a neuron would fire at "
            "rest without end."
        )
    _least("refractory", rows["refractory"], 0.0)
    if feedback_weight is None or feedback_delay is None:
        return
    _finite("feedback_weight", feedback_weight)
    _least("feedback_delay", feedback_delay, 0.0)
    at_once = (feedback_delay.detach() == 0) & (feedback_weight.detach() != 0)
    if at_once.any():
        target, source = at_once.nonzero()[0].tolist()
        raise InputError(
            f"exact_lif expects feedback_delay > 0 wherever feedback_weight is not 0, got 0 from "
            f"neuron {source} to {target}: a loop in no time has no first spike. Clamp delays to "
            "a small positive number."
        )


def _of_events(events: Events) -> None:
    times, indices, counts = (p.detach() for p in events[:3])
    valid = events.valid
    if times.shape != indices.shape or times.ndim != 2 or counts.shape != times.shape[:1]:
        raise InputError(
            f"exact_lif expects events with times and indices [B, S] and counts [B], got "
            f"{tuple(times.shape)}, {tuple(indices.shape)} and {tuple(counts.shape)}."
        )
    if not len(times) or ((counts < 0) | (counts > times.shape[1])).any():
        raise InputError(
            f"exact_lif expects events of at least one sample with counts from 0 to S = "
            f"{times.shape[1]}, got {counts.tolist()[:8]}."
        )
    if not 0 < events.duration < torch.inf:
        raise InputError(
            f"exact_lif expects events of a finite duration > 0, got {events.duration!r}."
        )
    outside = valid & ~((times >= 0) & (times <= events.duration))
    if outside.any():
        raise InputError(
            f"exact_lif expects times of events from 0 to duration = {events.duration:g} steps, "
            f"got {_first(times, outside)} in sample {int(outside.nonzero()[0, 0])}."
        )
    falling = valid[:, 1:] & (times[:, 1:] < times[:, :-1])
    if falling.any():
        raise InputError(
            f"exact_lif expects events in order of time, got a falling time in sample "
            f"{int(falling.nonzero()[0, 0])}: Events.of sorts them."
        )
    wrong = valid & ((indices < 0) | (indices >= events.size))
    if wrong.any():
        raise InputError(
            f"exact_lif expects events of inputs 0 to {events.size - 1}, got "
            f"{_first(indices, wrong)}."
        )


def choice(voltage: str | None, known: tuple[str, ...], rate: float | None, limit: Any) -> None:
    """Refuse an unknown readout, a rate that does not belong to it, and a limit that is none."""
    if voltage is not None and voltage not in known:
        raise InputError(f"unknown voltage {voltage!r} of exact_lif; known: {', '.join(known)}.")
    if rate is not None and voltage != "sum-exp":
        raise InputError(f'exact_lif takes rate with voltage="sum-exp" only, got {voltage!r}.')
    if rate is not None and not 0 <= rate < float("inf"):
        raise InputError(f"exact_lif expects rate >= 0 per step, got {rate!r}.")
    most = whole(limit)
    if most is None or most < 0:
        raise InputError(f"exact_lif expects limit as a whole number of spikes, got {limit!r}.")


def _finite(name: str, given: Tensor) -> None:
    wrong = ~torch.isfinite(given.detach())
    if wrong.any():
        raise InputError(
            f"exact_lif expects finite {name}, got {_first(given, wrong)}. Look for it in a loss "
            "that diverged."
        )


def _least(name: str, given: Tensor, least: float) -> None:
    given = given.detach()
    wrong = ~((given >= least) & (given < torch.inf))
    if wrong.any():
        raise InputError(
            f"exact_lif expects {name} finite and >= {least:g} steps, got {_first(given, wrong)}. "
            f"Clamp it after every step of the optimiser: {name}.clamp_(min=0)."
        )


def _first(given: Tensor, wrong: Tensor) -> str:
    return f"{given.detach()[wrong][0].item():g}"
