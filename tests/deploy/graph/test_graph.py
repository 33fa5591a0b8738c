"""Event graphs: what is refused when one is built, and what one says of itself."""

import numpy as np
import pytest
from helpers.example_graph import example

from axonal.deploy import EventGraph, Golden, GraphError, Population, Projection


def lif(name="x", size=2, **changes):
    fields = {"decay": 0.5, "gain": 1, "bias": 0, "threshold": 1}
    return Population(name, "lif", (size,), **{**fields, **changes})


def graph_of(*projections, populations=(), outputs=("x",), dt=1.0, **more):
    given_populations = (Population("in", "input", (3,)), lif(), *populations)
    return EventGraph(given_populations, projections, outputs, dt, **more)


def wire(source="in", target="x", pre=(0,), post=(0,), weight=(1.0,), delay=(0,)):
    return Projection(source, target, pre, post, weight, delay)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: graph_of(wire(pre=[3])), "pre of synapse 0 is 3, but in has neurons 0 to 2"),
        (lambda: graph_of(wire(post=[-1])), "post of synapse 0 is -1, but x has neurons 0 to 1"),
        (lambda: graph_of(wire(delay=[-1])), "delay of synapse 0 is -1"),
        (lambda: graph_of(wire(delay=[2**40])), "delay of synapse 0 is"),
        (lambda: graph_of(wire(weight=[np.inf])), "weight of synapse 0 is inf"),
        (lambda: graph_of(wire(weight=[1, 2])), r"one length, got shapes \(1,\), \(1,\), \(2,\)"),
        (lambda: graph_of(wire(pre=[0.5])), "pre takes whole numbers, got float64"),
        (lambda: graph_of(wire(weight=["w"])), "weight takes real numbers"),
        (lambda: graph_of(wire(target="y")), "in -> y: no population is named 'y'"),
        (lambda: graph_of(wire("x", "in")), "of kind input takes no synapses"),
        (lambda: graph_of(wire("x", "x")), "cycle: x -> x; give one of them a delay"),
        (
            lambda: graph_of(wire(), wire("x", "y"), wire("y", "x"), populations=[lif("y")]),
            "cycle: (y -> x -> y|x -> y -> x);",
        ),
        (
            lambda: graph_of(
                wire("v", "x"),
                populations=[Population("v", "integrator", (1,), decay=1, gain=1, bias=0)],
            ),
            "an integrator is read out and sends no events",
        ),
        (lambda: graph_of(populations=[lif()]), "population 'x' appears twice"),
        (lambda: graph_of(populations=[lif("y", 0)]), r"'y': shape \(0,\) must be positive"),
        (lambda: graph_of(populations=[lif("y", "3")]), "'y': shape takes a tuple of whole"),
        (lambda: graph_of(populations=[lif("y", decay=[1.0])]), "decay has 1 values, expected 2"),
        (lambda: graph_of(populations=[lif("y", gain=[[1]])]), r"gain has shape \(1, 1\)"),
        (lambda: graph_of(populations=[lif("y", bias=[0, np.nan])]), "not finite at neuron 1"),
        (lambda: graph_of(populations=[lif("y", threshold=1j)]), "'y': threshold takes real"),
        (
            lambda: graph_of(populations=[lif("y", synapse_decay=0.5)]),
            "synapse_decay has 2 values, expected none in a population of lif",
        ),
        (lambda: graph_of(populations=[lif("y", reset="soft")]), "unknown reset 'soft'"),
        (lambda: graph_of(populations=[lif("y", refractory=-1)]), "refractory must be at least 0"),
        (lambda: graph_of(populations=[lif("")]), "a name must be text"),
        (lambda: graph_of(populations=[Population("y", "glif", (1,))]), "unknown kind 'glif'"),
        (
            lambda: graph_of(populations=[Population("y", "input", (1,), decay=[1])]),
            "decay has 1 values, expected none in a population of input",
        ),
        (lambda: graph_of(outputs=()), "no output"),
        (lambda: graph_of(outputs=("in",)), "output 'in' is a population of kind input"),
        (lambda: graph_of(outputs=("x", "x")), "output 'x' appears twice"),
        (lambda: graph_of(outputs="x"), r"write \('x',\)"),
        (lambda: graph_of(dt=0), "dt must be a positive number of seconds, got 0"),
        (lambda: graph_of(dt="1 ms"), "dt must be a number"),
        (lambda: graph_of(info={"a": {1, 2}}), "info something JSON can hold"),
        (lambda: EventGraph((lif(),), (), ("x",), 1.0), "no input population"),
        (lambda: graph_of(golden=Golden({}, {}, {})), "golden inputs must be arrays"),
        (
            lambda: graph_of(golden=Golden({"in": np.ones((4, 1, 3))}, {}, {})),
            "golden spikes are of none; expected x",
        ),
        (
            lambda: graph_of(
                golden=Golden({"in": np.ones((4, 1, 3))}, {"x": np.ones((5, 1, 2), bool)}, {})
            ),
            r"golden spikes of 'x' have shape \(5, 1, 2\), expected \(4, 1, 2\)",
        ),
        (lambda: Golden({"in": np.ones((4, 1, 3))}, {"x": np.ones(3)}, {}), "take a bool raster"),
    ],
)
def test_a_graph_that_does_not_fit_together_gets_one_clear_line(make, text):
    with pytest.raises(GraphError, match=text) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_all_problems_are_listed_at_once():
    wires = (wire(pre=[9]), wire(target="gone"))
    with pytest.raises(GraphError, match=r"5 problems: \(1\).*\(5\)") as caught:
        graph_of(*wires, populations=[lif("y", decay=np.nan)], outputs=("z",), dt=-1)
    for name in ("in -> x", "in -> gone", "'y'", "'z'", "dt"):
        assert name in str(caught.value)


def test_a_graph_cannot_be_changed_after_it_was_checked():
    graph = example()
    with pytest.raises(ValueError, match="read-only"):
        graph.projections[0].post[0] = 99
    with pytest.raises(ValueError, match="read-only"):
        graph.golden.spikes["net.hidden"][0] = True


def test_populations_are_updated_along_projections_without_delay():
    cells = [lif("c"), lif("b"), lif("a")]
    wires = (wire(target="a"), wire("a", "b"), wire("b", "c"), wire("c", "a", delay=[1]))
    assert graph_of(*wires, populations=cells).order == ("in", "x", "a", "b", "c")


def test_a_graph_describes_itself():
    graph = example()
    assert "5 populations, 24 neurons, 99 synapses, longest delay 9" in repr(graph)
    assert "golden run of 20 steps x 3 samples" in repr(graph)
    for text in ("net.hidden -> out", "3x4", "outputs: out, net.hidden"):
        assert text in graph.summary()
    assert [p.target for p in graph.projections_from("one")] == ["net.hidden"]
    assert len(graph.projections_into("net.hidden")) == 3
    with pytest.raises(KeyError, match=r"no population 'hid'.*net\.hidden"):
        graph.population("hid")
