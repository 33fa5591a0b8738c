"""Every operator is a folder of one shape."""

import ast

import pytest
from helpers import ROOT

OPS = ROOT / "neuro" / "ops"
# They run on numpy arrays and are no operators of torch.
ON_ARRAYS = {"event_network", "plastic_network", "ternary_product"}
# All of their forms are plain torch: there is nothing to compile or to register.
IN_TORCH = {"lmu"}
OPERATORS = sorted(
    folder.name
    for folder in OPS.iterdir()
    if folder.is_dir() and (folder / "__init__.py").exists() and folder.name not in ON_ARRAYS
)
NEEDED = {"__init__.py", "reference.py", "_op.py", "cpu.py"}
ON_GPUS = {"cuda.py", "cuda.cuh"}


def functions(file):
    tree = ast.parse(file.read_text())
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_has_its_files_and_its_name_in_each(name):
    files = {file.name for file in (OPS / name).iterdir() if file.is_file()}
    plain = {"__init__.py", "reference.py"}
    assert files >= (plain if name in IN_TORCH else NEEDED)
    assert not files & ON_GPUS or files >= ON_GPUS
    for file in plain if name in IN_TORCH else (*plain, "_op.py"):
        assert name in functions(OPS / name / file), file


def test_every_function_of_an_operator_has_a_name_of_its_own():
    for file in OPS.rglob("*.py"):
        assert "_" not in functions(file), file


def test_every_operator_is_checked_against_its_definition():
    tests = (ROOT / "tests" / "neuro" / "ops").glob("test_*.py")
    texts = [test.read_text() for test in tests]
    for name in OPERATORS:
        assert any(f"{name}(" in text and '"reference"' in text for text in texts), name
