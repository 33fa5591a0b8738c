"""The command line as tests call it: in processes of their own, or in this one."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from axonal import cli
from helpers import ROOT

ENV = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1", "COLUMNS": "100"}


Axonal = Callable[..., subprocess.CompletedProcess[str]]
Refused = Callable[..., str]


def process(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, in which every warning is an error."""
    command = [sys.executable, "-W", "error", "-m", "axonal.cli", *map(str, words)]
    return subprocess.run(command, env=ENV, cwd=cwd, capture_output=True, text=True)


def one_line(result: subprocess.CompletedProcess[str]) -> str:
    """The line on stderr of a command that was refused."""
    assert result.returncode == 2, result.stderr
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line


def called(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *words: str | Path,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """The command line in this process: no new one has to import torch."""
    command = ["axonal", *map(str, words)]
    with monkeypatch.context() as patch:
        patch.setattr(sys, "argv", command)
        if cwd is not None:
            patch.chdir(cwd)
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main()
    out, err = capsys.readouterr()
    assert isinstance(end.value.code, int)
    return subprocess.CompletedProcess(command, end.value.code, out, err)
