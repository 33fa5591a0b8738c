"""Commands killed at random moments: nothing is lost, no process lives on, no file is left over.

    python tests/scripts/kills.py --count 100 --out docs/results/kills.md

Each kill runs a command of its own (see kills_scenes.py) in a forked process, sends TERM, HUP or
KILL to that process alone after a random share of the time that the whole command takes, waits for
everything it had started to end, and runs the command again. What that leaves is compared with what
an undisturbed command leaves: contents, names in the folder, names among temporary files.
"""

import argparse
import atexit
import ctypes
import os
import platform
import random
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
GRACE = 20.0
"""Seconds in which whatever a command started has to be gone; it takes one at most when idle."""
LONGEST = 600.0
BEGUN = "begun.txt"
"""Of a command whose words have a place to go to."""
SUBREAPER = 36  # of prctl


@dataclass
class Found:
    """What the kills of one scene showed."""

    kills: Counter = field(default_factory=Counter)
    finished: int = 0  # had ended before the signal came
    lost: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)


def start(act, folder):
    """Fork a process that does something in a folder, its words going into two files there."""
    (folder / BEGUN).unlink(missing_ok=True)
    process = os.fork()
    if process:
        while not (folder / BEGUN).exists():
            time.sleep(0.001)
        return process
    code = 1
    try:
        os.setsid()
        # whoever started the tool may have done so with nohup
        for number in SIGNALS[:2]:
            signal.signal(number, signal.SIG_DFL)
        for stream, name in ((1, "out.txt"), (2, "err.txt")):
            file = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            os.dup2(file, stream)
        (folder / BEGUN).touch()
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder / "tmp")
        act(folder)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    # what an interpreter does at its end, but for the blocks that this process was forked in
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def end_of(process, moment=LONGEST, number=signal.SIGKILL):
    """Exit code of a process, negative for a signal, and its seconds; it gets one at a moment."""
    begun, sent = time.monotonic(), False
    while True:
        found, status = os.waitpid(process, os.WNOHANG)
        taken = time.monotonic() - begun
        if found:
            return os.waitstatus_to_exitcode(status), taken
        if taken >= moment and not sent:
            os.kill(process, number)
            sent = True
        if taken >= moment + LONGEST:
            os.kill(process, signal.SIGKILL)
        time.sleep(0.002)


def running():
    """Processes that this one has inherited from a command, by number."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                head, _, rest = Path("/proc", entry, "stat").read_text().rpartition(")")
                state, parent = rest.split()[:2]
                words = Path("/proc", entry, "cmdline").read_bytes().replace(b"\0", b" ")
            except OSError:
                continue
            if int(parent) == os.getpid() and state != "Z":
                found[int(entry)] = words.decode(errors="replace")[:100] or head
    return found


def left_running():
    """What has not ended within GRACE, after ending it."""
    deadline = time.monotonic() + GRACE
    while running() and time.monotonic() < deadline:
        time.sleep(0.02)
    orphans = running()
    for process in orphans:
        os.kill(process, signal.SIGKILL)
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return list(orphans.values())


def names(folder):
    """Files in a folder by relative name, temporary ones and words aside."""
    found = (str(p.relative_to(folder)) for p in folder.rglob("*"))
    return {name for name in found if not name.startswith("tmp") and not name.endswith(".txt")}


def shared(process):
    """Names of a process in the memory that processes share; joblib writes its number into them."""
    found = os.listdir("/dev/shm") if os.path.isdir("/dev/shm") else []
    return {name for name in found if str(process) in re.split(r"[-_]", name)}


def folder_for(scene, root, name):
    """A folder in which a scene can begin."""
    folder = root / name
    (folder / "tmp").mkdir(parents=True)
    scene.prepare(folder)
    return folder


def undisturbed(scene, root):
    """Content and names that a scene leaves if nobody disturbs it, and how long it takes."""
    folder = folder_for(scene, root, f"{scene.name}-whole")
    code, seconds = end_of(start(scene.act, folder))
    if code:
        raise SystemExit(f"{scene.name}: exit code {code}\n{(folder / 'err.txt').read_text()}")
    left_running()
    return scene.content(folder), names(folder), seconds


def kill(scene, whole, root, r, found):
    """One kill at a random moment, and what comes after it; the time that was known to be enough.

    That is less than before, if the command had ended: then nothing was killed.
    """
    content, expected, seconds = whole
    number = r.choice(SIGNALS)
    label = f"{number.name} after {(moment := r.uniform(0.0, seconds)):.3f} s"
    folder = folder_for(scene, root, scene.name)
    process = start(scene.act, folder)
    code, taken = end_of(process, moment, number)
    if taken < moment:
        found.finished += 1
        seconds = taken
    else:
        found.kills[number.name] += 1
    # before its first line Python's own handlers are at work, and after its last
    if code not in (0, -number, 128 + number):
        found.codes.append(f"{label}: exit code {code}: {(folder / 'err.txt').read_text()[-300:]}")
    found.orphans += [f"{label}: {words}" for words in left_running()]
    temporary = {p.name for p in (folder / "tmp").iterdir()} | shared(process)
    try:
        scene.after_kill(folder, content)
        again, _ = end_of(start(scene.again, folder))
        if again:
            words = (folder / "err.txt").read_text()[-300:]
            found.lost.append(f"{label}: the command does not go on: {words}")
        elif scene.content(folder) != content:
            found.lost.append(f"{label}: another content")
        temporary |= names(folder) - expected
    except (ValueError, OSError, AssertionError) as error:
        found.lost.append(f"{label}: {error}")
    left_running()
    found.leftovers += [f"{label}: {name}" for name in sorted(temporary)]
    shutil.rmtree(folder)
    return seconds


def disturb(scenes, count, seed):
    """Kill `count` times, the scenes by turns; what was found by scene."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(SUBREAPER, 1, 0, 0, 0):
        raise SystemExit("orphans cannot be seen on this system")
    r = random.Random(seed)
    found = {scene.name: Found() for scene in scenes}
    weights = [scene.weight for scene in scenes]
    waiting, done = list(scenes), 0
    # not a TemporaryDirectory: every forked process would remove it at its end
    root = Path(tempfile.mkdtemp(prefix="axonal-kills-"))
    whole = {}
    try:
        while done < count:
            scene = waiting.pop(0) if waiting else r.choices(scenes, weights)[0]
            if scene.name not in whole:
                whole[scene.name] = undisturbed(scene, root)
            content, expected, _ = whole[scene.name]
            seconds = kill(scene, whole[scene.name], root, r, found[scene.name])
            whole[scene.name] = content, expected, seconds
            done = sum(sum(x.kills.values()) for x in found.values())
            print(f"{done} of {count}: {scene.name}", file=sys.stderr, flush=True)
    finally:
        shutil.rmtree(root)
    return found, {name: seconds for name, (_, _, seconds) in whole.items()}


