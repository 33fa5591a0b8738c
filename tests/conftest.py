"""One thread and repeatable hypothesis runs, so that a test gives the same answer everywhere.

What only some machines have is in `needs`: marked ``@pytest.mark.needs("gpu")``, or asked for.
"""

import gc
import os
from collections.abc import Iterator

import pytest
import torch
from helpers import needs
from helpers.once import once
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling

torch.set_num_threads(1)
needs.fix_data_folder()

collect_ignore = ["scripts", "fuzz"]  # tests run them, some in environments of their own

settings.register_profile(
    "default",
    deadline=None,
    derandomize=True,
    max_examples=16,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "fuzz",
    deadline=None,
    max_examples=1000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


# Processes of their own with a time limit, or that are stopped at chosen moments: one at a time,
# whatever the number of workers.
ONE_AT_A_TIME = (
    "tests/cli/test_endings.py",
    "tests/deploy/backends/",
    "tests/deploy/running/test_stream.py",
    "tests/hebbian/phase/test_processes.py",
    "tests/project/test_kills.py",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(ONE_AT_A_TIME) or any(item.iter_markers("needs")):
            item.add_marker(pytest.mark.xdist_group("processes"))


class ByFile(LoadGroupScheduling):
    """A file to a worker: what a module makes once, and the kernels it calls, are made once."""

    def _split_scope(self, nodeid: str) -> str:
        scope = super()._split_scope(nodeid)
        return nodeid.partition("::")[0] if scope == nodeid else scope


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile | None:
    return ByFile(config, log) if config.getoption("dist") == "loadgroup" else None


def pytest_collection_finish() -> None:
    # what is loaded by now stays: collections of garbage need not go through it again and again
    gc.collect()
    gc.freeze()


def pytest_configure() -> None:
    needs.required()


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        needs.require(*mark.args)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    needs.report(terminalreporter)


@pytest.fixture(scope="session", autouse=True)
def _guarded_simulators() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        needs.guard_simulators(patch)
        yield


@pytest.fixture(scope="session")
def hard_reset_run(request):
    """Run folder of digits whose neurons reset to zero, as simulators and chips have them."""
    from axonal import recipes
    from axonal.recipes import digits

    settings = digits.Settings(reset="zero", epochs=12, freeze_from=0.5)
    made = once(request, "hard_reset", lambda f: recipes.train("digits", settings, f / "digits"))
    return made / "digits"


@pytest.fixture(scope="session")
def made_recordings(request):
    """A data folder with made-up recordings of spoken digits."""
    from helpers.sound import write_recordings

    def make(folder):
        (folder / "fsdd").mkdir()
        write_recordings(folder / "fsdd")

    return once(request, "recordings", make)


@pytest.fixture
def recordings(made_recordings, monkeypatch):
    """The same, where the package looks for data."""
    monkeypatch.setenv("AXONAL_DATA", str(made_recordings))
    monkeypatch.setenv("AXONAL_CACHE", str(made_recordings / "cache"))
    return made_recordings
