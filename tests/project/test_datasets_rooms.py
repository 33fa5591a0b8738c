"""Rooms of datasets: who imports whom, and what they need."""

import ast
import sys

from helpers.sources import MODULES, at_import_in_use, files, imports, top


def test_datasets_needs_numpy_scipy_scikit_learn_and_h5py_only() -> None:
    needed = {"axonal", "numpy", "scipy", "sklearn", "h5py"}
    figures = {"matplotlib", "mpl_toolkits"}
    found = {}
    for path in files("datasets"):
        allowed = figures if path.parent.name == "pictures" else set()
        for name in imports(path):
            found.setdefault(top(name), []).append(top(name) in allowed)
    others = {name for name, allowed in found.items() if not all(allowed)}
    assert others - set(sys.stdlib_module_names) == needed


DATASETS_FLOORS = {
    "events": set(),
    "binning": {"events"},
    "transforms": {"events"},
    "readers": {"events"},
    "store": {"events"},
    "pictures": {"events"},
    "exchange": {"events", "transforms", "store"},
    "sets": {"events", "binning", "transforms", "readers", "store"},
    "text": set(),
}


def test_nothing_in_datasets_imports_what_lies_above_it() -> None:
    prefix = "axonal.datasets."
    wrong = []
    for module, path in MODULES.items():
        room = module.removeprefix(prefix).split(".")[0]
        if not module.startswith(prefix) or room not in DATASETS_FLOORS:
            continue
        others = {n.removeprefix(prefix).split(".")[0] for n in imports(path) if prefix in n}
        above = {other for other in others if other in DATASETS_FLOORS}
        above -= {room, *DATASETS_FLOORS[room]}
        wrong += [f"{module} imports {name}" for name in above]
    assert wrong == []


def test_figures_import_matplotlib_when_they_are_drawn() -> None:
    tops = {
        top(name)
        for path in files("datasets/pictures")
        for name in imports(path, at_import_in_use(ast.parse(path.read_text())))
    }
    assert not tops & {"matplotlib", "mpl_toolkits"}
