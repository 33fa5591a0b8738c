"""`axonal run --stream`: events come in as lines of JSON, spikes leave as lines of JSON.

One line in is one whole step, and is run when it has come; steps that no line names are silent.
What the lines say is in `_stream_lines.py`.
"""

import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from axonal._base import signals
from axonal.cli._stream_lines import Arrays, LineError, leaving, parsed
from axonal.cli._terminal import Stopped, users_own
from axonal.deploy import EventGraph, Stream

LONGEST_LINE = 1 << 26
"""Bytes; a line that never ends must not fill the memory."""


@dataclass
class _Summary:
    """Counts and latencies of a stream.

    Attributes:
        first: step with which it began.
        steps: steps run.
        events: events taken from lines.
        spikes: spikes of all neurons.
        late: lines left out because their step had run.
        seconds: time from a line to what it made leave, for every line.
        interrupted: whether Ctrl-C, TERM or HUP ended it.
        warnings: what left the range of the chip.
    """

    first: int
    steps: int = 0
    events: int = 0
    spikes: int = 0
    late: int = 0
    seconds: list[float] = field(default_factory=list)
    interrupted: bool = False
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Counts, and the latency of a step in milliseconds."""
        taken = 1e3 * np.array(self.seconds or [0.0])
        middle, late = np.percentile(taken, (50, 99)).tolist()
        return {
            "first_step": self.first,
            "steps": self.steps,
            "events": self.events,
            "spikes": self.spikes,
            "late_lines": self.late,
            "latency_ms": {"median": middle, "99 %": late, "largest": float(taken.max())},
            "interrupted": self.interrupted,
            "warnings": self.warnings,
        }

    def __str__(self) -> str:
        found = self.to_json()
        times = ", ".join(f"{name} {value:.3f}" for name, value in found["latency_ms"].items())
        late = f", {self.late} late lines left out" if self.late else ""
        return (
            f"{self.steps} steps from step {self.first} on, {self.events} events in, "
            f"{self.spikes} spikes out{late}; ms per step: {times}"
        )


def command(graph: EventGraph, data: str | None, as_json: bool, **states: Any) -> None:
    """Run the lines of a file, or those of standard input, and print what leaves."""
    path = sys.stdin.fileno() if data is None else data
    with (
        users_own(ValueError, OSError, MemoryError),
        open(path, "rb", closefd=data is not None) as source,
    ):
        summary = run(graph, source, emit, **states)
    if as_json:
        emit(json.dumps({"summary": summary.to_json()}))
    else:
        for warning in summary.warnings:
            sys.stderr.write(f"axonal: {warning}\n")
        sys.stderr.write(f"axonal: {summary}\n")
    if summary.interrupted:
        goes_on = f"It goes on with --resume {states['save_state']}."
        raise Stopped(
            goes_on if states["save_state"] else "--save-state would have kept its state."
        )


def emit(line: str) -> None:
    """Print a line at once."""
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # what is left in the buffer would fail once more when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise BrokenPipeError("the reader of the spikes is gone") from None


def run(
    graph: EventGraph,
    source: BinaryIO,
    emit: Callable[[str], None],
    *,
    resume: Path | None = None,
    save_state: Path | None = None,
    drop_late: bool = False,
) -> _Summary:
    """Run a graph on the lines of a file until it ends, or Ctrl-C, TERM or HUP comes.

    Args:
        graph: the graph.
        source: where lines come from.
        emit: called with each line that leaves.
        resume: state to go on from.
        save_state: where the state goes at the end, whatever ended the stream. Without it a graph
            with latencies runs on until the last population has answered.
        drop_late: leave out lines whose step has run, instead of refusing them.

    Returns:
        counts and latencies.

    Raises:
        LineError: a line cannot be understood, or its step has run.
        ValueError: the state does not fit.
        OSError: a file cannot be read or written.
    """
    stream = Stream(graph)
    if resume is not None:
        stream.load(resume)
    if save_state is not None and not save_state.resolve().parent.is_dir():
        raise FileNotFoundError(f"cannot write {save_state}: there is no folder for it")
    summary = _Summary(stream.step)
    inputs = {p.name: p.size for p in graph.of_kind("input")}
    outputs = [name for name in graph.outputs if not graph.population(name).spiking]

    def advance(events: Arrays | None, end: float = math.inf) -> None:
        step = stream.advance(events)
        summary.steps += 1
        for line in leaving(step, outputs, end):
            summary.spikes += sum(map(len, line.get("spikes", {}).values()))
            emit(json.dumps(line))

    with _interruptible() as waiting:
        try:
            for number, line in _numbered(source, waiting):
                started = time.perf_counter()
                t, events, count = parsed(line, number, stream.step, inputs)
                if t < stream.step:
                    if not drop_late:
                        raise LineError(
                            f"line {number}: step {t} has already run, the next is {stream.step}: "
                            "write all events of a step on one line, in rising order, or leave "
                            "late lines out with --late drop"
                        )
                    summary.late += 1
                    continue
                while stream.step < t and not waiting.stopped:
                    advance(None)
                if waiting.stopped:
                    break
                advance(events)
                summary.events += count
                summary.seconds.append(time.perf_counter() - started)
            if save_state is None:
                end = stream.step
                while stream.step < end + graph.max_latency and not waiting.stopped:
                    advance(None, end)
        except LineError as error:
            if save_state is None:
                raise
            raise LineError(f"{error}; the state before it is in {save_state}") from None
        finally:
            # a second signal must not end the saving of the state
            waiting.saves = True
            if save_state is not None:
                stream.save(save_state)
    summary.interrupted = waiting.stopped
    summary.warnings = stream.warnings
    return summary


class _Waiting:
    """Whether the stream waits for a line, when what ends it may come at once."""

    def __init__(self) -> None:
        self.stopped = self.now = self.saves = False

    def stop(self) -> None:
        # a second signal does not wait for the reader of the output either
        at_once = self.now or self.stopped
        self.stopped = True
        if at_once and not self.saves:
            raise KeyboardInterrupt


@contextmanager
def _interruptible() -> Iterator[_Waiting]:
    """Let what ends a command end a stream between two steps, never within one."""
    waiting = _Waiting()
    with signals.held(waiting.stop):
        yield waiting


def _numbered(source: BinaryIO, waiting: _Waiting) -> Iterator[tuple[int, bytes]]:
    number = 0
    while not waiting.stopped:
        try:
            waiting.now = True
            line = source.readline(LONGEST_LINE + 1)
            waiting.now = False
        except KeyboardInterrupt:
            return
        number += 1
        if not line:
            return
        if len(line) > LONGEST_LINE:
            raise LineError(f"line {number}: longer than {LONGEST_LINE >> 20} MiB")
        if line.strip():
            yield number, line
