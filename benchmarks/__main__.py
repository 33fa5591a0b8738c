"""``python -m benchmarks NAME``: time axonal beside its peers, in one process."""

import argparse
import datetime
import importlib
import importlib.util
import json
import os
import platform
import re
import sys
from pathlib import Path

import torch

from axonal._base.files import write_text
from benchmarks._measure import Table

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "RESULTS.md"
PEERS_PYTHON = ROOT / ".venv-peers" / "bin" / "python"
NAMES = (
    "lif",
    "delay",
    "conv",
    "attention",
    "eventprop_dcls",
    "step",
    "call",
    "spike_linear",
    "recurrent",
    "memory",
    "growth",
    "montecarlo",
    "gpu",
    "executor",
    "export",
    "placement",
    "events",
    "event_files",
    "eventprop",
    "eventprop_scan",
    "liquid",
    "continual",
    "sequence",
    "language",
    "local_rules",
)
MODULES = {
    "spikingjelly": "spikingjelly",
    "snntorch": "snntorch",
    "norse": "norse",
    "sinabs": "sinabs",
    "dcls": "DCLS",
    "aedat": "aedat",
    "event_stream": "event_stream",
    "evlib": "evlib",
    "expelliarmus": "expelliarmus",
    "faery": "faery",
    "nest": "nest",
    "brian2": "brian2",
    "tonic": "tonic",
}
SIMULATORS = {"nest", "brian2"}  # they run in processes of their own, from this environment


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--quick", action="store_true", help="small cases; nothing is written")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    parser.add_argument("--threads", type=int, default=1, help="at least 1 (default: %(default)s)")
    parser.add_argument(
        "--peers",
        default=",".join(MODULES),
        help="with commas between; an empty text for none (default: %(default)s)",
    )
    given = parser.parse_args()
    # a benchmark runs for minutes: what would end it is said before
    if given.threads < 1:
        parser.error(f"--threads takes a number from 1 on, got {given.threads}")
    if given.json and (given.json.is_dir() or not os.access(given.json.absolute().parent, os.W_OK)):
        parser.error(f"--json: {given.json} cannot be written; is its folder there?")
    return given


def main() -> None:
    """Run one benchmark, in the environment of the peers if one is asked for."""
    given = arguments()
    asked = {name for name in given.peers.split(",") if name}
    if unknown := asked - set(MODULES):
        sys.exit(f"benchmarks: no peer {', '.join(unknown)}; there are {', '.join(MODULES)}.")
    simulated = {"executor": SIMULATORS, "liquid": {"brian2"}}.get(given.name)
    asked = asked & simulated if simulated else asked - SIMULATORS
    missing = {name for name in asked - SIMULATORS if not importlib.util.find_spec(MODULES[name])}
    if given.name == "gpu":
        # the environment of the peers has a torch without GPUs: what is installed here must do
        asked &= {"spikingjelly"}
    elif given.name in (
        "call",
        "continual",
        "export",
        "eventprop",
        "eventprop_scan",
        "local_rules",
    ):
        asked = missing = set()
    elif missing and PEERS_PYTHON.exists() and Path(sys.prefix) != PEERS_PYTHON.parents[1]:
        command = [str(PEERS_PYTHON), "-m", "benchmarks", *sys.argv[1:]]
        os.execv(command[0], command)
    elif missing:
        print(f"without {', '.join(sorted(missing))}: `make peers` installs them.", flush=True)
    torch.set_num_threads(given.threads)
    table = importlib.import_module(f"benchmarks.{given.name}").run(
        asked - missing, quick=given.quick
    )
    if not given.quick:
        write(given.name, table, given.threads)
    if given.json:
        write_text(given.json, json.dumps(table.json, indent=2) + "\n")


def write(name: str, table: Table, threads: int) -> None:
    """Put the table into RESULTS.md, in the place of an older one of this name."""
    from axonal.recipes import _provenance  # the commit is told in one way everywhere

    where = f"{processor()}, {os.cpu_count()} cores, {threads} thread(s)"
    code = _provenance.commit() or "unknown"
    when = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, commit {code}"
    versions = f"torch {torch.__version__}, Python {platform.python_version()}"
    section = "\n".join(
        [f"## {name}", "", f"{where}; {versions}; {when}.", "", *table.markdown(), ""]
    )
    text = RESULTS.read_text() if RESULTS.exists() else HEAD
    pattern = re.compile(rf"^## {name}\n.*?(?=^## |\Z)", flags=re.MULTILINE | re.DOTALL)
    text = pattern.sub(lambda _: section, text) if pattern.search(text) else text + "\n" + section
    write_text(RESULTS, re.sub(r"\n+## ", "\n\n## ", text).rstrip() + "\n")
    print(f"written to {RESULTS.relative_to(ROOT)}")


def processor() -> str:
    """Name of the processor."""
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found.group(1) if found else platform.processor() or platform.machine()


HEAD = """# Measured speed and memory

Written by `python -m benchmarks NAME`. Works are timed in turn within one process: three rounds of
medians, and ratios of the best rounds ("its time over ours": above 1, ours is faster). One thread
counts its own processor time. Shares are of what `torch.add` moves in the same run, for the bytes
that the computation cannot do without.
"""


if __name__ == "__main__":
    main()
