"""How commands end: by a signal, or because what they print cannot be printed."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from helpers.shell import ENV


@pytest.mark.slow
def test_what_ends_a_command_is_one_line_and_its_exit_code(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "axonal.cli", "train", "digits", "--json"]
    process = subprocess.Popen(
        [*command, "--out", tmp_path / "run"], env=ENV, stderr=subprocess.PIPE, text=True
    )
    # however long a busy machine takes: a command that ends too early ends the wait as well
    while not (tmp_path / "run" / "metrics.csv").exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 128 + signal.SIGTERM
    assert errors == STOPPED


STOPPED = "axonal: stopped. A training run goes on with --resume.\n"
ENDED = """
import os, signal, sys, time
from axonal import cli, recipes
def train(*args, **kwargs):
    os.kill(os.getpid(), signal.{name})
    time.sleep(0.2)
    return {{"heard": False}}
recipes.train = train
sys.argv = ["axonal", "train", "digits", "--json"]
cli.main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_each_signal_ends_a_command_and_stays_ignored_where_it_was(name: str) -> None:
    ended = ENDED.format(name=name)
    if name == "SIGINT":  # a shell starts what runs in the background with this one ignored
        ended = f"import signal; signal.signal(signal.{name}, signal.default_int_handler)" + ended
    command = [sys.executable, "-c", ended]
    done = subprocess.run(command, env=ENV, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (128 + getattr(signal, name), "")
    assert done.stderr == STOPPED
    if name == "SIGINT":
        return
    ignored = f"import signal; signal.signal(signal.{name}, signal.SIG_IGN)" + ended
    done = subprocess.run([sys.executable, "-c", ignored], env=ENV, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["heard"] is False


@pytest.mark.slow
@pytest.mark.parametrize("words", [("info",), ("info", "--json"), ("--help",)])
def test_output_that_cannot_be_printed_is_one_line(words: Sequence[str]) -> None:
    command = [sys.executable, "-m", "axonal.cli", *words]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, env=ENV, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr == "axonal: cannot print what came out: No space left on device.\n"
