"""What cannot be exchanged as NIR is refused by name; damaged files give one clear error."""

import sys
from dataclasses import replace

import h5py
import nir
import numpy as np
import pytest
from helpers import FUZZ
from helpers.event_graphs import loop
from helpers.nir_graphs import DT, chain, lif, population

from axonal import deploy
from axonal.deploy import NIRError, from_nir, to_nir

INTO = nir.Linear(np.ones((1, 2)))


def quantized():
    return deploy.quantize(loop(neurons=6, fan=2, steps=20, gain=1, bias=0.5), "loihi2")


def graded():
    graph = population()
    parts = tuple(replace(p, kind={"lif": "graded"}.get(p.kind, p.kind)) for p in graph.populations)
    return replace(graph, populations=parts)


@pytest.mark.parametrize(
    ("graph", "said"),
    [
        (population(reset="subtract"), "population 'out': reset 'subtract': .* v_reset by a spike"),
        (graded(), "population 'out': kind 'graded': NIR has lif, cuba, integrator, constant"),
        (population(refractory=2), "population 'out': refractory 2: neurons of NIR are never"),
        (population(decay=1.5), "population 'out': decay 1.5 of neuron 0 has no time constant"),
        (population(decay=[0.5, 1]), "decay 1 of neuron 1 has no time constant"),
        (population(kind="cuba", decay=1, synapse_decay=0.5), "decay 1 of neuron 0 has no time"),
        (deploy.retime(population()), "it is retimed: take the graph as exported"),
        (deploy.example(), "population 'hidden': reset 'subtract'"),
        (quantized(), "it is quantised for loihi2, and NIR is of real numbers: take the graph it"),
    ],
)
def test_what_nir_cannot_say_is_refused_by_name(graph, said):
    with pytest.raises(NIRError, match=said):
        to_nir(graph)


def test_matrices_too_large_are_refused_with_their_number_of_weights(monkeypatch):
    monkeypatch.setattr("axonal.deploy.nir.export_nir.LARGEST", 3)
    with pytest.raises(NIRError, match=r"in -> out: .* take 4 weights in place of 2, more than 3$"):
        to_nir(population())


def test_every_reason_is_listed():
    graph = replace(deploy.retime(population(reset="subtract")), golden=None)
    with pytest.raises(NIRError) as refused:
        to_nir(graph)
    assert [line[:16] for line in str(refused.value).splitlines()] == [
        "the graph has no", "  - it is retime", "  - population '",
    ]  # fmt: skip


