"""Tasks of bits whose memory is a number: parity of the last N, match of two N - 1 apart."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from axonal._base.array_types import Int64Array, UInt8Array
from axonal._base.checks import whole_number


class BitTask(NamedTuple):
    """Sequences of bits with one label per order.

    Attributes:
        bits: 0 or 1 [T, B].
        labels: 0 or 1 [K, B], one row for each order.
    """

    bits: UInt8Array
    labels: Int64Array


def n_parity(
    orders: Sequence[int], steps: int, samples: int, *, rng: np.random.Generator
) -> BitTask:
    """Bits and the parity of the last N of them, for every order N.

    label_N = (b_T + ... + b_{T-N+1}) mod 2. The share p of ones is drawn anew for every sequence,
    uniform over [0, 1]; what guessing gets then is `parity_chance`.

    Args:
        orders: numbers N of bits, each from 1 to ``steps``.
        steps: length T of the sequences.
        samples: number B of sequences.
        rng: the source of randomness, for example ``numpy.random.default_rng(0)``.

    Returns:
        bits [T, B] and labels [K, B].

    Raises:
        ValueError: an order below 1 or above ``steps``, no order, sizes below 1.
        TypeError: rng that is no Generator, sizes that are no whole numbers.

    Source: Khajehabdollahi et al., ICLR 2024 (arXiv 2309.12927).

    >>> task = n_parity([2, 3], 6, 4, rng=np.random.default_rng(0))
    >>> bool((task.labels[0] == task.bits[-2:].sum(0) % 2).all())
    True
    """
    orders, steps, samples = _sizes("n_parity", orders, steps, samples, rng)
    bits = (rng.random((steps, samples)) < rng.random(samples)).astype(np.uint8)
    # sums from the end: entry N - 1 is that of the last N bits
    sums = np.cumsum(bits[::-1], 0, dtype=np.int64)
    return BitTask(bits, sums[np.array(orders) - 1] % 2)


def n_dms(orders: Sequence[int], steps: int, samples: int, *, rng: np.random.Generator) -> BitTask:
    """Bits and whether the last one matches the bit N - 1 steps before, for every order N.

    label_N = [b_{T-N+1} = b_T], the delayed match to sample. Ones and zeros are equally likely, so
    that guessing gets 1/2. With N = 1 the label is always 1.

    Args:
        orders: numbers N, each from 1 to ``steps``.
        steps: length T of the sequences.
        samples: number B of sequences.
        rng: the source of randomness.

    Returns:
        bits [T, B] and labels [K, B].

    Raises:
        ValueError, TypeError: as in `n_parity`.

    Source: Khajehabdollahi et al., ICLR 2024 (arXiv 2309.12927).

    >>> task = n_dms([1, 3], 6, 4, rng=np.random.default_rng(0))
    >>> task.labels[0].tolist(), bool((task.labels[1] == (task.bits[3] == task.bits[5])).all())
    ([1, 1, 1, 1], True)
    """
    orders, steps, samples = _sizes("n_dms", orders, steps, samples, rng)
    bits = rng.integers(0, 2, (steps, samples), np.uint8)
    return BitTask(bits, (bits[steps - np.array(orders)] == bits[-1]).astype(np.int64))


def parity_chance(order: int) -> float:
    """Accuracy of guessing the parity of N bits from the share of ones alone.

    1/2 (1 + 1/(N + 1)): with p known, the likelier parity has probability 1/2 (1 + abs(1 - 2 p)^N),
    whose mean over p uniform in [0, 1] this is.

    Args:
        order: number N of bits, >= 1.

    >>> [round(parity_chance(n), 3) for n in (2, 3, 8)]
    [0.667, 0.625, 0.556]
    """
    return 0.5 * (1 + 1 / (whole_number("parity_chance", "order", order) + 1))


def _sizes(
    who: str, orders: Sequence[int], steps: int, samples: int, rng: np.random.Generator
) -> tuple[list[int], int, int]:
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"{who} expects rng as a numpy Generator, got {rng!r}. "
            "Write rng=numpy.random.default_rng(seed)."
        )
    steps = whole_number(who, "steps", steps)
    samples = whole_number(who, "samples", samples)
    if isinstance(orders, int | np.integer) or not len(orders):
        raise ValueError(f"{who} expects orders as a list of numbers N, such as [2, 3]; got "
                         f"{orders!r}.")  # fmt: skip
    return [whole_number(who, "orders", n, 1, steps) for n in orders], steps, samples
