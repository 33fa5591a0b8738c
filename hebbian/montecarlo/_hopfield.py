"""Monte Carlo of the Hopfield model, plain and from noisy examples."""

import math
from functools import partial

import numpy as np

from axonal._base.array_types import Int8Array
from axonal._base.checks import number, one_of, whole_number
from axonal.hebbian.montecarlo import _checks, _cost_model, _make_representation
from axonal.hebbian.montecarlo._disorder import BLOCK, Disorder
from axonal.hebbian.montecarlo._measurement import Measurement
from axonal.hebbian.montecarlo._sampler import simulate
from axonal.hebbian.montecarlo._schedule import Progress, Schedule
from axonal.hebbian.montecarlo._start import retrieval_start

FORMS = ("auto", "patterns", "bits", "int8", "matrix")

KEPT = 0.7
"""A memory is kept above this share of the overlap at zero load."""


def zero_load(T: float, P: int, rho: float) -> float:
    """Overlap with one of few archetypes: m erf(1 / sqrt(2 rho)), m = tanh(m^(P - 1) / T)."""
    m = 1.0
    for _ in range(10000):
        new = math.tanh(m ** (P - 1) / T) if T else 1.0
        if abs(new - m) < 1e-12:
            break
        m = new
    ceiling = math.erf(1 / math.sqrt(2 * rho)) if rho else 1.0
    return m * ceiling


def kept_above(who: str, survive: float | None, N: int, T: float, P: int, rho: float) -> float:
    """The overlap above which a memory counts as kept, given or by default."""
    if survive is not None:
        number(who, "survive", survive, -1, 1)
        return survive
    # Nothing can be kept where no overlap is above that of random states.
    return max(KEPT * zero_load(T, P, rho), 4 / math.sqrt(N))


def check_noise(
    who: str, quality: float, examples: int | None, protocol: str, rho: float | None = None
) -> tuple[int, float]:
    """Check what describes the examples; returns M and the entropy rho = (1 - r^2) / (M r^2)."""
    if rho is not None:
        number(who, "rho", rho, 0)
        if quality != 1 or examples is not None or protocol != "supervised":
            raise ValueError(
                f"{who} of rho = {rho:g} stores normal class means: give it alone, or"
                " quality, examples and protocol, from which it follows."
            )
        return 1, rho
    number(who, "quality", quality, 0, 1, open_low=True)
    one_of(who, "protocol", protocol, _checks.PROTOCOLS)
    if examples is None:
        if quality < 1:
            raise ValueError(
                f"{who} of quality {quality:g} stores noisy examples: say how many, examples=M."
            )
        examples = 1
    whole_number(who, "examples", examples, 1)
    return examples, (1 - quality**2) / (examples * quality**2)


def choose(form: str, disorder: Disorder, schedule: Schedule, *, binary: bool) -> str:
    """The form to use, if there is memory for it.

    Args:
        form: one of `FORMS`.
        disorder: any sample.
        schedule: how often it is visited, and how many samples lie in memory at a time.
        binary: whether patterns are +-1.
    """
    N, K, threads = disorder.N, disorder.columns, schedule.at_once
    one_of(schedule.who, "form", form, FORMS)
    shape = f"{K} patterns of {N} sites"
    drawn = 2.0 * min(BLOCK, N * K)
    if disorder.real:
        if form not in ("auto", "patterns"):
            raise ValueError(
                f"form={form!r} holds integers, and supervised patterns are means of examples; use "
                'form="patterns" or protocol="unsupervised".'
            )
        _checks.memory(4.0 * N * K + drawn, threads, shape, "use fewer patterns or threads")
        return "float32"
    if form == "bits" and not binary:
        raise ValueError('form="bits" holds patterns of +-1, and diluted ones have zeros too.')
    sweeps = (schedule.sweeps + schedule.warmup) * schedule.replicas
    costs = _cost_model.costs(N, K, schedule.T, sweeps, binary=binary)
    sizes = {n: s + drawn for n, s in _cost_model.sizes(N, K, binary=binary).items()}
    if form == "auto":
        fits = [n for n in costs if _checks.fits(sizes[n], threads)]
        form = min(fits or [min(sizes, key=sizes.__getitem__)], key=costs.__getitem__)
    elif form == "patterns":
        form = min((n for n in costs if n != "matrix"), key=costs.__getitem__)
    advice = 'form="bits" needs least' if binary and form != "bits" else "use fewer patterns"
    _checks.memory(sizes[form], threads, shape, advice)
    return form


def quadratic_setup(
    disorder: Disorder, *, form: str, factor: float, targets: int, examples: bool
) -> tuple[_make_representation.Representation, Int8Array]:
    """Form and targets of a sample with the quadratic energy.

    Args:
        disorder: the sample.
        form: "bits", "int8", "matrix" or "float32".
        factor: of the energy beside 1 / N, for patterns of variance one.
        targets: archetypes to follow.
        examples: whether to follow all examples of these as well.
    """
    kept, first = disorder.stored(targets, packed=form == "bits")
    unit = factor / disorder.N
    if disorder.noisy and not disorder.real:
        unit /= disorder.examples * disorder.variance
    if examples:
        first = np.concatenate([first, np.ascontiguousarray(kept.T[: targets * disorder.examples])])
    if form == "bits":
        return _make_representation.bits(kept, disorder.columns, unit), first
    if form == "matrix":
        return _make_representation.couplings(kept, unit), first
    return _make_representation.quadratic(kept, unit), first


