"""Bags of instances, the samples of multiple-instance learning."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from axonal._base.array_types import BoolArray, Float64Array, Int64Array
from axonal.datasets._checks import sample_index, sample_indices


@dataclass(frozen=True, eq=False)
class Bags:
    """Bags with one label each: all instances one after the other, and where each bag begins.

    Args:
        values: instances of all bags [instances, F].
        offsets: bag b is values[offsets[b]:offsets[b + 1]], [bags + 1]; no bag is empty.
        labels: class of each bag, 0 or 1, [bags].
        name: of the data.

    Raises:
        ValueError: arrays that do not fit each other.

    >>> import numpy as np
    >>> from axonal.datasets import Bags
    >>> bags = Bags(np.arange(6.0).reshape(3, 2), np.array([0, 1, 3]), np.array([0, 1]), "two")
    >>> bags[1]
    (array([[2., 3.], [4., 5.]]), 1)
    """

    values: Float64Array
    offsets: Int64Array
    labels: Int64Array
    name: str

    def __post_init__(self) -> None:
        count = len(self.labels)
        if self.values.ndim != 2 or self.offsets.shape != (count + 1,) or self.labels.ndim != 1:
            raise ValueError(
                f"Bags expects values [instances, F], labels [bags] and offsets [bags + 1], got "
                f"{self.values.shape}, {self.labels.shape} and {self.offsets.shape}."
            )
        ends = (int(self.offsets[0]), int(self.offsets[-1]))
        if ends != (0, len(self.values)) or not (np.diff(self.offsets) > 0).all():
            raise ValueError(
                f"Bags expects offsets that rise from 0 to {len(self.values)}, the number of "
                f"instances, got {ends[0]} to {ends[1]}; each is above the last: no bag is empty."
            )
        if not np.isin(self.labels, (0, 1)).all():
            raise ValueError(
                f"Bags expects labels 0 or 1, got {sorted(set(self.labels.tolist()))}."
            )

    def __len__(self) -> int:
        """Number of bags."""
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Float64Array, int]:
        """Instances [n, F] and label of a bag.

        Raises:
            TypeError: a slice, or another index that is no whole number.
            IndexError: an index that is no bag.
        """
        bag = sample_index(index, len(self), self.name)
        return self.values[self.offsets[bag] : self.offsets[bag + 1]], int(self.labels[bag])

    @property
    def sizes(self) -> Int64Array:
        """Number of instances of each bag [bags]."""
        return np.diff(self.offsets)

    def padded(self, indices: Sequence[int] | Int64Array) -> tuple[Float64Array, BoolArray]:
        """Some bags side by side, filled up with zeros.

        Args:
            indices: whole numbers ``[B]``, the bags to take, in this order.

        Returns:
            values [B, N, F] with N the size of the largest of these bags, and a mask [B, N] that is
            True where there is no instance: the ``padding_mask`` of ``HopfieldPooling``.

        Raises:
            TypeError: indices that are no whole numbers ``[B]``.
            IndexError: an index that is no bag.
        """
        which = sample_indices(indices, len(self), "Bags.padded", self.name)
        chosen = [self[bag][0] for bag in which.tolist()]
        longest = max((len(bag) for bag in chosen), default=0)
        values = np.zeros((len(chosen), longest, self.values.shape[1]))
        mask = np.ones((len(chosen), longest), np.bool_)
        for row, bag in enumerate(chosen):
            values[row, : len(bag)], mask[row, : len(bag)] = bag, False
        return values, mask
