"""Checks of what the exact engine is given: one line each, before anything is computed."""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro._checks import InputError, whole
from axonal.neuro.events import Events
from axonal.neuro.ops._event_arguments import events_for, precise


def connections(
    events: Events,
    weight: Tensor,
    delay: Tensor,
    feedback_weight: Tensor | None,
    feedback_delay: Tensor | None,
) -> int:
    """Refuse shapes that do not fit; return the number of neurons."""
    events_for("exact_lif", events, weight)
    if not len(events.counts):
        raise InputError("exact_lif expects events of at least one sample, got none.")
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
    for name, (tensor, _) in given.items():
        if tensor is not None:
            precise("exact_lif", name, tensor)
    return size


def values(
    weight: Tensor,
    delay: Tensor,
    feedback_weight: Tensor | None,
    feedback_delay: Tensor | None,
    rows: dict[str, Tensor],
) -> None:
    """Refuse numbers with which there is nothing to compute."""
    if torch.compiler.is_compiling() or torch.compiler.is_exporting():
        return
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
