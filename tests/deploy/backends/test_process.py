"""The protocol of simulators: silence on success, the reason on failure, an end to what hangs."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from helpers.event_graphs import loop

from axonal.deploy import BackendError, retime, verify
from axonal.deploy.backends import find
from axonal.deploy.executor.process import simulate
from axonal.deploy.executor.request import Request


def fake(tmp_path, body):
    """A back end's file with the given body of `simulate(job, answer)`."""
    file = tmp_path / "fake.py"
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    file.write_text(f"def simulate(job, answer):\n{lines}\n")
    return str(file)


def ask(file, timeout=60.0, **options):
    graph = retime(loop(4, fan=2, steps=5))
    inputs = {"in": np.ones((5, 2, 4))}
    return simulate(file, graph, inputs, Request(timeout=timeout), **options)


def gone(pid):
    for _ in range(1200):
        try:
            # a child that nobody waits for stays in the table until its parent's parent reaps it
            with open(f"/proc/{pid}/stat") as stat:
                if stat.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return True
        except (FileNotFoundError, ProcessLookupError):  # it may end between opening and reading
            return True
        time.sleep(0.05)
    return False


@pytest.mark.slow
def test_a_simulator_that_hangs_is_stopped_with_its_children_and_named(tmp_path):
    note = tmp_path / "pid"
    body = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(note)!r}, 'w').write(str(child.pid))\n"
        "print('still busy', flush=True)\n"
        "time.sleep(600)"
    )
    started = time.monotonic()
    with pytest.raises(BackendError) as caught:
        ask(fake(tmp_path, body), timeout=8)
    assert time.monotonic() - started < 500
    assert str(caught.value) == "fake did not answer within 8 s and was stopped"
    assert "still busy" in caught.value.__notes__[0]
    assert gone(int(note.read_text()))


CALLER = """
import os, signal, sys
sys.path[:0] = {paths!r}
from axonal._base.workplace import workplace
{before}
with workplace("axonal-hangs-") as place:
    place.run([sys.executable, {script!r}], os.environ, 600.0)
"""
# another child of the caller, which holds whatever files the caller had open
FORKS = """
import threading
def fork():
    if os.fork() == 0:
        open({note!r}, 'w').write(str(os.getpid()))
        signal.pause()
threading.Timer(0.5, fork).start()
"""


def caller_of_one_that_hangs(tmp_path, before=""):
    """A process that waits for a simulator, this and its child, and their folder."""
    note, script = tmp_path / "note", tmp_path / "hangs.py"
    script.write_text(
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"note = {str(note)!r}\n"
        "open(note + '.part', 'w').write(f'{os.getpid()} {child.pid} {os.getcwd()}')\n"
        "os.rename(note + '.part', note)\n"
        "time.sleep(600)"
    )
    paths = [path for path in sys.path if path.endswith("src")]
    code = CALLER.format(paths=paths, before=before, script=str(script))
    caller = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 600
    while not note.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    simulator, child, folder = note.read_text().split()
    return caller, (int(simulator), int(child)), Path(folder)


def vanished(folder):
    deadline = time.monotonic() + 60
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return not folder.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_simulator_ends_with_its_caller_and_leaves_no_folder(tmp_path, number):
    caller, simulators, folder = caller_of_one_that_hangs(tmp_path)
    assert folder.is_dir()
    caller.send_signal(number)
    assert caller.wait(600) == -number
    assert [gone(pid) for pid in simulators] == [True, True]
    assert vanished(folder)


def test_a_simulator_ends_with_its_caller_though_another_child_lives_on(tmp_path):
    other = tmp_path / "other"
    caller, simulators, folder = caller_of_one_that_hangs(tmp_path, FORKS.format(note=str(other)))
    while not (other.exists() and other.read_text()):
        time.sleep(0.02)
    try:
        caller.kill()
        caller.wait(600)
        assert [gone(pid) for pid in simulators] == [True, True]
        assert vanished(folder)
    finally:
        os.kill(int(other.read_text()), signal.SIGKILL)


def test_a_simulator_whose_guard_is_killed_ends_and_is_named(tmp_path):
    note = tmp_path / "pid"
    body = f"import os, time\nopen({str(note)!r}, 'w').write(f'{{os.getpid()}} {{os.getcwd()}}')\n"
    body += "import signal\nos.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(600)"
    with pytest.raises(BackendError, match="fake could not be run: the process that looks after"):
        ask(fake(tmp_path, body))
    pid, folder = note.read_text().split()
    assert gone(int(pid))
    assert vanished(Path(folder))


def test_a_simulator_without_room_for_its_files_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(BackendError, match=r"fake could not be run: .*No such"):
        ask(fake(tmp_path, "pass"))


def test_a_simulator_that_fails_says_why_in_one_line(tmp_path):
    body = "print('noise')\nraise MemoryError('no room for 12 synapses')"
    with pytest.raises(BackendError) as caught:
        ask(fake(tmp_path, body))
    line = "fake failed (exit code 1): MemoryError: no room for 12 synapses"
    assert str(caught.value) == line
    assert "noise" in caught.value.__notes__[0]


def test_a_simulator_that_dies_without_a_word_is_named(tmp_path):
    with pytest.raises(BackendError, match=r"fake failed \(exit code -9\): silent"):
        ask(fake(tmp_path, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"))


def test_what_a_simulator_prints_is_kept_from_the_user(capfd):
    ask(str(find("nest").simulation))
    assert capfd.readouterr() == ("", "")


def test_what_a_worker_is_given_is_the_graph_and_the_options(tmp_path):
    body = (
        "import json\n"
        "import numpy as np\n"
        "assert job.options == {'wish': 3}\n"
        "assert [p.kind for p in job.populations] == ['input', 'lif', 'integrator', 'constant']\n"
        "assert job.steps == 5 and sorted(job.events) == [0, 3]\n"
        "assert len(job.events[3].t) == 5 * 2\n"
        "answer.spikes[1] = [0, 3], [1, 6]\n"
        "answer.readout[2] = np.arange(5 * 8.0).reshape(5, 8)"
    )
    found = ask(fake(tmp_path, body), wish=3)
    assert np.argwhere(found.raster("x")).tolist() == [[0, 0, 1], [3, 1, 2]]
    assert found.readout["out"][1].tolist() == [[8, 9, 10, 11], [12, 13, 14, 15]]
    assert found.extra["seconds"] >= 0


def test_a_hung_back_end_fails_a_verification_and_is_named(tmp_path, monkeypatch):
    hangs = fake(tmp_path, "import time\ntime.sleep(600)")

    def run(graph, inputs, request):
        return simulate(hangs, graph, inputs, request, name="nest")

    monkeypatch.setattr(find("nest"), "run", run)
    found = verify(loop(4, fan=2, steps=20), ("nest", "reference"), timeout=1)
    assert not found.passed
    assert found.failures == ("nest did not answer within 1 s and was stopped",)
    assert {c.backend for c in found.comparisons} == {"reference"}


def test_the_worker_is_isolated_from_the_environment(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise RuntimeError('found by PYTHONPATH')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    body = "import json\nassert json.loads('1') == 1\nanswer.spikes[1] = [], []\n"
    body += "import numpy as np\nanswer.readout[2] = np.zeros((5, 8))"
    assert ask(fake(tmp_path, body), python=sys.executable).spikes["x"].t.size == 0
