"""Machine code on disk follows the sources of everything that a kernel can call."""

import ast
import importlib.util
import sys
from pathlib import Path

import pytest

numba = pytest.importorskip("numba")

import axonal.deploy  # noqa: E402
import axonal.hebbian  # noqa: E402
import axonal.neuro  # noqa: E402
from axonal._base import jit, kernel_cache  # noqa: E402

INNER = "from axonal._base.jit import jit\n@jit\ndef inner(x):\n    return x + {}\n"
OUTER = (
    "from axonal._base.jit import kernel\nfrom inner_of_test import inner\n"
    "@kernel\ndef outer(x):\n    return inner(x)\n"
)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Write the module of a function, and call the kernel of another module that calls it."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setattr(kernel_cache, "_OPS", tmp_path)

    def call(number):
        for cached in (kernel_cache.sources, kernel_cache.stamp, kernel_cache.remove_others):
            cached.cache_clear()
        texts = {"inner_of_test": INNER.format(number), "outer_of_test": OUTER}
        for name, text in texts.items():
            (tmp_path / f"{name}.py").write_text(text)
        for name, text in texts.items():
            file = tmp_path / f"{name}.py"
            spec = importlib.util.spec_from_file_location(name, file)
            module = importlib.util.module_from_spec(spec)
            monkeypatch.setitem(sys.modules, name, module)
            exec(compile(text, str(file), "exec"), module.__dict__)
        return module.outer(1), module

    return call


def test_an_edit_of_what_a_kernel_calls_reaches_it(run, tmp_path):
    assert run(1)[0] == 2
    assert run(10)[0] == 11
    assert run(1)[0] == 2
    assert len(list(tmp_path.glob("__pycache__/outer*.nbc"))) == 1


def test_what_did_not_change_is_loaded(run, caplog):
    caplog.set_level("INFO", logger="axonal")
    run(1)
    caplog.clear()
    run(1)
    (record,) = caplog.records
    assert "loaded from its cache" in record.getMessage()


def test_code_of_other_sources_is_removed_and_nothing_else(tmp_path):
    kernel_cache.remove_others.cache_clear()
    names = "a-1.py311-new.nbi", "a-1.py311-new.1.nbc", "b.pyc", "a-1.py311-old.nbi", "c.1.nbc"
    for name in names:
        (tmp_path / name).touch()
    kernel_cache.remove_others(tmp_path, "a-1.py311-", "new")
    assert {file.name for file in tmp_path.iterdir()} == {*names[:3], "c.1.nbc"}
    kernel_cache.remove_others(tmp_path, "", "new")
    assert {file.name for file in tmp_path.iterdir()} == set(names[:3])


def test_a_folder_that_cannot_be_written_leaves_the_kernel_working(tmp_path, monkeypatch):
    def refuses(*_):
        raise RuntimeError("no locator available")

    monkeypatch.setattr(jit._Named, "__init__", refuses)
    assert jit.jit(lambda x: x + 1)(1) == 2


def test_every_import_of_a_module_with_kernels_is_among_its_sources():
    root = Path(axonal.neuro.__file__).parents[1]
    found = 0
    for file in root.glob("[!.]*/**/*.py"):
        text = file.read_text()
        if "_base.jit import" not in text or not ("jit" in text or "kernel" in text):
            continue
        known = {source.resolve() for source in kernel_cache.sources(file.parent)}
        if not any(word in text for word in ("@jit", "@kernel", "= kernel(", "= jit(")):
            continue
        found += 1
        assert file.resolve() in known
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("axonal."):
                spec = importlib.util.find_spec(node.module)
                # annotations are not compiled
                if node.module != "axonal._base.array_types":
                    assert Path(spec.origin).resolve() in known, (file, node.module)
    assert found > 10
