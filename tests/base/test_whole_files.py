"""A file is written whole or not at all, over nothing but a regular file, and leaves nothing."""

import errno
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest
from helpers import ROOT, SRC

from axonal._base.files import check_target, whole_file

HOLD = (
    "import sys, time\n"
    "from axonal._base.files import whole_file\n"
    "with whole_file(sys.argv[1]) as part:\n"
    "    part.write_text('half')\n"
    "    print('writing', flush=True)\n"
    "    sys.stdin.readline()\n"
)


def write(path: Path, text: str = "new") -> None:
    with whole_file(path) as part:
        part.write_text(text)


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(os.path.relpath(path))


def link_to_device(path: Path) -> None:
    path.symlink_to("/dev/null")


def link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def link_to_open_file(path: Path) -> None:
    path.symlink_to("/dev/stdout")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (make_fifo, "a pipe"),
        (make_socket, "a socket"),
        (Path.mkdir, "a folder"),
        (link_to_device, "a device"),
        (link_to_itself, "symbolic links"),
        (link_to_open_file, "device|pipe|open file"),
    ],
)
def test_what_is_no_regular_file_is_refused_and_stays(
    make: Callable[[Path], None],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    goal = tmp_path / "goal"
    make(goal)
    before = os.lstat(goal)
    for attempt in (write, check_target):
        with pytest.raises(OSError, match=f"cannot write {goal}: .*({words})"):
            attempt(goal)
    after = os.lstat(goal)
    assert (before.st_ino, before.st_mode) == (after.st_ino, after.st_mode)
    assert os.listdir(tmp_path) == ["goal"]


@pytest.mark.parametrize("device", ["/dev/null", "/dev/full", "/dev/stdout", "/proc/self/fd/1"])
def test_a_device_is_refused(device: str) -> None:
    with pytest.raises(OSError, match=f"cannot write {device}: it is"):
        write(Path(device))
    assert os.path.exists(device)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.parametrize("name", ["", "a\0b", "missing/a.txt", "n" * 300])
def test_a_name_that_cannot_be_written_is_one_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError, match="cannot write") as caught:
        write(name)
    assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_links_are_followed_and_a_dangling_one_makes_its_file(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "old").write_text("old")
    for name in ("old", "new"):
        (tmp_path / name).symlink_to(tmp_path / "far" / name)
        write(tmp_path / name)
        assert (tmp_path / name).is_symlink()
        assert (tmp_path / "far" / name).read_text() == "new"
    assert sorted(os.listdir(tmp_path / "far")) == ["new", "old"]


def test_permissions_of_an_existing_file_are_kept(tmp_path: Path) -> None:
    goal = tmp_path / "goal"
    goal.write_text("old")
    goal.chmod(0o640)
    write(goal)
    assert (goal.read_text(), stat.S_IMODE(goal.stat().st_mode)) == ("new", 0o640)


def test_the_longest_name_is_written(tmp_path: Path) -> None:
    goal = tmp_path / ("ä" * 126 + ".h5")
    write(goal)
    assert os.listdir(tmp_path) == [goal.name]


@pytest.mark.parametrize("error", [ValueError("bad"), KeyboardInterrupt()])
def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(
    error: BaseException, tmp_path: Path
) -> None:
    goal = tmp_path / "goal"
    goal.write_text("old")
    with pytest.raises(type(error)), whole_file(goal) as part:
        part.write_text("half")
        raise error
    assert (os.listdir(tmp_path), goal.read_text()) == (["goal"], "old")


def test_leftovers_of_the_dead_are_cleaned_and_the_living_go_on(tmp_path: Path) -> None:
    goal = tmp_path / "goal"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", HOLD, goal], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"writing\n"
    parts = set(os.listdir(tmp_path))
    assert len(parts) == 2
    writers[0].send_signal(signal.SIGKILL)
    writers[0].communicate()
    write(tmp_path / "another")
    assert len(parts & set(os.listdir(tmp_path))) == 1
    writers[1].communicate(b"\n")
    assert writers[1].returncode == 0
    assert sorted(os.listdir(tmp_path)) == ["another", "goal"]
    assert goal.read_text() == "half"


@contextmanager
def small_disk(size: int) -> Iterator[None]:
    """No file may grow past a size, which the system reports where a full disk is reported."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


def by_hdf5(part: Path) -> None:
    with h5py.File(part, "x") as file:
        for k in range(20):
            file[str(k)] = np.zeros(10_000)


def by_zip(part: Path) -> None:
    with part.open("xb") as stream:
        np.savez(stream, allow_pickle=False, x=np.zeros(100_000))


def by_bytes(part: Path) -> None:
    part.write_bytes(bytes(1_000_000))


@pytest.mark.parametrize("fill", [by_hdf5, by_zip, by_bytes])
def test_a_full_disk_is_one_line_and_leaves_the_old_file(
    fill: Callable[[Path], None], tmp_path: Path
) -> None:
    goal = tmp_path / "goal.h5"
    goal.write_text("old")
    with (
        pytest.raises(OSError, match=f"cannot write {goal}: File too large") as caught,
        small_disk(300_000),
        whole_file(goal) as part,
    ):
        fill(part)
    assert caught.value.errno == errno.EFBIG
    assert (os.listdir(tmp_path), goal.read_text()) == (["goal.h5"], "old")


FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from helpers.event_graphs import loop
from axonal.datasets import EventSet, Sensor, write_shd
from axonal.deploy import Stream, run, to_nir
from axonal.recipes import _graphs

graph = loop(neurons=30, fan=10, steps=80)
times, none = np.arange(9999), np.zeros(9999, int)
spikes = EventSet.of(times, none, [0, 9999], [0], sensor=Sensor(4), classes=("a",))
result = run(graph, graph.golden.inputs["in"])
writers = {
    "graph": graph.save,
    "nir": lambda path: to_nir(graph, path),
    "run": lambda path: _graphs.write(path, result),
    "state": Stream(graph).save,
    "shd": lambda path: write_shd(path, spikes),
}
resource.setrlimit(resource.RLIMIT_FSIZE, (300, resource.RLIM_INFINITY))
for name, write in writers.items():
    try:
        write(Path(sys.argv[1], name))
    except OSError as error:
        print(error)
"""


@pytest.mark.slow
def test_every_writer_says_in_one_line_that_a_disk_is_full(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": f"{SRC}:{ROOT / 'tests'}"}
    command = [sys.executable, "-c", FULL, tmp_path]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    names = ("graph", "nir", "run", "state", "shd")
    expected = [f"cannot write {tmp_path / name}: File too large" for name in names]
    assert done.stdout.splitlines() == expected
    assert done.stderr == ""
    assert os.listdir(tmp_path) == []
