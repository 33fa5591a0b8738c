"""What files of every version of nir mean: resets, shapes, subgraphs, names, missing fields."""

from dataclasses import replace

import h5py
import nir
import numpy as np
import pytest
from helpers.nir_euler import simulate
from helpers.nir_graphs import DT, chain, fires, graphs, lif, neuron, on_grid, population, same
from helpers.nir_layouts import OLD, VERSIONS, fields, write
from hypothesis import given, settings
from hypothesis import strategies as st

from axonal import deploy
from axonal.deploy import NIRError, from_nir, to_nir

KINDS = ("IF", "LIF", "CubaLIF")
EXACT = 2.0**-10
"""The time step at which the numbers of `neuron` are exact."""


def network(rng):
    """Neurons of every kind one after another, with connections that are on a grid."""
    nodes = []
    for a, b, kind in zip((3, 5, 4), (5, 4, 6), KINDS, strict=True):
        made = neuron(kind, b, rng)
        if kind == "CubaLIF":
            made.w_in, made.r = np.ones(b), made.r * made.tau_mem / EXACT  # what 0.2.0 can say
        nodes += [nir.Affine(2 * on_grid(rng, b, a), on_grid(rng, b)), made]
    graph = chain(*nodes, shape=(3,), metadata={"note": 1})
    graph.nodes["output"] = nir.Output(np.array([6]))
    return graph


def events(rng, *shape, rate=0.6):
    return (rng.random(shape) < rate) * 1.0


def refused(file, *said, **arguments):
    """The one line that says why a whole file is not read."""
    with pytest.raises(NIRError) as error:
        from_nir(file, **{"dt": DT, **arguments})
    line = str(error.value)
    assert "\n" not in line and "damaged" not in line
    for text in said:
        assert text in line
    return line


@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize("seed", range(4))
def test_files_before_v_reset_are_read_with_the_reset_that_is_chosen(tmp_path, version, seed):
    rng = np.random.default_rng(seed)
    graph, x = network(rng), events(rng, 20, 3, 3)
    file = write(tmp_path / "net.nir", graph, version)
    refused(file, "'node_1', 'node_3', 'node_5'", 'reset="subtract"', "--reset", dt=EXACT)
    rasters = {}
    for reset in ("zero", "subtract"):
        wanted = simulate(graph, {"input": x}, EXACT, subtract=reset == "subtract")
        rasters[reset], _ = fires(from_nir(file, EXACT, reset=reset), x)
        assert wanted["node_5"].any() and same(rasters[reset], wanted)
    assert not same(rasters["zero"], rasters["subtract"])


def test_a_stored_v_reset_is_what_counts(tmp_path):
    rng = np.random.default_rng(0)
    graph, x = network(rng), events(rng, 20, 3, 3)
    file = write(tmp_path / "net.nir", graph)
    wanted = simulate(graph, {"input": x}, EXACT)
    for reset in (None, "zero"):
        assert same(fires(from_nir(file, EXACT, reset=reset), x)[0], wanted)
    refused(file, "is against 'node_1', which has a v_reset", "leave it out", reset="subtract")
    shifted = chain(lif(2, v_leak=-0.5, v_reset=-0.5))
    for reset in ("zero", "subtract"):
        refused(write(tmp_path / "shifted.nir", shifted), "against 'node_0'", reset=reset)
        with pytest.raises(NIRError, match="against 'node_0'"):
            from_nir(shifted, reset=reset)
    with pytest.raises(ValueError, match='takes reset="zero" or "subtract", got \'soft\''):
        from_nir(file, reset="soft")


def test_a_graph_in_memory_has_the_zeros_that_nir_filled_in_unless_a_reset_is_chosen(tmp_path):
    rng = np.random.default_rng(0)
    graph, x = network(rng), events(rng, 20, 3, 3)
    read = nir.read(write(tmp_path / "net.nir", graph, "1.0.4"), type_check=False)
    for reset in (None, "zero", "subtract"):
        wanted = simulate(graph, {"input": x}, EXACT, subtract=reset == "subtract")
        assert same(fires(from_nir(read, EXACT, reset=reset), x)[0], wanted)


def nested(inner, n, declared=None):
    """A chain with a subgraph between its nodes, whose ends declare another shape."""
    shape = np.array([n] if declared is None else declared)
    ends = {"in": nir.Input(shape), "out": nir.Output(shape)}
    edges = [("in", "lif"), ("lif", "out")]
    sub = nir.NIRGraph({**ends, "lif": inner}, edges, type_check=False)
    return chain(lif(n), sub, lif(n), shape=(n,), metadata={"dt": DT})


