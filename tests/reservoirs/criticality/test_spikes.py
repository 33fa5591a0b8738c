"""Measures of spikes: by hand, and on processes whose criticality is known."""

import math
from typing import Any

import numpy as np
import pytest

from axonal._base import extras
from axonal.reservoirs.criticality import (
    avalanches,
    branching_factor,
    branching_ratio,
    power_law,
)


def branching_process(m: float, steps: int, seed: int = 0, rate: float = 10.0) -> np.ndarray:
    """Spikes whose offspring and immigrants are Poisson numbers."""
    generator = np.random.default_rng(seed)
    a = np.empty(steps, np.int64)
    a[0] = rate / (1 - m)
    for t in range(1, steps):
        a[t] = generator.poisson(m * a[t - 1] + rate)
    return a


def slow_branching_factor(
    raster: np.ndarray, pre: list[int], post: list[int], w: int, start: int, stop: int
) -> float:
    """The definition, spike by spike."""
    means = []
    for i in range(raster.shape[1]):
        targets = [b for a, b in zip(pre, post, strict=True) if a == i]
        sources = [a for a, b in zip(pre, post, strict=True) if b == i]
        found = [
            raster[t + 1 : t + w + 1, targets].sum() / max(1, raster[t - w : t, sources].sum())
            for t in range(start + w, stop - w)
            if raster[t, i]
        ]
        if found:
            means.append(np.mean(found))
    return float(np.mean(means))


def test_a_chain_of_spikes_has_a_factor_of_one() -> None:
    raster = np.zeros((40, 30))
    raster[np.arange(30) + 5, np.arange(30)] = 1
    chain = np.arange(30)
    assert branching_factor(raster, chain[:-1], chain[1:]) == pytest.approx(29 / 30)
    # a silent past counts as one: the first neuron has no source, and two targets
    raster = np.zeros((9, 3))
    raster[4, 0] = raster[5, 1] = raster[5, 2] = 1
    assert branching_factor(raster, [0, 0], [1, 2]) == 2


def test_the_factor_is_that_of_the_definition() -> None:
    generator = np.random.default_rng(0)
    raster = (generator.random((60, 12)) < 0.2).astype(int)
    pre, post = generator.integers(0, 12, (2, 40)).tolist()
    for w, start, stop in ((4, 0, 60), (2, 10, 45)):
        expected = slow_branching_factor(raster, pre, post, w, start, stop)
        found = branching_factor(raster, pre, post, window=w, start=start, stop=stop)
        assert found == pytest.approx(expected, rel=1e-12)


def test_silence_has_no_factor() -> None:
    assert math.isnan(branching_factor(np.zeros((20, 3)), [0], [1]))


@pytest.mark.parametrize("m", [0.9, 0.98])
@pytest.mark.parametrize("seen", [1.0, 0.1])
def test_the_ratio_is_found_although_most_neurons_are_not_seen(m: float, seen: float) -> None:
    full = branching_process(m, 50_000)
    part = np.random.default_rng(1).binomial(full, seen)
    found = branching_ratio(part, lags=60)
    assert found.ratio == pytest.approx(m, abs=0.015)
    assert found.time_constant == pytest.approx(-1 / math.log(found.ratio))
    # one slope alone is misled by what is not seen
    assert (found.slopes[0] < m - 0.05) == (seen < 1)


def test_activity_without_memory_has_no_ratio() -> None:
    with pytest.raises(ValueError, match=r"finds no exponential decay .* has no memory"):
        branching_ratio(np.random.default_rng(0).poisson(5, 3000), lags=30)


def test_avalanches_lie_between_silences_and_cut_ones_are_left_out() -> None:
    found = avalanches([3, 1, 0, 2, 2, 2, 0, 0, 1, 0, 5])
    assert found.sizes.tolist() == [6, 1]
    assert found.durations.tolist() == [3, 1]
    binned = avalanches([0, 0, 1, 1, 1, 0, 0, 0, 9], bin_steps=2)
    assert (binned.sizes.tolist(), binned.durations.tolist()) == ([3], [2])
    raster = np.array([[0, 0], [1, 1], [0, 1], [0, 0]])
    assert avalanches(raster).sizes.tolist() == [3]
    assert avalanches(np.ones(5)).sizes.tolist() == []


def test_critical_branching_has_avalanches_of_the_exponent_three_halves() -> None:
    generator, sizes = np.random.default_rng(0), []
    for _ in range(3000):
        active = size = 1
        while active and size < 10_000:
            active = int(generator.poisson(active))
            size += active
        sizes.append(size)
    found = power_law(sizes, smallest=10, largest=5000)
    assert found.exponent == pytest.approx(1.5, abs=0.1)
    assert found.over_exponential > 0 and found.exponential_p < 0.01


@pytest.mark.parametrize("exponent", [1.8, 2.5])
def test_an_exponent_is_recovered(exponent: float) -> None:
    whole = np.random.default_rng(3).zipf(exponent, 3000)
    found = power_law(whole, smallest=1)
    assert found.exponent == pytest.approx(exponent, abs=4 * found.error)
    assert (found.smallest, found.tail, found.distance < 0.03) == (1, 3000, True)
    real = 1 + np.random.default_rng(3).pareto(exponent - 1, 3000)
    assert power_law(real, smallest=1.0).exponent == pytest.approx(exponent, abs=0.1)


def test_an_exponential_law_is_told_from_a_power_law() -> None:
    found = power_law(np.random.default_rng(0).geometric(0.1, 1000), smallest=1)
    assert found.over_exponential < 0 and found.exponential_p < 0.01


def test_without_the_library_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(extras.importlib, "import_module", absent)
    with pytest.raises(ImportError, match=r"power laws need powerlaw.*'axonal\[reservoirs\]'"):
        power_law(np.arange(1, 100))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: branching_factor(np.ones((20, 3)), [0, 3], [1, 1]), "pre from 0 to 2, .* 0 to 3"),
        (lambda: branching_factor(np.ones((20, 3)), [0], [1, 1]), "one length, got 1 and 2"),
        (lambda: branching_factor(np.ones((8, 3)), [0], [1]), "more than 8 steps, .* got 8 from 0"),
        (lambda: branching_factor(np.full((20, 3), np.nan), [0], [1]), "finite raster"),
        (lambda: branching_ratio(np.ones(100), 10), "activity that changes, got 1 in every step"),
        (lambda: branching_ratio(np.arange(20), 10), "three steps per lag, got 20 steps for 10"),
        (lambda: avalanches([1, -1]), "numbers of spikes >= 0 in activity, got -1"),
        (lambda: power_law([1, 2, 3]), r"at least 50 values \[A\], got \(3,\)"),
        (lambda: power_law(np.arange(60)), "finite values > 0, got 0"),
        (lambda: power_law(np.ones(60)), "values that differ, got 60 times 1.0"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)
