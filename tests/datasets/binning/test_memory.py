"""Binning never takes more memory than is left: it says so in one line before."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from axonal.datasets import (
    EventSet,
    Grid,
    Recording,
    Sensor,
    active,
    counts,
    event_list,
    packed,
    time_surface,
    voxel_grid,
)
from axonal.datasets.binning import _batch

STEPS = 1 << 20
SLACK = 1 << 21
"""Bytes of what does not grow with the grid: blocks of edges, the compiled loops themselves."""


def recording(events: int = 100) -> Recording:
    return Recording.of(np.arange(events), np.zeros(events, np.int64), 0, 0, Sensor(1))


def event_set(events: int = 100) -> EventSet:
    return EventSet.from_recordings([recording(events)] * 2, [0, 0], classes="a")


def surface(*arguments: Any) -> Any:
    return time_surface(*arguments, tau=0.1)


@pytest.mark.parametrize("binning", [event_list, counts, active, packed, surface, voxel_grid])
@pytest.mark.parametrize(
    "make", [recording, event_set, lambda: recording(1 << 20), lambda: event_set(1 << 20)]
)
def test_what_takes_more_memory_than_is_left_is_refused_before(
    binning: Callable[..., Any], make: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    events, grid = make(), Grid(1e-6, STEPS)
    binning(events, Grid(1e-6, 2))  # compiled
    monkeypatch.setattr(_batch, "LARGE", 0)

    def taken(room: int) -> tuple[bool, int]:
        """Whether it went through with so much room, and the most that it took."""
        monkeypatch.setattr(
            _batch, "available_bytes", lambda: room - tracemalloc.get_traced_memory()[0]
        )
        tracemalloc.start()
        try:
            binning(events, grid)
            return True, tracemalloc.get_traced_memory()[1]
        except ValueError as error:
            assert "more memory than is left" in str(error)
            return False, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    done, most = taken(1 << 40)
    assert done
    passed = []
    for share in (0.2, 0.5, 0.7, 0.9, 1.5):
        room = int(share * most)
        done, peak = taken(room)
        assert peak <= room + SLACK
        passed.append(done)
    assert passed[-1]
    assert not passed[0]
