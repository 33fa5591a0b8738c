"""A phase diagram: the theory of a grid at once, Monte Carlo cell by cell."""

import json
import os
from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from axonal._base.array_types import Float64Array
from axonal._base.checks import not_negative
from axonal._base.checks import seed as check_seed
from axonal._base.extras import extra
from axonal._base.progress import bar
from axonal._base.sweeps import unordered
from axonal.hebbian.models._phase_model import Named, PhaseModel
from axonal.hebbian.phase._format import CELLS, NAMES, QUANTITY, Header, written_by
from axonal.hebbian.phase._montecarlo import MonteCarlo
from axonal.hebbian.phase._store import Store, unfinished

if TYPE_CHECKING:
    import xarray as xr

LONGEST_AXIS = 10_000


def phase_diagram(
    model: Any,
    *,
    T: ArrayLike,
    mc: MonteCarlo | None = None,
    out: str | os.PathLike[str] | None = None,
    seed: int = 0,
    jobs: int = -1,
    progress: bool = False,
    **load: ArrayLike,
) -> "xr.Dataset":
    """Theory and, with `mc`, Monte Carlo of a model over a grid of loads and temperatures.

    Cells go through joblib: over the cores of this machine, or over a cluster inside
    ``joblib.parallel_config(backend="dask")``. Each has random numbers of its own, which depend on
    `seed` and the point only, so that neither the way it is distributed nor the rest of the grid
    changes it. A call with the same `out` goes on where one was stopped.

    Args:
        model: :class:`Hopfield`, :class:`DenseHopfield` or :class:`MultitaskingHopfield`.
        T: temperatures [T], rising.
        mc: how cells are simulated; None for the theory alone.
        out: folder in which the cells are kept, as ``diagram.zarr``.
        seed: of all random numbers, 0 to 2^64 - 1.
        jobs: processes, -1 for one per core.
        progress: whether to show a bar on stderr.
        load: the other axis, rising, under the name that the model gives it: ``alpha=`` [L],
            ``gamma=`` or ``dilution=``. Zero load is simulated with one pattern.

    Returns:
        A dataset with the axes load and T. Theory: m (nan without retrieval), f, phase, and for
        retrieval models q, r, replicon; on an axis ``line`` of loads, the temperatures T_M, T_c,
        T_g, T_AT or those of the model, and on an axis ``line_T`` of temperatures the loads load_M
        and load_c of the first two, which turn back at low temperature; for the multitasking
        network border_T and border_load between neighbours of the grid whose regimes differ.
        Monte Carlo: overlap of the runs that kept the memory, survival (how many did), energy,
        their errors over samples, the autocorrelation time in sweeps and the acceptance; for the
        multitasking network the sorted overlaps overlap_1 to overlap_K.

    Raises:
        ValueError: for a grid outside the model's domain, a size that none of its cells can be
            simulated with; a store of other settings, an unfinished one of another version, or a
            damaged one.
        BlockingIOError: while another call writes into `out`.
        OSError: if `out` cannot be written.
        TypeError: for another model, or an axis of another name.
        ImportError: without what ``pip install 'axonal[phase]'`` brings.

    >>> from axonal.hebbian import Hopfield, phase_diagram
    >>> diagram = phase_diagram(Hopfield(), alpha=[0.05, 0.1], T=[0.1, 0.3, 0.5])
    >>> diagram.m.sel(alpha=0.1).values.round(4)
    array([0.9968, 0.953 ,    nan])
    """
    if not isinstance(model, PhaseModel):
        raise TypeError(
            "phase_diagram expects a Hopfield, DenseHopfield or MultitaskingHopfield, got"
            f" {type(model).__name__}."
        )
    if set(load) != {model.load_name}:
        got = ", ".join(sorted(load)) or "none"
        raise TypeError(
            f"phase_diagram of {type(model).__name__} expects T and {model.load_name}=, got {got}."
        )
    loads, temperatures = axis(model.load_name, load[model.load_name]), axis("T", T)
    check_seed("phase_diagram", seed)
    if mc is not None:
        model.check_size(mc.N)
    if not isinstance(jobs, int) or not (jobs == -1 or jobs >= 1):
        raise ValueError(f"phase_diagram expects jobs >= 1, or -1 for all cores; got {jobs!r}.")
    header = {
        **written_by(),
        "model": repr(model),
        "Monte Carlo": mc is not None,
        **({} if mc is None else asdict(mc)),
        "seed": seed,
        model.load_name: loads.tolist(),
        "T": temperatures.tolist(),
    }
    store = None if out is None else Store(out)
    with nullcontext() if store is None else store.locked():
        if store is not None and store.exists():
            diagram = store.resume(header)
        else:
            diagram = _theory(model, header, loads, temperatures)
            if mc is not None:
                diagram = _with_cells(diagram, model)
            elif store is not None:
                store.create(diagram)
        if mc is not None:
            _simulate(model, mc, diagram, store, seed, jobs, progress)
    return _named(diagram)


