"""Monte Carlo of normal class means, by number of patterns, and from several overlaps at once."""

import numpy as np
import pytest

from axonal.hebbian import DenseHopfield, Hopfield, MultitaskingHopfield, montecarlo
from axonal.hebbian.montecarlo._disorder import Disorder
from axonal.hebbian.montecarlo._start import check_start, retrieval_start

SHORT = {"samples": 2, "sweeps": 20, "warmup": 10, "threads": 1}


def test_the_entropy_stands_for_quality_and_examples():
    for given, known in [
        (Hopfield(rho=0.3), Hopfield(0.5, 10, noise="gaussian")),
        (DenseHopfield(4, rho=0.3), DenseHopfield(4, quality=0.5, examples=10, noise="gaussian")),
    ]:
        assert given.rho == pytest.approx(known.rho) and "rho=0.3" in repr(given)
        assert given.theory(0.01, 0.1).m == pytest.approx(float(known.theory(0.01, 0.1).m))
    assert Hopfield(rho=0.0).theory(0.1, 0.1).m == Hopfield().theory(0.1, 0.1).m
    for words, told in [
        ({"rho": 0.3, "quality": 0.5, "examples": 9}, "got both"),
        ({"rho": -1.0}, "finite rho >= 0"),
        ({"rho": 0.3, "protocol": "unsupervised"}, "by quality and examples"),
    ]:
        with pytest.raises(ValueError, match=told) as refusal:
            Hopfield(**words)
        assert "\n" not in str(refusal.value)
    with pytest.raises(ValueError, match="quality=r with examples=1"):
        DenseHopfield(4, rho=0.3).critical_examples(0.1, 0.1)


def test_normal_class_means_have_unit_variance_and_the_archetype_in_them():
    disorder = Disorder(20000, 3, 0.0, 1.0, 1, True, 7, 0, rho=0.5)
    kept, first = disorder.stored(3, packed=False)
    assert kept.dtype == np.float32
    np.testing.assert_allclose((kept**2).mean(0), 1, atol=0.03)
    np.testing.assert_allclose((kept.T * first).mean(1), 1 / np.sqrt(1.5), atol=0.02)
    g = (kept.T * np.sqrt(1.5) - first) / np.sqrt(0.5)
    np.testing.assert_allclose((g**4).mean(1), 3, atol=0.15)
    np.testing.assert_allclose(np.corrcoef(np.concatenate([g, first])) - np.eye(6), 0, atol=0.03)
    half = Disorder(10000, 3, 0.0, 1.0, 1, True, 7, 0, rho=0.5).stored(3, packed=False)[0]
    np.testing.assert_array_equal(half, kept[:10000])


@pytest.mark.parametrize("memory", [Hopfield(rho=0.2), DenseHopfield(3, rho=0.2)])
def test_normal_class_means_are_simulated(memory):
    load, N = (0.01, 1500) if memory.P == 2 else (0.02, 300)
    found = memory.simulate(load, 0.2, N=N, samples=6, sweeps=60, warmup=40, threads=1)
    assert found.form == "float32"
    assert abs(found.overlap - memory.theory(load, 0.2).m) < max(4 * found.overlap_error, 0.01)


def test_the_number_of_patterns_stands_for_the_load():
    memory = DenseHopfield(3)
    by_number = memory.simulate(T=0.3, N=200, K=800, **SHORT)
    by_load = memory.simulate(2 * 800 / 200**2, 0.3, N=200, **SHORT)
    assert by_number.overlap == by_load.overlap
    assert Hopfield().simulate(T=0.3, N=200, K=4, **SHORT).overlap > 0.9
    with pytest.raises(ValueError, match="either K or gamma"):
        memory.simulate(0.1, 0.3, N=200, K=800)
    with pytest.raises(TypeError, match=r"expects a temperature, T=0\.3"):
        memory.simulate(0.1, N=200)


def test_a_run_starts_at_what_is_stored():
    for disorder in (
        Disorder(500, 4, 0.0, 1.0, 1, True, 3, 0, rho=2.0),
        Disorder(500, 4, 0.0, 0.4, 5, True, 3, 0),
        Disorder(500, 4, 0.0, 0.4, 5, False, 3, 0),
        Disorder(500, 4, 0.0, 1.0, 1, True, 3, 0),
    ):
        kept, first = disorder.stored(1, packed=False)
        state = retrieval_start("hopfield", "stored")(disorder, first, 0)
        np.testing.assert_array_equal(state, np.where(kept[:, 0] > 0, 1, -1))
    memory = DenseHopfield(3, rho=8.0)
    runs = {"N": 500, "samples": 4, "sweeps": 30, "warmup": 30, "survive": -1.0, "threads": 1}
    found = memory.simulate(0.03, 0.1, start="stored", **runs)
    assert abs(found.overlap - memory.theory(0.03, 0.1).m) < 0.06
    with pytest.raises(ValueError, match="start as one of stored"):
        Hopfield().simulate(0.1, 0.1, N=100, start="pattern")


def test_several_overlaps_to_start_from():
    N, K, d = 4000, 3, 0.5
    settings = {"dilution": d, "T": 0.0, "samples": 1, "sweeps": 1, "warmup": 0, "threads": 1}
    xi = montecarlo.multitasking_archetypes(N, K, dilution=d).T
    disorder = Disorder(N, K, d, 1.0, 1, True, 0, 0)
    for wanted in ([0.1, -0.2, 0.3], [0.5, 0.25, 0.125], (0.0, 0.0, 0.4)):
        state = check_start(wanted, K)(disorder, xi, 0)
        assert set(np.unique(state)) == {-1, 1}
        np.testing.assert_allclose((xi * state).mean(1), wanted, atol=0.03)
    hierarchical = check_start("hierarchical", K)(disorder, xi, 0)
    np.testing.assert_allclose((xi * hierarchical).mean(1), [0.5, 0.25, 0.125], atol=0.03)
    for start in ("hierarchical", [0.2, 0.1, 0.0], np.array([0.2, 0.1, 0.0])):
        assert montecarlo.multitasking(N, K, start=start, **settings).overlap > 0
    network = MultitaskingHopfield(d, K)
    kept = network.simulate(0.1, N=N, start="hierarchical", samples=2, sweeps=40, threads=1)
    np.testing.assert_allclose(
        np.abs(kept.archetype_overlaps.mean((0, 1))), network.theory(0.1).m, atol=0.04
    )
    for start, told in [
        ([0.5, 0.5], "3 overlaps for K = 3"),
        ([0.9, 0.9, 0.9], "more than any state has"),
        ([0.1, 2.0, 0.0], "from -1 to 1"),
        ("parallel", "start as one of hierarchical"),
        (None, "start as an overlap"),
        ([float("nan"), 0.0, 0.0], "from -1 to 1"),
    ]:
        with pytest.raises(ValueError, match=told) as refusal:
            montecarlo.multitasking(N, K, start=start, **settings)
        assert "\n" not in str(refusal.value)
