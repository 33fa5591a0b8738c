"""Lines of a stream: what a line says that comes, and those that leave.

    in     {"t": 5, "events": {"in": [3, 17, [20, 0.5]]}}
    out    {"t": 5, "spikes": {"hidden": [0, 4]}, "readout": {"out": [0.25, 1.5]}}

One line in is one whole step. A number is a neuron that spikes, a pair a neuron and the value of a
graded event. The name may be left out where there is only one input (``"events": [3, 17]``), and
``t`` where the step is the next one. A line leaves for each step in which a neuron of the graph
spiked, or which an output reads.
"""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import Int32Array
from axonal.deploy import StreamStep

LONGEST_GAP = 1_000_000
"""Silent steps between two lines; a wrong unit of time must not run for days."""

Arrays = dict[str, npt.NDArray[np.float64]]


class LineError(ValueError):
    """A line that cannot be understood; the message begins with its number."""


def parsed(line: bytes, number: int, step: int, inputs: dict[str, int]) -> tuple[int, Arrays, int]:
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


def leaving(step: StreamStep, outputs: list[str], end: float) -> Iterator[dict[str, Any]]:
    """Lines that leave, by step of the network, behind which populations run by their latencies."""
    lines: dict[int, dict[str, Any]] = {}
    for name, neurons in step.spikes.items():
        if len(neurons) and 0 <= step.t[name] < end:
            line = lines.setdefault(step.t[name], {"t": step.t[name]})
            line.setdefault("spikes", {})[name] = _numbers(neurons, step.payload.get(name))
    for name in outputs:
        if 0 <= step.t[name] < end:
            line = lines.setdefault(step.t[name], {"t": step.t[name]})
            line.setdefault("readout", {})[name] = step.readout[name].tolist()
    for t in sorted(lines):
        yield lines[t]


def _numbers(neurons: Int32Array, payload: npt.NDArray[np.float64] | None) -> list[Any]:
    """Neurons that spiked, as events come in: a number, or a pair with what the event carries."""
    numbers: list[Any] = neurons.tolist()
    if payload is None:
        return numbers
    return [[n, x] for n, x in zip(numbers, payload.tolist(), strict=True)]
