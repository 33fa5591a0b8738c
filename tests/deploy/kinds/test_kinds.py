"""Kinds of populations: each is whole in its file, and the documentation is made from it."""

from dataclasses import fields, replace

import h5py
import numpy as np
import pytest
from helpers import ROOT

from axonal.deploy import EventGraph, Population, Projection
from axonal.deploy.backends import find, names
from axonal.deploy.graph import hdf5
from axonal.deploy.kinds import FIELDS, KINDS, NEURONS, READOUTS, SPIKING
from axonal.deploy.kinds.__main__ import PAGE, filled

OF_SEVERAL_LAYERS = {"current_integrator"}
"""Kinds that an export makes of layers one behind the other."""


def one(kind):
    """A graph with one unit of a kind, at half of every parameter."""
    cell = dict.fromkeys(KINDS[kind].fields, 0.5) | {"reset": KINDS[kind].resets[0]}
    x = Population("x", kind, (KINDS[kind].compartments,), **cell)
    parts = (Population("in", "input", (1,)), x)
    wire = Projection("in", "x", [0], [0], [1.0], [1])
    return EventGraph(parts, (wire,), ("x",), dt=1e-3, hop=1)


def test_the_documented_kinds_are_those_of_their_files():
    page = (ROOT / PAGE).read_text()
    assert filled(page) == page
    assert all(f"| `{name}` |" in page for name in KINDS)


def test_a_population_has_every_field_that_a_kind_names():
    assert set(FIELDS) <= {field.name for field in fields(Population)}


@pytest.mark.parametrize("name", NEURONS)
def test_a_neuron_names_its_equation_its_layer_and_its_place_in_the_executor(name):
    kind = KINDS[name]
    assert kind.equation and kind.executor is not None
    assert (kind.layer is None) == (name in OF_SEVERAL_LAYERS)
    assert {kind.trace_decay, kind.coupling, *kind.extra} - {None} <= set(kind.fields)
    assert (kind.layer, kind.executor) not in [
        (other.layer, other.executor) for key, other in KINDS.items() if key != name
    ]


@pytest.mark.parametrize("name", SPIKING)
def test_a_back_end_runs_a_kind_or_refuses_it_by_name(name):
    for backend in map(find, names()):
        lines = backend.unsupported(one(name))
        if name not in backend.support().neurons:
            assert any(f"'x' is of kind {name}" in x or "is in float64" in x for x in lines)


@pytest.mark.parametrize("name", READOUTS)
def test_a_back_end_reads_a_membrane_or_refuses_it_by_name(name):
    for backend in map(find, names()):
        lines, support = backend.unsupported(one(name)), backend.support()
        if not support.integrators:
            assert any("no membrane can be read out" in x or "is in float64" in x for x in lines)
        elif name not in support.readouts:
            assert any(f"'x' is of kind {name}" in x or "is in float64" in x for x in lines)


@pytest.mark.parametrize("name", NEURONS)
def test_a_file_gets_the_first_version_that_has_its_kinds(name, tmp_path, monkeypatch):
    one(name).save(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        assert file.attrs["version"] == max(3, KINDS[name].since)
    # a kind that came with a later version
    later = {**KINDS, name: replace(KINDS[name], since=9)}
    monkeypatch.setattr(hdf5, "KINDS", later)
    monkeypatch.setattr(hdf5, "VERSION", 9)
    one(name).save(tmp_path / "b.h5")
    with h5py.File(tmp_path / "b.h5") as file:
        assert file.attrs["version"] == 9
    again = EventGraph.load(tmp_path / "b.h5")
    assert again.readout is None
    np.testing.assert_array_equal(again.population("x").gain, one(name).population("x").gain)