def report(found, seconds, seed):
    """The table, and every finding."""
    from axonal.recipes import _provenance
    from axonal.recipes._runs import machine

    total = sum(sum(one.kills.values()) for one in found.values())
    lines = [
        "# Commands killed at random moments",
        "",
        f"Written by `make kills`: {total} kills, seed {seed}, {datetime.now(UTC).date()}, "
        f"{machine()}, Python {platform.python_version()}, commit {_provenance.commit()}.",
        "",
        "TERM, HUP or KILL is sent to one process of a command, at a moment drawn uniformly from "
        "the time that the undisturbed command took. *Lost*: the same command, or `--resume`, did "
        "not go on afterwards, ended with another content than an undisturbed one, or a file was "
        "neither the old nor the new one. *Orphans*: processes that the command had started and "
        f"that lived {GRACE:g} s later. *Left over*: temporary files and folders, and files beside "
        "the results once the command was run again. *Codes*: exit codes other than 128 + signal, "
        "and that of the signal itself. Commands that had ended before count apart.",
        "",
        "| command | s | TERM | HUP | KILL | ended before | lost | orphans | left over | codes |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, one in found.items():
        counts = [one.kills[number.name] for number in SIGNALS]
        cells = [
            *counts,
            one.finished,
            *map(len, (one.lost, one.orphans, one.leftovers, one.codes)),
        ]
        cells = " | ".join(map(str, cells))
        lines.append(f"| {name} | {seconds.get(name, 0):.1f} | {cells} |")
    kinds = ("lost", "orphans", "leftovers", "codes")
    wrong = [f"- {n}, {k}: {x}" for n, one in found.items() for k in kinds for x in getattr(one, k)]
    return (
        "\n".join([*lines, *([""] if wrong else []), *(" ".join(x.split()) for x in wrong)]) + "\n"
    )


def main():
    """Kill, and say what was found; the exit code is 1 if anything was."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", help="names of scenes")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    from kills_scenes import SCENES

    scenes = [scene for scene in SCENES if not given.only or scene.name in given.only]
    text = report(*disturb(scenes, given.count, given.seed), given.seed)
    print(text, end="")
    if given.out is not None:
        from axonal._base.files import write_text

        write_text(given.out, text)
    sys.exit("\n- " in text)


if __name__ == "__main__":
    main()
