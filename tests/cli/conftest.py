"""The command line in this process, and a run and a graph for it to read."""

from functools import partial
from pathlib import Path

import pytest
from helpers.once import once
from helpers.shell import Axonal, Refused, called, one_line

from axonal import recipes
from axonal.recipes import digits


@pytest.fixture
def axonal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Axonal:
    """The command in this process."""
    return partial(called, capsys, monkeypatch)


@pytest.fixture
def refused(axonal: Axonal) -> Refused:
    """The one line on stderr with which a command refuses what it was given."""
    return lambda *words: one_line(axonal(*words))


@pytest.fixture(scope="session")
def run(request: pytest.FixtureRequest) -> Path:
    """Run folder of small digits; not to be written into."""
    settings = digits.Settings(epochs=1, hidden=12)
    made = once(
        request, "cli_run", lambda f: recipes.train("digits", settings, f / "run", device="cpu")
    )
    return made / "run"


@pytest.fixture(scope="session")
def graph(request: pytest.FixtureRequest, run: Path) -> Path:
    """Graph file of the same network."""
    made = once(
        request, "cli_graph", lambda f: recipes.export_run(run, samples=2).save(f / "digits.h5")
    )
    return made / "digits.h5"
