"""What only some machines have: tests that need it are skipped without it, or fail where asked.

``AXONAL_REQUIRE=lava,data`` names parts of which nothing may be skipped; ``.ci/run`` sets it. All
that was not checked is listed after the tests.
"""

import functools
import importlib.util
import os
import shutil
from pathlib import Path

import pytest

from helpers import ROOT

PEERS = ROOT / ".venv-peers" / "bin" / "python"
DATA, REQUIRE = "AXONAL_DATA", "AXONAL_REQUIRE"
SETS = (
    "fashion-mnist", "fsdd", "mil", "mnist", "event-samples", "nmnist-small", "mr-rt-polarity",
    "tinyshakespeare", "wikitext-2",
)  # fmt: skip
SIMULATORS = {
    "lava": "Lava",
    "nest": "NEST",
    "brian2": "Brian 2",
    "brian2_cython": "Brian 2 in Cython",
    "sanafe": "SANA-FE",
    "spinnaker": "SpiNNaker's virtual board",
}
WORDS = {
    **SIMULATORS,
    "netx": "lava-dl's netx",
    "peers": "other frameworks",
    "data": "data sets",
    "gpu": "a GPU",
    "nvrtc": "kernels compiled for GPUs",
    "compiler": "kernels run as C++",
}


def without(part: str) -> str | None:
    """What this machine lacks of a part, and what helps; None if it is all here."""
    if part == "data":
        lacking = [name for name in (*SETS, "fixtures") if where(name) is None]
        return f"{DATA} names no folder with {', '.join(lacking)}" if lacking else None
    return _without(part)


@functools.cache
def _without(part: str) -> str | None:
    if part in SIMULATORS:
        from axonal.deploy.backends import find

        return find(part).missing()
    if part == "netx":
        from axonal.deploy.backends._lava_environment import interpreter

        python = interpreter()
        there = python and any(python.parents[1].glob("lib/*/site-packages/lava/lib/dl/netx"))
        return None if there else "make netx"
    if part == "peers":
        # an environment that was begun without a network has an interpreter and nothing else
        made = os.access(PEERS, os.X_OK) and (PEERS.parents[1] / ".installed").exists()
        return None if made else "make peers"
    if part == "compiler":
        return None if shutil.which("g++") else "no g++ here"
    if part == "nvrtc" or importlib.util.find_spec("torch") is None:
        return _gpu_toolkit()
    import torch

    return _gpu_toolkit() if torch.cuda.is_available() else "torch sees none"


def _gpu_toolkit() -> str | None:
    from axonal.neuro.ops import _cuda

    return _cuda.missing()


def need(part: str, lacking: str | None) -> None:
    """Skip a test that lacks something of a part, or fail it where the part is insisted on."""
    if lacking is None:
        return
    if part in required():
        pytest.fail(f"{REQUIRE} insists on {WORDS[part]}: {lacking}", pytrace=False)
    pytest.skip(f"{WORDS[part]}: {lacking}")


def require(part: str) -> None:
    """Have a whole part, or skip or fail the test that asks."""
    need(part, without(part))


def required() -> frozenset[str]:
    """Parts that are insisted on; UsageError names those that there are not."""
    names = frozenset(filter(None, os.environ.get(REQUIRE, "").replace(" ", "").split(",")))
    if names - WORDS.keys():
        raise pytest.UsageError(
            f"{REQUIRE} knows {', '.join(WORDS)}; got {', '.join(sorted(names - WORDS.keys()))}."
        )
    return names


def where(name: str) -> Path | None:
    """Folder of a data set, or of the fixtures beside them; None if it is not there."""
    root = os.environ.get(DATA)
    if not root:
        return None
    folder = Path(root).resolve()
    found = folder.parent / name if name == "fixtures" else folder / name
    return found if found.is_dir() else None


def data(name: str) -> Path:
    """Folder of a data set; without it the test is skipped, or fails."""
    folder = where(name)
    if folder is None:
        need("data", f"{DATA} names no folder with {name}")
    assert folder is not None
    return folder


def fix_data_folder() -> None:
    """Make a relative ``AXONAL_DATA`` absolute: tests and notebooks run in other folders.

    It is relative to the folder in which the tests are started, as any path in a shell is.
    """
    if os.environ.get(DATA):
        os.environ[DATA] = str(Path(os.environ[DATA]).absolute())


def guard_simulators(patch: pytest.MonkeyPatch) -> None:
    """Have a simulator that is asked for and not here skip the test that asks, or fail it."""
    from axonal.deploy.backends import find

    for part in SIMULATORS:
        if without(part) is not None:
            patch.setattr(find(part), "missing", functools.partial(require, part))


def report(terminal: pytest.TerminalReporter) -> None:
    """List what this machine could not check."""
    lacking = {part: line for part in WORDS if (line := without(part)) is not None}
    if not lacking:
        return
    reasons = [test.longrepr[2] for test in terminal.stats.get("skipped", [])]
    terminal.section("not checked on this machine")
    for part, line in lacking.items():
        tests = sum(reason.startswith(f"Skipped: {WORDS[part]}: ") for reason in reasons)
        terminal.write_line(f"{WORDS[part]}: {line}{f'; skipped: {tests}' if tests else ''}")
