"""Trained networks that come with axonal, named where a run folder is asked for."""

from pathlib import Path

from axonal import recipes

SHIPPED = recipes.shipped()
"""Their names."""
OR_SHIPPED = f"or what ships: {', '.join(SHIPPED)}."
"""The end of a help text."""


def ships(path: Path) -> bool:
    """Whether a path is the name of a network that ships; a file of the user comes first."""
    return str(path) in SHIPPED and not path.exists()


def run_folder(path: Path) -> Path:
    """The run folder that is meant by a path or a name."""
    return recipes.trained(str(path)) if ships(path) else path
