"""`axonal run --stream`: events come in as lines of JSON, spikes leave as lines of JSON.

    in     {"t": 5, "events": {"in": [3, 17, [20, 0.5]]}}
    out    {"t": 5, "spikes": {"hidden": [0, 4]}, "readout": {"out": [0.25, 1.5]}}

One line in is one whole step, and is run when it has come. A number is a neuron that spikes, a pair
a neuron and the value of a graded event. The name may be left out where there is only one input
(``"events": [3, 17]``), and ``t`` where the step is the next one; steps that no line names are
silent. A line leaves for each step in which a neuron of the graph spiked, or which an output reads.
"""

import json
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from axonal._terminal import Stopped, users_own
from axonal.deploy import EventGraph, Stream, StreamStep

LONGEST_LINE = 1 << 26
"""Bytes; a line that never ends must not fill the memory."""

LONGEST_GAP = 1_000_000
"""Silent steps between two lines; a wrong unit of time must not run for days."""

Arrays = dict[str, npt.NDArray[np.float64]]


class LineError(ValueError):
    """A line that cannot be understood; the message begins with its number."""


@dataclass
class Summary:
    """What a stream did.

    Attributes:
        first: step with which it began.
        steps: steps run.
        events: events taken from lines.
        spikes: spikes of all neurons.
        late: lines left out because their step had run.
        seconds: time from a line to what it made leave, for every line.
        interrupted: whether Ctrl-C ended it.
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
            f"{self.spikes} spikes out{late}; ms a step: {times}"
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
        raise BrokenPipeError("whoever read the spikes is gone") from None


def run(
    graph: EventGraph,
    source: BinaryIO,
    emit: Callable[[str], None],
    *,
    resume: Path | None = None,
    save_state: Path | None = None,
    drop_late: bool = False,
) -> Summary:
    """Run a graph on the lines of a file until it ends or Ctrl-C comes.

    Args:
        graph: the graph.
        source: where lines come from.
        emit: called with each line that leaves.
        resume: state to go on from.
        save_state: where the state goes at the end, whatever ended the stream. Without it a graph
            with latencies runs on until the last population has answered.
        drop_late: leave out lines whose step has run, instead of refusing them.

    Returns:
        what it did.

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
    summary = Summary(stream.step)
    inputs = {p.name: p.size for p in graph.of_kind("input")}
    outputs = [name for name in graph.outputs if graph.population(name).kind == "integrator"]

    def advance(events: Arrays | None, end: float = math.inf) -> None:
        step = stream.advance(events)
        summary.steps += 1
        for line in _lines(step, outputs, end):
            summary.spikes += sum(map(len, line.get("spikes", {}).values()))
            emit(json.dumps(line))

    try:
        with _interruptible() as waiting:
            for number, line in _numbered(source, waiting):
                started = time.perf_counter()
                t, events, count = _parsed(line, number, stream.step, inputs)
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
            summary.interrupted = waiting.stopped
        if save_state is None and not summary.interrupted:
            end = stream.step
            while stream.step < end + graph.max_latency:
                advance(None, end)
    except LineError as error:
        if save_state is None:
            raise
        raise LineError(f"{error}; the state before it is in {save_state}") from None
    finally:
        if save_state is not None:
            stream.save(save_state)
    summary.warnings = stream.warnings
    return summary


class _Waiting:
    """Whether the stream waits for a line, when Ctrl-C may come at once."""

    def __init__(self) -> None:
        self.stopped, self.now = False, False

    def stop(self, _: int, __: FrameType | None) -> None:
        # the second time it must not wait either for somebody to read what leaves
        if self.now or self.stopped:
            self.stopped = True
            raise KeyboardInterrupt
        self.stopped = True


@contextmanager
def _interruptible() -> Iterator[_Waiting]:
    """Let Ctrl-C end a stream between two steps, never within one."""
    waiting = _Waiting()
    before = signal.signal(signal.SIGINT, waiting.stop)
    try:
        yield waiting
    finally:
        signal.signal(signal.SIGINT, before)


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


def _parsed(line: bytes, number: int, step: int, inputs: dict[str, int]) -> tuple[int, Arrays, int]:
    """The step of a line, the events `[N]` of each input, and their number."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise LineError(f"line {number}: no JSON ({error})") from None
    if not isinstance(found, dict) or not set(found) <= {"t", "events"}:
        raise LineError(
            f'line {number}: expected {{"t": 5, "events": [3, 17]}}, got {_short(line)}'
        )
    t, events = found.get("t", step), found.get("events", {})
    if not isinstance(t, int) or isinstance(t, bool) or t < 0:
        raise LineError(f"line {number}: t takes a whole number of steps from 0 on, got {t!r}")
    if t - step > LONGEST_GAP:
        raise LineError(
            f"line {number}: step {t} is {t - step} steps ahead of step {step}, more than "
            f"{LONGEST_GAP}; is t in steps?"
        )
    if isinstance(events, list):
        if len(inputs) > 1:
            names = ", ".join(inputs)
            raise LineError(f"line {number}: the graph has inputs {names}: give events by name")
        events = dict.fromkeys(inputs, events)
    if not isinstance(events, dict):
        raise LineError(
            f"line {number}: events takes a list, or lists by input, got {_short(events)}"
        )
    arrays, count = {}, 0
    for name, sent in events.items():
        if name not in inputs:
            known = ", ".join(inputs)
            raise LineError(f"line {number}: {name!r} is no input; inputs are {known}")
        arrays[name] = _values(sent, inputs[name], f"line {number}: input {name!r}")
        count += len(sent)
    return t, arrays, count


def _values(sent: object, size: int, where: str) -> npt.NDArray[np.float64]:
    x = np.zeros(size)
    if not isinstance(sent, list):
        raise LineError(f"{where} takes a list of neurons, got {_short(sent)}")
    seen: set[int] = set()
    for event in sent:
        neuron, value = event if isinstance(event, list) and len(event) == 2 else (event, 1.0)
        if not isinstance(neuron, int) or isinstance(neuron, bool) or not 0 <= neuron < size:
            raise LineError(f"{where} has neurons 0 to {size - 1}, got {_short(neuron)}")
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise LineError(f"{where}: the value of neuron {neuron} must be a number")
        if abs(value) > np.finfo(np.float64).max or value != value:
            raise LineError(f"{where}: the value of neuron {neuron} must be finite")
        if neuron in seen:
            raise LineError(f"{where}: neuron {neuron} appears twice; write [{neuron}, 2.0]")
        seen.add(neuron)
        x[neuron] = value
    return x


def _short(value: object) -> str:
    text = value.decode(errors="replace").strip() if isinstance(value, bytes) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _lines(step: StreamStep, outputs: list[str], end: float) -> Iterator[dict[str, Any]]:
    """What leaves, by step of the network: populations may run behind by different latencies."""
    lines: dict[int, dict[str, Any]] = {}
    for name, neurons in step.spikes.items():
        if len(neurons) and 0 <= step.t[name] < end:
            line = lines.setdefault(step.t[name], {"t": step.t[name]})
            line.setdefault("spikes", {})[name] = neurons.tolist()
    for name in outputs:
        if 0 <= step.t[name] < end:
            line = lines.setdefault(step.t[name], {"t": step.t[name]})
            line.setdefault("readout", {})[name] = step.readout[name].tolist()
    for t in sorted(lines):
        yield lines[t]