def hopfield(
    N: int,
    *,
    T: float,
    alpha: float | None = None,
    K: int | None = None,
    samples: int = 10,
    replicas: int = 1,
    sweeps: int = 200,
    warmup: int = 100,
    start: float | str = 1.0,
    dynamics: str = "heat-bath",
    order: str = "typewriter",
    form: str = "auto",
    quality: float = 1.0,
    examples: int | None = None,
    protocol: str = "supervised",
    rho: float | None = None,
    survive: float | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Measurement:
    """Monte Carlo of the Hopfield model in pattern space, O(K) per spin.

    H = -1/(2 N R) sum over pairs i != j and patterns of X_i X_j s_i s_j. The patterns X are K
    archetypes of +-1, or, for quality r < 1, noisy examples of them (every sign kept with
    probability (1 + r) / 2): the means of the M examples of each archetype (supervised), or all
    K M examples with a factor 1 / M (unsupervised); R = r^2 + (1 - r^2) / M.
    D. J. Amit, H. Gutfreund and H. Sompolinsky, Ann. Phys. 173, 30 (1987).

    A run that starts in the first archetype measures the metastable state that AGS call retrieval.
    Within some 5 % of its spinodal T_M, runs of any affordable size are lost now and then: look at
    `survival`, and compare with theory at T <= 0.9 T_M.

    Args:
        N: sites.
        T: temperature, at least 0. At T = 0 a spin turns if that lowers the energy; a field of
            zero keeps it.
        alpha: load K / N.
        K: archetypes; give this or `alpha`.
        samples: draws of the disorder.
        replicas: runs of every draw.
        sweeps: measured, of N visits each.
        warmup: sweeps before them.
        start: overlap of the first state with the first archetype, or "stored": the sign of what
            is stored of it. An archetype behind much noise may lie outside the basin of that.
        dynamics: "heat-bath" (Glauber), "metropolis", "zero-temperature", all one spin at a time;
            or "parallel": all spins turn at once by the heat bath. This is Little's dynamics, which
            samples another Hamiltonian, -T sum ln 2 cosh(h_i / T), and may end in cycles of two
            states: compare it with AGS theory at T = 0 only, where fixed points are the same.
            W. A. Little, Math. Biosci. 19, 101 (1974).
        order: "typewriter" (sites in turn) or "random" (N sites drawn a sweep).
        form: "bits" (patterns bit-packed, overlaps in binary digits), "int8", "matrix" (the N^2
            couplings: only spins that turn cost), "patterns" (the cheaper of the first two) or
            "auto" (the cheapest of all for this many sweeps). All give the same run, number by
            number. Means of examples are held in float32.
        quality: r, from 0 (excluded) to 1.
        examples: M of every archetype, at least 1; None for clean patterns.
        protocol: "supervised" or "unsupervised".
        rho: entropy (1 - r^2) / (M r^2), at least 0, instead of quality and examples: the stored
            class means are those of many examples, (archetype + sqrt(rho) g) / sqrt(1 + rho).
        survive: overlap above which a memory is kept; by default 0.7 of the one at zero load.
        seed: of all random numbers, 0 to 2^64 - 1.
        threads: samples at a time, which changes no result; by default torch's number of threads
            where torch is loaded, otherwise OMP_NUM_THREADS or the number of cores.
        progress: called with the number of finished samples and of all.

    Returns:
        a `Measurement`.

    Raises:
        ValueError: for a parameter outside its range, or a form that cannot hold the patterns.
        MemoryError: if the patterns do not fit into memory; found before they are drawn.

    >>> from axonal.hebbian import montecarlo
    >>> measured = montecarlo.hopfield(500, alpha=0.02, T=0.3, samples=4, sweeps=50, warmup=20)
    >>> bool(abs(measured.overlap - 0.9958) < 0.01), measured.survival
    (True, 1.0)
    """
    K = _checks.patterns("hopfield", N, K, alpha, N, "alpha")
    first = retrieval_start("hopfield", start)
    schedule = Schedule(
        "hopfield", T, samples, replicas, sweeps, warmup, first, dynamics, order, seed,
        threads, progress,
    )  # fmt: skip
    examples, entropy = check_noise("hopfield", quality, examples, protocol, rho)
    supervised = protocol == "supervised"
    disorder = partial(Disorder, N, K, 0.0, quality, examples, supervised, seed, rho=rho)
    chosen = choose(form, disorder(0), schedule, binary=True)
    return simulate(
        schedule,
        disorder,
        partial(quadratic_setup, form=chosen, factor=1.0, targets=1, examples=False),
        threshold=kept_above("hopfield", survive, N, T, 2, entropy),
        examples=0,
        form=chosen,
    )
