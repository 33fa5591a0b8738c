"""Neurons on cores: limits kept or refused by name, and the spikes between cores counted."""

from dataclasses import fields, replace

import numpy as np
import pytest
from helpers.event_graphs import loop
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from axonal import deploy
from axonal.deploy import (
    CoreLimits,
    EventGraph,
    Golden,
    PlacementError,
    Population,
    Projection,
    place,
)
from axonal.deploy.chips import loihi2, spinnaker
from axonal.deploy.placement import limits

TOY = CoreLimits("toy", cores=64, neurons=80, memory=10**6)


def counted(parts, wires, spikes, inputs, outputs=("x",)):
    """A graph whose golden run has given numbers of spikes, all at the first steps."""
    steps = 1 + max(int(n.max(initial=0)) for n in (*spikes.values(), *inputs.values()))
    first = np.arange(steps)[:, None, None]
    golden = Golden(
        {name: (first < n) * 1.0 for name, n in inputs.items()},
        {name: first < n for name, n in spikes.items()},
        {},
    )
    return EventGraph(tuple(parts), tuple(wires), outputs, 1e-3, golden=golden, hop=1)


def clustered(seed, clusters=8, size=60, fan=10, inside=0.85):
    """Shuffled neurons that mostly reach their own cluster."""
    r = np.random.default_rng(seed)
    neurons = clusters * size
    members = r.permutation(neurons).reshape(clusters, size)
    own = np.empty(neurons, int)
    own[members] = np.arange(clusters)[:, None]
    pre = np.repeat(np.arange(neurons), fan)
    near = members[own[pre], r.integers(0, size, len(pre))]
    post = np.where(r.random(len(pre)) < inside, near, r.integers(0, neurons, len(pre)))
    one = np.ones(len(pre), int)
    wire = Projection("x", "x", pre, post, one, one)
    cell = Population("x", "lif", (neurons,), decay=0.5, gain=1, bias=0, threshold=1)
    spikes = r.geometric(0.1, neurons)
    return counted(
        (Population("in", "input", (1,)), cell), (wire,), {"x": spikes}, {"in": np.ones(1, int)}
    )


def crossing(graph, core):
    """Spikes that leave their core, once for each core that they reach, by sets."""
    reached = {}
    for q in graph.projections:
        if q.source in core:
            for i, j in zip(q.pre.tolist(), q.post.tolist(), strict=True):
                reached.setdefault((q.source, i), set()).add(int(core[q.target][j]))
    return sum(
        int(graph.golden.spikes[name][:, :, i].sum()) * len(cores - {int(core[name][i])})
        for (name, i), cores in reached.items()
        if name in graph.golden.spikes
    )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("neurons", [60, 80, 150])
def test_a_clustered_graph_sends_at_most_60_percent_of_a_random_placement(seed, neurons):
    graph = clustered(seed)
    placed = place(graph, replace(TOY, neurons=neurons), seed=seed)
    r = np.random.default_rng(seed + 100)
    random = [crossing(graph, {"x": r.permutation(placed.core["x"])}) for _ in range(5)]
    assert placed.cross_core_spikes == crossing(graph, placed.core)
    assert placed.cross_core_spikes <= 0.6 * np.mean(random)
    assert placed.random_spikes == pytest.approx(np.mean(random), rel=0.05)


def test_layers_of_neurons_that_all_reach_all_are_not_torn_apart():
    # each of the 30 neurons reaches 30 others: two cores are enough, one spike each between them
    pre, post = (x.ravel() for x in np.indices((30, 30)))
    one = np.ones(900, int)
    cell = {"decay": 0.5, "gain": 1, "bias": 0, "threshold": 1}
    parts = [Population("in", "input", (1,))]
    parts += [Population(name, "lif", (30,), **cell) for name in ("a", "b")]
    graph = counted(
        parts,
        [Projection("a", "b", pre, post, one, one)],
        {"a": np.full(30, 4), "b": np.full(30, 2)},
        {"in": np.ones(1, int)},
        ("b",),
    )
    placed = place(graph, replace(TOY, neurons=30))
    assert placed.cross_core_spikes == 30 * 4
    assert placed.cores_used == 2


