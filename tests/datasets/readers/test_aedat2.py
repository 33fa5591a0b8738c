"""Addresses of AEDAT 2.0: which pixel and sign they are, and of which camera."""

import struct
from pathlib import Path

import pytest
from helpers import event_files

from axonal.datasets import EventFileError, Sensor, read

OLD, DAVIS = Sensor(128, 128, 2), Sensor(240, 180, 2)
EVENTS = [(k, 3 * k, k, k % 2) for k in range(30)]


def file(folder: Path, chip: str, address: int) -> Path:
    path = folder / "a.aedat"
    head = f"#!AER-DAT2.0\r\n# AEChip: a.b.{chip}\r\n"
    path.write_bytes(head.encode() + struct.pack(">II", address, 10))
    return path


@pytest.mark.parametrize(("bit", "polarity"), [(0, 1), (1, 0)])
def test_columns_of_a_dvs128_are_mirrored_and_a_clear_bit_is_brighter(
    bit: int, polarity: int, tmp_path: Path
) -> None:
    found = read(file(tmp_path, "DVS128", 3 << 8 | 5 << 1 | bit))
    assert (found.x.tolist(), found.y.tolist(), found.p.tolist()) == ([122], [124], [polarity])


@pytest.mark.parametrize("bit", [0, 1])
def test_columns_of_a_davis_are_mirrored_and_a_set_bit_is_brighter(
    bit: int, tmp_path: Path
) -> None:
    found = read(file(tmp_path, "DAVIS240C", 3 << 22 | 5 << 12 | bit << 11))
    assert (found.x.tolist(), found.y.tolist(), found.p.tolist()) == ([234], [176], [bit])


def test_pixels_of_a_dvs128_stay_where_they_are_on_a_larger_sensor(tmp_path: Path) -> None:
    path = file(tmp_path, "DVS128", 3 << 8 | 5 << 1)
    found = read(path, sensor=Sensor(200, 150, 2))
    assert (found.x.tolist(), found.y.tolist()) == ([122], [124])


@pytest.mark.parametrize("sensor", [OLD, DAVIS])
def test_a_sensor_tells_the_camera_that_a_header_does_not_name(
    sensor: Sensor, tmp_path: Path
) -> None:
    path = tmp_path / "a.aedat"
    path.write_bytes(event_files.aedat2(EVENTS, "", sensor.height))
    found = read(path, sensor=sensor)
    columns = (found.times, found.x, found.y, found.p)
    assert list(zip(*(one.tolist() for one in columns), strict=True)) == EVENTS
    with pytest.raises(EventFileError, match=r"names no camera.*sensor=Sensor\(128, 128, 2\)"):
        read(path)
    with pytest.raises(EventFileError, match=r"names no camera.*sensor=Sensor\(128, 128, 2\)"):
        read(path, sensor=Sensor(100, 100, 2))


def test_a_camera_of_which_the_addresses_are_not_known_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EventFileError, match="'DVXplorer', and only of DVS128 and DAVIS"):
        read(file(tmp_path, "DVXplorer", 0))
