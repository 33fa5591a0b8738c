"""Batches of samples, time first."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from axonal.neuro._checks import InputError
from axonal.neuro.events import Events


def collate(samples: Sequence[Any], *, lengths: bool = False) -> tuple[Any, ...]:
    """Batch of samples [T, ...] as x [T, B, ...] with their labels, for a ``DataLoader``.

    Written as ``DataLoader(data, batch_size, collate_fn=neuro.collate)``. PyTorch's own collate
    puts the batch first, x [B, T, ...], which no layer can tell from time first where B = T.
    Samples of unequal T take ``functools.partial(neuro.collate, lengths=True)``: they are filled up
    with zeros at their end, and losses and readouts take the lengths. Samples that are `Events`
    become the Events of a batch.

    Args:
        samples: pairs (x, label), or x alone; x [T, ...] an array or a tensor, or Events.
        lengths: return the T of each sample as well, which may then differ; not of events.

    Returns:
        x [T, B, ...], or Events of B samples; labels [B] where samples have them; lengths [B] if
        asked.

    Raises:
        ValueError: for no samples, samples that are no arrays of numbers or have no time axis,
            steps of unequal shape, or unequal T without ``lengths``; for events of unlike sizes or
            durations.

    >>> import numpy as np
    >>> x, y = collate([(np.zeros((7, 3)), 1), (np.ones((7, 3)), 0)])
    >>> x.shape, y
    (torch.Size([7, 2, 3]), tensor([1, 0]))
    >>> x, y, steps = collate([(np.zeros((7, 3)), 1), (np.ones((5, 3)), 0)], lengths=True)
    >>> x.shape, steps
    (torch.Size([7, 2, 3]), tensor([7, 5]))
    >>> one = Events.of([[0.5]], [[1]], size=2, duration=3)
    >>> events, y = collate([(one, 1), (one, 0)])
    >>> events.counts, y
    (tensor([1, 1]), tensor([1, 0]))
    """
    if not samples:
        raise InputError("collate expects at least one sample.")
    labelled = _has_label(samples[0])
    given = [sample[0] if labelled else sample for sample in samples]
    labels = [torch.stack([torch.as_tensor(sample[1]) for sample in samples])] if labelled else []
    if all(isinstance(x, Events) for x in given):
        if lengths:
            raise InputError("collate has no lengths of Events, which last equally long.")
        return (Events.joined(given), *labels)
    values = [_tensor(x) for x in given]
    for x in values:
        if x.ndim == 0 or x.shape[0] == 0 or x.shape[1:] != values[0].shape[1:]:
            raise InputError(
                f"collate expects samples [T, ...] with T >= 1 and steps of one shape, got "
                f"{tuple(values[0].shape)} and {tuple(x.shape)}."
            )
    steps = torch.tensor([len(x) for x in values])
    if not lengths and (steps != steps[0]).any():
        raise InputError(
            f"collate got samples of {int(steps.min())} to {int(steps.max())} steps: write "
            "functools.partial(neuro.collate, lengths=True), and give the lengths to the loss."
        )
    batch = torch.nn.utils.rnn.pad_sequence(values)
    return (batch, *labels, *([steps] if lengths else []))


def _has_label(sample: Any) -> bool:
    """Whether a sample is a pair, not an array of two steps."""
    return not isinstance(sample, Events) and not hasattr(sample, "dtype") and len(sample) == 2


def _tensor(x: Any) -> Tensor:
    try:
        return torch.as_tensor(x)
    except (RuntimeError, TypeError, ValueError):
        raise InputError(
            f"collate expects x [T, ...] as an array or a tensor of numbers, got "
            f"{type(x).__name__}. Are they events? Bin them first: "
            "axonal.datasets.counts(events, grid, indices) gives a whole batch [T, B, C]."
        ) from None
