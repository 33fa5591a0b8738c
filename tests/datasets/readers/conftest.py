"""Files of every format, laid out by hand."""

from collections.abc import Callable

import pytest
from helpers.event_cases import CASES, Case


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    """A format, its bytes, and the events that lie in them."""
    found: Callable[[], Case] = CASES[request.param]
    return found()
