"""One labelled sample, which is not stacked along a wrong axis by accident."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from axonal._base.array_types import Float32Array


@dataclass(frozen=True, eq=False)
class Sample:
    """A raster with its label, ``spikes, label = data[i]``; batch it with ``neuro.collate``.

    It is no tuple: the default collate of a ``DataLoader`` would stack the rasters of tuples as
    [B, T, N], while every layer here reads [T, B, N], and nothing could notice it where B = T. It
    refuses this class by its name.

    Args:
        spikes: [T, N].
        label: class of the sample.

    >>> import numpy as np
    >>> from axonal.datasets import Sample
    >>> spikes, label = Sample(np.zeros((5, 3), np.float32), 2)
    >>> spikes.shape, label
    ((5, 3), 2)
    """

    spikes: Float32Array
    label: int

    def __iter__(self) -> Iterator[Any]:
        """Yield the spikes, then the label."""
        return iter((self.spikes, self.label))

    def __getitem__(self, index: int) -> Any:
        """Return the spikes at 0, the label at 1."""
        return (self.spikes, self.label)[index]

    def __len__(self) -> int:
        return 2
