"""Machine code on disk follows the sources of everything that a kernel can call."""

import importlib
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


CACHED = (
    kernel_cache.imports,
    kernel_cache.sources,
    kernel_cache.stamp,
    kernel_cache.remove_others,
)


def forget():
    for cached in CACHED:
        cached.cache_clear()


@pytest.fixture(autouse=True)
def forgotten():
    yield
    forget()


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Write the module of a function, and call the kernel of another module that calls it."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")

    def call(number):
        forget()
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


VARIANTS = (
    "from axonal._base.jit import jit\ndef adding(number):\n    @jit\n    def add(x):\n"
    "        return x + number\n    return add\n"
)


def test_variants_that_two_processes_keep_at_once_are_not_mixed_up(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    (tmp_path / "variants_of_test.py").write_text(VARIANTS)
    monkeypatch.syspath_prepend(tmp_path)
    adding = importlib.import_module("variants_of_test").adding
    one, two = adding(1), adding(2)
    kept = type(one._cache._cache_file)
    write = kept._save_data

    def write_late(self, name, data):
        # the other process looked at what is kept when this one did, and has written since
        with monkeypatch.context() as others:
            others.setattr(kept, "_save_data", write)
            others.setattr(kept, "_load_index", lambda self: {})
            assert two(1) == 3
        write(self, name, data)

    with monkeypatch.context() as late:
        late.setattr(kept, "_save_data", write_late)
        assert one(1) == 2
    assert (adding(1)(1), adding(2)(1)) == (2, 3)


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


TREE = {
    "_base/jit.py": "",
    "neuro/ops/__init__.py": "",
    "neuro/ops/_loops.py": "STEP = 1\n",
    "neuro/ops/_shared.py": "from axonal.neuro.ops._loops import STEP\n",
    "neuro/ops/lif/cpu.py": "def f():\n    from axonal.neuro.ops import _shared\n",
    "neuro/ops/delay/cpu.py": "import axonal.neuro.ops._loops as loops\nimport math\n",
    "neuro/ops/other/cpu.py": "from axonal.neuro.surrogates._table import TABLE\n",
    "neuro/surrogates/__init__.py": "from axonal.neuro.surrogates import atan\n",
    "neuro/surrogates/_table.py": "TABLE = {}\n",
    "neuro/surrogates/atan.py": "",
}

OPERATORS = "lif", "delay", "other"


@pytest.fixture
def stamps(tmp_path, monkeypatch):
    """Write a small package, and return the operators whose stamps an edit of a file changes."""
    monkeypatch.setattr(kernel_cache, "_PACKAGE", tmp_path)
    for name, text in TREE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    def now():
        forget()
        ops = tmp_path / "neuro" / "ops"
        return {
            name: kernel_cache.stamp(ops / name / "cpu.py") for name in ("lif", "delay", "other")
        }

    def changed(name):
        before = now()
        with open(tmp_path / name, "a") as file:
            file.write("# an edit\n")
        after = now()
        return {operator for operator, stamp in after.items() if stamp != before[operator]}

    return changed


@pytest.mark.parametrize(
    "edited, reached",
    {
        "neuro/ops/lif/cpu.py": {"lif"},
        "neuro/ops/delay/cpu.py": {"delay"},
        "neuro/ops/_shared.py": {"lif"},
        "neuro/ops/_loops.py": {"lif", "delay"},
        "neuro/surrogates/atan.py": {"other"},
        "neuro/surrogates/_table.py": {"other"},
        "_base/jit.py": {"lif", "delay", "other"},
        "neuro/ops/__init__.py": set(),
    }.items(),
)
def test_an_edit_reaches_the_operators_that_import_it_and_no_others(stamps, edited, reached):
    assert stamps(edited) == reached


def test_an_import_that_cannot_be_followed_leaves_a_kernel_without_a_file(
    stamps, tmp_path, tmp_path_factory
):
    ours = tmp_path / "neuro" / "ops" / "lif" / "cpu.py"
    strange = tmp_path_factory.mktemp("strange") / "cpu.py"
    lost = ("from axonal.neuro import nowhere_at_all", "from . import x")
    for file, text in ((ours, lost[0]), (ours, lost[1]), (strange, lost[0]), (strange, "def f(:")):
        file.write_text(text)
        forget()
        with pytest.raises(OSError):
            kernel_cache.stamp(file)


def test_imports_that_are_looked_for_line_by_line_are_all_there_are(monkeypatch):
    files = [file.resolve() for file in kernel_cache._PACKAGE.glob("[!.]*/**/*.py")]
    quick = [kernel_cache._modules(file) for file in files]
    monkeypatch.setattr(kernel_cache, "_ours", lambda file: False)
    assert len(files) > 300
    # an example in a string may be taken for one
    for file, found in zip(files, quick, strict=True):
        assert kernel_cache._modules(file) <= found, file


def test_a_function_handed_in_from_a_file_that_is_not_imported_is_not_kept(tmp_path, monkeypatch):
    def maker(inner):
        return jit.jit(lambda x: inner(x) + 1)

    space = {"__name__": "stranger"}
    file = tmp_path / "stranger.py"
    file.write_text("def double(x):\n    return 2 * x\n")
    exec(compile(file.read_text(), str(file), "exec"), space)
    stranger = maker(jit.jit(space["double"]))
    assert stranger(3) == 7
    assert not isinstance(stranger._cache, jit._Kept)
    own = maker(jit.jit(lambda x: 3 * x))
    assert isinstance(own._cache, jit._Kept)


def kernel_modules():
    """Import all modules that compile."""
    root = Path(axonal.neuro.__file__).parents[1]
    for file in sorted(root.glob("[!.]*/**/*.py")):
        if "from axonal._base.jit import" in file.read_text() and file.name != "jit.py":
            parts = file.relative_to(root).with_suffix("").parts
            yield importlib.import_module(".".join(("axonal", *parts)))


def functions(value, seen):
    """Yield the functions in a value: compiled ones, those in containers and in closures."""
    if id(value) in seen:
        return
    seen.add(id(value))
    value = getattr(value, "py_func", value)
    if isinstance(value, (list, tuple, set)):
        for inner in value:
            yield from functions(inner, seen)
    elif isinstance(value, dict):
        yield from functions(list(value.values()), seen)
    elif hasattr(value, "__code__"):
        yield value
        for cell in value.__closure__ or ():
            yield from functions(cell.cell_contents, seen)


def test_all_functions_that_a_module_with_kernels_can_name_are_among_its_sources():
    kernels, found = list(kernel_modules()), 0
    ours = [m for name, m in list(sys.modules.items()) if name.startswith("axonal.")]
    files = {m: Path(m.__file__).resolve() for m in ours if getattr(m, "__file__", None)}
    named = {
        module: {
            files[sys.modules[function.__module__]]: function
            for function in functions(list(vars(module).values()), set())
            if (function.__module__ or "").startswith("axonal.")
        }
        for module in files
    }
    for module in kernels:
        known = set(kernel_cache.sources(Path(module.__file__)))
        of_ours = [one for one, file in files.items() if file in known]
        assert module in of_ours
        for one in of_ours:
            found += len(named[one])
            assert named[one].keys() <= known, (one, named[one])
    assert found > 300


def test_the_exact_engine_and_the_grid_do_not_share_all_they_are_made_of():
    ops = Path(axonal.neuro.__file__).parent / "ops"
    exact = kernel_cache.sources(ops / "exact_lif" / "_forward.py")
    assert (ops / "exact_lif" / "_window.py").resolve() in exact
    assert not any("eventprop_lif" in str(file) for file in exact)
