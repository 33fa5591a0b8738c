"""Back ends that run a graph: one file each here, and those that other packages bring."""

import functools
import importlib
import importlib.metadata
import inspect
import pkgutil

from axonal.deploy.backends._backend import Backend
from axonal.deploy.backends._support import Support

__all__ = ["GROUP", "Backend", "Support", "find", "names"]

GROUP = "axonal.backends"
"""Entry points by which other packages bring back ends."""


def names() -> tuple[str, ...]:
    """Names of the back ends there are, installed or not.

    >>> "reference" in names()
    True
    """
    return tuple(sorted({*_ours(), *_others()}))


@functools.cache
def find(name: str) -> Backend:
    """Look up a back end.

    Args:
        name: one of `names`.

    Returns:
        the back end, one object per name.

    Raises:
        ValueError: no back end has this name; the message lists those there are. Or another package
            brings one by a name that is taken.

    >>> find("reference").missing() is None
    True
    """
    ours, others = _ours(), _others()
    if name in ours and name in others:
        raise ValueError(
            f"the back end {name!r} of axonal and one of {others[name].value} have the same name: "
            f"give the entry point of the group {GROUP} another"
        )
    if name in ours:
        module = importlib.import_module(f"{__name__}.{name}")
        (found,) = (
            value
            for value in vars(module).values()
            if inspect.isclass(value)
            and issubclass(value, Backend)
            and value.__module__ == module.__name__
        )
        return found(name)
    if name in others:
        made = others[name].load()(name)
        if not isinstance(made, Backend):
            raise ValueError(
                f"the entry point {name!r} of the group {GROUP} must name a subclass of "
                f"axonal.deploy.backends.Backend, got {others[name].value}"
            )
        return made
    raise ValueError(f"unknown back end {name!r}; known are {', '.join(names())}")


def _ours() -> tuple[str, ...]:
    modules = pkgutil.iter_modules(__path__)
    return tuple(m.name for m in modules if not (m.name.startswith("_") or m.ispkg))


def _others() -> dict[str, importlib.metadata.EntryPoint]:
    return {point.name: point for point in importlib.metadata.entry_points(group=GROUP)}
