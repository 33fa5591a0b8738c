"""Handwritten digits as spike times, from the copy inside scikit-learn: nothing is downloaded."""

import hashlib

import numpy as np

from axonal.datasets._checks import positive_steps
from axonal.datasets._encoders import latency
from axonal.datasets._spike_times import LONGEST, SpikeTimes

# The tenths of the index hash that make up each split.
SPLITS = {"train": (3, 4, 5, 6, 7, 8, 9), "validation": (2,), "test": (0, 1)}
BRIGHTEST = 16.0


def digits(split: str = "train", *, steps: int = 16) -> SpikeTimes:
    """Handwritten digits of 8 by 8 pixels, one spike per inked pixel, the darker the earlier.

    t = round((1 - v / 16) * (steps - 1)) for a pixel v of 0..16; a blank pixel is silent. A sample
    belongs to the split that sha256(decimal index) mod 10 says: 0 and 1 test, 2 validation, the
    rest train. The split never changes with a seed or a version.

    Args:
        split: "train" (1269 samples), "validation" (186) or "test" (342).
        steps: length of a sample in steps, 1 to 32768.

    Returns:
        The samples as ``SpikeTimes`` with N = 64 neurons (row by row) and 10 classes.

    Raises:
        ValueError: an unknown split, steps out of range.

    Source: Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
    Repository, 1998; its test set of 1797 digits is part of scikit-learn.

    >>> from axonal.datasets import digits
    >>> spikes, label = digits("train")[0]
    >>> spikes.shape, label
    ((16, 64), 0)
    """
    if split not in SPLITS:
        raise ValueError(
            f"digits expects split to be one of {', '.join(map(repr, SPLITS))}, got {split!r}."
        )
    steps = positive_steps(steps, "digits")
    if steps > LONGEST:
        raise ValueError(f"digits expects steps <= {LONGEST}, got {steps}.")
    # Imported here, because scikit-learn takes longer to import than everything else in datasets.
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    members = [i for i in range(len(labels)) if _tenth(i) in SPLITS[split]]
    return SpikeTimes(
        times=latency(pixels[members], steps, maximum=BRIGHTEST).astype(np.int16),
        labels=labels[members].astype(np.int64),
        steps=steps,
        classes=10,
        name=f"digits ({split})",
    )


def _tenth(index: int) -> int:
    return int(hashlib.sha256(str(index).encode()).hexdigest(), 16) % 10
