"""The command line as tests call it: in processes of their own, or in this one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from axonal import cli
from helpers import ROOT

ENV = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1", "COLUMNS": "100"}


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
