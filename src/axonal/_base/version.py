"""The version of the package that is at work."""

import importlib.metadata


def version() -> str:
    """Return the installed version, or say that this is a checkout.

    >>> version() != ""
    True
    """
    try:
        return importlib.metadata.version("axonal")
    except importlib.metadata.PackageNotFoundError:
        return "from a checkout"