NODES = {
    "v_leak": (chain(INTO, lif(1, v_leak=0.5)), "v_leak 0.5 differs from v_"),
    "tau": (chain(INTO, lif(1, tau=-1)), "tau must be positive, got -1 s"),
    "short": (chain(INTO, lif(1, tau=1e-4)), "tau is 0.0001 s, shorter than"),
    "nan": (chain(INTO, lif(1, r=np.nan)), "'node_1' .LIF.: r is not finite"),
    "weight": (chain(nir.Linear(np.ones((1, 3)))), "'node_0' .Linear.: it takes 3 inputs, but its"),
    "shape": (chain(nir.Linear(np.ones((3, 2))), lif(2)), "shape .2,., but its input .3,."),
    "delay": (chain(nir.Delay(np.array([0.0, -DT]))), "'node_0' .Delay.: its delay is -0.001 s"),
    "scale": (chain(nir.Scale(np.ones(3))), "scale has shape .3,., but its input has .2,."),
    "conv": (
        chain(nir.Conv2d(None, np.ones((1, 3, 2, 2)), 1, 0, 1, 1, np.ones(1)), shape=(2, 4, 4)),
        "it takes 3 channels, but its input has shape .2, 4, 4.",
    ),
    "threshold": (chain(nir.Threshold(np.ones(2))), "'node_0' is of type Threshold: numbers that"),
    "dt": (chain(lif(2), metadata={"a": 1}), "not say its time step: write from_nir.*dt=1e-4"),
    "bad dt": (chain(lif(2), metadata={"dt": -1.0}), "dt must be a positive number of seconds"),
    "potential": (
        chain(nir.I(np.ones(2)), nir.Linear(np.ones((1, 2))), lif(1)),
        "'node_0' .I.: its potential goes on to 'node_2'",
    ),
    "loop": (
        nir.NIRGraph(
            {**chain(lif(2)).nodes, "a": nir.Linear(np.eye(2)), "b": nir.Linear(np.eye(2))},
            [*chain(lif(2)).edges, ("a", "b"), ("b", "a"), ("a", "node_0")], {"dt": DT},
            type_check=False,
        ),
        "a loop without a neuron, or of unknown size: .*'a', 'b'",
    ),
    "into an input": (
        nir.NIRGraph(
            chain(lif(2)).nodes, [*chain(lif(2)).edges, ("node_0", "input")], {"dt": DT},
            type_check=False,
        ),
        "'input' .Input.: an input of the graph, but 'node_0' leads to it, too",
    ),
    "output": (
        nir.NIRGraph(
            {**chain(lif(2)).nodes, "output": nir.Output(np.array([3]))}, chain(lif(2)).edges,
            {"dt": DT}, type_check=False,
        ),
        r"'output' .Output.: its shape is .3., but what leads to it has .2,.",
    ),
    "without input": (
        nir.NIRGraph(
            {**chain(lif(2)).nodes, "alone": lif(()), "w": nir.Linear(np.eye(2))},
            [*chain(lif(2)).edges, ("alone", "w"), ("w", "node_0")], {"dt": DT}, type_check=False,
        ),
        "'alone' .LIF.: nothing leads to it, and one number does not tell its size",
    ),
    "edge": (
        nir.NIRGraph(chain(lif(2)).nodes, [("input", "nowhere")], {"dt": DT}, type_check=False),
        "edge 'input' -> 'nowhere': there is no node 'nowhere'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NODES)
def test_a_node_without_an_equivalent_is_refused_in_one_line(case):
    graph, said = NODES[case]
    with pytest.raises(NIRError, match=said) as refused:
        from_nir(graph)
    assert "\n" not in str(refused.value)


def test_a_loop_that_is_entered_at_two_neurons_is_refused():
    graph = chain(lif(2), lif(2))
    w = {k: nir.Linear(np.eye(2)) for k in ("back", "skip")}
    edges = [("node_1", "back"), ("back", "node_0"), ("input", "skip"), ("skip", "node_1")]
    both = nir.NIRGraph({**graph.nodes, **w}, [*graph.edges, *edges], {"dt": DT}, type_check=False)
    with pytest.raises(NIRError, match=r"entered, but 'node_0', 'node_1' at 2: give a connection"):
        from_nir(both)


def test_all_nodes_without_an_equivalent_are_listed_also_of_a_file(tmp_path):
    cubali = nir.CubaLI(*(np.ones(2),) * 4)
    graph = chain(nir.Threshold(np.ones(2)), cubali)
    graph.nodes["output"] = nir.Output(np.array([2]))
    nir.write(tmp_path / "net.nir", graph)
    with h5py.File(tmp_path / "net.nir", "r+") as file:
        alien = file["node/nodes"].create_group("alien")
        alien["type"] = "Alien"
    for source, count in ((graph, 2), (tmp_path / "net.nir", 3)):
        with pytest.raises(NIRError) as refused:
            from_nir(source)
        head, *lines = str(refused.value).splitlines()
        assert head.endswith("cannot be imported:") and len(lines) == count
        assert "  - node 'node_1' is of type CubaLI: a readout" in "\n".join(lines)
    assert "  - node 'alien' is of type Alien: it is no node of NIR 1.0" in lines


def test_what_is_no_nir_file_is_refused_in_one_line(tmp_path):
    (tmp_path / "text.nir").write_text("not HDF5")
    with h5py.File(tmp_path / "foreign.nir", "w") as file:
        file["x"] = [1]
    loop(neurons=4, fan=1, steps=2).save(tmp_path / "graph.nir")
    for name, said in {
        "text": "is no NIR graph: it is not an HDF5 file",
        "foreign": "is an HDF5 file, but no NIR graph",
        "graph": "is no NIR graph but an event graph: use EventGraph.load",
    }.items():
        with pytest.raises(NIRError, match=said) as refused:
            from_nir(tmp_path / f"{name}.nir")
        assert "\n" not in str(refused.value)
    with pytest.raises(FileNotFoundError, match=r"there is no NIR file .*none\.nir"):
        from_nir(tmp_path / "none.nir")
    with pytest.raises(TypeError, match=r"from_nir takes a nir.NIRGraph or a file, got dict"):
        from_nir({})


def test_a_cut_or_damaged_file_gives_one_clear_error(tmp_path):
    to_nir(loop(neurons=6, fan=2, steps=3), tmp_path / "net.nir")
    whole = (tmp_path / "net.nir").read_bytes()
    rng = np.random.default_rng(0)
    damaged = [whole[: int(n)] for n in rng.integers(1, len(whole), 400 if FUZZ else 40)]
    for _ in range(1000 if FUZZ else 60):
        changed = bytearray(whole)
        for place in rng.integers(0, len(whole), 3):
            changed[place] = rng.integers(0, 256)
        damaged.append(bytes(changed))
    refused = 0
    for content in damaged:
        (tmp_path / "damaged.nir").write_bytes(content)
        try:
            from_nir(tmp_path / "damaged.nir")
        except NIRError:
            refused += 1
    assert refused > len(damaged) / 3


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    graph, file = loop(neurons=4, fan=1, steps=2), tmp_path / "net.nir"
    to_nir(graph, file)
    before = file.read_bytes()
    monkeypatch.setattr(nir.Linear, "to_dict", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        to_nir(graph, file)
    assert file.read_bytes() == before and list(tmp_path.iterdir()) == [file]


def test_without_nir_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "nir", None)
    with pytest.raises(ImportError, match=r"pip install 'axonal\[deploy\]'"):
        to_nir(population())
