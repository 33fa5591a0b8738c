"""Readouts and losses over sequences of unequal length.

Their arguments and errors are described once, in :func:`mean_over_time` for readouts and in
:func:`rate_loss` for losses.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from axonal.neuro._checks import InputError
from axonal.neuro.events import Events

IGNORED = -100  # the class that torch's cross-entropy leaves out


def _valid(y: Tensor, lengths: Tensor | None) -> Tensor | None:
    """Return [T, B, 1...] of bool, true before each sample's end; ``None`` if all steps count."""
    if isinstance(y, Events):
        raise InputError(
            "expected y [T, B, ...] step by step, got Events, whose number has no exact gradient: "
            "use first_spike_loss, spike_time_loss or an EventReadout; y.to_dense() for a report."
        )
    if y.ndim < 2 or y.shape[0] == 0:
        raise InputError(f"expected y [T, B, ...] with T >= 1, got {tuple(y.shape)}.")
    if lengths is None:
        return None
    if not isinstance(lengths, Tensor):
        raise InputError(
            f"expected lengths as a tensor [B], got {type(lengths).__name__}: write "
            "torch.tensor(lengths)."
        )
    steps, batch = y.shape[:2]
    if lengths.shape != (batch,):
        raise InputError(
            f"expected lengths [B] with B = {batch}, got {tuple(lengths.shape)}."
            + (" Is y batch-first? Use y.transpose(0, 1)." if lengths.shape == (steps,) else "")
        )
    if lengths.is_floating_point() or (lengths < 1).any() or (lengths > steps).any():
        raise InputError(
            f"expected lengths as integers from 1 to T = {steps}, got {lengths.tolist()}."
        )
    valid = torch.arange(steps, device=y.device).unsqueeze(1) < lengths.to(y.device)
    return valid.reshape(steps, batch, *[1] * (y.ndim - 2))


