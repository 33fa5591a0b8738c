"""Spikes as lists of times, in place of steps."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from axonal.neuro._checks import InputError, whole

PRECISE = (torch.float32, torch.float64)
"""Types of times."""


class Events(NamedTuple):
    """Spikes of a batch as padded lists, in order of time: a pytree of tensors and two numbers.

    A spike of neuron ``indices[b, k]`` happens at ``times[b, k]`` for k < ``counts[b]``. Gradients
    flow through ``times``.

    Args:
        times: in steps, from 0 to ``duration``, never falling within a sample; infinity beyond
            ``counts`` [B, S].
        indices: neuron of each spike, 0 to N - 1; -1 beyond ``counts`` [B, S] of int64.
        counts: spikes of each sample [B] of int64.
        size: N neurons.
        duration: T, length of every sample in steps, > 0; need not be whole.

    >>> events = Events.of([[0.5, 2.25], [1.0]], [[1, 0], [1]], size=2, duration=3)
    >>> events.times
    tensor([[0.5000, 2.2500],
            [1.0000,    inf]])
    >>> events.to_dense()[:, 0]
    tensor([[0., 1.],
            [0., 0.],
            [1., 0.]])
    """

    times: Tensor
    indices: Tensor
    counts: Tensor
    size: int
    duration: float

    @classmethod
    def of(
        cls,
        times: Sequence[Any],
        indices: Sequence[Any],
        size: int,
        duration: float,
        *,
        dtype: torch.dtype | None = None,
    ) -> "Events":
        """Make events of one list of times and one of neurons per sample, in any order of time.

        Args:
            times: per sample, times in steps.
            indices: per sample, neurons.
            size: N neurons.
            duration: T, length of every sample in steps.
            dtype: of the times; torch's default type if not given.

        Raises:
            ValueError: for lists of unlike length, neurons outside 0 to N - 1, times that are not
                from 0 to ``duration``, and a size or duration that is not positive.
        """
        neurons = whole(size)
        if neurons is None or neurons < 1:
            raise InputError(f"Events expects size as a whole number >= 1, got {size!r}.")
        if not 0 < duration < math.inf:
            raise InputError(f"Events expects a finite duration > 0 steps, got {duration!r}.")
        if len(times) != len(indices) or not len(times):
            raise InputError(
                f"Events expects times and neurons of at least one sample each, got those of "
                f"{len(times)} and {len(indices)} samples."
            )
        dtype = torch.get_default_dtype() if dtype is None else dtype
        if dtype not in PRECISE:
            raise InputError(f"Events expects times of float32 or float64, got {dtype}.")
        rows = [
            cls._sample(b, *sample, neurons, duration, dtype)
            for b, sample in enumerate(zip(times, indices, strict=True))
        ]
        return cls(
            torch.nn.utils.rnn.pad_sequence([t for t, _ in rows], True, math.inf),
            torch.nn.utils.rnn.pad_sequence([i for _, i in rows], True, -1),
            torch.tensor([len(t) for t, _ in rows], device=rows[0][0].device),
            neurons,
            float(duration),
        )

    @staticmethod
    def _sample(
        b: int, times: Any, index: Any, size: int, duration: float, dtype: torch.dtype
    ) -> tuple[Tensor, Tensor]:
        t = torch.as_tensor(times, dtype=torch.float64)
        i = torch.as_tensor(index, device=t.device)
        i = i.long() if i.numel() == 0 else i
        if t.ndim != 1 or t.shape != i.shape or i.is_floating_point():
            raise InputError(
                f"Events expects times and whole neurons of one length per sample, got "
                f"{tuple(t.shape)} and {tuple(i.shape)} of {i.dtype} in sample {b}."
            )
        outside = ~((t >= 0) & (t <= duration))
        if outside.any():
            raise InputError(
                f"Events expects times from 0 to duration = {duration:g} steps, got "
                f"{t[outside][0].item():g} in sample {b}. Are they in another unit than steps?"
            )
        outside = (i < 0) | (i >= size)
        if outside.any():
            raise InputError(
                f"Events expects neurons from 0 to {size - 1}, got {i[outside][0].item()} in "
                f"sample {b}."
            )
        order = torch.argsort(t, stable=True)
        return t[order].to(dtype), i[order].long()

    @classmethod
    def from_dense(cls, x: Tensor) -> "Events":
        """List the spikes of ``x`` [T, B, N], whole counts; a spike of step t happens at time t.

        A count of n is n spikes at one time. No gradient reaches ``x``: a spike that does not
        happen has no time.

        Raises:
            ValueError: for another shape, and values that are not counts.

        >>> Events.from_dense(torch.tensor([[[0.0, 1.0]], [[2.0, 0.0]]])).indices
        tensor([[1, 0, 0]])
        """
        if x.ndim != 3 or not len(x):
            raise InputError(f"Events expects spikes [T, B, N] with T >= 1, got {tuple(x.shape)}.")
        x = x.to(torch.get_default_dtype()) if x.dtype not in PRECISE else x
        if not ((x >= 0) & (x == x.floor()) & x.isfinite()).all():
            raise InputError(
                "Events expects whole numbers of spikes, 0 or more: graded ones have no list."
            )
        steps, batch, size = x.shape
        dtype = x.dtype if x.dtype in PRECISE else torch.get_default_dtype()
        sample, step, neuron = x.transpose(0, 1).nonzero(as_tuple=True)
        times_each = x[step, sample, neuron].long()
        sample, step, neuron = (a.repeat_interleave(times_each) for a in (sample, step, neuron))
        count = torch.bincount(sample, minlength=batch)
        slot = torch.arange(len(sample), device=x.device) - (count.cumsum(0) - count)[sample]
        longest = int(count.max()) if batch else 0
        times = x.new_full((batch, longest), math.inf, dtype=dtype)
        index = x.new_full((batch, longest), -1, dtype=torch.int64)
        times[sample, slot] = step.to(dtype)
        index[sample, slot] = neuron
        return cls(times, index, count, size, float(steps))

    @classmethod
    def from_recordings(
        cls, recordings: Iterable[Any], size: int, duration: float, *, dt: float = 1000.0
    ) -> "Events":
        """Read recordings and samples of `axonal.datasets`, whose times are in microseconds.

        Args:
            recordings: things with ``times`` and ``addresses``.
            size: N, channels of the sensor.
            duration: T in steps; later events are an error, crop them before.
            dt: microseconds per step.

        Raises:
            ValueError: for a dt that is not positive, and as `of` does.
        """
        if not 0 < dt < math.inf:
            raise InputError(f"Events expects dt > 0 microseconds per step, got {dt!r}.")
        given = list(recordings)
        times = [torch.as_tensor(r.times.astype("float64")) / dt for r in given]
        index = [torch.as_tensor(r.addresses.astype("int64")) for r in given]
        return cls.of(times, index, size, duration)

    def to_dense(self, steps: int | None = None) -> Tensor:
        """Count spikes [T, B, N]: those of step t happen from t on, before t + 1.

        Args:
            steps: T; the whole steps that hold ``duration`` by default.

        Raises:
            ValueError: where a spike comes later than T.
        """
        self.checked()
        steps = math.ceil(self.duration) if steps is None else steps
        sample, slot = self.valid.nonzero(as_tuple=True)
        times = self.times.detach()[sample, slot]
        # the end of the last step belongs to it
        step = torch.where(times == steps, times - 1, times).floor().long()
        if (step >= steps).any():
            late = times.max().item()
            raise InputError(f"Events: a spike at {late:g} lies beyond {steps} steps.")
        x = self.times.new_zeros(steps, len(self.counts), self.size)
        place = (step, sample, self.indices[sample, slot])
        return x.index_put_(place, x.new_ones(()), accumulate=True).detach()

    def checked(self, who: str = "Events") -> "Events":
        """Return these events, or say what is wrong with them.

        Args:
            who: what expects them, for the message.

        Raises:
            ValueError: for shapes that do not fit, times of another type than float32 and float64,
                out of range or falling, neurons outside 0 to N - 1, and an endless duration.
        """
        times, indices, counts = self.times.detach(), self.indices, self.counts
        shape = tuple(times.shape)
        if len(shape) != 2 or indices.shape != shape or counts.shape != shape[:1]:
            loader = ": write DataLoader(..., collate_fn=neuro.collate)" if len(shape) == 3 else ""
            raise InputError(
                f"{who} expects events with times and indices [B, S] and counts [B], got {shape}, "
                f"{tuple(indices.shape)} and {tuple(counts.shape)}{loader}."
            )
        if times.dtype not in PRECISE or indices.dtype != torch.int64:
            raise InputError(
                f"{who} expects events with times of float32 or float64 and indices of int64, got "
                f"{times.dtype} and {indices.dtype}: write Events.of(...)."
            )
        if ((counts < 0) | (counts > shape[1])).any():
            raise InputError(
                f"{who} expects events with counts from 0 to S = {shape[1]}, got "
                f"{counts.tolist()[:8]}."
            )
        if not 0 < self.duration < math.inf:
            raise InputError(
                f"{who} expects events of a finite duration > 0 steps, got {self.duration!r}."
            )
        valid = self.valid
        outside = valid & ~((times >= 0) & (times <= self.duration))
        if outside.any():
            raise InputError(
                f"{who} expects times of events from 0 to duration = {self.duration:g} steps, got "
                f"{_first(times, outside)}."
            )
        falling = valid[:, 1:] & (times[:, 1:] < times[:, :-1])
        if falling.any():
            raise InputError(
                f"{who} expects events in order, times that never fall, got "
                f"{_first(times[:, 1:], falling)} after a later one: Events.of sorts them."
            )
        outside = valid & ((indices < 0) | (indices >= self.size))
        if outside.any():
            raise InputError(
                f"{who} expects events of neurons 0 to {self.size - 1}, got "
                f"{_first(indices, outside)}."
            )
        return self

    @classmethod
    def joined(cls, parts: Sequence["Events"]) -> "Events":
        """Join batches of events of one number of neurons and one duration into one batch.

        Args:
            parts: at least one, of any numbers of samples.

        Raises:
            ValueError: for none, and unlike numbers of neurons or durations.

        >>> one = Events.of([[0.5]], [[1]], size=2, duration=3)
        >>> Events.joined([one, Events.of([[1.0, 2.0]], [[0, 1]], size=2, duration=3)]).counts
        tensor([1, 2])
        """
        alike = {(part.size, part.duration) for part in parts}
        if len(alike) != 1:
            raise InputError(
                "Events expects parts of one size and duration to join, got "
                f"{', '.join(f'{n} neurons for {t:g} steps' for n, t in sorted(alike)) or 'none'}."
            )
        times = [row for part in parts for row in part.times]
        indices = [row for part in parts for row in part.indices]
        return cls(
            torch.nn.utils.rnn.pad_sequence(times, True, math.inf),
            torch.nn.utils.rnn.pad_sequence(indices, True, -1),
            torch.cat([part.counts for part in parts]),
            *alike.pop(),
        )

    @property
    def valid(self) -> Tensor:
        """Places that hold a spike [B, S], of bool."""
        places = torch.arange(self.times.shape[1], device=self.times.device)
        return places < self.counts.unsqueeze(1)


def _first(given: Tensor, wrong: Tensor) -> str:
    return f"{given[wrong][0].item():g} in sample {int(wrong.nonzero()[0, 0])}"
