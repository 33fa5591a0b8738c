"""What NIR nodes become: convolutions, thresholds, subgraphs, delays, time steps."""

import re

import nir
import numpy as np
import pytest
from helpers.event_graphs import loop
from helpers.nir_euler import simulate
from helpers.nir_graphs import DT, chain, fires, lif, on_grid, same

from axonal.deploy import EventGraph, NIRError, Population, Projection, from_nir, to_nir


def test_convolutions_and_pooling_are_those_of_torch():
    rng = np.random.default_rng(0)
    conv = nir.Conv2d(None, on_grid(rng, 4, 1, 3, 3), (2, 1), (1, 1), 1, 2, on_grid(rng, 4) / 4)
    pool = nir.AvgPool2d(*(np.array([2, 2]) for _ in range(2)), np.array([0, 0]))
    total = nir.SumPool2d(np.array([1, 2]), np.array([1, 2]), np.array([0, 0]))
    flat = nir.Flatten(None, 0, -1)
    graph = chain(
        conv, nir.IF(np.full((4, 4, 8), 1 / DT), np.full((4, 4, 8), 0.8)), pool, total, flat,
        nir.Linear(on_grid(rng, 5, 16)), lif(5), shape=(2, 8, 8),
    )  # fmt: skip
    x = (rng.random((10, 2, 2, 8, 8)) < 0.4) * 1.0
    wanted = simulate(graph, {"input": x}, DT)
    found, _ = fires(from_nir(graph), x.reshape(10, 2, -1))
    for name in ("node_1", "node_6"):
        assert wanted[name].any()
        assert np.array_equal(found[name], wanted[name].reshape(found[name].shape))


@pytest.mark.parametrize("padding", ["same", "valid", 1])
def test_a_convolution_in_one_dimension_is_that_of_torch(padding):
    rng = np.random.default_rng(0)
    n = {"same": 9, "valid": 5, 1: 7}[padding]
    conv = nir.Conv1d(9, on_grid(rng, 3, 2, 3), 1, padding, 2, 1, on_grid(rng, 3) / 4)
    graph = chain(conv, nir.IF(np.full((3, n), 1 / DT), np.full((3, n), 0.8)), shape=(2, 9))
    x = (rng.random((10, 2, 2, 9)) < 0.4) * 1.0
    wanted = simulate(graph, {"input": x}, DT)["node_1"]
    found, _ = fires(from_nir(graph), x.reshape(10, 2, -1))
    assert wanted.any() and np.array_equal(found["node_1"], wanted.reshape(10, 2, -1))


def test_a_potential_at_the_threshold_fires_only_by_choice():
    graph = chain(nir.Linear(np.array([[0.5, 0.5]])), nir.IF(np.array([1 / DT]), np.array([1.0])))
    x = np.ones((1, 1, 2))
    assert not fires(from_nir(graph), x)[0]["node_1"].any()
    assert fires(from_nir(graph, at_threshold=True), x)[0]["node_1"].all()
    # and what fires at its threshold here fires above the one that is written
    cell = Population("out", "lif", (1,), decay=1, gain=1, bias=0, threshold=1)
    wire = Projection("in", "out", [0, 1], [0, 0], [0.5, 0.5], [0, 0])
    ours = EventGraph((Population("in", "input", (2,)), cell), (wire,), ("out",), DT)
    assert to_nir(ours).nodes["out"].v_threshold < 1
    assert simulate(to_nir(ours), {"nin": x}, DT)["out"].all()


def test_subgraphs_are_read_with_their_loops():
    rng = np.random.default_rng(0)
    inner = nir.NIRGraph(
        {"in": nir.Input(np.array([3])), "lif": lif(3), "w": nir.Linear(on_grid(rng, 3, 3)),
         "out": nir.Output(np.array([3]))},
        [("in", "lif"), ("lif", "w"), ("w", "lif"), ("lif", "out")],
    )  # fmt: skip
    outer = chain(nir.Linear(3 * on_grid(rng, 3, 2)), inner)
    graph = from_nir(outer)
    assert graph.outputs == ("node_1.lif",)
    assert {(q.source, q.target): set(q.delay.tolist()) for q in graph.projections} == {
        ("input", "node_1.lif"): {0},
        ("node_1.lif", "node_1.lif"): {1},
    }


def test_one_number_stands_for_all_neurons_of_a_layer():
    # snnTorch's exporter writes so
    graph = from_nir(chain(nir.Linear(np.ones((3, 2))), lif(())))
    assert graph.population("node_1").shape == (3,)


