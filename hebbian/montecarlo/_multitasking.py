"""Monte Carlo of the multitasking network: few diluted patterns, retrieved at once."""

from collections.abc import Sequence
from functools import partial

from axonal._base.array_types import Int8Array
from axonal._base.checks import number
from axonal._base.checks import seed as check_seed
from axonal.hebbian.montecarlo import _checks
from axonal.hebbian.montecarlo._disorder import Disorder
from axonal.hebbian.montecarlo._hopfield import check_noise, choose, quadratic_setup
from axonal.hebbian.montecarlo._measurement import Measurement
from axonal.hebbian.montecarlo._sampler import simulate
from axonal.hebbian.montecarlo._schedule import Progress, Schedule
from axonal.hebbian.montecarlo._start import check_start

FOLLOWED = 256
"""Examples whose overlaps are measured at most: each costs a product with all spins a sweep."""


def multitasking_archetypes(
    N: int, K: int, *, dilution: float, seed: int = 0, sample: int = 0
) -> Int8Array:
    """Archetypes that `multitasking` draws, to count how often each column occurs.

    The equations of the model with these counts in the place of probabilities describe one sample;
    with probabilities they are off by O(1 / sqrt(N)), which a soft direction amplifies.

    Args:
        N: sites.
        K: archetypes.
        dilution: d, probability of an entry 0.
        seed: of all random numbers.
        sample: number of the sample.

    Returns:
        [N, K] int8 of -1, 0 and 1.

    >>> multitasking_archetypes(4, 2, dilution=0.5).shape
    (4, 2)
    """
    who = "multitasking_archetypes"
    K = _checks.patterns(who, N, K, None, N, "alpha")
    number(who, "dilution", dilution, 0, 1)
    check_seed(who, seed)
    return Disorder(N, K, dilution, 1.0, 1, True, seed, sample).archetypes(0, N)


def multitasking(
    N: int,
    K: int,
    *,
    dilution: float,
    T: float,
    samples: int = 10,
    replicas: int = 1,
    sweeps: int = 200,
    warmup: int = 100,
    start: float | str | Sequence[float] = 1.0,
    dynamics: str = "heat-bath",
    order: str = "typewriter",
    quality: float = 1.0,
    examples: int | None = None,
    protocol: str = "supervised",
    survive: float = -1.0,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Measurement:
    """Monte Carlo of the Hopfield model with diluted patterns and a finite number of them.

    H = -1 / (2 (1 - d) R N) sum over pairs i != j and patterns of X_i X_j s_i s_j, with entries +-1
    of probability (1 - d) / 2 each and 0 of probability d; noise leaves zeros as they are. The
    factor 1 / (1 - d) puts the critical temperature at 1. Blanks of one pattern are free for the
    next: several are retrieved at once.
    E. Agliari et al., Phys. Rev. Lett. 109, 268101 (2012).

    The first state is the first archetype, with random spins at its blanks. Which order the other
    overlaps then take depends on the sample: compare them with theory without signs, and sorted.

    Args:
        N: sites.
        K: archetypes.
        dilution: d, from 0 to 1 (excluded).
        T: temperature, at least 0.
        samples: as for `hopfield`, and so all that follow.
        replicas: runs of every sample.
        sweeps: measured.
        warmup: sweeps before them.
        start: overlap of the first state with the first archetype, over sites without blanks; or
            the overlaps m with all K, over all sites; or "hierarchical": every spin is that of the
            first archetype which is not blank there.
        dynamics: "heat-bath", "metropolis", "zero-temperature" or "parallel".
        order: "typewriter" or "random".
        quality: r of the examples.
        examples: M of every archetype.
        protocol: "supervised" or "unsupervised"; the latter follows the overlaps with all
            examples (up to 256 of them), which are unequal where r^2 M is small.
        survive: overlap with the first archetype above which a run counts; by default all do,
            because few patterns have no spinodal of loss.
        seed: of all random numbers.
        threads: samples at a time.
        progress: called with the number of finished samples and of all.

    Returns:
        a `Measurement`, with the overlaps with all K archetypes.

    Raises:
        ValueError: for a parameter outside its range, or overlaps that no state has.
        MemoryError: if the patterns do not fit into memory; found before they are drawn.

    >>> from axonal.hebbian import montecarlo
    >>> measured = montecarlo.multitasking(2000, 2, dilution=0.3, T=0.05, samples=2)
    >>> measured.archetype_overlaps.shape
    (2, 1, 2)
    """
    K = _checks.patterns("multitasking", N, K, None, N, "alpha")
    number("multitasking", "dilution", dilution, 0, 1)
    if dilution == 1:
        raise ValueError(
            "multitasking expects a dilution below 1, got 1, at which all patterns are blank."
        )
    first_state = check_start(start, K)
    schedule = Schedule(
        "multitasking", T, samples, replicas, sweeps, warmup, first_state, dynamics, order, seed,
        threads, progress,
    )  # fmt: skip
    number("multitasking", "survive", survive, -1, 1)
    examples, _ = check_noise("multitasking", quality, examples, protocol)
    supervised = protocol == "supervised"
    disorder = partial(Disorder, N, K, dilution, quality, examples, supervised, seed)
    first = disorder(0)
    chosen = choose("patterns", first, schedule, binary=not dilution)
    follow = first.noisy and not supervised and first.columns <= FOLLOWED
    setup = partial(
        quadratic_setup,
        # Bits are for many patterns, and examples are read from bytes.
        form="int8" if chosen == "bits" else chosen,
        factor=1 / (1 - dilution),
        targets=K,
        examples=follow,
    )
    return simulate(
        schedule,
        disorder,
        setup,
        threshold=survive - 1e-9,
        examples=examples if follow else 0,
        form="int8" if chosen == "bits" else chosen,
    )