def mean_over_time(y: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Average over time: the firing rate of spikes, the mean potential of integrators.

    Args:
        y: [T, B, C, ...].
        lengths: steps that count in each sample [B], 1 to T; all by default.

    Returns:
        [B, C, ...].

    Raises:
        ValueError: if y and lengths do not fit each other.

    >>> mean_over_time(torch.tensor([[[1.0]], [[0.0]], [[5.0]]]), torch.tensor([2]))
    tensor([[0.5000]])
    """
    valid = _valid(y, lengths)
    if valid is None or lengths is None:
        return y.mean(0)
    total = torch.where(valid, y, 0.0).sum(0)
    return total / lengths.to(y).reshape(-1, *[1] * (y.ndim - 2))


def max_over_time(y: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Take the largest value over time.

    y [T, B, C, ...], lengths [B], the result [B, C, ...] and errors are as those of
    :func:`mean_over_time`.

    >>> max_over_time(torch.tensor([[[1.0]], [[3.0]], [[5.0]]]), torch.tensor([2]))
    tensor([[3.]])
    """
    valid = _valid(y, lengths)
    return (y if valid is None else y.masked_fill(~valid, -torch.inf)).amax(0)


def summed_softmax(y: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Sum the softmax over classes of every step, ``m = sum_t softmax(y_t)``.

    Source: Hammouamri et al., ICLR 2024 (arXiv 2306.17670), who then apply an ordinary
    cross-entropy to m. Its entries sum to the number of steps, so longer sequences are more
    confident.

    y [T, B, C, ...], lengths [B], the result [B, C, ...] and errors are as those of
    :func:`mean_over_time`.

    >>> summed_softmax(torch.zeros(3, 1, 2))
    tensor([[1.5000, 1.5000]])
    """
    valid = _valid(y, lengths)
    _has_classes(y)
    if valid is None:
        return torch.softmax(y, 2).sum(0)
    # masked before the softmax as well: the gradient of one over NaN is NaN even where it is unused
    shares = torch.softmax(torch.where(valid, y, 0.0), 2)
    return torch.where(valid, shares, 0.0).sum(0)


def first_spike_time(spikes: Tensor | Events, lengths: Tensor | None = None) -> Tensor:
    """Count the steps before each neuron's first spike, ``sum_t prod_{k <= t} (1 - s_k)``.

    The sum is a whole number, T for a neuron that stays silent. Its gradient reaches every step up
    to the first spike, ``dt/ds_k = -sum_{t >= k} prod_{j <= t, j != k} (1 - s_j)``: a spike at k
    would have cut off what follows. Of :class:`Events` it is the time itself, through which the
    exact gradient flows; a silent neuron has the time T without a gradient.

    Args:
        spikes: 0 or 1 [T, B, C, ...], or events.
        lengths: steps that count in each sample [B], 1 to T; all by default. Not for events.

    Returns:
        [B, C, ...], from 0 to the sample's length.

    Raises:
        ValueError: for other values than 0 and 1, or if the batch of spikes and lengths differ.

    >>> first_spike_time(torch.tensor([[[0.0, 0.0]], [[1.0, 0.0]], [[1.0, 0.0]]]))
    tensor([[1., 3.]])
    >>> first_spike_time(Events.of([[0.5, 2.0, 2.5]], [[1, 0, 0]], size=3, duration=4))
    tensor([[2.0000, 0.5000, 4.0000]])
    """
    if isinstance(spikes, Events):
        return _first_time(spikes, lengths)
    valid = _valid(spikes, lengths)
    if valid is not None:
        spikes = torch.where(valid, spikes, 0.0)
    # what is compiled, or recorded for a GPU, must not depend on values
    unseen = torch.compiler.is_compiling() or spikes.is_cuda
    if not unseen and not ((spikes == 0) | (spikes == 1)).all():
        raise InputError(
            f"first spike times need spikes, 0 or 1, got values from {spikes.min().item():g} to "
            f"{spikes.max().item():g}: graded spikes and potentials have none; end in a LIF."
        )
    return _silent_steps(spikes, valid)


def _first_time(events: Events, lengths: Tensor | None) -> Tensor:
    if lengths is not None:
        raise InputError("events have one duration for all samples: leave out the lengths.")
    times = torch.where(events.valid, events.times, torch.inf)
    first = times.new_full((len(times), events.size), torch.inf)
    first = first.scatter_reduce(1, events.indices.clamp_min(0), times, "amin")
    # not as the start of the minimum, which would share the gradient of a spike at the very end
    return torch.where(first.isfinite(), first, events.duration)


def _silent_steps(spikes: Tensor, valid: Tensor | None) -> Tensor:
    still_silent = (1 - spikes).cumprod(0)
    return (still_silent if valid is None else torch.where(valid, still_silent, 0.0)).sum(0)


def _has_classes(y: Tensor) -> None:
    if y.ndim < 3:
        raise InputError(f"expected y [T, B, C, ...] with a class axis, got {tuple(y.shape)}.")


def _cross_entropy(scores: Tensor, target: Tensor, y: Tensor) -> Tensor:
    _has_classes(y)
    steps, batch, classes = y.shape[:3]
    if not isinstance(target, Tensor):
        raise InputError(
            f"expected the target as a tensor, got {type(target).__name__}: write "
            "torch.tensor(target)."
        )
    shape = tuple(target.shape)
    if shape[:1] != (batch,):
        raise InputError(
            f"expected a target for each of B = {batch} samples, got {shape} for y "
            f"{tuple(y.shape)}."
            + (" Is y batch-first? Use y.transpose(0, 1)." if shape[:1] == (steps,) else "")
        )
    named, shares = (batch, *y.shape[3:]), (batch, *y.shape[2:])
    whole = target.dtype == torch.int64
    if shape != (named if whole else shares) or not (whole or target.is_floating_point()):
        hint = ": are these classes? Write target.long()." if shape == named else "."
        raise InputError(
            f"expected classes [B, ...] = {named} of int64 or shares {shares}, got "
            f"{str(target.dtype).removeprefix('torch.')} {shape}{hint}"
        )
    # what is compiled, or lies on a GPU, must not depend on values
    if whole and not torch.compiler.is_compiling() and target.is_cpu:
        outside = ((target < 0) | (target >= classes)) & (target != IGNORED)
        if outside.any():
            raise InputError(
                f"expected classes from 0 to {classes - 1}, got {target[outside][0].item()}."
            )
    return F.cross_entropy(scores, target)


def rate_loss(y: Tensor, target: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Cross-entropy of the mean over time, ``CE(mean_t y_t, target)``.

    Args:
        y: spikes or potentials of the readout [T, B, C, ...].
        target: class of each sample [B], or at each place [B, ...], or shares [B, C, ...].
        lengths: steps that count in each sample [B], 1 to T; all by default.

    Returns:
        A scalar.

    Raises:
        ValueError: if y, target and lengths do not fit each other.

    >>> rate_loss(torch.zeros(5, 2, 4), torch.tensor([0, 3]))
    tensor(1.3863)
    """
    return _cross_entropy(mean_over_time(y, lengths), target, y)


def max_over_time_loss(y: Tensor, target: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Cross-entropy of the maximum over time, ``CE(max_t y_t, target)``.

    Source: Cramer et al., IEEE TNNLS 2020 (arXiv 1910.07407).

    Arguments, result and errors are those of :func:`rate_loss`, for potentials y [T, B, C, ...].

    >>> max_over_time_loss(torch.zeros(5, 2, 4), torch.tensor([0, 3]))
    tensor(1.3863)
    """
    return _cross_entropy(max_over_time(y, lengths), target, y)


def summed_softmax_loss(y: Tensor, target: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Cross-entropy of the summed softmax, ``CE(sum_t softmax(y_t), target)``.

    Source: Hammouamri et al., ICLR 2024 (arXiv 2306.17670).

    Arguments, result and errors are those of :func:`rate_loss`, for potentials y [T, B, C, ...].

    >>> summed_softmax_loss(torch.zeros(5, 2, 20), torch.tensor([0, 3]))
    tensor(2.9957)
    """
    return _cross_entropy(summed_softmax(y, lengths), target, y)


def first_spike_loss(
    spikes: Tensor | Events,
    target: Tensor,
    lengths: Tensor | None = None,
    *,
    scale: float = 1.0,
    late: float = 0.0,
    late_scale: float = 1.0,
) -> Tensor:
    """Cross-entropy of the first spike times, ``CE(-t / scale, target)``: the target fires first.

    With ``late`` the mean of ``late (exp(t_target / late_scale) - 1)`` is added, which keeps the
    target from firing ever later.

    A silent neuron counts as one that fires at the end, T. Of :class:`Events`, a sample whose
    target is silent has no gradient at all: it could only push the others later, until every
    output is silent. :class:`SilentNeurons` wakes the target.

    Source: Göltz et al., Nature Machine Intelligence 2021 (arXiv 1912.11443), in continuous time.

    Args:
        spikes: 0 or 1, of the readout's neurons [T, B, C, ...], or events of C neurons.
        target: that of :func:`rate_loss`; classes [B] for events and with ``late``.
        lengths: steps that count in each sample [B], 1 to T; all by default. Not for events.
        scale: steps by which the target must lead for a ratio of e, > 0.
        late: weight of the second term, >= 0.
        late_scale: steps in which the second term grows by a ratio of e, > 0.

    Returns:
        A scalar.

    Raises:
        ValueError: as :func:`rate_loss` and :func:`first_spike_time`, and for scale <= 0.

    >>> first_spike_loss(torch.zeros(5, 2, 4), torch.tensor([0, 3]))
    tensor(1.3863)
    >>> spikes = Events.of([[1.0, 3.0]], [[0, 1]], size=2, duration=9)
    >>> first_spike_loss(spikes, torch.tensor([0]))
    tensor(0.1269)
    """
    for name, value in (("scale", scale), ("late_scale", late_scale)):
        if not 0 < value < float("inf"):
            raise ValueError(f"first_spike_loss expects {name} > 0 steps, got {value!r}.")
    if not 0 <= late < float("inf"):
        raise ValueError(f"first_spike_loss expects late >= 0, got {late!r}.")
    times = first_spike_time(spikes, lengths)
    if isinstance(spikes, Events):
        check_classes(target, times)
        asleep = times.detach().gather(1, target.unsqueeze(1)) >= spikes.duration
        times = torch.where(asleep, times.detach(), times)
        loss = F.cross_entropy(-times / scale, target)
    else:
        loss = _cross_entropy(-times / scale, target, spikes)
    if late:
        check_classes(target, times)
        own = times.gather(1, target.unsqueeze(1))
        if isinstance(spikes, Events):
            # a silent target is not late: it is woken by other means
            own = own.masked_fill(asleep, 0)
        loss = loss + late * torch.expm1(own / late_scale).mean()
    return loss


def spike_time_loss(
    spikes: Tensor | Events, wanted: Tensor, lengths: Tensor | None = None
) -> Tensor:
    """Mean squared distance of first spike times from those wanted, in steps squared.

    Args:
        spikes: those of :func:`first_spike_time`.
        wanted: times in steps [B, C]; infinity where any will do.
        lengths: those of :func:`first_spike_time`.

    Returns:
        A scalar, 0 where nothing is wanted.

    Raises:
        ValueError: as :func:`first_spike_time`, and for times wanted of another shape.

    >>> spikes = Events.of([[1.0, 3.0]], [[0, 1]], size=2, duration=9)
    >>> spike_time_loss(spikes, torch.tensor([[2.0, torch.inf]]))
    tensor(1.)
    """
    times = first_spike_time(spikes, lengths)
    if wanted.shape != times.shape:
        raise InputError(
            f"spike_time_loss expects wanted times {tuple(times.shape)}, got {tuple(wanted.shape)}."
        )
    chosen = wanted.isfinite()
    apart = torch.where(chosen, times - torch.where(chosen, wanted, 0.0), 0.0)
    return apart.square().sum() / chosen.sum().clamp_min(1)


def check_classes(target: Tensor, times: Tensor) -> None:
    """Refuse shares and classes at several places where one class per sample is meant."""
    named = isinstance(target, Tensor) and target.dtype == torch.int64
    if not named or target.shape != times.shape[:1] or times.ndim != 2:
        raise InputError(
            f"expected classes [B] = {tuple(times.shape[:1])} of int64 for these spikes, got "
            f"{getattr(target, 'dtype', type(target).__name__)} "
            f"{tuple(getattr(target, 'shape', ()))}."
        )
    outside = (target < 0) | (target >= times.shape[1])
    if outside.any():
        raise InputError(
            f"expected classes from 0 to {times.shape[1] - 1}, got {target[outside][0].item()}."
        )


def spike_rate_regulariser(
    spikes: Tensor, low: float = 0.0, high: float = 1.0, lengths: Tensor | None = None
) -> Tensor:
    """Penalise neurons whose mean rate over time and batch leaves a band.

    ``mean_n [ max(0, low - r_n)^2 + max(0, r_n - high)^2 ]`` with r_n in spikes per step.

    Args:
        spikes: [T, B, N].
        low: lowest rate without penalty, 0 to ``high``.
        high: highest rate without penalty, ``low`` to 1.
        lengths: steps that count in each sample [B], 1 to T; all by default.

    Returns:
        A scalar.

    Raises:
        ValueError: if the band is empty or outside [0, 1].

    >>> spike_rate_regulariser(torch.zeros(5, 2, 3), low=0.1)
    tensor(0.0100)
    """
    if not 0 <= low <= high <= 1:
        raise ValueError(
            f"expected 0 <= low <= high <= 1 spikes per step, got {low!r} and {high!r}."
        )
    valid = _valid(spikes, lengths)
    if valid is None:
        rate = spikes.mean((0, 1))
    else:
        rate = torch.where(valid, spikes, 0.0).sum((0, 1)) / valid.sum()
    return (F.relu(low - rate).square() + F.relu(rate - high).square()).mean()