def test_a_graph_without_ends_is_read_from_its_first_node_to_its_last():
    whole = chain(nir.Linear(np.ones((3, 2))), lif(3))
    nodes = {name: whole.nodes[name] for name in ("node_0", "node_1")}
    graph = nir.NIRGraph(nodes, [("node_0", "node_1")], {"dt": DT}, type_check=False)
    x = np.ones((9, 1, 2))
    assert same(fires(from_nir(graph), x)[0], fires(from_nir(whole), x)[0])


def test_another_dt_discretises_anew_and_leaves_the_golden_run():
    graph = loop(neurons=5, fan=2, steps=20)
    made = to_nir(graph)
    half = from_nir(made, DT / 2)
    assert half.golden is None and half.max_delay == 2 * graph.max_delay
    np.testing.assert_allclose(1 - half.population("x").decay, (1 - 29 / 32) / 2)
    made.nodes["x"].tau[:] *= 2  # what was changed since is what counts
    np.testing.assert_allclose(1 - from_nir(made).population("x").decay, (1 - 29 / 32) / 2)


def steps(seconds, **keywords):
    """Delay of every source of a layer behind a Delay."""
    graph = chain(nir.Delay(np.array(seconds)), nir.Linear(np.ones((1, 2))), lif(1))
    (q,) = from_nir(graph, **keywords).projections
    return dict(zip(q.pre.tolist(), q.delay.tolist(), strict=True))


def test_delays_are_whole_steps_or_rounded_by_choice():
    assert steps([3 * DT, 0.0]) == {0: 3, 1: 0}
    with pytest.raises(
        NIRError, match=r"delay 0\.0024 s of neuron 1 is 2\.4 steps of dt = 0\.001 s"
    ):
        steps([DT, 2.4 * DT])
    assert steps([DT, 2.4 * DT], delays="round") == {0: 1, 1: 2}


def test_delays_that_differ_are_unrolled_or_refused_with_what_they_take():
    graph = loop(neurons=10, fan=5, steps=5)
    delays = [k for k in to_nir(graph).nodes if re.fullmatch(r"x_to_x_\d_delay", k)]
    assert len(delays) == 5  # of the delays 1 to 6, one step is the loop's own
    said = (
        r"projection x -> x: .*6 distinct.* delays=.unroll. makes 6 branches, 600 weights"
        r" in place of 50, and delay lines of 210 numbers"
    )
    with pytest.raises(NIRError, match=said):
        to_nir(graph, delays="refuse")


@pytest.mark.parametrize(("seconds", "dt", "whole"), [(0.063, 1e-3, 63), (0.0497, 1e-4, 497)])
def test_a_delay_in_single_precision_is_the_whole_step_it_was_rounded_from(seconds, dt, whole):
    single = np.array([seconds, 0], np.float32)
    assert float(single[0]) / dt != pytest.approx(whole, abs=1e-6)
    assert steps(single, dt=dt) == {0: whole, 1: 0}


def test_half_a_step_in_single_precision_is_still_refused():
    with pytest.raises(NIRError, match=r"delay 0\.0005.* s of neuron 0 is 0\.5.* steps"):
        steps(np.array([0.0005, 0], np.float32), dt=1e-3)


@pytest.mark.parametrize("unit", [1e-12, 1e-13, 1e-14, 1e-15])
def test_currents_in_si_units_fire_as_the_equations_do(unit):
    rng = np.random.default_rng(0)
    dt, x = 1e-4, (rng.random((400, 1, 20)) < 0.2) * 1.0
    cells = lif(30, tau=0.01, r=0.16 / unit, v_threshold=0.015)
    graph = chain(nir.Linear(rng.normal(0.3, 1, (30, 20)) * unit), cells, shape=(20,))
    wanted = simulate(graph, {"input": x}, dt)
    assert wanted["node_1"].sum() > 1000
    assert same(fires(from_nir(graph, dt), x)[0], wanted)


def test_a_layer_whose_weights_vanish_beside_those_of_another_is_refused_by_name():
    small = nir.Linear(np.random.default_rng(0).normal(size=(3, 2)))
    large = nir.Linear(1e15 * np.ones((2, 2)))
    graph = chain(large, lif(2), small, lif(3))
    with pytest.raises(
        NIRError, match=r"node 'node_3': its weights, 0\.\d+ at most, are too small"
    ):
        from_nir(graph)
