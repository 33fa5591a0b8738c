"""Wirings: numbers of synapses, distances, signs, spectral radius."""

import numpy as np
import pytest

from axonal._base import memory
from axonal.reservoirs import topology


@pytest.mark.slow
def test_a_grid_has_the_synapses_that_its_law_expects():
    for side, expected in ((10, 16_722), (20, 178_349)):
        wiring = topology.grid((side,) * 3, seed=2)
        assert abs(len(wiring.pre) - expected) < 5 * np.sqrt(expected)
        assert not np.any(wiring.pre == wiring.post)
        pairs = wiring.pre.astype(np.int64) * wiring.neurons + wiring.post
        assert len(np.unique(pairs)) == len(pairs)
        assert np.all(np.diff(pairs) > 0)


def test_the_law_of_a_pair_is_that_of_its_source_first():
    laws = {"EE": 0.0, "EI": 1.0, "IE": 0.0, "II": 0.0}
    wiring = topology.grid((6, 6, 6), seed=0, laws=laws)
    assert len(wiring.pre)
    assert wiring.excitatory[wiring.pre].all()
    assert not wiring.excitatory[wiring.post].any()


def test_near_neurons_are_joined_more_often():
    wiring = topology.grid((8, 8, 8), seed=0)
    distance = np.linalg.norm(wiring.positions[wiring.pre] - wiring.positions[wiring.post], axis=1)
    assert np.median(distance) < 3.5
    assert distance.max() < 12


def test_a_random_graph_joins_all_pairs_alike():
    wiring = topology.random_graph(200, 0.05, seed=1)
    assert not np.any(wiring.pre == wiring.post)
    assert abs(len(wiring.pre) - 0.05 * 200 * 199) < 5 * np.sqrt(0.05 * 200 * 199)
    assert topology.random_graph(1, 1.0, seed=0).pre.size == 0


def test_inputs_are_joined_as_often_as_told_with_both_signs():
    inputs = topology.random_inputs(784, 1000, 0.15, seed=0)
    assert len(inputs.pre) == 117_600
    assert abs(inputs.signs.mean()) < 0.02


def test_a_small_world_lies_between_ring_and_random_graph():
    for rewired in (0.0, 0.1, 1.0):
        wiring = topology.small_world(50, 6, rewired, seed=0)
        assert np.array_equal(np.bincount(wiring.pre), np.full(50, 6))
        assert not np.any(wiring.pre == wiring.post)
        assert len(set(zip(wiring.pre.tolist(), wiring.post.tolist(), strict=True))) == 300
        far = (wiring.pre - wiring.post) % 50
        moved = np.mean((far > 3) & (far < 47))
        assert (moved == 0) if rewired == 0 else (moved > 0.4 * rewired)


def test_signs_are_those_of_sources():
    wiring = topology.grid((4, 4, 4), seed=0)
    matrix = wiring.matrix(wiring.signs).toarray()
    assert (matrix[:, wiring.excitatory] >= 0).all()
    assert (matrix[:, ~wiring.excitatory] <= 0).all()


@pytest.mark.parametrize("neurons", [30, 400])
def test_a_matrix_is_scaled_to_its_spectral_radius(neurons):
    wiring = topology.random_graph(neurons, 0.2, seed=0)
    matrix = wiring.matrix(wiring.signs * np.random.default_rng(0).random(len(wiring.pre)))
    scaled = topology.scale_to_radius(matrix, 0.9)
    assert np.isclose(np.abs(np.linalg.eigvals(scaled.toarray())).max(), 0.9)
    assert np.isclose(topology.spectral_radius(scaled), 0.9)


def test_what_does_not_fit_is_refused_before_it_is_allocated(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 100_000)
    with pytest.raises(MemoryError, match=r"joining 1000 neurons of a grid needs 0\.0 GiB, but"):
        topology.grid((10, 10, 10), seed=0)
    with pytest.raises(MemoryError, match="choosing 117600 synapses among 784000 pairs needs"):
        topology.random_inputs(784, 1000, 0.15, seed=0)
    with pytest.raises(MemoryError, match=r"choosing \d+ synapses among 9900 pairs needs"):
        topology.random_graph(100, 0.5, seed=0)
    assert topology.random_graph(100, 0.01, seed=0).neurons == 100


def test_what_cannot_be_is_one_line():
    with pytest.raises(ValueError, match="there is no loop"):
        topology.scale_to_radius(np.triu(np.ones((4, 4)), 1), 1.0)
    with pytest.raises(ValueError, match="neighbours as an even number"):
        topology.small_world(10, 3, 0.1, seed=0)
    for shape in (4, (4, 4)):
        with pytest.raises(ValueError, match="shape as three sides, such as"):
            topology.grid(shape, seed=0)
    with pytest.raises(ValueError, match="laws for EE, EI, IE and II"):
        topology.grid((2, 2, 2), seed=0, laws={"EE": 1.0})
    with pytest.raises(ValueError, match="a square matrix"):
        topology.spectral_radius(np.ones((2, 3)))
    with pytest.raises(ValueError, match="with positions: grid makes one"):
        topology.plot_wiring(topology.random_graph(4, 0.5, seed=0))
