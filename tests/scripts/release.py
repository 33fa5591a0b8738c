"""Build wheel and source distribution, look into both, and try the wheel away from the checkout.

Run by ``make check-release`` as ``python release.py PYTHON...``: the wheel is installed and tried
with each of these interpreters, in an environment of its own that is removed at the end.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TWINE = "twine>=6.1"
NOT_IN_A_WHEEL = ("tests", "experiments", "benchmarks", "notebooks", "docs")
IN_A_SOURCE = (
    "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md",
    "SECURITY.md", "constraints.txt", "setup.cfg", "pyproject.toml",
)  # fmt: skip
LARGEST = 10e6
"""Bytes of a wheel."""
TRIED = (
    "info",
    "models",
    "verify digits",
    "export digits --out digits.h5",
    "verify digits.h5",
    "train digits --epochs 1 --hidden 8 --out runs/tiny",
    "export runs/tiny",
    "verify runs/tiny/graph.h5",
)
"""Commands of a user with nothing but the wheel."""


def main(pythons: list[str]) -> None:
    """Build, look, install, try; the first failure ends it."""
    with tempfile.TemporaryDirectory(prefix="axonal-release-") as name:
        folder = Path(name)
        wheel, source = build(folder)
        look(wheel, source)
        # built again from the source distribution alone, it is the same wheel
        again = wheel_of(folder, source, folder / "again")
        assert contents(again) == contents(wheel), "the source distribution makes another wheel"
        check_description(folder, wheel, source)
        for python in pythons:
            install_and_try(folder, wheel, python)
    print("check-release: passed")


def run(*command: str | Path, cwd: Path, quiet: bool = True) -> str:
    """Output of a command that has to succeed, without paths of the checkout."""
    hidden = ("PYTHONPATH", "AXONAL_DATA", "VIRTUAL_ENV")
    environment = {k: v for k, v in os.environ.items() if k not in hidden}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    if not quiet:
        print(done.stdout, end="", flush=True)
    return done.stdout


def build(folder: Path) -> tuple[Path, Path]:
    """Wheel and source distribution of the files that git knows, or of all without git."""
    copy = folder / "checkout"
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True
    ).stdout.split("\0")
    for name in filter(None, listed):
        place = copy / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_symlink() or (ROOT / name).is_file():
            shutil.copy2(ROOT / name, place, follow_symlinks=False)
    if not any(listed):
        ignored = shutil.ignore_patterns(".*", "__pycache__", "runs", "build", "dist", "*.egg-info")
        shutil.copytree(ROOT, copy, symlinks=True, ignore=ignored)
    command = f"from setuptools import build_meta; build_meta.build_sdist({str(folder)!r})"
    run(sys.executable, "-c", command, cwd=copy)
    (source,) = folder.glob("*.tar.gz")
    return wheel_of(folder, copy, folder / "dist"), source


def wheel_of(folder: Path, source: Path, target: Path) -> Path:
    """Wheel of a folder or of a source distribution."""
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    run(sys.executable, "-m", "pip", "wheel", *options, "-w", target, source, cwd=folder)
    (wheel,) = target.glob("*.whl")
    return wheel


def contents(wheel: Path) -> dict[str, int]:
    """Checksums of what a wheel holds, by name."""
    with zipfile.ZipFile(wheel) as archive:
        return {f.filename: f.CRC for f in archive.infolist() if not f.filename.endswith("RECORD")}


def look(wheel: Path, source: Path) -> None:
    """Refuse a wheel with what is no part of the package, and a source without what is."""
    names = contents(wheel)
    tops = {name.split("/")[0] for name in names}
    assert tops == {"axonal", f"{wheel.name.rsplit('-', 3)[0]}.dist-info"}, sorted(tops)
    wrong = [n for n in names if set(n.split("/")) & set(NOT_IN_A_WHEEL)]
    assert not wrong, f"in the wheel: {wrong[:5]}"
    assert wheel.stat().st_size < LARGEST, f"the wheel has {wheel.stat().st_size} bytes"
    with tarfile.open(source) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert set(IN_A_SOURCE) <= inside, f"not in the source: {set(IN_A_SOURCE) - inside}"
    size = wheel.stat().st_size / 1e6, source.stat().st_size / 1e6
    print(f"{wheel.name}: {len(names)} files, {size[0]:.1f} MB; {source.name}: {size[1]:.1f} MB")


def check_description(folder: Path, *files: Path) -> None:
    """Let twine look at the metadata."""
    run(sys.executable, "-m", "venv", folder / "tools", cwd=folder)
    python = folder / "tools" / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", TWINE, cwd=folder)
    run(python, "-m", "twine", "check", "--strict", *files, cwd=folder, quiet=False)


def install_and_try(folder: Path, wheel: Path, python: str) -> None:
    """Install the wheel with what `train` needs into an environment, and use it elsewhere."""
    place, work = folder / "environment", folder / "elsewhere"
    work.mkdir()
    run(python, "-m", "venv", place, cwd=folder)
    version = run(place / "bin" / "python", "-V", cwd=folder).strip()
    print(f"with {version}", flush=True)
    run(
        place / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check",
        "-c", ROOT / "constraints.txt", f"{wheel}[train]", cwd=work,
    )  # fmt: skip
    where = run(place / "bin" / "python", "-c", "import axonal; print(axonal.__file__)", cwd=work)
    assert Path(where.strip()).is_relative_to(place), where
    for words in TRIED:
        run(place / "bin" / "axonal", *words.split(), cwd=work)
        print(f"  axonal {words}", flush=True)
    shutil.rmtree(place)
    shutil.rmtree(work)


if __name__ == "__main__":
    # commands run in other folders, where a relative path of an interpreter leads nowhere
    main([os.path.abspath(p) if "/" in p else p for p in sys.argv[1:] or [sys.executable]])
