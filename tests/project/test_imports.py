"""Who may import whom, what an import costs."""

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import ROOT
from helpers.sources import (
    FOLDERS,
    MODULES,
    at_import,
    files,
    imports,
    runtime_imports,
    top,
)

CODE = (*FOLDERS, "src", "tests", "benchmarks", "notebooks", "experiments")
MAY_IMPORT = {
    "datasets": set(),
    "neuro": set(),
    "hebbian": {"neuro"},
    "reservoirs": {"neuro"},
    "deploy": {"neuro"},
}
# Everybody may import it, and it imports none of ours.
GROUND = "axonal._base"
# Their licences would reach whoever imports axonal.
COPYLEFT = {"brian2", "nest", "pyNN", "sanafe", "spynnaker", "tonic"}
LONGEST_FILE = 400


def folder_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "axonal" and parts[1] in FOLDERS else None


def on_ground_floor(module: str) -> bool:
    return module == GROUND or module.startswith(f"{GROUND}.")


def neuro_rank(module: str) -> int:
    """Height inside neuro: helpers, operators, layers, network, then the public name."""
    part = module.split(".")[2] if module.count(".") > 1 else ""
    if part.startswith("_") or part in ("surrogates", "events", "losses"):
        return 0
    return {"ops": 1, "layers": 2, "network": 3}.get(part, 4)


# Rooms of deploy from the ground up; rooms of one floor do not import one another.
DEPLOY_FLOORS = (
    ("kinds",),
    ("chips",),
    ("graph",),
    ("executor",),
    ("backends",),
    ("running",),
    ("quantization", "placement", "exporting"),
    ("energy_model", "netx", "nir", "onnx", "viewer"),
    ("",),
)


def deploy_room(module: str) -> str | None:
    """Room of a module of deploy; "" for the package itself, None outside it."""
    parts = module.split(".")
    if parts[:2] != ["axonal", "deploy"]:
        return None
    return parts[2] if len(parts) > 2 else ""


def circle_in(graph: dict[str, set[str]]) -> list[str]:
    """The first circle of a graph of imports, from a module back to it; empty without one."""
    done: set[str] = set()

    def walk(module: str, path: list[str]) -> list[str]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return []
        for name in sorted(graph[module]):
            circle = walk(name, [*path, module])
            if circle:
                return circle
        done.add(module)
        return []

    return next(filter(None, (walk(module, []) for module in sorted(graph))), [])


