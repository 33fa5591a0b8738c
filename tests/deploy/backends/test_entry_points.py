"""Back ends of other packages, found by their entry points."""

import importlib
import textwrap

import numpy as np
import pytest

from axonal.deploy import EventGraph, Population, Projection, run
from axonal.deploy.backends import find, names

BACK_END = """
from dataclasses import replace
from pathlib import Path
from axonal.deploy.backends import Backend, Support, find

class Other(Backend):
    def support(self):
        return Support(hop=0)

    def run(self, graph, inputs, request):
        return replace(find("reference").run(graph, inputs, request), extra={"by": self.name})

class NoBackend:
    def __init__(self, name):
        pass
"""
ENTRIES = """
[axonal.backends]
other = other_simulator:Other
nothing = other_simulator:NoBackend
nest = other_simulator:Other
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package with three entry points, as installers leave it."""
    (tmp_path / "other_simulator.py").write_text(BACK_END)
    folder = tmp_path / "other_simulator-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: other-simulator\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(textwrap.dedent(ENTRIES))
    find.cache_clear()
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield
    find.cache_clear()


def graph(kind="lif", **extra):
    cell = {"decay": 0.5, "gain": 1, "bias": 0, "threshold": 1, **extra}
    parts = (Population("in", "input", (1,)), Population("x", kind, (1,), **cell))
    return EventGraph(parts, (Projection("in", "x", [0], [0], [1.0], [0]),), ("x",), dt=1e-3)


def test_a_back_end_of_another_package_runs_a_graph(installed):
    assert "other" in names()
    found = run(graph(), np.ones((2, 1, 1)), backend="other")
    assert found.extra == {"by": "other"}
    assert found.raster("x").all()


def test_it_refuses_by_name_what_it_does_not_support(installed):
    with pytest.raises(ValueError, match=r"'other' cannot run this graph: .*'x' is of kind cuba"):
        run(graph("cuba", synapse_decay=0.5), np.ones((2, 1, 1)), backend="other")


def test_an_entry_point_that_names_no_back_end_is_refused(installed):
    with pytest.raises(
        ValueError, match=r"'nothing' of the group axonal\.backends must name a sub"
    ):
        find("nothing")


def test_a_name_that_is_taken_is_refused(installed):
    with pytest.raises(ValueError, match="'nest' of axonal and one of other_simulator:Other have"):
        find("nest")
