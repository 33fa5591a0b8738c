"""What is installed is what is in the checkout: five folders under one import name."""

import configparser
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from helpers import ROOT
from packaging.requirements import Requirement

import axonal
from axonal import recipes

FOLDERS = ("datasets", "deploy", "hebbian", "neuro", "reservoirs")
SHIPPED = {".py", ".cuh", ".h5", ".json", ".pt", ".sha256"}


@pytest.fixture(scope="module")
def config() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "setup.cfg")
    return parser


def packages_on_disk() -> dict[str, Path]:
    """Every folder that holds Python files, by import name."""
    found = {}
    starts = {"axonal": ROOT / "src" / "axonal", **{f"axonal.{f}": ROOT / f for f in FOLDERS}}
    for name, start in starts.items():
        for folder, below, files in os.walk(start):
            below[:] = [f for f in below if f != "__pycache__"]
            if any(file.endswith(".py") for file in files):
                parts = Path(folder).relative_to(start).parts
                found[".".join((name, *parts))] = Path(folder)
    return found


def expected_files() -> set[str]:
    """What a wheel has to hold below the folder axonal/."""
    return {
        f"{name.replace('.', '/')}/{extra}{path.name}"
        for name, folder in packages_on_disk().items()
        for extra in ("", "data/", *(f"trained/{name}/" for name in recipes.shipped()))
        for path in (folder / extra).glob("*")
        if path.suffix in SHIPPED or path.name == "py.typed"
    }


def test_every_package_is_listed_in_setup_cfg(config: configparser.ConfigParser) -> None:
    listed = config["options"]["packages"].split()
    assert sorted(listed) == sorted(packages_on_disk())


def test_every_package_has_an_init_file() -> None:
    bare = [
        name for name, folder in packages_on_disk().items() if not (folder / "__init__.py").exists()
    ]
    assert bare == []


def test_every_folder_is_mapped_and_linked(config: configparser.ConfigParser) -> None:
    lines = config["options"]["package_dir"].strip().splitlines()
    mapping = dict(re.split(r"\s*=\s*", line) for line in lines)
    assert mapping == {"axonal": "src/axonal", **{f"axonal.{f}": f for f in FOLDERS}}
    links = {p.name: os.readlink(p) for p in (ROOT / "src" / "axonal").iterdir() if p.is_symlink()}
    assert links == {f: f"../../{f}" for f in FOLDERS}


def test_the_version_is_the_same_in_code_and_metadata(config: configparser.ConfigParser) -> None:
    assert config["metadata"]["version"] == axonal.__version__


def requirements(config: configparser.ConfigParser, *extras: str) -> dict[str, Requirement]:
    blocks = [config["options.extras_require"][extra] for extra in extras]
    lines = "\n".join([config["options"]["install_requires"], *blocks]).split("\n")
    parsed = [Requirement(line) for line in lines if line.strip()]
    return {requirement.name: requirement for requirement in parsed}


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_what_demo_and_test_install_is_pinned(config: configparser.ConfigParser) -> None:
    needed = requirements(config, "train", "test")
    # Any setuptools that can build will do: it is a tool of the build, not of the results.
    assert sorted(set(needed) - set(pins())) == ["setuptools"]


def test_the_pinned_versions_satisfy_setup_cfg(config: configparser.ConfigParser) -> None:
    everything = requirements(config, *config["options.extras_require"])
    unfit = [
        f"{name} {version}"
        for name, version in pins().items()
        if name in everything and not everything[name].specifier.contains(version)
    ]
    assert unfit == []


def test_every_requirement_has_a_lower_bound(config: configparser.ConfigParser) -> None:
    blocks = [config["options"]["install_requires"], *config["options.extras_require"].values()]
    lines = [line for block in blocks for line in block.split("\n") if line.strip()]
    bounds: dict[str, set[str]] = {}
    for requirement in map(Requirement, lines):
        least = {str(s) for s in requirement.specifier if s.operator == ">="}
        bounds.setdefault(requirement.name, set()).update(least)
    assert {name: least for name, least in bounds.items() if len(least) != 1} == {}


def test_torchvision_and_torchaudio_are_never_asked_for() -> None:
    for file in ("setup.cfg", "constraints.txt", "pyproject.toml"):
        assert not re.search("torchvision|torchaudio", (ROOT / file).read_text())


def run(*command: str | Path, cwd: Path, pythonpath: Path | None = None) -> str:
    """Output of a command that must succeed, away from the checkout's own paths."""
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    if pythonpath is not None:
        env["PYTHONPATH"] = str(pythonpath)
    result = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source distribution, built from a copy so that the checkout stays as it is."""
    folder = tmp_path_factory.mktemp("sdist")
    ignored = shutil.ignore_patterns(
        ".*", "__pycache__", "runs", "build", "dist", "*.egg-info", "lightning_logs"
    )
    shutil.copytree(ROOT, folder / "checkout", symlinks=True, ignore=ignored)
    build = f"from setuptools import build_meta; build_meta.build_sdist({str(folder)!r})"
    run(sys.executable, "-c", build, cwd=folder / "checkout")
    return folder / f"axonal-{axonal.__version__}.tar.gz"


@pytest.fixture(scope="module")
def wheel(sdist: Path) -> Path:
    """A wheel built from the source distribution, as on a machine without the checkout."""
    folder = sdist.parent / "wheel"
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    run(sys.executable, "-m", "pip", "wheel", *options, "-w", folder, sdist, cwd=sdist.parent)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("installed")
    options = ("--no-deps", "--no-index", "--disable-pip-version-check", "--target", target)
    run(sys.executable, "-m", "pip", "install", *options, wheel, cwd=target)
    return target


def test_the_source_distribution_holds_tests_and_notebooks(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    for folder, pattern in (
        ("tests", "*.py"),
        ("notebooks", "*.ipynb"),
        ("experiments", "*.py"),
        ("experiments", "pages/*.md"),
    ):
        files = {str(path.relative_to(ROOT)) for path in (ROOT / folder).glob(pattern)}
        assert files
        assert files <= inside
    assert {"LICENSE", "CHANGELOG.md", "CITATION.cff", "constraints.txt", "Makefile"} <= inside


@pytest.mark.slow
def test_a_wheel_holds_every_file_once_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert len(names) == len(set(names))
    assert {n for n in names if ".dist-info/" not in n} == expected_files()
    assert not [n for n in names if "experiments" in n]
    assert any(n.endswith(".dist-info/licenses/LICENSE") for n in names)


@pytest.mark.slow
def test_a_wheel_is_imported_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    names = sorted(packages_on_disk())
    # Printed at the end, because an import may print too.
    script = (
        "import importlib\n"
        f"found = [importlib.import_module(name).__file__ for name in {names!r}]\n"
        "print(*found, sep='\\n')"
    )
    found = run(sys.executable, "-W", "error", "-c", script, cwd=tmp_path, pythonpath=installed)
    expected = [str(installed / name.replace(".", "/") / "__init__.py") for name in names]
    assert found.splitlines()[-len(names) :] == expected


def test_the_installed_command_answers(installed: Path, tmp_path: Path) -> None:
    answer = run(
        sys.executable,
        installed / "bin" / "axonal",
        "--help",
        cwd=tmp_path,
        pythonpath=installed,
    )
    for command in ("train", "export", "run", "verify", "info"):
        assert command in answer
