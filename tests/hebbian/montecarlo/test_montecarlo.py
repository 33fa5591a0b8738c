"""Simulations meet theory, tell lost memories from kept ones, and do not depend on threads."""

import math
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers import ROOT
from numpy.typing import NDArray

from axonal.hebbian import montecarlo
from axonal.hebbian.montecarlo import Measurement, _sampler


def same(a: Measurement, b: Measurement, *, but: tuple[str, ...] = ()) -> bool:
    """Whether two measurements are equal number by number."""
    return all(
        np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True)
        for name in vars(a)
        if name not in (*but, "form") and getattr(a, name) is not None
    )


# AGS at the replica-symmetric saddle point; P = 3 and 4 at gamma below 0.8 of its spinodal.
SAFE = [
    ({"N": 4000, "alpha": 0.08, "T": 0.3, "samples": 8, "warmup": 100}, 0.979182),
    ({"N": 4000, "alpha": 0.05, "T": 0.3, "samples": 8}, 0.991165),
    ({"N": 4000, "alpha": 0.02, "T": 0.5, "samples": 8}, 0.945004),
    ({"N": 4000, "alpha": 0.10, "T": 0.1, "samples": 8}, 0.996751),
]


@pytest.mark.parametrize(("point", "theory"), SAFE)
def test_the_hopfield_model_agrees_with_ags_where_memories_are_safe(
    point: dict[str, Any], theory: float
) -> None:
    found = montecarlo.hopfield(**point, seed=11)
    assert found.survival == 1
    assert found.overlap_error < 2e-3
    assert abs(found.overlap - theory) < 4 * found.overlap_error


@pytest.mark.slow
def test_dense_memories_agree_with_theory_and_overlaps_store_less_than_distinct_products() -> None:
    found = montecarlo.dense(500, 3, gamma=0.10, T=0.3, samples=8, seed=3)
    # m = <tanh((m^2 + s z) / T)>, s^2 = gamma q^2
    assert abs(found.overlap - dense_theory(3, 0.10, 0.3)) < max(4 * found.overlap_error, 3e-3)
    point = {"gamma": 0.135, "T": 0.2, "samples": 6, "seed": 1}
    distinct = montecarlo.dense(100, 4, **point)
    overlap = montecarlo.dense(100, 4, interaction="overlap", **point)
    assert distinct.survival > overlap.survival
    assert distinct.overlaps.mean() > overlap.overlaps.mean() + 0.2


def dense_theory(P: int, gamma: float, T: float) -> float:
    """Iterate the equations of the distinct model from m = 1, far from its spinodal."""
    z = np.linspace(-9, 9, 4001)
    weight = np.exp(-z * z / 2) / np.exp(-z * z / 2).sum()
    m = q = 1.0
    for _ in range(500):
        field = np.tanh((m ** (P - 1) + math.sqrt(gamma * q ** (P - 1)) * z) / T)
        m, q = float(weight @ field), float(weight @ field**2)
    return m


def test_dense_with_two_spins_is_the_hopfield_model() -> None:
    point = {"K": 30, "T": 0.4, "samples": 2, "sweeps": 20, "warmup": 5, "seed": 2}
    assert same(montecarlo.dense(300, 2, **point), montecarlo.hopfield(300, **point))


@pytest.mark.parametrize("protocol", ["supervised", "unsupervised"])
def test_perfect_examples_change_nothing_and_one_example_has_no_protocol(protocol: str) -> None:
    point = {"K": 20, "T": 0.3, "samples": 2, "sweeps": 20, "warmup": 5}
    plain = montecarlo.hopfield(200, **point)
    assert same(montecarlo.hopfield(200, quality=1, examples=1, protocol=protocol, **point), plain)
    assert same(montecarlo.hopfield(200, quality=1, examples=7, protocol=protocol, **point), plain)
    noisy = montecarlo.hopfield(200, quality=0.9, examples=1, protocol=protocol, **point)
    other = montecarlo.hopfield(200, quality=0.9, examples=1, protocol="unsupervised", **point)
    assert same(noisy, other)
    assert noisy.overlap < plain.overlap


def test_noisy_examples_agree_with_theory() -> None:
    # alpha = 0.02, T = 0.05, r = 0.5, M = 60: rho = 0.05; both protocols retrieve.
    point = {"alpha": 0.02, "T": 0.05, "quality": 0.5, "examples": 60, "samples": 4}
    found = montecarlo.hopfield(1000, **point)
    assert found.form == "float32"
    assert found.overlap == pytest.approx(0.9996, abs=2e-3)
    assert montecarlo.hopfield(1000, protocol="unsupervised", **point).overlap > 0.99