def test_a_neuron_of_a_subgraph_without_v_reset_is_found_beside_others_that_have_one(tmp_path):
    file = write(tmp_path / "net.nir", nested(lif(2), 2))
    with h5py.File(file, "r+") as h:
        del h["node/nodes/node_1/nodes/lif/v_reset"]
    refused(file, "no v_reset in 'node_1.lif', as before")
    assert {p.reset for p in from_nir(file, reset="zero").populations} == {"zero"}
    refused(file, "against 'node_0', which has a v_reset, 'node_2'", reset="subtract")


def test_a_leak_away_from_zero_has_no_reset_by_subtraction(tmp_path):
    file = write(tmp_path / "net.nir", chain(lif(2, v_leak=[0.0, 0.5])), "1.0.4")
    refused(file, "'node_0' (LIF): v_leak 0.5 of neuron 1 is not 0", reset="subtract")


def test_what_is_missing_is_listed_at_once(tmp_path):
    file = write(tmp_path / "net.nir", chain(lif(2)), "0.2.0")  # which has no metadata
    with pytest.raises(NIRError, match=r"(?s)does not say its reset.*does not say its time step"):
        from_nir(file)


@given(graphs(), st.sampled_from(["double", "single"]))
@settings(max_examples=10, deadline=None)
def test_a_graph_that_subtracts_comes_back_from_a_file(tmp_path_factory, graph, precision):
    graph = subtracting(graph)
    file = tmp_path_factory.getbasetemp() / "subtract.nir"
    made = to_nir(graph, file, reset="subtract", precision=precision)
    with h5py.File(file) as h:
        assert not any("v_reset" in node for node in h["node/nodes"].values())
    nir.read(file)  # as others do
    for given_back in (from_nir(file), from_nir(file, reset="subtract"), from_nir(made)):
        for p, q in zip(graph.populations, given_back.populations, strict=True):
            assert (p.name, p.kind, p.reset) == (q.name, q.kind, q.reset)
        assert all(map(same, fires(graph, drawn(graph)), fires(given_back, drawn(graph))))
    neurons = [p for p in graph.populations if p.spiking]
    if neurons:
        with pytest.raises(NIRError, match=r"is against .*, whose metadata say 'subtract'"):
            from_nir(file, reset="zero")


def subtracting(graph):
    parts = (replace(p, reset="subtract") if p.spiking else p for p in graph.populations)
    return replace(graph, populations=tuple(parts), golden=None)


def drawn(graph):
    rng = np.random.default_rng(0)
    return {p.name: events(rng, 12, 2, p.size) for p in graph.of_kind("input")}


def test_the_reset_by_subtraction_is_written_by_choice_only():
    assert to_nir(population(reset="subtract"), reset="subtract").nodes["out"].metadata["reset"]
    with pytest.raises(NIRError, match=r"'out': reset 'zero': reset=\"subtract\" is for readers"):
        to_nir(population(), reset="subtract")
    with pytest.raises(NIRError, match=r"or write to_nir\(..., reset=\"subtract\"\) for readers"):
        to_nir(population(reset="subtract"))
    with pytest.raises(ValueError, match='to_nir takes reset="subtract"'):
        to_nir(population(), reset="zero")


def convolutional(batch, declared=None, flat=None):
    """Maps, flattened into a layer; with a batch axis of one or without."""
    rng = np.random.default_rng(0)
    lead = [1] if batch else []
    conv = nir.Conv2d(None, on_grid(rng, 3, 2, 3, 3), 1, 1, 1, 1, on_grid(rng, 3))
    conv.input_shape = declared
    counted = batch if flat is None else len(flat) == 4
    start = nir.Flatten(None, 1 if counted else 0, -1)
    start.input_type = {"input": flat}
    cells = nir.IF(np.full((3, 4, 4), 1 / DT), np.full((3, 4, 4), 0.8))
    pool = nir.AvgPool2d(*(np.array([2, 2]) for _ in range(2)), np.array([0, 0]))
    linear = nir.Linear(on_grid(rng, 5, 12))
    graph = chain(conv, cells, pool, start, linear, lif(5), shape=(*lead, 2, 4, 4))
    graph.nodes["output"] = nir.Output(np.array([*lead, 5]))
    return graph


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("flat", [None, (3, 2, 2), (1, 3, 2, 2)])
@pytest.mark.parametrize("declared", [None, (4, 4), (2, 4, 4)])
def test_a_batch_axis_of_one_and_shapes_that_are_not_stored(tmp_path, version, flat, declared):
    x = events(np.random.default_rng(0), 12, 2, 2, 4, 4)
    plain = convolutional(batch=False)
    wanted = simulate(plain, {"input": x}, DT)
    assert wanted["node_5"].any()
    flat = None if flat is None else np.array(flat)
    for batch in (True, False):
        file = write(tmp_path / "net.nir", convolutional(batch, declared, flat), version)
        reset = "zero" if version in OLD else None
        found, _ = fires(from_nir(file, DT, reset=reset), x.reshape(12, 2, -1))
        assert np.array_equal(found["node_5"], wanted["node_5"])
        assert np.array_equal(found["node_1"], wanted["node_1"].reshape(12, 2, -1))


