"""What a machine lacks is skipped and named; where it is insisted on, it fails by name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import needs

ONE = "tests/deploy/backends/test_backends.py::test_every_simulator_is_installed_here[lava]"


def checks(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Tests, as on a machine that has what the environment says."""
    env = {k: v for k, v in os.environ.items() if k not in ("AXONAL_REQUIRE", "AXONAL_DATA")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=needs.ROOT,
        env=env | environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
def test_a_test_without_its_simulator_is_skipped_and_counted(tmp_path: Path) -> None:
    done = checks(ONE, AXONAL_LAVA_PYTHON=str(tmp_path / "none"))
    assert done.returncode == 0, done.stdout
    _, _, listed = done.stdout.partition("not checked on this machine")
    assert "Lava: make lava (Python 3.10" in listed and "skipped: 1" in listed
    assert "data sets: AXONAL_DATA names no folder with fashion-mnist, fsdd, mil" in listed


@pytest.mark.slow
def test_what_is_insisted_on_fails_by_name(tmp_path: Path) -> None:
    done = checks(ONE, AXONAL_LAVA_PYTHON=str(tmp_path / "none"), AXONAL_REQUIRE="lava, data")
    assert done.returncode == 1
    assert "AXONAL_REQUIRE insists on Lava: make lava" in done.stdout


def test_an_environment_of_peers_that_was_only_begun_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.touch(mode=0o755)
    monkeypatch.setattr(needs, "PEERS", python)
    needs._without.cache_clear()
    assert needs.without("peers") == "make peers"
    (tmp_path / ".installed").touch()
    needs._without.cache_clear()
    assert needs.without("peers") is None
    needs._without.cache_clear()


def test_unknown_parts_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AXONAL_REQUIRE", "lava,abacus")
    with pytest.raises(pytest.UsageError, match=r"knows lava, nest, .*; got abacus"):
        needs.required()


def test_data_sets_are_insisted_on_one_by_one(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "data" / "mil").mkdir(parents=True)
    monkeypatch.setenv("AXONAL_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("AXONAL_REQUIRE", raising=False)
    assert needs.data("mil") == tmp_path / "data" / "mil"
    with pytest.raises(pytest.skip.Exception, match=r"data sets: .* names no folder with fsdd"):
        needs.data("fsdd")
    monkeypatch.setenv("AXONAL_REQUIRE", "data")
    with pytest.raises(pytest.fail.Exception, match=r"insists on data sets: .* with fsdd"):
        needs.data("fsdd")


def test_a_relative_data_folder_is_that_of_where_the_tests_were_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "data" / "fsdd").mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AXONAL_DATA", "data")
    needs.fix_data_folder()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert needs.where("fsdd") == tmp_path / "data" / "fsdd"
    assert Path(os.environ["AXONAL_DATA"]).is_absolute()
