"""MNIST and Fashion-MNIST as events: by latency, by rate, or by change."""

from collections.abc import Sequence
from os import PathLike

import numpy as np

from axonal._base.array_types import Int64Array, UInt8Array
from axonal._base.checks import number, one_of, whole_number
from axonal.datasets._encoders import SILENT, delta, latency, rate
from axonal.datasets._mnist import fashion_mnist, mnist
from axonal.datasets.events import EventSet, Sensor
from axonal.datasets.sets.idx_images import CLASSES, KINDS, image_folder
from axonal.datasets.transforms.key import Key

CODES = ("latency", "rate", "delta")
SIDE, WHITE = 28, 255.0
CHUNK = 200
"""Images that are coded at once: 1 GB would be needed for all of them in 100 steps."""
READERS = {"mnist": mnist, "fashion_mnist": fashion_mnist}


def event_images(
    kind: str = "mnist",
    code: str = "latency",
    *,
    steps: int = 28,
    dt: int = 1000,
    threshold: float = 0.25,
    seed: int = 0,
    folder: str | PathLike[str] | None = None,
    splits: Sequence[str] = ("train", "test"),
    download: bool = False,
    again: bool = False,
) -> dict[str, EventSet]:
    """MNIST or Fashion-MNIST as events at whole multiples of ``dt``.

    | code | events | sensor |
    |---|---|---|
    | latency | one per pixel with ink, at round((1 - v) (steps - 1)) dt | 28 x 28 |
    | rate | at each of the steps with probability v, independently | 28 x 28 |
    | delta | the image passes by, column k at k dt: rows send their changes | 28 x 1, signed |

    with v the pixel from 0 (paper) to 1 (ink); see `latency`, `rate` and `delta`. For "delta" every
    row is a channel that starts at paper, and sends an event for each threshold by which v left the
    level that it sent last: p = 1 for more ink, 0 for less.

    Args:
        kind: "mnist" or "fashion_mnist".
        code: "latency", "rate" or "delta".
        steps: of a sample; "delta" has 28, one per column.
        dt: microseconds per step.
        threshold: of "delta".
        seed: of "rate"; image i of a split has the draws of ``Key(seed, 0, i)``, so its events do
            not depend on what else is read.
        folder: of the four files; by default where `mnist` looks.
        splits: those that are read.
        download: see `verify`.
        again: see `verify`.

    Returns:
        the samples by split; ``groups["index"]`` is the image.

    Raises:
        ValueError: an unknown word, settings out of range, damaged files.
        FileNotFoundError: what is missing, with its size and checksum.

    Source: LeCun, Bottou, Bengio and Haffner, Proceedings of the IEEE 86, 1998; Xiao, Rasul and
    Vollgraf, arXiv 1708.07747, 2017.

    >>> from axonal.datasets.sets import event_images
    >>> event_images(code="time")
    Traceback (most recent call last):
    ValueError: event_images expects code as one of latency, rate, delta; got 'time'.
    """
    one_of("event_images", "kind", kind, KINDS)
    one_of("event_images", "code", code, CODES)
    whole_number("event_images", "steps", steps, 1, 1_000_000)
    whole_number("event_images", "dt", dt, 1, 60_000_000)
    number("event_images", "threshold", threshold, 1 / WHITE, 1)
    where = image_folder(kind, folder, splits, download, again)
    sets = {}
    for split in splits:
        images, labels = READERS[kind](split, where)
        parts = []
        for begin in range(0, len(images), CHUNK):
            part = slice(begin, begin + CHUNK)
            index = np.arange(begin, begin + len(images[part]))
            owner, step, address = _coded(images[part], code, steps, threshold, seed, index)
            order = np.lexsort((address, step, owner))
            parts.append(
                EventSet.of(
                    step[order] * dt,
                    address[order],
                    np.searchsorted(owner[order], np.arange(len(index) + 1)),
                    labels[part],
                    sensor=Sensor(SIDE, 1, 2) if code == "delta" else Sensor(SIDE, SIDE),
                    classes=CLASSES[kind],
                    name=f"{KINDS[kind].name} ({split}, {code})",
                    groups={"index": index},
                )
            )
        sets[split] = EventSet.join(parts)
    return sets


def _coded(
    images: UInt8Array, code: str, steps: int, threshold: float, seed: int, index: Int64Array
) -> tuple[Int64Array, Int64Array, Int64Array]:
    """Image, step and address of every event ``[events]``."""
    pixels = images.reshape(len(images), -1).astype(np.float64)
    if code == "latency":
        times = latency(pixels, steps, maximum=WHITE)
        owner, address = np.nonzero(times != SILENT)
        return owner, times[owner, address], address
    if code == "rate":
        drawn = [
            np.nonzero(rate(one, steps, rng=Key(seed, 0, int(k)).generator(), maximum=WHITE))
            for one, k in zip(pixels, index, strict=True)
        ]
        owner = np.repeat(np.arange(len(images)), [len(step) for step, _ in drawn])
        step, address = (np.concatenate([one[axis] for one in drawn]) for axis in (0, 1))
        return owner, step, address
    # time along the columns; before the first one there is paper
    signal = np.moveaxis(images.astype(np.float64) / WHITE, 2, 0)
    signal = np.concatenate([np.zeros((1, *signal.shape[1:])), signal])
    counts = delta(signal, threshold)[1:].astype(np.int64)
    step, owner, channel = np.nonzero(counts)
    often = counts[step, owner, channel]
    # ON channels come first there, polarity 0 first in an address
    address = (channel + SIDE) % (2 * SIDE)
    return np.repeat(owner, often), np.repeat(step, often), np.repeat(address, often)
