"""Monte Carlo of dense associative memories, plain and from noisy examples."""

from functools import partial
from math import factorial, log2

from axonal._base.array_types import Int8Array
from axonal._base.checks import one_of, whole_number
from axonal.hebbian.montecarlo import _checks, _make_representation
from axonal.hebbian.montecarlo._disorder import BLOCK, Disorder
from axonal.hebbian.montecarlo._hopfield import check_noise, kept_above
from axonal.hebbian.montecarlo._measurement import Measurement
from axonal.hebbian.montecarlo._sampler import simulate
from axonal.hebbian.montecarlo._schedule import Progress, Schedule
from axonal.hebbian.montecarlo._start import retrieval_start

INTERACTIONS = ("distinct", "overlap")

LARGEST = 2.0**53
"""Overlaps to the power P above this are no exact integers any more."""


def check_exact(N: int, P: int) -> None:
    """Refuse overlaps whose power P is no exact integer any more."""
    if P * log2(N) > log2(LARGEST):
        raise ValueError(
            f"N^P must be at most 2^53 for overlaps to be exact, got N = {N} and P = {P}."
        )


def dense_setup(
    disorder: Disorder, *, P: int, distinct: bool
) -> tuple[_make_representation.Representation, Int8Array]:
    """Form and first archetype of a sample."""
    kept, first = disorder.stored(1, packed=False)
    unit = 1 / disorder.N ** (P - 1) / (1 if distinct else P)
    if disorder.real:
        make = _make_representation.symmetric if distinct else _make_representation.real_powers
        return make(kept, P, unit), first
    if disorder.noisy:
        unit /= disorder.examples * disorder.variance ** (P / 2)
    return _make_representation.powers(kept, P, distinct, unit), first


def dense(
    N: int,
    P: int,
    *,
    T: float,
    gamma: float | None = None,
    K: int | None = None,
    interaction: str = "distinct",
    samples: int = 10,
    replicas: int = 1,
    sweeps: int = 200,
    warmup: int = 100,
    start: float | str = 1.0,
    dynamics: str = "heat-bath",
    order: str = "typewriter",
    quality: float = 1.0,
    examples: int | None = None,
    protocol: str = "supervised",
    rho: float | None = None,
    survive: float | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Measurement:
    """Monte Carlo of a dense associative memory with interactions of P spins, O(K) per spin.

    Two models have this name. "distinct": every product is of P different spins,
    H = -(P - 1)! / (R^(P/2) N^(P-1)) sum over patterns of e_P(X s), with e_P the elementary
    symmetric polynomial (E. Gardner, J. Phys. A 20, 3453 (1987)). "overlap":
    H = -1 / (P R^(P/2) N^(P-1)) sum over patterns of (X s)^P (D. Krotov and J. J. Hopfield, 2016),
    whose lower powers add noise: at equal load it stores less. Patterns X, examples and R as for
    `hopfield`; with all examples stored (unsupervised) the energy is divided by M.

    Both are exact: the field on a spin is a polynomial of the overlap without this spin, and for
    P = 2 "distinct" makes the run of `hopfield`.

    Small systems hold less than theory says: use N >= 500 for P = 3 and N >= 110 for P = 4.

    Args:
        N: sites.
        P: spins in an interaction, at least 2.
        T: temperature, at least 0.
        gamma: load (P - 1)! K / N^(P - 1).
        K: archetypes; give this or `gamma`.
        interaction: "distinct" or "overlap".
        samples: as for `hopfield`, and so all that follow.
        replicas: runs of every sample.
        sweeps: measured.
        warmup: sweeps before them.
        start: overlap of the first state with the first archetype, or "stored": the sign of what
            is stored of it. An archetype behind much noise may lie outside the basin of that.
        dynamics: "heat-bath", "metropolis", "zero-temperature" or "parallel".
        order: "typewriter" or "random".
        quality: r of the examples.
        examples: M of every archetype.
        protocol: "supervised" or "unsupervised".
        rho: of normal class means, instead of quality and examples.
        survive: overlap above which a memory is kept.
        seed: of all random numbers.
        threads: samples at a time.
        progress: called with the number of finished samples and of all.

    Returns:
        a `Measurement`.

    Raises:
        ValueError: for a parameter outside its range, as P = 1.
        MemoryError: if the patterns do not fit into memory; found before they are drawn.

    >>> from axonal.hebbian import montecarlo
    >>> measured = montecarlo.dense(100, 3, gamma=0.05, T=0.2, samples=2, sweeps=20, warmup=10)
    >>> bool(measured.overlap > 0.95)
    True
    """
    whole_number("dense", "P", P, 2)
    whole_number("dense", "N", N, 2, 2**31 - 1)
    check_exact(N, P)
    unit = N ** (P - 1) / factorial(P - 1)
    K = _checks.patterns("dense", N, K, gamma, unit, "gamma")
    first_state = retrieval_start("dense", start)
    schedule = Schedule(
        "dense", T, samples, replicas, sweeps, warmup, first_state, dynamics, order, seed,
        threads, progress,
    )  # fmt: skip
    one_of("dense", "interaction", interaction, INTERACTIONS)
    examples, entropy = check_noise("dense", quality, examples, protocol, rho)
    supervised = protocol == "supervised"
    distinct = interaction == "distinct"
    disorder = partial(Disorder, N, K, 0.0, quality, examples, supervised, seed, rho=rho)
    first = disorder(0)
    entry = 4 if first.real else 1
    need = first.columns * (entry * N + 8 * (P + 1)) + 2 * min(BLOCK, N * first.columns)
    shape = f"{first.columns} patterns of {N} sites"
    _checks.memory(need, schedule.at_once, shape, "use a smaller load, N or number of threads")
    return simulate(
        schedule,
        disorder,
        partial(dense_setup, P=P, distinct=distinct),
        threshold=kept_above("dense", survive, N, T, P, entropy),
        examples=0,
        form="float32" if first.real else "int8",
    )
