"""Page of what is measured where: ``python -m experiments._measured > docs/measured.md``."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import experiments
from axonal._base.tables import markdown_table

ROOT = Path(__file__).parents[1]
HEAD = """\
# What is measured where

Written by `python -m experiments._measured` from the first sentences of experiments, benchmarks and
tests; a test compares it. A number in a guide or in the README comes from one of these places.

"""
EXPERIMENTS = """\
## Experiments: what is found

`python -m experiments NAME` repeats one, with its seeds, controls, and what may not be claimed;
`runs.jsonl` beside the pages holds a row per trained network, with its commit and machine.

"""
BENCHMARKS = """\
## Benchmarks: time and memory

`python -m benchmarks NAME` compares results before it times them, and writes its section of
[benchmarks/RESULTS.md](../benchmarks/RESULTS.md) with machine, versions and commit.

"""
TESTS = """\
## Tests: what holds

`make test` and `make test-slow` run them all; a file alone by
`.venv/bin/python -m pytest FILE`. These hold what the package promises:

"""
LONG_RUNS = """\
## Long runs

- `make fuzz-readers`: [10 000 damaged files for every reader](results/robustness.md).
- `make kills`: [commands killed at random moments](results/kills.md).
- `make fuzz`: the property tests with many more examples; nothing is written.
- `make check-release`: wheel and source distribution, installed and tried outside of the checkout.

## Not measured

- Kernels on a GPU: no GPU has run them ([how to check yours](gpu.md)).
- Anything on a chip or a board: simulators, virtual boards and published arithmetic stand in
  ([which](back-ends.md)).
- Energy: it is [estimated](energy.md).
"""
PROPERTIES = (
    "neuro/network/test_streaming.py",
    "neuro/layers/test_losses.py",
    "neuro/layers/test_frozen_delays.py",
    "neuro/network/test_batches.py",
    "neuro/network/test_training.py",
    "neuro/ops/test_lif.py",
    "neuro/ops/test_delayed_linear.py",
    "neuro/ops/test_dcls_parity.py",
    "neuro/ops/test_exact_lif.py",
    "neuro/ops/test_eventprop_lif_convergence.py",
    "neuro/ops/test_thread_counts.py",
    "neuro/importers/test_importers.py",
    "deploy/exporting/test_export_property.py",
    "deploy/executor/test_executor.py",
    "deploy/backends/test_backends.py",
    "deploy/quantization/test_quantize.py",
    "deploy/quantization/test_quantized_network.py",
    "deploy/nir/test_round_trip.py",
    "deploy/running/test_verify.py",
    "deploy/running/test_stream.py",
    "deploy/energy_model/test_energy.py",
    "datasets/binning/test_binning.py",
    "datasets/readers/test_peers.py",
    "datasets/store/test_killed_writers.py",
    "datasets/transforms/test_every_transform.py",
    "datasets/transforms/test_workers.py",
    "hebbian/theory/test_hopfield.py",
    "hebbian/montecarlo/test_montecarlo.py",
    "hebbian/modern/test_parity.py",
    "hebbian/continual/test_parity.py",
    "hebbian/local/test_eprop.py",
    "hebbian/phase/test_processes.py",
    "reservoirs/liquids/test_liquid.py",
    "reservoirs/series/test_series.py",
    "reservoirs/resistive/test_wires.py",
    "recipes/test_recipes.py",
    "recipes/test_shipped.py",
    "base/test_whole_files.py",
    "base/test_hdf5_safety.py",
    "project/test_older_files.py",
)
"""Tests of what is promised to users, below tests/."""


def page() -> str:
    """Return the page."""
    found = [
        [f"`{name}`", sentence(ROOT / "experiments" / f"{file}.py"), _found(file)]
        for name in experiments.names()
        for file in [name.replace("-", "_")]
    ]
    held = [[sentence(ROOT / "tests" / name), f"`tests/{name}`"] for name in PROPERTIES]
    return (
        HEAD
        + EXPERIMENTS
        + _table(["experiment", "", "found"], found)
        + BENCHMARKS
        + _table(["benchmark", "", "measured"], list(_benchmarks()))
        + TESTS
        + _table(["property", "file"], held)
        + LONG_RUNS
    )


def _found(file: str) -> str:
    there = (ROOT / "docs" / "results" / f"{file}.md").exists()
    return f"[table](results/{file}.md)" if there else "not yet"


def sentence(module: Path) -> str:
    """First paragraph of the docstring of a module, in one line."""
    text = ast.get_docstring(ast.parse(module.read_text()))
    assert text is not None, f"{module} has no docstring"
    return " ".join(text.split("\n\n")[0].split()).replace("``", "`")


def _benchmarks() -> Iterable[list[str]]:
    results = (ROOT / "benchmarks" / "RESULTS.md").read_text()
    sections = set(re.findall(r"^## (\w+)$", results, flags=re.MULTILINE))
    for module in sorted((ROOT / "benchmarks").glob("[a-z]*.py")):
        name = module.stem
        measured = f"[table](../benchmarks/RESULTS.md#{name})" if name in sections else "not yet"
        yield [f"`{name}`", sentence(module), measured]


def _table(head: list[str], rows: list[list[str]]) -> str:
    return markdown_table(head, rows) + "\n\n"


if __name__ == "__main__":
    print(page(), end="")