def load_phase_diagram(out: str | os.PathLike[str]) -> "xr.Dataset":
    """The phase diagram in a folder, nan where cells are still missing.

    Args:
        out: folder that was given to :func:`phase_diagram`; it may be at work there.

    Raises:
        ValueError: if there is none, a damaged one, or one of a format that is not known here.

    >>> import tempfile
    >>> from axonal.hebbian import Hopfield, load_phase_diagram, phase_diagram
    >>> folder = tempfile.mkdtemp()
    >>> diagram = phase_diagram(Hopfield(), alpha=[0.05, 0.1], T=[0.1, 0.3], out=folder)
    >>> load_phase_diagram(folder).equals(diagram)
    True
    """
    return _named(Store(out).read())


def axis(name: str, values: ArrayLike) -> Float64Array:
    """A rising axis of finite numbers that are not negative."""
    points = not_negative("phase_diagram", name, values)
    if points.ndim != 1 or not 1 <= len(points) <= LONGEST_AXIS or (np.diff(points) <= 0).any():
        raise ValueError(
            f"phase_diagram expects {name} as one axis of 1 to {LONGEST_AXIS} rising values, got"
            f" shape {list(points.shape)}."
        )
    return points


def _theory(model: PhaseModel, header: Header, load: Float64Array, T: Float64Array) -> "xr.Dataset":
    line, turning = model.line_loads(load), model.line_temperatures()
    states = model.states(load, T)
    between: dict[str, tuple[str, ...]] = {
        "border_load": (f"between_{model.load_name}", "T"),
        "border_T": (model.load_name, "between_T"),
    }
    grid: tuple[str, ...] = (model.load_name, "T", "pattern")
    variables: dict[str, Any] = {
        **_on_axes(states, {name: grid[: x.ndim] for name, (x, _) in states.items()}),
        **_on_axes(model.borders(load, T, states["phase"][0]), between),
        **_on_axes(model.lines(line), "line"),
        **_on_axes(model.turning_lines(turning), "line_T"),
    }
    axes = {model.load_name: load, "T": T, "line": line, "line_T": turning}
    diagram: xr.Dataset = extra("xarray", "phase", "phase diagrams").Dataset(
        variables, axes, {"settings": json.dumps(header)}
    )
    return diagram


def _on_axes(arrays: Named, axes: dict[str, tuple[str, ...]] | str) -> dict[str, Any]:
    """Variables of a dataset on axes of their own, or all on one."""
    return {
        name: (axes if isinstance(axes, str) else axes[name], x, {"long_name": meaning})
        for name, (x, meaning) in arrays.items()
    }


def _with_cells(diagram: "xr.Dataset", model: PhaseModel) -> "xr.Dataset":
    axes = (model.load_name, "T", QUANTITY)
    shape = [diagram.sizes[name] for name in axes[:2]]
    empty = np.full((*shape, len(model.quantities)), np.nan)
    return diagram.assign({CELLS: (axes, empty, {NAMES: list(model.quantities)})})


def _named(diagram: "xr.Dataset") -> "xr.Dataset":
    """Every simulated quantity under its name."""
    if CELLS not in diagram:
        return diagram
    names = diagram[CELLS].attrs[NAMES]
    cells = diagram[CELLS].drop_attrs().assign_coords({QUANTITY: names}).to_dataset(QUANTITY)
    for name in cells.data_vars:
        cells[name].attrs["long_name"] = f"{str(name).replace('_', ' ')} (Monte Carlo)"
    return diagram.drop_dims(QUANTITY).assign(cells.data_vars)


def cell_seed(seed: int, load: float, T: float) -> int:
    """Seed of a cell: of the diagram's seed and the point, whatever grid it belongs to."""
    words = np.array([load, T], "<f8").view("<u4").tolist()
    return int(np.random.SeedSequence([seed, *words]).generate_state(1, np.uint64)[0])


Cell = tuple[int, int, list[float]]


def _cell(
    model: PhaseModel, mc: MonteCarlo, seed: int, where: tuple[int, int], load: float, T: float
) -> Cell:
    return (*where, model.cell(load, T, cell_seed(seed, load, T), mc.settings()))


def _simulate(
    model: PhaseModel,
    mc: MonteCarlo,
    diagram: "xr.Dataset",
    store: Store | None,
    seed: int,
    jobs: int,
    progress: bool,
) -> None:
    """Fill in the cells that are missing, each into the store as soon as it is known."""
    cells = diagram[CELLS].values
    missing = unfinished(cells)
    if not missing:
        return
    extra("joblib", "phase", "phase diagrams")
    load, T = diagram[model.load_name].values, diagram["T"].values
    tasks = ((model, mc, seed, (i, j), float(load[i]), float(T[j])) for i, j in missing)
    total = cells[..., -1].size
    written = None
    with (
        bar("cells", total, shown=progress) as step,
        unordered(_cell, tasks, jobs) as done,
    ):
        step(total - len(missing))
        for i, j, values in done:
            if store is not None and written is None:
                # Not before a cell is known: settings that no cell can be done with leave nothing.
                if not store.exists():
                    store.create(diagram)
                written = store.cells()
            cells[i, j] = values
            if written is not None:
                written[i, j] = cells[i, j]
            step()