def test_a_circle_of_imports_is_found() -> None:
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle_in({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_nothing_is_imported_in_a_circle() -> None:
    assert circle_in({module: runtime_imports(path) for module, path in MODULES.items()}) == []


def test_a_room_of_deploy_imports_only_rooms_below_it() -> None:
    height = {room: k for k, floor in enumerate(DEPLOY_FLOORS) for room in floor}
    rooms = {m: room for m in MODULES if (room := deploy_room(m)) is not None}
    assert set(rooms.values()) == set(height)
    wrong = [
        f"{module} imports {name}"
        for module, room in rooms.items()
        for name in runtime_imports(MODULES[module])
        if name in rooms and rooms[name] != room and height[rooms[name]] >= height[room]
    ]
    assert wrong == []


def test_no_room_of_deploy_bears_the_name_of_a_public_function() -> None:
    package = importlib.import_module("axonal.deploy")
    rooms = {room for m in MODULES if (room := deploy_room(m))}
    assert rooms & set(package.__all__) == set()


def test_simulations_import_nothing_of_ours() -> None:
    files_apart = [*files("deploy/backends/simulations"), ROOT / "deploy/executor/job.py"]
    wrong = [
        f"{path.name} imports {name}" for path in files_apart for name in runtime_imports(path)
    ]
    assert len(files_apart) > 5
    assert wrong == []


def test_a_folder_imports_only_the_folders_it_may() -> None:
    wrong = []
    for module, path in MODULES.items():
        own = folder_of(module)
        if own is None:
            continue
        for name in imports(path):
            other = folder_of(name)
            outside = top(name) == "axonal" and other is None and not on_ground_floor(name)
            if outside or (other not in (None, own) and other not in MAY_IMPORT[own]):
                wrong.append(f"{module} imports {name}")
    assert wrong == []


def test_the_ground_floor_imports_none_of_ours_and_only_numpy_at_import() -> None:
    wrong = [
        f"{module} imports {name}"
        for module, path in MODULES.items()
        if on_ground_floor(module)
        for name in imports(path) | {f"{top(n)} at import" for n in imports_at_start(path)}
        if (top(name) == "axonal" and not on_ground_floor(name)) or name.endswith(" at import")
    ]
    assert wrong == []


def imports_at_start(path: Path) -> set[str]:
    """What an import of the file brings in, but the standard library, numpy and our own."""
    found = imports(path, at_import(ast.parse(path.read_text())))
    # kernels alone import the compiler's file
    allowed = {"numba", "llvmlite"} if path.name == "jit.py" else set()
    return {
        n for n in found if top(n) not in {*sys.stdlib_module_names, "numpy", "axonal", *allowed}
    }


def test_nothing_in_neuro_imports_what_lies_above_it() -> None:
    wrong = [
        f"{module} imports {name}"
        for module, path in MODULES.items()
        if folder_of(module) == "neuro"
        for name in imports(path)
        if folder_of(name) == "neuro" and neuro_rank(name) > neuro_rank(module)
    ]
    assert wrong == []


HEBBIAN_FLOORS = {
    "local": set(),
    "theory": set(),
    "montecarlo": set(),
    "modern": set(),
    "models": {"theory", "montecarlo"},
    "phase": {"models"},
    "plasticity": set(),
    "continual": set(),
}


def test_nothing_in_hebbian_imports_what_lies_above_it() -> None:
    prefix = "axonal.hebbian."
    wrong = []
    for module, path in MODULES.items():
        if module.startswith(prefix):
            floor = module.removeprefix(prefix).split(".")[0]
            others = {name.removeprefix(prefix) for name in imports(path) if prefix in name}
            above = {name.split(".")[0] for name in others} - {floor, *HEBBIAN_FLOORS[floor]}
            wrong += [f"{module} imports {name}" for name in above]
    assert wrong == []


def test_numba_is_imported_by_kernels_only() -> None:
    shared = [
        ROOT / "neuro" / "ops" / name
        for name in ("_neuron_cpu.py", "_exp_cpu.py", "_nonzero.py", "_nontemporal.py")
    ]
    shared.append(ROOT / "neuro" / "ops" / "neuron_loop" / "_tap_sums.py")
    shared.append(ROOT / "src" / "axonal" / "_base" / "jit.py")
    users = [
        str(path.relative_to(ROOT))
        for path in MODULES.values()
        if path.name != "cpu.py" and path not in shared and "numba" in map(top, imports(path))
    ]
    assert users == []


def test_copyleft_packages_are_never_imported_with_axonal() -> None:
    wrong = [
        f"{module} imports {name}"
        for module, path in MODULES.items()
        for name in imports(path, at_import(ast.parse(path.read_text())))
        if top(name) in COPYLEFT
    ]
    assert wrong == []


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for suffix in (".py", ".cuh")
        for path in files(*CODE, suffix=suffix)
    }
    assert lengths
    assert {name: n for name, n in lengths.items() if n > LONGEST_FILE} == {}


def fresh(script: str) -> str:
    """Output of a script in a new interpreter in which every warning is an error."""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.mark.parametrize("package", ["axonal", *(f"axonal.{f}" for f in FOLDERS)])
def test_an_import_warns_of_nothing_prints_nothing_and_loads_nothing_slow(package: str) -> None:
    # torch's compiler takes as long as torch itself
    slow = "{'torch._dynamo', 'sympy', 'scipy.optimize', 'scipy.stats', 'matplotlib', 'lightning'}"
    assert fresh(f"import sys, {package}\nprint(*{slow} & set(sys.modules))") == ""


def test_nothing_that_ships_imports_experiments() -> None:
    wrong = [
        f"{module} imports {name}"
        for module, path in MODULES.items()
        for name in imports(path)
        if top(name) in {"experiments", "benchmarks", "tests"}
    ]
    assert wrong == []


def test_recipes_know_nothing_of_the_command_line() -> None:
    wrong = [
        f"{module} imports {name}"
        for module, path in MODULES.items()
        if not module.startswith("axonal.cli")
        for name in imports(path)
        if name.startswith("axonal.cli")
    ]
    assert wrong == []


def test_importing_axonal_does_not_import_torch() -> None:
    heavy = "{'torch', 'numpy', 'numba', 'sklearn', 'matplotlib', 'lightning'}"
    assert fresh(f"import sys, axonal; print({heavy} & set(sys.modules))") == "set()"


def test_simulations_import_no_torch_and_no_theory() -> None:
    script = (
        "import sys, numba, numpy, scipy\n"
        "before = set(sys.modules)\n"
        "import axonal.hebbian.montecarlo\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(new - sys.stdlib_module_names), 'axonal.hebbian.theory' in sys.modules)"
    )
    loaded, theory = fresh(script).rsplit(" ", 1)
    assert theory == "False"
    # The compiler and numpy load more of themselves.
    assert set(ast.literal_eval(loaded)) <= {"axonal", "llvmlite", "numba", "numpy", "psutil"}


@pytest.mark.slow
def test_every_public_name_of_hebbian_is_found_where_it_is_made() -> None:
    script = (
        "import sys\n"
        "from axonal import hebbian\n"
        "hebbian.Hopfield, hebbian.phase_diagram, hebbian.Solution\n"
        "assert 'torch' not in sys.modules and 'numba' not in sys.modules\n"
        "print(all(hasattr(hebbian, name) for name in hebbian.__all__))"
    )
    assert fresh(script) == "True"


def test_asking_for_help_does_not_import_torch() -> None:
    script = (
        "import sys\n"
        "from axonal.cli import main\n"
        "sys.argv = ['axonal', '--help']\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        "print({'torch', 'numba', 'sklearn', 'matplotlib', 'lightning'} & set(sys.modules))\n"
    )
    assert fresh(script).endswith("set()")


def test_neuro_works_where_numba_is_not_installed() -> None:
    script = (
        "import sys\n"
        "sys.modules['numba'] = None\n"
        "import torch\n"
        "from axonal import neuro\n"
        "print(tuple(neuro.LIF(4)(torch.ones(3, 2, 4))[0].shape))"
    )
    assert fresh(script) == "(3, 2, 4)"


def test_an_unknown_attribute_of_axonal_lists_the_packages() -> None:
    axonal = importlib.import_module("axonal")
    with pytest.raises(AttributeError, match="'neurons'; its packages are datasets, deploy"):
        _ = axonal.neurons
    assert set(FOLDERS) <= set(dir(axonal))
