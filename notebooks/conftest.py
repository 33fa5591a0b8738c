"""A notebook about recordings is skipped, with the reason, where there are none."""

import pytest
from helpers import needs

NEEDS = {"02_spoken_digits.ipynb": "fsdd", "06_event_data.ipynb": "nmnist-small"}
needs.fix_data_folder()  # a notebook runs in its own folder


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.path.name in NEEDS:
        needs.data(NEEDS[item.path.name])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    needs.report(terminalreporter)
