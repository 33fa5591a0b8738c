"""Phase diagrams: what they hold, what a stop leaves, and what is refused."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from helpers.phase import QUICK, chunks
from matplotlib.figure import Figure

from axonal.cli import _phase_diagram as _phase
from axonal.hebbian import (
    DenseHopfield,
    ExponentialMemory,
    Hopfield,
    MonteCarlo,
    MultitaskingHopfield,
    load_phase_diagram,
    phase_diagram,
    plot_phase_diagram,
)
from axonal.hebbian.models._phase_model import PhaseModel
from axonal.hebbian.phase import _diagram

LOADS, TEMPERATURES = [0.0, 0.05, 0.1], [0.1, 0.3, 1.05]
GRID: dict[str, Any] = {"alpha": LOADS, "T": TEMPERATURES, "mc": QUICK, "jobs": 1}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, xr.Dataset]:
    folder = tmp_path_factory.mktemp("whole")
    return folder, phase_diagram(Hopfield(), out=folder, **GRID)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float]]:
    """Cells that are computed from now on, by load and temperature."""
    seen: list[tuple[float, float]] = []
    cell = Hopfield.cell

    def count(self: Any, load: float, T: float, seed: int, settings: Any) -> list[float]:
        seen.append((load, T))
        return cell(self, load, T, seed, settings)

    monkeypatch.setattr(Hopfield, "cell", count)
    return seen


def test_theory_of_a_diagram_is_that_of_the_model() -> None:
    model = Hopfield()
    diagram = phase_diagram(model, alpha=LOADS, T=TEMPERATURES)
    for i, alpha in enumerate(LOADS):
        np.testing.assert_array_equal(diagram.m[i], model.theory(alpha, TEMPERATURES).m)
        np.testing.assert_array_equal(diagram.phase[i], model.phases(alpha, TEMPERATURES))
    line = diagram.line.values[[5, 50, 90]]
    np.testing.assert_allclose(diagram.T_M[[5, 50, 90]], model.T_M(line))
    np.testing.assert_allclose(diagram.T_g[[5, 50, 90]], model.T_g(line))
    np.testing.assert_allclose(diagram.load_c[3], model.alpha_c(diagram.line_T[3]))


def test_the_line_of_the_spinodal_ends_where_retrieval_does() -> None:
    diagram = phase_diagram(Hopfield(), alpha=[0.0, 5.0], T=[0.1, 0.5])
    ends = diagram.line.values[np.isfinite(diagram.T_M.values)].max()
    assert ends == pytest.approx(diagram.load_M.max().item(), rel=1e-6)
    assert ends == pytest.approx(0.13818, abs=1e-4)


def test_monte_carlo_lies_on_the_theory_where_memories_are_kept() -> None:
    mc = MonteCarlo(N=1500, samples=6, sweeps=100, warmup=50)
    diagram = phase_diagram(Hopfield(), alpha=[0.02, 0.05], T=[0.2, 0.4], mc=mc, jobs=1)
    assert (diagram.survival == 1).all()
    gap = np.abs(diagram.overlap - diagram.m)
    assert bool((gap < np.maximum(5 * diagram.overlap_error, 4e-3)).all())
    lost = phase_diagram(Hopfield(), alpha=[0.05], T=[0.9], mc=mc, jobs=1)
    assert float(lost.survival.item()) == 0
    assert np.isnan(lost.overlap.item()) and np.isnan(lost.m.item())


def test_fluctuations_above_the_critical_temperature_are_no_memory(
    whole: tuple[Path, xr.Dataset],
) -> None:
    assert (whole[1].survival.sel(T=1.05) == 0).all()


def test_a_cell_depends_on_seed_and_point_only(whole: tuple[Path, xr.Dataset]) -> None:
    alone = phase_diagram(Hopfield(), alpha=[0.05], T=[0.3], mc=QUICK, jobs=1)
    xr.testing.assert_equal(alone.overlap, whole[1].overlap.sel(alpha=[0.05], T=[0.3]))
    other = phase_diagram(Hopfield(), alpha=[0.05], T=[0.3], mc=QUICK, jobs=1, seed=1)
    assert float(other.overlap.item()) != float(alone.overlap.item())


@pytest.mark.slow
def test_two_processes_give_what_one_does(whole: tuple[Path, xr.Dataset]) -> None:
    xr.testing.assert_identical(phase_diagram(Hopfield(), **{**GRID, "jobs": 2}), whole[1])


def test_a_store_is_a_dataset_that_xarray_opens(whole: tuple[Path, xr.Dataset]) -> None:
    folder, diagram = whole
    xr.testing.assert_identical(load_phase_diagram(folder), diagram)
    with xr.open_zarr(folder / "diagram.zarr", consolidated=False, chunks=None) as opened:
        cells = opened.montecarlo
        cells = cells.isel(quantity=cells.quantities.index("overlap"))
        np.testing.assert_array_equal(cells, diagram.overlap)


def test_a_stopped_diagram_goes_on_and_repeats_no_cell(
    tmp_path: Path,
    whole: tuple[Path, xr.Dataset],
    counted: list[tuple[float, float]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cell = Hopfield.cell

    def stop(self: Any, *args: Any) -> list[float]:
        if len(counted) == 4:
            raise KeyboardInterrupt
        return cell(self, *args)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Hopfield, "cell", stop)
        phase_diagram(Hopfield(), out=tmp_path, **GRID)
    assert len(chunks(tmp_path)) == len(set(counted)) == 4
    partial = load_phase_diagram(tmp_path)
    assert int(np.isfinite(partial.acceptance).sum()) == 4
    monkeypatch.setattr(Hopfield, "phases", None)  # the theory is not repeated either
    diagram = phase_diagram(Hopfield(), out=tmp_path, **GRID)
    assert len(counted) == len(set(counted)) == 9
    xr.testing.assert_identical(diagram, whole[1])
    phase_diagram(Hopfield(), out=tmp_path, **GRID)
    assert len(counted) == 9


def test_half_a_cell_on_the_disk_is_not_taken_for_one(
    tmp_path: Path, counted: list[tuple[float, float]]
) -> None:
    grid = {**GRID, "alpha": [0.05], "T": [0.3, 0.4]}
    first = phase_diagram(Hopfield(), out=tmp_path, **grid)
    file = chunks(tmp_path)[0]
    # what a killed writer leaves: a draft under another name
    file.rename(file.with_suffix(".0123.partial"))
    assert len(counted) == 2
    xr.testing.assert_identical(phase_diagram(Hopfield(), out=tmp_path, **grid), first)
    assert len(counted) == 3


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"mc": MonteCarlo(N=500, samples=3, sweeps=20, warmup=10)}, "N = 400, not 500"),
        ({"mc": None}, "Monte Carlo = True, not False"),
        ({"seed": 1}, "seed = 0, not 1"),
        ({"T": [0.1, 0.3, 0.9]}, "T = [0.1, 0.3, 1.05], not [0.1, 0.3, 0.9]"),
        ({"alpha": [0.0, 0.05]}, "alpha = [0.0, 0.05, 0.1], not [0.0, 0.05]"),
    ],
    ids=["size", "theory", "seed", "temperatures", "loads"],
)
def test_a_store_of_other_settings_is_refused(
    whole: tuple[Path, xr.Dataset], change: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match="use another folder") as refusal:
        phase_diagram(Hopfield(), out=whole[0], **{**GRID, **change})
    assert told in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.slow
def test_a_store_of_another_model_or_version_is_refused(
    tmp_path: Path, whole: tuple[Path, xr.Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match=r"model = Hopfield\(.*, not Hopfield\(quality=0.5"):
        phase_diagram(Hopfield(quality=0.5, examples=9), out=whole[0], **GRID)
    cells: dict[str, Any] = {"alpha": [0.05], "T": [0.3, 0.4]}
    cells["mc"] = MonteCarlo(N=60, samples=2, sweeps=4, warmup=2)
    refused = pytest.raises(ValueError, match=r"was written by axonal .*99.*: use another folder")
    for name in ("format", "axonal"):
        theirs = {**_diagram.written_by(), name: "99"}
        with monkeypatch.context() as patch:
            patch.setattr(_diagram, "written_by", lambda theirs=theirs: theirs)
            whole = phase_diagram(Hopfield(), **cells, out=tmp_path / name)
        if name == "axonal":  # of a format that this version knows
            assert phase_diagram(Hopfield(), **cells, out=tmp_path / name).equals(whole)
            chunks(tmp_path / name)[0].unlink()
        with refused:
            phase_diagram(Hopfield(), **cells, out=tmp_path / name)


def test_what_is_no_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "diagram.zarr").mkdir()
    (tmp_path / "diagram.zarr" / "mine").write_text("mine")
    with pytest.raises(ValueError, match="is no phase diagram of axonal"):
        phase_diagram(Hopfield(), alpha=[0.1], T=[0.1], out=tmp_path)
    assert (tmp_path / "diagram.zarr" / "mine").read_text() == "mine"
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(NotADirectoryError):
        phase_diagram(Hopfield(), alpha=[0.1], T=[0.1], out=file)
    with pytest.raises(ValueError, match="is no phase diagram"):
        load_phase_diagram(tmp_path / "nothing")


def test_settings_that_no_cell_can_be_done_with_leave_no_store(tmp_path: Path) -> None:
    mc = MonteCarlo(N=100, dynamics="zero-temperature")
    with pytest.raises(ValueError, match="runs at T = 0"):
        phase_diagram(Hopfield(), alpha=[0.1], T=[0.1], mc=mc, out=tmp_path, jobs=1)
    huge = MonteCarlo(N=10_000_000, samples=1)
    with pytest.raises(MemoryError, match="GB"):
        phase_diagram(Hopfield(), alpha=[0.1], T=[0.1], mc=huge, out=tmp_path, jobs=1)
    assert list(tmp_path.iterdir()) == []


def test_a_grid_outside_the_domain_is_refused_in_one_line() -> None:
    for words, kind, told in [
        ({"alpha": [-0.1], "T": [0.1]}, ValueError, "finite alpha >= 0"),
        ({"alpha": [0.1], "T": [np.nan]}, ValueError, "finite T >= 0"),
        ({"alpha": [0.1, 0.1], "T": [0.1]}, ValueError, "rising values"),
        ({"alpha": [], "T": [0.1]}, ValueError, "rising values"),
        ({"gamma": [0.1], "T": [0.1]}, TypeError, "expects T and alpha=, got gamma"),
        ({"T": [0.1]}, TypeError, "got none"),
        ({"alpha": [0.1], "T": [0.1], "jobs": 0}, ValueError, "jobs >= 1"),
        ({"alpha": [0.1], "T": [0.1], "seed": -1}, ValueError, "seed as a whole number from 0"),
        ({"alpha": [0.1], "T": [0.1], "seed": 2**64}, ValueError, "to 18446744073709551615, got"),
    ]:
        with pytest.raises(kind, match=told) as refusal:
            phase_diagram(Hopfield(), **words)
        assert "\n" not in str(refusal.value)
    with pytest.raises(TypeError, match="got ExponentialMemory"):
        phase_diagram(ExponentialMemory(), alpha=[0.1], T=[0.1])
    with pytest.raises(ValueError, match="T > 0"):
        phase_diagram(MultitaskingHopfield(0.5, 3), dilution=[0.1], T=[0.0])
    with pytest.raises(ValueError, match="dilution in"):
        phase_diagram(MultitaskingHopfield(0.5, 3), dilution=[1.0], T=[0.1])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("samples=3", "needs a size"),
        ("N=2,n=3", "of N, samples"),
        ("N=2,N=3", "each name once"),
        ("N=x", "a number for N, got 'x'"),
        ("N=1", "N as a whole number from 2 to 2147483647, got 1"),
        ("N=1000000000000", "from 2 to 2147483647, got 1000000000000"),
        ("N=100,samples=99999999999", "samples as a whole number from 1 to 4294967296"),
        ("N=100,samples=0", "samples as a whole number from 1"),
        ("N=100,start=2", "start in"),
        ("N=100,survive=nan", "survive in"),
        ("N=100,dynamics=fast", "one of heat-bath"),
    ],
)
def test_unknown_monte_carlo_settings_are_refused(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        MonteCarlo.parse(text)


def test_what_cannot_be_simulated_is_refused_before_the_theory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for model in (Hopfield, DenseHopfield, MultitaskingHopfield):
        monkeypatch.setattr(model, "states", None)
    mc = MonteCarlo(N=100_000)
    with pytest.raises(ValueError, match="at most 2\\^53 for overlaps to be exact, got N = 100000"):
        phase_diagram(DenseHopfield(4), gamma=[0.1], T=[0.1], mc=mc, out=tmp_path)
    with pytest.raises(ValueError, match="P <= 100 spins, got 1000000"):
        DenseHopfield(1_000_000)
    (tmp_path / _phase.FIGURE).mkdir()
    asked = _phase.request("hopfield", {"alpha": "0.1"}, {}, None)
    with pytest.raises(ValueError, match="is a folder, and the figure is a file"):
        _phase.draw(asked, tmp_path, seed=0, jobs=1, progress=False)
    assert [p.name for p in tmp_path.iterdir()] == [_phase.FIGURE]


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ImportError, match=r"need xarray.*pip install 'axonal\[phase\]'"):
        phase_diagram(Hopfield(), alpha=[0.1], T=[0.1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "grid", "lines"),
    [
        (Hopfield(), {"alpha": [0.0, 0.1]}, 4),
        (Hopfield(quality=0.5, examples=30, noise="gaussian"), {"alpha": [0.0, 0.1]}, 4),
        (DenseHopfield(3), {"gamma": [0.0, 0.1]}, 3),
        (MultitaskingHopfield(0.0, 3), {"dilution": [0.1, 0.5, 0.8]}, 2),
    ],
    ids=["hopfield", "examples", "dense", "multitasking"],
)
@pytest.mark.parametrize("mc", [None, MonteCarlo(N=120, samples=2, sweeps=10, warmup=5)])
def test_every_model_has_a_figure_with_its_lines(
    model: Any,
    grid: dict[str, Any],
    lines: int,
    mc: MonteCarlo | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(PhaseModel, "line_points", 12)
    # far enough up for every line to be seen
    diagram = phase_diagram(model, T=[0.1, 0.3, 1.3], mc=mc, jobs=1, **grid)
    ax = Figure().subplots()
    assert plot_phase_diagram(diagram, ax) is ax
    assert len(ax.get_legend().get_texts()) == lines
    assert ax.get_xlabel() and ax.get_ylabel()


def test_a_legend_lists_the_lines_that_pass_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PhaseModel, "line_points", 12)
    for T, names in [([0.1, 0.5], ["T_M", "T_c", "T_{AT}"]), ([0.9, 1.3], ["T_g", "T_M", "T_c"])]:
        diagram = phase_diagram(Hopfield(), alpha=[0.0, 0.1], T=T)
        texts = plot_phase_diagram(diagram, Figure().subplots()).get_legend().get_texts()
        assert [text.get_text().split("$")[1] for text in texts] == names
    far = phase_diagram(Hopfield(), alpha=[0.3, 0.4], T=[0.3, 0.4])
    assert plot_phase_diagram(far, Figure().subplots()).get_legend() is None


def test_regimes_are_outlined_where_the_theory_changes_between_cells() -> None:
    model = MultitaskingHopfield(0.0, 3)
    grid = {"dilution": [0.15, 0.3, 0.45], "T": [0.1, 0.25, 0.4, 0.6]}
    diagram = phase_diagram(model, **grid)
    pure = model.T_pure(grid["dilution"])
    found = np.nanmax(np.where(diagram.phase[:, 1:] == 1, diagram.border_T, np.nan), axis=1)
    np.testing.assert_allclose(found, pure, atol=2e-3)
    (outline,) = plot_phase_diagram(diagram, Figure().subplots()).collections[1:]
    points = np.concatenate([path.vertices for path in outline.get_paths()])
    for d, T in zip(grid["dilution"], pure, strict=True):
        assert np.abs(points - [d, T]).max(1).min() < 2e-3
    older = diagram.drop_vars(["border_T", "border_load"])
    assert plot_phase_diagram(older, Figure().subplots()).collections[1].get_paths()


def test_the_area_of_a_cell_is_the_share_of_memories_that_are_kept(
    whole: tuple[Path, xr.Dataset],
) -> None:
    diagram = whole[1].copy(deep=True)
    diagram["survival"][:] = 0.0
    diagram["survival"][1, 0], diagram["survival"][1, 1] = 1.0, 0.25
    ax = plot_phase_diagram(diagram, Figure().subplots())
    boxes = [path.get_extents() for path in ax.collections[0].get_paths()]
    assert len(boxes) == 2
    full = boxes[0].width * boxes[0].height / 0.2 / 0.05  # of a cell, 0.05 wide and 0.2 high
    assert full == pytest.approx(1.0)
    areas = sorted(box.width * box.height / h for box, h in zip(boxes, (0.2, 0.475), strict=True))
    assert areas[0] / areas[1] == pytest.approx(0.25)


def test_the_legend_lists_no_line_outside_the_axes(monkeypatch: pytest.MonkeyPatch) -> None:
    """T = 1 of the multitasking network, on a grid far below it."""
    monkeypatch.setattr(PhaseModel, "line_points", 12)
    low = phase_diagram(MultitaskingHopfield(0.0, 3), dilution=[0.1, 0.2], T=[0.05, 0.1], jobs=1)
    ax = plot_phase_diagram(low, Figure().subplots())
    legend = [] if ax.get_legend() is None else ax.get_legend().get_texts()
    listed = {text.get_text() for text in legend}
    bottom, top = ax.get_ylim()
    for line in ax.lines:
        y = np.asarray(line.get_ydata(), float)
        assert (line.get_label() in listed) == bool(np.any((y >= bottom) & (y <= top)))
    assert not any("T = 1" in text for text in listed)