def test_a_declared_shape_that_disagrees_is_named_where_it_is_declared(tmp_path):
    refused(
        write(tmp_path / "a.nir", convolutional(False, (5, 5))),
        "'node_0' (Conv2d): its input_shape is (5, 5), but what arrives has shape (4, 4)",
    )
    refused(
        write(tmp_path / "b.nir", convolutional(False, None, np.array([3, 4, 4]))),
        "'node_3' (Flatten): its input_type is (3, 4, 4), but what arrives has shape (3, 2, 2)",
    )
    graph = nested(lif(2), 2, declared=[3])
    graph.nodes["node_1"].nodes["out"] = nir.Output(np.array([2]))
    refused(
        write(tmp_path / "c.nir", graph),
        "'node_1.in' (Input): its shape is (3,), but what arrives has shape (2,)",
    )
    refused(
        write(tmp_path / "d.nir", chain(nir.Linear(np.ones((3, 2))), lif(4))),
        "'node_1' (LIF): its parameters have shape (4,), but its input (3,), of 'node_0'",
    )


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("declared", [[2], [1], [1, 2]])
@pytest.mark.parametrize("inner", [lif(2), lif(1), lif(()), lif((1, 2))])
def test_subgraphs_whose_shapes_are_not_spelt_alike_are_read(tmp_path, version, declared, inner):
    file = write(tmp_path / "net.nir", nested(inner, 2, declared), version)
    x = events(np.random.default_rng(0), 9, 1, 2)
    reset = "zero" if version in OLD else None
    plain = chain(lif(2), lif(2), lif(2), shape=(2,))
    wanted = simulate(plain, {"input": x}, DT)
    found, _ = fires(from_nir(file, DT, reset=reset), x)
    names = {"node_0": "node_0", "node_1": "node_1.lif", "node_2": "node_2"}
    assert {k: found[v].tolist() for k, v in names.items()} == {
        k: v.astype(bool).tolist() for k, v in wanted.items()
    }


OPTIONAL = {("Conv1d", "input_shape"), ("Conv2d", "input_shape"), ("CubaLIF", "w_in")}
OPTIONAL |= {("Flatten", "input_type")}


def every_node():
    n = np.ones(2)
    return {
        "Affine": nir.Affine(np.eye(2), n),
        "CubaLIF": neuron("CubaLIF", 2, np.random.default_rng(0)),
        "Delay": nir.Delay(n * DT), "Flatten": nir.Flatten(np.array([2]), 0, -1),
        "IF": nir.IF(n, n), "LIF": lif(2), "Linear": nir.Linear(np.eye(2)), "Scale": nir.Scale(n),
    }  # fmt: skip


@pytest.mark.parametrize("kind", every_node())
def test_a_missing_or_unknown_field_is_named_with_its_node(tmp_path, kind):
    graph = chain(every_node()[kind], lif(2))
    for field in fields(kind):
        file = write(tmp_path / "net.nir", graph)
        with h5py.File(file, "r+") as h:
            del h["node/nodes/node_0"][field]
        if field == "v_reset":
            refused(file, "no v_reset in 'node_0'")
        elif (kind, field) in OPTIONAL:
            from_nir(file, EXACT)
        else:
            refused(file, f"node 'node_0' ({kind}): it has no {field}", dt=EXACT)
    file = write(tmp_path / "net.nir", graph)
    with h5py.File(file, "r+") as h:
        h["node/nodes/node_0"]["tau_ref"] = 2.0
    refused(file, f"node 'node_0' ({kind}) has tau_ref, which is no field of NIR")


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ("node/nodes/node_0/type", "node 'node_0' has no type"),
        ("node/type", "its graph has no type"),
        ("node/edges", "its graph has no edges"),
        ("node/nodes", "its graph has no nodes"),
        ("node/nodes/node_1/nodes/lif/type", "node 'node_1.lif' has no type"),
        ("node/nodes/node_1/edges", "node 'node_1' has no edges"),
        ("node/nodes/input/shape", "'input' (Input): its shape is (), expected at least one"),
    ],
)
def test_a_missing_part_of_the_structure_is_named(tmp_path, lost, said):
    file = write(tmp_path / "net.nir", nested(lif(2), 2))
    with h5py.File(file, "r+") as h:
        del h[lost]
    refused(file, said)


