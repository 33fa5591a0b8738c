"""The packages of data sets are there after ``from axonal import datasets``, and loaded late."""

import subprocess
import sys

import pytest
from helpers.shell import ENV

from axonal import datasets

PACKAGES = ("pictures", "sets", "transforms")


def fresh(program: str) -> list[str]:
    """Words that a program prints in an interpreter of its own."""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=ENV, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_reached_without_an_import_of_its_own(package: str) -> None:
    program = f"from axonal import datasets; print(datasets.{package}.__name__)"
    assert fresh(program) == [f"axonal.datasets.{package}"]


def test_figures_and_published_sets_are_not_loaded_until_they_are_used() -> None:
    program = (
        "import sys; from axonal import datasets; datasets.EventSet; print(*sys.modules); "
        "datasets.pictures"
    )
    loaded = fresh(program)
    late = ("matplotlib", "torch", "h5py", "axonal.datasets.pictures", "axonal.datasets.sets")
    assert not set(late) & set(loaded)


def test_a_package_is_listed_beside_the_other_names() -> None:
    assert {*PACKAGES, "read", "EventSet"} <= set(dir(datasets))


def test_another_name_is_refused_in_one_line() -> None:
    with pytest.raises(
        AttributeError, match=r"'axonal\.datasets' has no attribute 'set'"
    ) as caught:
        datasets.set  # noqa: B018
    assert "\n" not in str(caught.value)