@st.composite
def graphs(draw):
    r = np.random.default_rng(draw(st.integers(0, 2**32)))
    sizes = {"in": draw(st.integers(1, 4)), "x": draw(st.integers(1, 12)), "y": 3}
    cell = {"decay": 0.5, "gain": 1, "bias": 0}
    parts = [
        Population("in", "input", (sizes["in"],)),
        Population("x", "lif", (sizes["x"],), threshold=1, **cell),
        Population("y", "integrator", (3,), **cell),
    ]
    wires = []
    for source, target in (("in", "x"), ("x", "x"), ("x", "y"), ("in", "y")):
        count = draw(st.integers(0, 30))
        wires.append(
            Projection(
                source,
                target,
                r.integers(0, sizes[source], count),
                r.integers(0, sizes[target], count),
                np.ones(count),
                r.integers(1, 9, count),
            )
        )
    spikes = {"x": r.integers(0, 5, sizes["x"])}
    return counted(parts, wires, spikes, {"in": r.integers(0, 5, sizes["in"])})


@st.composite
def cores(draw):
    some = st.none() | st.integers(8, 30)
    return CoreLimits(
        "toy",
        cores=draw(st.integers(2, 16)),
        neurons=draw(st.integers(1, 8)),
        memory=draw(st.integers(60, 400)),
        neuron_bytes=draw(st.integers(1, 6)),
        synapse_bytes=draw(st.integers(1, 4)),
        axons_in=draw(some),
        axons_out=draw(some),
        slots=draw(st.none() | st.sampled_from([8, 16, 32, 64])),
        tile=draw(st.integers(1, 4)),
        columns=draw(st.integers(1, 3)),
    )


@settings(max_examples=50)
@given(graphs(), cores(), st.integers(0, 3))
def test_every_neuron_has_one_core_every_limit_holds_and_the_counts_are_right(graph, own, seed):
    try:
        placed = place(graph, own, seed=seed)
    except PlacementError as error:
        assert "\n" not in str(error) and "population '" in str(error)
        return
    sizes = {p.name: p.size for p in graph.of_kind("lif", "integrator")}
    assert {name: core.shape for name, core in placed.core.items()} == {
        name: (size,) for name, size in sizes.items()
    }
    home = {(name, n): int(core) for name, own in placed.core.items() for n, core in enumerate(own)}
    assert set(home.values()) <= set(range(own.cores))
    synapses = [
        ((q.source, int(i)), (q.target, int(j)), int(d))
        for q in graph.projections
        for i, j, d in zip(q.pre, q.post, q.delay, strict=True)
    ]
    for core in range(len(placed.sent)):
        here = [n for n, c in home.items() if c == core]
        arriving = [s for s in synapses if home[s[1]] == core]
        used = {
            "neurons": len(here),
            "memory": own.neuron_bytes * len(here) + own.synapse_bytes * len(arriving),
            "axons_in": len({s[0] for s in arriving}),
            "axons_out": len({(s[0], home[s[1]]) for s in synapses if home.get(s[0]) == core}),
        }
        assert {name: int(x[core]) for name, x in placed.used.items()} == used
        assert all(used[k] <= (getattr(own, k) or 10**9) for k in used)
        longest = max((d for _, _, d in arriving), default=1)
        assert len(here) <= own.neurons_with(longest)
    assert placed.cross_core_spikes == crossing(graph, placed.core)
    outside = {(s[0], home[s[1]]) for s in synapses if s[0][0] == "in"}
    sent = np.count_nonzero(graph.golden.inputs["in"], axis=(0, 1))
    assert placed.from_outside == sum(sent[n] for (_, n), _ in outside)


