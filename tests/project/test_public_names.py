"""Every public name is documented, and shows an example."""

import importlib
import inspect
import runpy

from helpers import ROOT

FOLDERS: tuple[str, ...] = runpy.run_path(str(ROOT / "docs/_site/packages.py"))["PACKAGES"]
# What functions return is shown by the examples of those functions.
RESULTS = {"Comparison", "LayerReport", "Run", "RunStream", "SpikeReport", "Verification"}


def public_names() -> list[str]:
    names = []
    for folder in FOLDERS:
        package = importlib.import_module(f"axonal.{folder}")
        names += [f"{folder}.{name}" for name in getattr(package, "__all__", [])]
    return names


def resolve(name: str) -> object:
    folder, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(f"axonal.{folder}"), attribute)


def is_documented(thing: object) -> bool:
    """Whether someone wrote the docstring: that of a dataclass or a tuple writes itself."""
    own = vars(thing).get("__doc__") if inspect.isclass(thing) else inspect.getdoc(thing)
    return bool(own) and not own.startswith(f"{getattr(thing, '__name__', '')}(")


def needs_an_example(thing: object) -> bool:
    if inspect.isclass(thing):
        # A class is abstract or final: one with subclasses is used through those.
        usable = not thing.__subclasses__() and thing.__name__ not in RESULTS
        protocol = getattr(thing, "_is_protocol", False)
        return usable and not protocol and not issubclass(thing, Exception | tuple)
    return inspect.isfunction(thing)


def test_every_public_name_has_a_docstring() -> None:
    names = public_names()
    assert len(names) > 20
    bare = [name for name in names if callable(resolve(name)) and not is_documented(resolve(name))]
    assert bare == []


def test_every_public_function_and_class_shows_an_example() -> None:
    without = [
        name
        for name in public_names()
        if needs_an_example(resolve(name)) and ">>>" not in (inspect.getdoc(resolve(name)) or "")
    ]
    assert without == []


def test_every_public_method_has_a_docstring() -> None:
    bare = [
        f"{name}.{method}"
        for name in public_names()
        if inspect.isclass(resolve(name))
        for method, value in vars(resolve(name)).items()
        if not method.startswith("_")
        and (inspect.isfunction(value) or isinstance(value, property | classmethod | staticmethod))
        and not inspect.getdoc(getattr(resolve(name), method))
    ]
    assert bare == []