@st.composite
def named(draw):
    """A graph of subgraphs whose names meet when they are joined by dots, and the same one flat."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    name = st.text(".a_2", min_size=1, max_size=3)
    some = st.sampled_from(["a", "a.w", "a.lif", "w", "lif", "always on", ".always on", "a.w_2"])
    nodes, edges, plain, last = {"input": nir.Input(np.array([2]))}, [], [], "input"
    for key in draw(st.lists(some | name, min_size=2, max_size=5, unique=True)):
        if key in nodes or f"{key}.lif" in nodes:
            continue
        w, cells = nir.Affine(2 * on_grid(rng, 2, 2), on_grid(rng, 2) / 4), neuron("LIF", 2, rng)
        if draw(st.booleans()):
            inner = {"in": nir.Input(np.array([2])), "out": nir.Output(np.array([2]))}
            wires = [("in", "w"), ("w", "lif"), ("lif", "out")]
            nodes[key] = nir.NIRGraph({**inner, "w": w, "lif": cells}, wires, type_check=False)
            edges.append((last, key))
            last = key
        else:
            nodes |= {key: w, f"{key}.lif": cells}
            edges += [(last, key), (key, f"{key}.lif")]
            last = f"{key}.lif"
        plain += [w, cells]
    nodes["output"] = nir.Output(np.array([2]))
    edges.append((last, "output"))
    return nir.NIRGraph(nodes, edges, type_check=False), chain(*plain)


@given(named())
def test_names_that_meet_when_subgraphs_are_flattened_stay_apart(found):
    graph, plain = found
    x = events(np.random.default_rng(0), 10, 2, 2, rate=0.7)
    read = from_nir(graph, EXACT)
    wanted = simulate(plain, {"input": x}, EXACT)
    neurons = [p for p in read.populations if p.spiking]
    assert len(neurons) == len(wanted) == len({p.name for p in read.populations}) - 1
    last = list(wanted)[-1]
    assert np.array_equal(deploy.run(read, x).raster(read.outputs[0]), wanted[last])


def test_ends_that_are_added_take_no_name_of_a_node():
    nodes = {"lif": lif(2), "output_lif": lif(2, v_threshold=0.1), "input_lif": lif(2)}
    graph = nir.NIRGraph(
        nodes, [("input_lif", "output_lif"), ("output_lif", "lif")], {"dt": DT}, type_check=False
    )
    assert {"lif", "output_lif", "input_lif"} < {p.name for p in from_nir(graph).populations}


@given(st.integers(0, 2**32 - 1), st.integers(0, 60), st.booleans())
def test_weights_beside_large_ones_fire_as_they_do_alone_or_are_refused(seed, scale, row):
    rng = np.random.default_rng(seed)
    weight = rng.normal(0.4, 0.5, (3, 4))
    place = (0, slice(None)) if row else (rng.integers(3), rng.integers(4))
    weight[place] *= 2.0**scale
    graph = chain(nir.Linear(weight), lif(3, v_threshold=0.3), shape=(4,))
    x = np.zeros((12, 4, 4))
    x[:, np.arange(4), np.arange(4)] = 1  # each source alone
    try:
        found, _ = fires(from_nir(graph), x)
    except NIRError as error:
        assert scale > 15 and "are too small beside the largest of the graph" in str(error)
        return
    assert same(found, simulate(graph, {"input": x}, DT))


def test_many_small_weights_are_held_by_what_they_lose_together():
    weight = np.zeros((2, 20_000))
    weight[1] = np.random.default_rng(0).normal(size=20_000) / 1000
    for large, lost in ((2.0**8, False), (2.0**14, True)):
        weight[0, 0] = large
        graph = chain(nir.Linear(weight), lif(2, v_threshold=1e-3), shape=(20_000,))
        if lost:
            with pytest.raises(NIRError, match=r"'node_1': its weights, .* neuron 1 would lose"):
                from_nir(graph)
        else:
            assert from_nir(graph).projections[0].size == 20_001


def test_a_neuron_whose_weights_decayed_to_nothing_is_no_reason_to_refuse():
    weight = np.random.default_rng(0).normal(size=(3, 4))
    weight[1] *= 1e-20
    weight[0, 2] = 1e-40
    graph = from_nir(chain(nir.Linear(weight), lif(3), shape=(4,)))
    assert graph.projections[0].size == 7
    zero = chain(nir.Linear(np.zeros((3, 4))), lif(3, r=0.0), shape=(4,))
    assert from_nir(zero).population("node_1").size == 3
