"""Sequential MNIST: the pixels of an image one after the other, as events of thresholds."""

import hashlib
from collections.abc import Sequence
from os import PathLike

import numpy as np

from axonal._base.array_types import Int64Array, UInt8Array
from axonal._base.checks import seed as checked_seed
from axonal._base.checks import whole_number
from axonal.datasets._mnist import mnist
from axonal.datasets.events import EventSet, Sensor
from axonal.datasets.sets.idx_images import CLASSES, image_folder

PIXELS = 784
PERMUTATION_SHA256 = "f564b213700eb607afc85692e9d9c92e38e1cc312c490e08b7adf73fb1c0e992"
"""Of `permutation` for the seed 0, as int64 in little-endian order."""
CHUNK = 2000


def smnist(
    folder: str | PathLike[str] | None = None,
    *,
    levels: int = 40,
    dt: int = 1000,
    samples: int | None = None,
    splits: Sequence[str] = ("train", "test"),
    download: bool = False,
    again: bool = False,
) -> dict[str, EventSet]:
    """MNIST pixel by pixel, row by row: 784 steps, an event for every threshold that is crossed.

    Thresholds are at h_j = 255 (j + 1/2) / levels, j = 0..levels - 1. The grey value v_k of pixel k
    crosses h_j upwards at k dt if v_(k-1) < h_j <= v_k, which is an event of channel j with p = 1,
    and downwards (p = 0) the other way round; before the first pixel, v is 0. From the events every
    grey value is known again to within 255 / levels.

    Args:
        folder: of the four files of MNIST; by default where `mnist` looks.
        levels: number of thresholds and channels, 1 to 255.
        dt: microseconds per pixel.
        samples: only the first so many of each split; by default all.
        splits: those that are read.
        download: see `verify`.
        again: see `verify`.

    Returns:
        the samples by split; ``groups["index"]`` is the image.

    Raises:
        ValueError: settings out of range, damaged files.
        FileNotFoundError: what is missing, with its size and checksum.

    Source: of the task, Le, Jaitly and Hinton, arXiv 1504.00941, 2015; of events of thresholds,
    Bellec, Salaj, Subramoney, Legenstein and Maass, NeurIPS 2018 (arXiv 1803.09574), with other
    channels than here.

    >>> from axonal.datasets.sets import smnist
    >>> smnist(levels=0)
    Traceback (most recent call last):
    ValueError: smnist expects levels as a whole number from 1 to 255, got 0.
    """
    return _read("smnist", np.arange(PIXELS), folder, levels, dt, samples, splits, download, again)


def psmnist(
    folder: str | PathLike[str] | None = None,
    *,
    seed: int = 0,
    levels: int = 40,
    dt: int = 1000,
    samples: int | None = None,
    splits: Sequence[str] = ("train", "test"),
    download: bool = False,
    again: bool = False,
) -> dict[str, EventSet]:
    """MNIST pixel by pixel in one fixed random order, that of `permutation`.

    Arguments, results and errors are those of `smnist`, and one more. There is no order that all
    publications share, so results are compared with this in mind.

    Args:
        folder: of the four files of MNIST.
        seed: of the order.
        levels: number of thresholds.
        dt: microseconds per pixel.
        samples: only the first so many of each split; by default all.
        splits: those that are read.
        download: see `verify`.
        again: see `verify`.

    >>> from axonal.datasets.sets import psmnist
    >>> psmnist(splits=["validation"])
    Traceback (most recent call last):
    ValueError: MNIST has the splits train, test; got ['validation']. Write splits=('train',) for
    one of them.
    """
    order = permutation(seed)
    return _read("psmnist", order, folder, levels, dt, samples, splits, download, again)


def permutation(seed: int = 0, pixels: int = PIXELS) -> Int64Array:
    """Order of the pixels: position k shows pixel ``permutation(seed)[k]``.

    The pixels are sorted by sha256("psmnist <seed> <pixel>"), which no library and no version of
    one can change.

    Args:
        seed: of the order.
        pixels: of an image; fewer than 784 where images are made smaller.

    Raises:
        ValueError: a seed that is none, or no pixels.

    >>> from axonal.datasets.sets import permutation
    >>> permutation()[:4].tolist()
    [568, 464, 237, 8]
    """
    number = checked_seed("permutation", seed)
    count = whole_number("permutation", "pixels", pixels)
    keys = [hashlib.sha256(f"psmnist {number} {k}".encode()).digest() for k in range(count)]
    return np.array(sorted(range(count), key=keys.__getitem__))


def _read(
    who: str,
    order: Int64Array,
    folder: str | PathLike[str] | None,
    levels: int,
    dt: int,
    samples: int | None,
    splits: Sequence[str],
    download: bool,
    again: bool,
) -> dict[str, EventSet]:
    whole_number(who, "levels", levels, 1, 255)
    whole_number(who, "dt", dt, 1, 60_000_000)
    if samples is not None:
        whole_number(who, "samples", samples)
    where = image_folder("mnist", folder, splits, download, again)
    sets = {}
    for split in splits:
        images, labels = mnist(split, where)
        images, labels = images[:samples], labels[:samples]
        parts = []
        for begin in range(0, len(images), CHUNK):
            pixels = images[begin : begin + CHUNK].reshape(-1, PIXELS)[:, order]
            owner, step, address = crossings(pixels, levels)
            parts.append(
                EventSet.of(
                    step * dt,
                    address,
                    np.searchsorted(owner, np.arange(len(pixels) + 1)),
                    labels[begin : begin + CHUNK],
                    sensor=Sensor(levels, 1, 2),
                    classes=CLASSES["mnist"],
                    name=f"{who} ({split})",
                    groups={"index": np.arange(begin, begin + len(pixels))},
                )
            )
        sets[split] = EventSet.join(parts)
    return sets


def crossings(pixels: UInt8Array, levels: int) -> tuple[Int64Array, Int64Array, Int64Array]:
    """Sequence, step and address of every threshold that is crossed, in the order of time.

    Args:
        pixels: grey values ``[B, T]``.
        levels: number of thresholds.

    >>> import numpy as np
    >>> [part.tolist() for part in crossings(np.uint8([[0, 255, 100]]), levels=2)]
    [[0, 0, 0], [1, 1, 2], [2, 3, 1]]
    """
    # thresholds at or below a grey value, in whole numbers: 2 v levels >= 255 (2 j + 1)
    passed = (2 * np.arange(256) * levels + 255) // 510
    level = np.minimum(passed, levels)[pixels]
    before = np.concatenate([np.zeros_like(level[:, :1]), level[:, :-1]], axis=1)
    owner, step = np.nonzero(level != before)
    old, new = before[owner, step], level[owner, step]
    often = np.abs(new - old)
    first = np.repeat(np.minimum(old, new), often)
    channel = first + np.arange(len(first)) - np.repeat(np.cumsum(often) - often, often)
    up = np.repeat(new > old, often)
    return np.repeat(owner, often), np.repeat(step, often), up * levels + channel
