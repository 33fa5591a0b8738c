"""Arguments of event-driven neurons: what is given, checked and brought to tensors."""

import math
import sys
from typing import Any

import torch
from torch import Tensor

from axonal.neuro._checks import InputError, whole
from axonal.neuro.events import Events
from axonal.neuro.ops._event_arguments import Value, events_for, row_of
from axonal.neuro.ops._shapes import same_shape
from axonal.neuro.ops.eventprop_lif._tensors import (
    Decays,
    Fired,
    Firing,
    Synapses,
    Trains,
)


def delay_steps(delay: Tensor, least: int) -> Tensor:
    """Round delays to whole steps, of which ``least`` are not rounded; halves to the even step.

    >>> delay_steps(torch.tensor([0.4, 1.5, 2.5]), 0), delay_steps(torch.tensor([1.4, 2.5]), 1)
    (tensor([0., 2., 2.]), tensor([1., 3.]))
    """
    # the loop around a layer waits for one step, and its feedback rounds the rest
    return (delay.detach() - least).round() + least


def fits(
    name: str,
    times: Tensor,
    indices: Tensor,
    counts: Tensor,
    weight: Tensor,
    delay: Tensor,
    membrane: Tensor,
    synapse: Tensor,
    *others: Tensor,
) -> tuple[Trains, Synapses, Decays, Firing, Synapses]:
    """Group tensors, and refuse those beyond whose end a kernel would read.

    Raises:
        ValueError: for shapes that do not fit, places of spikes that are not there, and events out
            of order.
    """
    threshold, refractory, *feedback = others or (membrane, membrane)
    weight_back, delay_back = feedback or (weight[:0, :0], weight[:0, :0])
    size = weight.shape[:1]
    same_shape(name, "delay", delay, weight.shape)
    same_shape(name, "indices", indices, times.shape)
    same_shape(name, "counts", counts, times.shape[:1])
    rows = {"membrane": membrane, "synapse": synapse, "threshold": threshold}
    for what, row in (rows | {"refractory": refractory}).items():
        same_shape(name, what, row, size)
    if weight_back.numel() or delay_back.numel():
        for what, square in (("feedback_weight", weight_back), ("feedback_delay", delay_back)):
            same_shape(name, what, square, (*size, *size))
    trains = Trains(times, indices, counts)
    Events(*trains, weight.shape[1], sys.float_info.max).checked(name)
    return (
        trains,
        Synapses(weight, delay),
        Decays(membrane, synapse),
        Firing(threshold, refractory),
        Synapses(weight_back, delay_back),
    )


def events_of(name: str, events: Any, weight: Tensor) -> tuple[Trains, int]:
    """Return the trains of events in the type of the weights, and the whole steps they span.

    Raises:
        TypeError: for anything but events.
        ValueError: for events that are none, or do not fit the weights.
    """
    events_for(name, events, weight)
    trains = Trains(events.times.to(weight.dtype), events.indices, events.counts)
    return trains, math.ceil(events.duration)


def synapses_of(name: str, weight: Tensor, delay: Tensor, least: int = 0) -> Synapses:
    """Return synapses whose weights are finite and whose delays a spike can wait for.

    Raises:
        ValueError: for other shapes, weights that are not finite and delays that are too short.
    """
    what = "feedback_" if least else ""
    same_shape(name, f"{what}delay", delay, weight.shape)
    if not weight.detach().isfinite().all():
        raise InputError(f"{name} expects finite {what}weights: look for a loss that diverged.")
    steps = delay_steps(delay, least)
    early = ~(steps >= least)
    if early.any():
        why = (
            "a loop of no delay has no first spike" if least else "a synapse cannot see the future"
        )
        raise InputError(
            f"{name} expects {what}delay >= {least} steps, got {delay[early][0].item():g}: {why}."
        )
    return Synapses(weight, delay.to(weight.dtype))


def decay_row(
    name: str, what: str, tau: Value | None, decay: Value | None, weight: Tensor
) -> Tensor:
    """Return factors per step [N], exp(-1 / tau) unless they are given.

    Raises:
        ValueError: unless one of the two is given; for a time constant that is not positive, and
            for one so short or long that its factor is 0 or 1.
    """
    if (tau is None) == (decay is None):
        shown = what.replace("tau", "decay")
        raise InputError(f"{name} expects either {what} or {shown}, and got {_which(tau)}.")
    if decay is None:
        assert tau is not None
        steps = row_of(name, what, tau, len(weight), weight)
        if not (steps.detach() > 0).all():
            raise InputError(f"{name} expects {what} > 0 steps, got {steps.min().item():g}.")
        # rounded once, to what a layer holds
        factor = torch.exp(-1 / steps.double()).to(weight.dtype)
    else:
        factor = row_of(name, what.replace("tau", "decay"), decay, len(weight), weight).to(
            weight.dtype
        )
    outside = ~((factor.detach() > 0) & (factor.detach() < 1))
    if outside.any():
        raise InputError(
            f"{name} expects a finite {what} whose factor per step lies within (0, 1), got the "
            f"factor {factor[outside][0].item():g}: a neuron that never leaks, or forgets within a "
            "step, has no gradient by its spike times."
        )
    return factor


def _which(tau: Value | None) -> str:
    return "neither" if tau is None else "both"


def firing_of(name: str, threshold: Value, refractory: Value, weight: Tensor) -> Firing:
    """Return thresholds and refractory steps as rows [N].

    Raises:
        ValueError: for thresholds that are not finite and positive, and refractory steps that are
            not finite and at least 0.
    """
    level = row_of(name, "threshold", threshold, len(weight), weight).to(weight.dtype)
    if not ((level.detach() > 0) & level.detach().isfinite()).all():
        raise InputError(f"{name} expects a finite threshold > 0, got {level.min().item():g}.")
    hold = row_of(name, "refractory", refractory, len(weight), weight).to(weight.dtype)
    if not ((hold.detach() >= 0) & hold.detach().isfinite()).all():
        raise InputError(f"{name} expects refractory >= 0 steps, got {hold.min().item():g}.")
    return Firing(level, hold)


def limit_of(name: str, limit: int | None, steps: int, size: int) -> int:
    """Return the most spikes of a sample; without one given, a spike per neuron and step.

    Raises:
        ValueError: for anything but a whole number from 1 on.
    """
    most = steps * size if limit is None else whole(limit)
    if most is None or most < 1:
        raise InputError(f"{name} expects limit >= 1 spikes per sample, or None, got {limit!r}.")
    return most


def within_limit(name: str, counts: Tensor, limit: int) -> None:
    """Refuse more spikes of a sample than there may be.

    Raises:
        ValueError: naming the first sample.
    """
    over = counts > limit
    if over.any():
        sample = int(over.nonzero()[0])
        raise InputError(
            f"{name}: sample {sample} has more than limit = {limit} spikes. A larger limit takes "
            "more memory; smaller weights or a refractory period give fewer spikes."
        )


def listed(fired: Tensor, current: Tensor, hold: Tensor) -> Fired:
    """List spikes [T, B, N] with the currents [T, B, N] at them and ``hold`` [N] steps later."""
    steps = len(fired)
    times, indices, counts, _, _ = Events.from_dense(fired)
    valid = times < math.inf
    step, neuron = times.where(valid, 0.0).long(), indices.clamp(min=0)
    sample = torch.arange(len(counts), device=times.device).unsqueeze(1)
    later = step + hold[neuron]
    at = current[step, sample, neuron].where(valid, 0.0)
    after = current[later.clamp(max=steps - 1), sample, neuron].where(valid & (later < steps), 0.0)
    return Fired(times, indices, counts, at, after)
