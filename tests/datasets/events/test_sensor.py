"""A sensor is asked for as one wherever it is taken, and sizes alone are told what to write."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.event_cases import EVENTS
from helpers.event_files import bits40

from axonal.datasets import (
    EventSet,
    Recording,
    TonicTransform,
    from_tonic,
    read,
    stream,
    write_events,
)

NONE = np.zeros(0, np.int64)
TAKERS: dict[str, Callable[[Any, Path], object]] = {
    "Recording": lambda sensor, _: Recording(NONE, NONE.astype(np.uint32), sensor),
    "Recording.of": lambda sensor, _: Recording.of([1], 0, 0, 0, sensor),
    "EventSet.of": lambda sensor, _: EventSet.of(NONE, NONE, [0], NONE, sensor=sensor, classes="a"),
    "EventSet.from_recordings": lambda sensor, _: EventSet.from_recordings(
        [], NONE, sensor=sensor, classes="a"
    ),
    "write_events": lambda sensor, path: write_events(
        path / "a.axe", [], sensor=sensor, classes="a"
    ),
    "from_tonic": lambda sensor, _: from_tonic([], sensor=sensor, progress=False),
    "TonicTransform": lambda sensor, _: TonicTransform(len, sensor),
    "read": lambda sensor, path: read(path / "a.bin", sensor=sensor),
    "stream": lambda sensor, path: next(stream(path / "a.bin", sensor=sensor)),
}


@pytest.mark.parametrize("who", TAKERS)
@pytest.mark.parametrize(
    ("sensor", "line"),
    [
        ((34, 34, 2), "got (34, 34, 2). Write Sensor(34, 34, 2)."),
        ([700], "got [700]. Write Sensor(700)."),
        (34, "got 34. Write Sensor(34)."),
        ((0, 34), "got (0, 34)."),
        ("34x34", "got '34x34'."),
    ],
    ids=str,
)
def test_sizes_alone_are_no_sensor(who: str, sensor: object, line: str, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(bits40(EVENTS))
    line = re.escape(f"{who} expects sensor as a Sensor, {line}")
    with pytest.raises(TypeError, match=f"^{line}$"):
        TAKERS[who](sensor, tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["a.bin"]
