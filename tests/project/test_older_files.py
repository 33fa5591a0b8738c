"""Files that an earlier version wrote load, with the same spikes and values.

tests/fixtures/b96d2b4/make.py wrote them with the code of that commit.
"""

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import ROOT

from axonal import deploy, neuro, recipes

OLDER = ROOT / "tests" / "fixtures" / "b96d2b4"
EXPECTED = np.load(OLDER / "expected.npz")


def test_an_event_graph_fires_the_spikes_of_its_golden_run():
    graph = deploy.EventGraph.load(OLDER / "graph.h5")
    kinds = {p.kind for p in graph.populations}
    assert kinds == {"input", "lif", "alif", "cuba", "integrator"}
    assert sum(int(spikes.sum()) for spikes in graph.golden.spikes.values()) > 100
    result = deploy.verify(graph)
    assert result.passed, str(result)


def test_a_stream_goes_on_from_its_state():
    graph = deploy.EventGraph.load(OLDER / "graph.h5")
    stream = deploy.Stream(graph)
    stream.load(OLDER / "stream.npz")
    assert stream.step == 9
    x = torch.rand(24, 2, 6, generator=torch.Generator().manual_seed(1)) < 0.4
    (source,) = [p.name for p in graph.populations if p.kind == "input"]
    steps = [stream.advance({source: x[t, 0].double().numpy()}) for t in range(9, 24)]
    for name in (key for key in EXPECTED.files if key.startswith("stream.")):
        name = name.removeprefix("stream.")
        if name == "readout":
            found = np.stack([step.readout[name] for step in steps])
        else:
            spikes = [(t, n) for t, step in enumerate(steps) for n in step.spikes[name]]
            found = np.array(spikes, np.int64)
            assert len(found) > 10
        assert np.array_equal(found, EXPECTED[f"stream.{name}"]), name


def test_a_run_folder_loads_with_the_same_spikes():
    net, settings = recipes.load_run(OLDER / "run")
    assert settings.hidden == 6 and settings.seed == 3
    data = recipes.digits.data(settings)["test"]
    x = torch.as_tensor(data.dense(range(8))).double() * 4
    y, traces = neuro.record(net.double().eval(), x, {"hidden": ("spikes",)})
    assert np.array_equal(traces["hidden"]["spikes"].detach().numpy(), EXPECTED["run.spikes"])
    np.testing.assert_allclose(y.detach().numpy(), EXPECTED["run.output"], rtol=0, atol=1e-12)
    assert EXPECTED["run.spikes"].sum() > 100


@pytest.fixture
def store(tmp_path: Path) -> Path:
    with zipfile.ZipFile(OLDER / "phase.zip") as archive:
        archive.extractall(tmp_path / "phase")
    return tmp_path / "phase"


def test_a_phase_diagram_is_read_and_drawn(store: Path):
    pytest.importorskip("zarr")
    from matplotlib.figure import Figure

    from axonal.hebbian import load_phase_diagram, plot_phase_diagram

    diagram = load_phase_diagram(store)
    for name in ("m", "overlap", "survival"):
        assert np.array_equal(diagram[name].values, EXPECTED[f"phase.{name}"], equal_nan=True)
    axes = Figure().subplots()
    assert plot_phase_diagram(diagram, axes) is axes and axes.get_xlabel()


def test_a_phase_diagram_of_other_numbers_is_not_gone_on_with(store: Path):
    pytest.importorskip("zarr")
    from axonal.hebbian import Hopfield, MonteCarlo, phase_diagram

    shutil.rmtree(store / "diagram.zarr" / "montecarlo" / "c" / "0")
    mc = MonteCarlo(N=60, samples=2, sweeps=4, warmup=4)
    with pytest.raises(ValueError, match="version") as caught:
        phase_diagram(Hopfield(), alpha=[0.05, 0.1], T=[0.2, 0.5], mc=mc, out=store, jobs=1)
    assert "\n" not in str(caught.value)