def wired(pre, post, size=4, sources=4, delay=1, spikes=1):
    cell = Population("x", "lif", (size,), decay=0.5, gain=1, bias=0, threshold=1)
    wire = Projection("in", "x", pre, post, np.ones(len(pre)), np.full(len(pre), delay))
    return counted(
        (Population("in", "input", (sources,)), cell),
        (wire,),
        {"x": np.full(size, spikes)},
        {"in": np.ones(sources, int)},
    )


EVERY = [k for k in range(4) for _ in range(4)], list(range(4)) * 4


@pytest.mark.parametrize(
    ("graph", "own", "text"),
    [
        (
            wired(*EVERY, delay=64),
            limits("loihi2"),
            "population 'x' is reached after 64 steps by 'in'; the longest delay is 63 steps: "
            "train with a smaller max_delay",
        ),
        (
            wired(*EVERY, delay=4097),
            limits("spinnaker"),
            r"after 4097 steps by 'in'; the longest delay is 4096 steps \(8192 slots of arriving",
        ),
        (
            wired([0] * 49152 + [1], [2] * 49152 + [1]),
            limits("loihi2"),
            "population 'x': 49152 synapses reach neuron 2; the 196608 bytes of a core, not "
            "verified, suffice for 49150: prune its inputs to 49150",
        ),
        (
            wired(np.arange(4097), np.zeros(4097, int), sources=4097),
            limits("loihi2"),
            "population 'x': 4097 sources of events reach neuron 0; the axons in of a core, not "
            "verified, suffice for 4096",
        ),
        (
            wired(*EVERY, size=41),
            replace(TOY, cores=4, neurons=10),
            "population 'x' has 41 of 41 neurons; 4 cores of 10 hold 40: make it smaller",
        ),
        (
            wired(*EVERY, size=41, delay=3),
            replace(TOY, cores=4, neurons=99, slots=32),
            "4 cores of 8, as many as its longest delay leaves room for, hold 32",
        ),
        (
            wired(*EVERY),
            replace(TOY, cores=2, memory=40),
            "population 'x' takes 88 of 88 bytes of synapses and neurons; 2 cores of 40 hold 80: "
            "prune synapses",
        ),
        (
            wired(*EVERY),
            replace(TOY, cores=3, memory=30),
            r"population 'x': neuron 3 fits on none of 3 cores, where 4 synapses from 4 sources "
            r"reach it: used up are bytes of 3 \(30 a core\). Prune",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_the_limit_the_number_and_what_to_change(
    graph, own, text
):
    with pytest.raises(PlacementError, match=text) as caught:
        place(graph, own)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"the graph does not fit on {own.chip}: ")


def test_axons_that_run_out_are_named():
    graph = clustered(0, clusters=2, size=20, inside=0.5)
    for name in ("axons_in", "axons_out"):
        own = replace(TOY, cores=4, neurons=12, **{name: 25})
        text = rf"population 'x': .* used up are .*{name.replace('_', ' ')} of \d \(25 a core\)"
        with pytest.raises(PlacementError, match=text):
            place(graph, own)
        place(graph, replace(own, **{name: 200}))


def test_values_at_the_edges_of_the_limits_are_taken():
    place(wired(*EVERY, delay=63), "loihi2")
    place(wired([0] * 49150, [2] * 49150), "loihi2")
    place(wired(np.arange(4096), np.zeros(4096, int), sources=4096), "loihi2")
    place(wired(*EVERY, size=40), replace(TOY, cores=4, neurons=10))
    assert place(wired(*EVERY), replace(TOY, cores=4, memory=22)).cores_used == 4


def test_longer_delays_leave_a_spinnaker_core_fewer_neurons():
    for delay, cores_used in ((32, 1), (33, 2), (65, 4)):
        placed = place(wired(*EVERY, size=256, delay=delay), "spinnaker")
        assert placed.cores_used == cores_used


def test_the_same_seed_gives_the_same_placement():
    graph = clustered(3)
    first, again, other = (place(graph, TOY, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.core["x"], again.core["x"])
    assert (first.core["x"] != other.core["x"]).any()


def test_a_graph_is_retimed_and_its_constant_comes_from_outside():
    placed = place(loop(), "loihi2")
    assert placed.graph.hop == 1
    assert set(placed.core) == {"x", "out"}
    golden = placed.graph.golden
    inputs = np.count_nonzero(golden.inputs["in"])
    steps = golden.steps + placed.graph.max_latency
    assert placed.from_outside == inputs + steps * golden.samples


def test_a_quantised_graph_is_placed_on_its_chip_only():
    whole = deploy.quantize(loop(), "loihi2")
    assert place(whole, "loihi2").cores_used == 1
    with pytest.raises(ValueError, match="quantised for loihi2, not for spinnaker"):
        place(whole, "spinnaker")


def test_what_cannot_be_placed_at_all_is_refused():
    with pytest.raises(ValueError, match="unknown chip 'loihi9'; known are loihi2, spinnaker"):
        place(loop(), "loihi9")
    with pytest.raises(ValueError, match="counted on the golden run, and the graph has none"):
        place(replace(loop(), golden=None))
    with pytest.raises(ValueError, match="limits of toy: neurons must be at least 1, got 0"):
        replace(TOY, neurons=0)


def test_places_and_arithmetic_agree_on_what_a_chip_has():
    own = limits("spinnaker")
    assert (own.cores, own.neurons) == (spinnaker.CORES, spinnaker.CORE)
    assert -(-own.cores // own.tile) == spinnaker.CHIPS
    assert own.tile * own.memory <= spinnaker.SDRAM
    for delay in (1, 32, 33, 100, 2048, 2049, 4096):
        assert own.neurons_with(delay) == spinnaker.neurons_a_core(delay)
    assert own.neurons_with(spinnaker.DELAYS[1] + 1) == 0
    assert limits("loihi2").longest_delay == loihi2.DELAYS[1]


@pytest.mark.parametrize("chip", ["loihi2", "spinnaker"])
def test_every_limit_of_a_chip_has_a_source(chip):
    own = limits(chip)
    numbers = {f.name for f in fields(own) if getattr(own, f.name) is not None}
    assert numbers - {"chip", "sources"} == set(own.sources)
    assert all(len(text) > 10 for text in own.sources.values())


def test_the_report_names_every_limit_and_the_share_of_a_random_placement():
    placed = place(clustered(0), TOY)
    text = str(placed)
    assert f"{placed.cross_core_spikes} spikes between cores" in text
    assert "of a random placement's" in text
    assert "fullest" in text and "neurons" in text and "memory" in text
    rows = placed.core_table().splitlines()
    assert len(rows) == 1 + placed.cores_used
    assert rows[1].split()[:2] == ["0", "100.0%"]
    assert sum(int(row.split()[-3]) for row in rows[1:]) == placed.cross_core_spikes
    assert "axons_in: M. Davies" in str(place(clustered(0), "loihi2"))
    found = placed.to_json()
    assert found["cores_used"] == 6 and len(found["core"]["x"]) == 480
    assert found["limits"]["axons_in"] is None


@pytest.mark.parametrize("own", [TOY, replace(TOY, neurons=999), limits("spinnaker")])
def test_the_floor_plan_draws_on_the_axes_that_it_is_given(own):
    ax = Figure().subplots()
    placed = place(clustered(0), own)
    assert deploy.plot_floor_plan(placed, ax) is ax
    ax.figure.canvas.draw()
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend[0] == "x"
    assert any("spikes of" in text for text in legend) == (placed.cores_used > 1)
    assert f"{placed.cores_used} of {own.cores} cores" in ax.get_title()
    # nothing but what is used: no grid of empty routers, and of a single core no grid at all
    if placed.cores_used > 1:
        held = np.flatnonzero(placed.used["neurons"]) // own.tile
        assert len(ax.get_xticks()) * len(ax.get_yticks()) <= 2 * len(set(held.tolist()))
    else:
        (neurons,) = {bar.get_width() for bar in ax.patches} & {100 * 480 / own.neurons_with(1)}
        assert "neurons" in [tick.get_text() for tick in ax.get_yticklabels()]
        assert neurons <= ax.get_xlim()[1]