def test_few_noisy_examples_are_retrieved_as_one_of_them() -> None:
    # K = 1, r = 0.3, M = 2: unsupervised learning breaks the symmetry of the examples.
    found = montecarlo.multitasking(
        5000, 1, dilution=0.3, T=0.05, quality=0.3, examples=2, protocol="unsupervised", samples=1
    )
    assert found.example_overlaps is not None
    lower, higher = sorted(np.abs(found.example_overlaps[0, 0, 0]) / 0.7)
    assert higher > 0.95
    assert lower < 0.3


def sample_theory(
    rows: NDArray[np.int8], dilution: float, T: float, start: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Solve m = E[xi tanh(xi m / (T (1 - d)))] over the columns that this sample has.

    Returns the solution next to the start and the smallest eigenvalue of its Hessian.
    """
    columns, counts = np.unique(rows, axis=0, return_counts=True)
    share, gain = counts / counts.sum(), 1 / (T * (1 - dilution))
    m = start.copy()
    for _ in range(4000):
        m += 0.5 * (share @ (columns * np.tanh(gain * (columns @ m))[:, None]) - m)
    slope = share * (1 - np.tanh(gain * (columns @ m)) ** 2)
    hessian = np.eye(len(m)) - gain * (columns * slope[:, None]).T @ columns
    return m, float(np.linalg.eigvalsh(hessian).min())


@pytest.mark.parametrize(
    ("K", "dilution", "T"), [(2, 0.3, 0.2), (3, 0.5, 0.05), (3, 0.8, 0.3), (5, 0.8, 0.05)]
)
def test_multitasking_agrees_with_the_theory_of_each_sample(
    K: int, dilution: float, T: float
) -> None:
    found = montecarlo.multitasking(
        5000, K, dilution=dilution, T=T, samples=4, sweeps=2000, warmup=500, seed=5
    )
    compared = 0
    for sample in range(4):
        rows = montecarlo.multitasking_archetypes(5000, K, dilution=dilution, seed=5, sample=sample)
        measured = found.archetype_overlaps[sample, 0]
        theory, stiffness = sample_theory(rows, dilution, T, measured)
        # Along a soft direction, fluctuations shift the mean by 1 / (N stiffness^2); and a run that
        # moved from one state to another is the measurement of none.
        if stiffness > 0.2 and found.autocorrelation_times[sample, 0] < 20:
            np.testing.assert_allclose(measured, theory, atol=3e-3)
            compared += 1
    assert compared >= 3


@pytest.mark.parametrize(("lam", "kept"), [(0.36, 0.0), (0.45, 1.0)])
def test_the_exponential_memory_retrieves_above_its_threshold_only(lam: float, kept: float) -> None:
    # N = 48, alpha = 0.25, m0 = 0.79: the threshold is at lam = 0.42.
    found = montecarlo.exponential(48, alpha=0.25, lam=lam, m0=0.79, samples=3)
    assert found.survival == kept
    assert found.patterns == 162755
    assert found.overlap == 1 if kept else math.isnan(found.overlap)


def test_the_spherical_exponential_memory_needs_its_own_threshold() -> None:
    weak = montecarlo.exponential(
        40, alpha=0.25, lam=0.2, m0=0.8, thresholds="spherical", samples=3
    )
    strong = montecarlo.exponential(
        40, alpha=0.25, lam=0.8, m0=0.8, thresholds="spherical", samples=3
    )
    assert (weak.survival, strong.survival) == (0, 1)
    assert strong.start == pytest.approx(0.8)


@pytest.mark.parametrize(
    "simulate",
    [
        lambda threads: montecarlo.hopfield(
            200, K=15, T=0.3, samples=5, replicas=2, sweeps=20, threads=threads
        ),
        lambda threads: montecarlo.hopfield(
            100, K=5, T=0.2, quality=0.8, examples=4, samples=4, sweeps=120, threads=threads
        ),
        lambda threads: montecarlo.dense(
            60, 3, K=100, T=0.2, samples=4, sweeps=10, order="random", threads=threads
        ),
        lambda threads: montecarlo.multitasking(
            200, 3, dilution=0.4, T=0.1, samples=4, sweeps=10, threads=threads
        ),
    ],
    ids=["hopfield", "supervised", "dense", "multitasking"],
)
def test_the_number_of_threads_changes_nothing(simulate: Callable[[int], Measurement]) -> None:
    assert same(simulate(1), simulate(2))


def test_all_forms_measure_the_same() -> None:
    point = {"K": 40, "T": 0.5, "samples": 2, "replicas": 2, "sweeps": 30, "warmup": 10}
    results = [
        montecarlo.hopfield(250, form=form, **point)
        for form in ("bits", "int8", "matrix", "patterns", "auto")
    ]
    assert [r.form for r in results[:3]] == ["bits", "int8", "matrix"]
    assert all(same(results[0], other) for other in results[1:])


def test_parallel_dynamics_has_no_order_and_may_end_in_a_cycle_of_two_states() -> None:
    point = {"K": 20, "T": 0.4, "samples": 2, "sweeps": 20, "dynamics": "parallel"}
    ordered = montecarlo.hopfield(200, **point)
    assert same(ordered, montecarlo.hopfield(200, order="random", **point))
    # Two coupled spins that disagree both turn, for ever.
    swapped = montecarlo.hopfield(2, K=1, T=0, start=0.0, samples=16, sweeps=6, dynamics="parallel")
    assert swapped.acceptance > 0


def test_replicas_share_patterns_and_differ_in_noise() -> None:
    found = montecarlo.hopfield(300, K=10, T=0.5, samples=2, replicas=2, sweeps=30)
    assert found.overlaps.shape == (2, 2)
    assert found.overlaps[0, 0] != found.overlaps[0, 1]
    other = montecarlo.hopfield(300, K=10, T=0.5, samples=2, replicas=1, sweeps=30)
    assert np.array_equal(other.overlaps[:, 0], found.overlaps[:, 0])


def test_a_walk_does_not_depend_on_how_many_sweeps_run_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    point = {"K": 20, "T": 0.4, "samples": 1, "sweeps": 40, "warmup": 7}
    whole = montecarlo.hopfield(200, **point)
    monkeypatch.setattr(_sampler, "CHUNK", 3)
    assert same(montecarlo.hopfield(200, **point), whole)


def test_lost_memories_are_counted_and_never_averaged_with_kept_ones() -> None:
    # alpha = 0.1, T = 0.3 is at 0.95 T_M: about half of all runs of 1500 spins are lost.
    found = montecarlo.hopfield(1500, alpha=0.1, T=0.3, samples=24, sweeps=300, seed=1)
    assert 0.2 < found.survival < 0.9
    assert found.overlap > 0.9
    assert found.overlaps[~found.survived].min() < 0.8
    assert found.overlap == pytest.approx(found.overlaps[found.survived].mean())


def test_far_beyond_the_spinodal_nothing_survives_and_no_mean_is_given() -> None:
    found = montecarlo.hopfield(500, alpha=0.3, T=0.5, samples=3, warmup=200)
    assert found.survival == 0
    assert math.isnan(found.overlap)
    assert found.survival_error > 0
    hot = montecarlo.hopfield(2000, alpha=0.05, T=1.5, samples=3)
    assert hot.survival == 0


def test_energy_is_that_of_the_hamiltonian_without_its_diagonal() -> None:
    # One pattern at T = 0: s = X, so that H / N = -(1 - 1 / N) / 2.
    found = montecarlo.hopfield(100, K=1, T=0, samples=1, sweeps=3)
    assert found.energy == pytest.approx(-0.495)
    dense = montecarlo.dense(100, 3, K=1, T=0, samples=1, sweeps=3)
    # -(2! / N^2) binomial(N, 3) / N
    assert dense.energy == pytest.approx(-2 * math.comb(100, 3) / 100**3)
    power = montecarlo.dense(100, 4, K=1, T=0, interaction="overlap", samples=1, sweeps=3)
    assert power.energy == pytest.approx(-1 / 4)


def test_progress_is_told_after_every_sample() -> None:
    told: list[tuple[int, int]] = []
    montecarlo.hopfield(
        50, K=2, T=0.2, samples=3, sweeps=2, threads=2, progress=lambda *n: told.append(n)
    )
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_an_interrupt_ends_a_long_run_in_threads_soon() -> None:
    script = (
        "from axonal.hebbian import montecarlo\n"
        "montecarlo.hopfield(50, K=2, T=.2, samples=2, sweeps=2, threads=2)\n"
        "print('ready', flush=True)\n"
        "montecarlo.hopfield(50, K=2, T=.2, samples=4, sweeps=10**7, threads=2)\n"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(ROOT / "src")},
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "ready\n"
    time.sleep(0.5)
    run.send_signal(signal.SIGINT)
    _, errors = run.communicate(timeout=200)
    assert "KeyboardInterrupt" in errors
