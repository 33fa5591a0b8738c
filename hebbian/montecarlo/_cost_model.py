"""Costs of the forms of quadratic patterns, from measured times of their parts."""

import math

import numpy as np
from llvmlite import binding

from axonal.hebbian.montecarlo._representation import GROUP, WORD

# Nanoseconds, on one core of a Zen 4 at 2.6 GHz; `python -m benchmarks montecarlo` shows them. Only
# their ratios matter.
DRAW = 3.5
BIT_GROUP = 0.65
BYTE = 0.028
FLIP = 50.0
BIT_WORD = 1.5
COUPLING = 0.1
PRODUCT = 0.03

EMULATED = 2.5
"""Factor on the time of bits where no instruction counts those of a vector."""


def counts_bits() -> bool:
    """Whether the processor counts the bits of a vector in one instruction."""
    return bool(binding.get_host_cpu_features().get("avx512vpopcntdq"))


def turning(load: float, T: float) -> float:
    """Fraction of spins that a sweep turns in retrieval, with Gaussian noise of variance K / N.

    A spin of field h turns with probability sech^2(h / T) / 2 at equilibrium.
    """
    if not T:
        return 0.0
    z = np.linspace(-8, 8, 401)
    argument = np.clip(np.abs(1 + math.sqrt(load) * z) / T, 0, 300)
    weight = np.exp(-z * z / 2)
    return float((weight / np.cosh(argument) ** 2).sum() / weight.sum() / 2)


def costs(N: int, K: int, T: float, sweeps: int, *, binary: bool) -> dict[str, float]:
    """Nanoseconds of all sweeps of one sample, by form, with what the form takes to make.

    Args:
        N: sites.
        K: stored patterns.
        T: temperature.
        sweeps: of all replicas together.
        binary: whether patterns are +-1.
    """
    flips = N * turning(K / N, T)
    groups = -(-K // (GROUP * WORD))
    digit = BIT_GROUP * (1.0 if counts_bits() else EMULATED)
    times = {
        "int8": sweeps * (N * (DRAW + BYTE * K) + flips * (FLIP + BYTE * K)),
        "matrix": sweeps * (N * DRAW + flips * (FLIP + COUPLING * N)) + PRODUCT * N * N * K,
    }
    if binary:
        spin = DRAW + digit * groups * N.bit_length()
        times["bits"] = sweeps * (N * spin + flips * (FLIP + BIT_WORD * GROUP * groups))
    return times


def sizes(N: int, K: int, *, binary: bool) -> dict[str, float]:
    """Bytes of one sample, by form."""
    bytes_of = {
        "int8": N * K,
        # The patterns are there as bytes and as float32 while the matrix is made.
        "matrix": N * (N * (2 if K < 2**15 else 4) + 5 * K),
    }
    if binary:
        bytes_of["bits"] = N * 8 * GROUP * -(-K // (GROUP * WORD))
    return {name: float(size) for name, size in bytes_of.items()}
