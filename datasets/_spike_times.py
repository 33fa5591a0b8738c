"""A data set of one spike time per neuron and sample."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import Float32Array, Int64Array
from axonal.datasets._checks import positive_steps, sample_indices
from axonal.datasets._encoders import to_dense
from axonal.datasets._sample import Sample

LONGEST = 2**15  # times are int16


@dataclass(frozen=True, eq=False)
class SpikeTimes:
    """Labelled samples, each with at most one spike per neuron.

    A sample is t_i for i = 1..N; its raster is s_i(t) = [t = t_i].

    Args:
        times: int16 ``[n, N]``, the step of each spike from 0 to steps - 1, or -1 for none.
        labels: int64 ``[n]``, from 0 to classes - 1.
        steps: length T of every sample in steps, 1 to 32768.
        classes: number of classes.
        name: of the data in reports and figures.

    Raises:
        ValueError: shapes that do not fit, a time or a label out of range.
        TypeError: arrays of another type than int16 and int64.

    >>> import numpy as np
    >>> from axonal.datasets import SpikeTimes
    >>> data = SpikeTimes(np.int16([[0, -1], [1, 0]]), np.int64([1, 0]), 2, 2, "two samples")
    >>> len(data), data.dense([0, 1, 1]).shape
    (2, (2, 3, 2))
    """

    times: npt.NDArray[np.int16]
    labels: Int64Array
    steps: int
    classes: int
    name: str

    def __post_init__(self) -> None:
        if self.times.dtype != np.int16 or self.labels.dtype != np.int64:
            raise TypeError(
                f"SpikeTimes expects times as int16 and labels as int64, got {self.times.dtype} "
                f"and {self.labels.dtype}. Convert with .astype(numpy.int16) and "
                ".astype(numpy.int64)."
            )
        if self.times.ndim != 2 or self.labels.shape != self.times.shape[:1]:
            raise ValueError(
                "SpikeTimes expects times [n, N] and labels [n], got shapes "
                f"{self.times.shape} and {self.labels.shape}."
            )
        if not 1 <= positive_steps(self.steps, "SpikeTimes") <= LONGEST:
            raise ValueError(
                f"SpikeTimes expects at most {LONGEST} steps, because times are int16, got "
                f"{self.steps}. Bin the data more coarsely."
            )
        if self.times.size and not (self.times.min() >= -1 and self.times.max() < self.steps):
            raise ValueError(
                f"SpikeTimes expects times from 0 to {self.steps - 1}, or -1 for no spike, got "
                f"times from {self.times.min()} to {self.times.max()}."
            )
        if self.labels.size and not (self.labels.min() >= 0 and self.labels.max() < self.classes):
            raise ValueError(
                f"SpikeTimes expects labels from 0 to {self.classes - 1}, got labels from "
                f"{self.labels.min()} to {self.labels.max()}."
            )

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Sample:
        """Sample and label: spikes ``[T, N]``, float32, and an int; see `Sample`."""
        return Sample(to_dense(self.times[index], self.steps), int(self.labels[index]))

    def dense(self, indices: npt.ArrayLike) -> Float32Array:
        """Rasters of several samples as one batch, time first.

        Args:
            indices: whole numbers ``[B]``, the samples to take, in this order.

        Returns:
            Spikes ``[T, B, N]``, 0 or 1, float32.

        Raises:
            TypeError: indices that are no whole numbers ``[B]``.
            IndexError: an index that is no sample.

        >>> from axonal.datasets import digits
        >>> digits("test").dense([3, 1]).shape
        (16, 2, 64)
        """
        chosen = sample_indices(indices, len(self), "SpikeTimes.dense", self.name)
        return to_dense(self.times[chosen], self.steps)
