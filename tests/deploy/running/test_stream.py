"""Streams: in pieces they equal the whole to the bit, and what comes in may be wrong or stop."""

import fcntl
import io
import itertools
import json
import os
import signal
import subprocess
import sys
import termios
import time
from array import array
from dataclasses import replace

import numpy as np
import pytest
from helpers.dense_executor import random_graph, random_inputs
from helpers.shell import ENV, called
from hypothesis import given, settings
from hypothesis import strategies as st

from axonal._base import signals
from axonal.cli import _stream as lines
from axonal.deploy import EventGraph, Population, Projection, Stream, retime, run

STEPS = 12


def chip_graph(seed):
    """A graph in the integers of Loihi 2 whose populations run behind by different latencies."""
    r = np.random.default_rng(seed)
    cell = {"gain": 1, "bias": 0}

    def lif(name, size):
        decay = np.full(size, int(r.integers(2000, 4097)) / 4096)
        return Population(name, "lif", (size,), decay=decay, threshold=40.0, **cell)

    def wire(source, target, sizes, shortest):
        count = int(r.integers(1, 40))
        pre, post = (r.integers(0, size, count) for size in sizes)
        weight = 2.0 * r.integers(-20, 60, count)
        return Projection(source, target, pre, post, weight, r.integers(shortest, 9, count))

    out = Population("out", "integrator", (2,), decay=np.full(2, 0.5), **cell)
    parts = (Population("in", "input", (4,)), lif("a", 6), lif("b", 5), out)
    wires = (
        wire("in", "a", (4, 6), 0),
        wire("a", "b", (6, 5), 0),
        wire("b", "a", (5, 6), 3),
        wire("b", "out", (5, 2), 0),
    )
    timed = retime(EventGraph(parts, wires, ("out", "b"), dt=0.001))
    return replace(timed, arithmetic="loihi2")


def graph_and_inputs(kind, seed):
    if kind == "float64":
        graph = random_graph(seed)
        return graph, random_inputs(graph, seed, STEPS, samples=1)
    x = np.random.default_rng(seed).random((STEPS, 1, 4)) < 0.4
    return chip_graph(seed), {"in": x.astype(float)}


def line_of(t, inputs):
    sent = {
        name: [[int(n), float(x[t, 0, n])] for n in np.flatnonzero(x[t, 0])]
        for name, x in inputs.items()
    }
    return json.dumps({"t": t, "events": sent}).encode() + b"\n"


def streamed(graph, sent, **options):
    out = []
    summary = lines.run(graph, io.BytesIO(b"".join(sent)), out.append, **options)
    return [json.loads(line) for line in out], summary


def expected_cells(graph, inputs):
    """Spikes and readouts of one whole run, as sets of (population, step, neuron)."""
    whole = run(graph, inputs)
    spikes = {
        (name, int(t), int(n))
        for name, s in whole.spikes.items()
        for t, n in zip(s.t, s.neuron)  # noqa: B905
    }
    return spikes, {name: v[:, 0] for name, v in whole.readout.items() if name in graph.outputs}


def cells(out):
    return {
        (name, line["t"], n)
        for line in out
        for name, neurons in line.get("spikes", {}).items()
        for n in neurons
    }


@pytest.mark.parametrize("kind", ["float64", "loihi2"])
@given(seed=st.integers(0, 2**32), cuts=st.sets(st.integers(1, STEPS - 1), max_size=3))
def test_a_stream_in_pieces_equals_the_whole_run_to_the_bit(tmp_path_factory, kind, seed, cuts):
    graph, inputs = graph_and_inputs(kind, seed)
    state = tmp_path_factory.getbasetemp() / "state.npz"
    edges, out = [0, *sorted(cuts), STEPS], []
    for first, last in itertools.pairwise(edges):
        states = {"resume": state} if first else {}
        states |= {"save_state": state} if last < STEPS else {}
        found, summary = streamed(graph, [line_of(t, inputs) for t in range(first, last)], **states)
        assert summary.first == first
        out += found
    spikes, readout = expected_cells(graph, inputs)
    assert cells(out) == spikes
    for name, v in readout.items():
        rows = sorted((line["t"], line["readout"][name]) for line in out if "readout" in line)
        rows = [(t, row) for t, row in rows if t < STEPS]
        np.testing.assert_array_equal([row for _, row in rows], v)


@pytest.mark.parametrize("kind", ["float64", "loihi2"])
def test_the_streams_that_are_compared_do_spike(kind):
    found = [len(expected_cells(*graph_and_inputs(kind, seed))[0]) for seed in range(20)]
    assert sum(found) > 100


@given(seed=st.integers(0, 2**32), cut=st.integers(0, STEPS))
def test_a_run_in_integers_goes_on_from_its_state(seed, cut):
    graph, inputs = graph_and_inputs("loihi2", seed)
    # in the chip's own time, where a state can go on
    parts = tuple(replace(p, latency=0) for p in graph.populations)
    graph = replace(graph, populations=parts)
    whole = run(graph, inputs)
    if cut in (0, STEPS):
        return
    first = run(graph, {"in": inputs["in"][:cut]})
    kept = [np.copy(x) for x in first.state]
    second = run(graph, {"in": inputs["in"][cut:]}, state=first.state)
    for name in whole.spikes:
        raster = np.concatenate([first.raster(name), second.raster(name)])
        np.testing.assert_array_equal(raster, whole.raster(name))
    for one, other in zip(second.state, whole.state, strict=True):
        np.testing.assert_array_equal(one, other)
    for before, after in zip(kept, first.state, strict=True):
        np.testing.assert_array_equal(before, after)
    with pytest.raises(ValueError, match="another network or batch"):
        run(graph, {"in": np.repeat(inputs["in"], 2, axis=1)}, state=first.state)
    with pytest.raises(ValueError, match=r"run\.state"):
        run(graph, inputs, state=(1, 2))


def echo(size=5, delay=1):
    """An input whose events come out again."""
    every = range(size)
    cell = Population("out", "lif", (size,), decay=0, gain=1, bias=0, threshold=1)
    wire = Projection("in", "out", every, every, [1.0] * size, [delay] * size)
    return EventGraph((Population("in", "input", (size,)), cell), (wire,), ("out",), dt=0.001)


def test_a_line_is_run_when_it_comes_and_steps_without_one_are_silent():
    sent = [b'{"t": 2, "events": [4, 0]}\n', b"\n", b'{"events": [[1, 2.5]]}\n', b'{"t": 8}']
    out, summary = streamed(echo(), sent)
    assert out == [{"t": 3, "spikes": {"out": [0, 4]}}, {"t": 4, "spikes": {"out": [1]}}]
    assert (summary.steps, summary.events, summary.spikes) == (9, 3, 3)
    assert len(summary.seconds) == 3
    assert "9 steps from step 0 on, 3 events in, 3 spikes out; ms per step: median" in str(summary)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"spike", "line 2: no JSON"),
        (b"\xff\xfe", "line 2: no JSON"),
        (b"[" * 100_000, "line 2: no JSON"),
        (b"[1]", 'line 2: expected {"t": 5, "events": [3, 17]}, got [1]'),
        (b'{"time": 4}', "line 2: expected"),
        (b'{"t": 4.5}', "line 2: t takes a whole number"),
        (b'{"t": true}', "line 2: t takes a whole number"),
        (b'{"t": -1}', "line 2: t takes a whole number"),
        (b'{"t": 20000000}', "line 2: step 20000000 is 19999999 steps ahead"),
        (b'{"t": 0}', "line 2: step 0 has already run, the next is 1"),
        (b'{"events": 3}', "line 2: events takes a list"),
        (b'{"events": {"on": [3]}}', "line 2: 'on' is no input; inputs are in"),
        (b'{"events": {"in": 3}}', "line 2: input 'in' takes a list of neurons, got 3"),
        (b'{"events": [5]}', "line 2: input 'in' has neurons 0 to 4, got 5"),
        (b'{"events": [-1]}', "neurons 0 to 4, got -1"),
        (b'{"events": [1.0]}', "neurons 0 to 4, got 1.0"),
        (b'{"events": [[1, 2, 3]]}', "neurons 0 to 4, got [1, 2, 3]"),
        (b'{"events": [[1, "2"]]}', "the value of neuron 1 must be a number"),
        (b'{"events": [[1, NaN]]}', "the value of neuron 1 must be finite"),
        (b'{"events": [[1, 1e999]]}', "the value of neuron 1 must be finite"),
        (b'{"events": [2, 2]}', "neuron 2 appears twice; write [2, 2.0]"),
    ],
)
def test_a_line_that_is_wrong_is_named_by_its_number_and_loses_nothing(tmp_path, line, text):
    state = tmp_path / "state.npz"
    with pytest.raises(lines.LineError) as caught:
        streamed(echo(), [b'{"events": [3]}\n', line + b"\n"], save_state=state)
    assert text in str(caught.value)
    assert str(caught.value).endswith(f"; the state before it is in {state}")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
    out, _ = streamed(echo(), [b"{}"], resume=state)
    assert out == [{"t": 1, "spikes": {"out": [3]}}]


@settings(max_examples=60)
@given(line=st.binary(max_size=60) | st.from_regex(r'\{"t": ?[0-9]{1,3}, ?"events": ?\[.{0,9}\]\}'))
def test_any_line_is_run_or_refused_by_its_number(line):
    sent = line if isinstance(line, bytes) else line.encode()
    try:
        streamed(echo(), [sent.replace(b"\n", b" ")])
    except lines.LineError as error:
        assert str(error).startswith("line 1: ")


def test_late_lines_can_be_left_out_and_are_counted():
    sent = [b'{"t": 4, "events": [1]}\n', b'{"t": 2, "events": [2]}\n', b'{"t": 5}\n']
    out, summary = streamed(echo(), sent, drop_late=True)
    assert out == [{"t": 5, "spikes": {"out": [1]}}]
    assert summary.late == 1
    assert "1 late lines left out" in str(summary)


def test_a_line_without_an_end_is_refused(monkeypatch):
    monkeypatch.setattr(lines, "LONGEST_LINE", 1 << 20)
    with pytest.raises(lines.LineError, match="line 1: longer than 1 MiB"):
        streamed(echo(), [b"[" * (1 << 21)])


def test_a_state_of_another_graph_or_a_damaged_one_is_refused(tmp_path):
    path = tmp_path / "state.npz"
    stream = Stream(echo())
    stream.save(path)
    assert Stream(echo()).step == 0
    stream.advance({"in": np.ones(5)})
    stream.save(path)
    assert os.listdir(tmp_path) == ["state.npz"]
    for other in (echo(size=6), echo(delay=2)):
        with pytest.raises(ValueError, match="is the state of another graph"):
            Stream(other).load(path)
    whole = path.read_bytes()
    r = np.random.default_rng(0)
    for _ in range(60):
        content = bytearray(whole)
        content[int(r.integers(len(content)))] ^= int(r.integers(1, 256))
        path.write_bytes(content if r.random() < 0.5 else whole[: int(r.integers(len(whole)))])
        found = Stream(echo())
        try:
            found.load(path)
        except ValueError as error:
            assert str(path) in str(error)
        else:
            assert found.advance().spikes["out"].tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(FileNotFoundError, match="there is no state file"):
        stream.load(tmp_path / "gone.npz")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        stream.save(tmp_path / "gone" / "state.npz")


def test_a_stream_refuses_what_is_no_step_of_its_inputs():
    stream = Stream(echo())
    for events, text in (
        ({"on": [1]}, "'on' is no input; inputs are in"),
        ({"in": [1]}, r"takes 5 finite values \[N\] per step, got shape \(1,\)"),
        ({"in": [np.nan] * 5}, "finite"),
    ):
        with pytest.raises(ValueError, match=text):
            stream.advance(events)
    assert stream.step == 0


@pytest.fixture
def axonal(capsys, monkeypatch, tmp_path):
    """`axonal run` in this process, with its standard input."""

    def run(given, *words):
        (tmp_path / "stdin").write_bytes(given)
        with open(tmp_path / "stdin") as source, monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", source)
            return called(capsys, monkeypatch, "run", *words)

    return run


def test_a_state_from_before_checksums_is_read(tmp_path):
    graph, path = random_graph(0), tmp_path / "state.npz"
    stream = Stream(graph)
    x = {p.name: np.ones(p.size) for p in graph.of_kind("input")}
    stream.advance(x)
    stream.save(path)
    with np.load(path) as arrays:
        held = {name: arrays[name] for name in arrays.files if name != "checksum"}
    np.savez_compressed(path, **{**held, "format": np.array("axonal-stream-state 2")})
    other = Stream(graph)
    other.load(path)
    assert other.step == 1
    expected, found = stream.advance(x), other.advance(x)
    assert {k: v.tolist() for k, v in found.readout.items()} == {
        k: v.tolist() for k, v in expected.readout.items()
    }
    np.savez_compressed(path, **held)  # but a checksum that is lost is a part that is lost
    with pytest.raises(ValueError, match="is damaged"):
        other.load(path)


def unread(pipe):
    """Bytes that wait in a pipe, however busy the machine of its reader is."""
    waiting = array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, waiting)
    return waiting[0]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_command_line_prints_spikes_while_events_come_and_keeps_its_state(
    axonal, tmp_path, number
):
    graph, state = tmp_path / "graph.h5", tmp_path / "state.npz"
    echo().save(graph)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    words = [sys.executable, "-W", "error", "-m", "axonal.cli", "run", graph, "--stream"]
    words += ["--save-state", state]
    with subprocess.Popen(words, env=ENV, **pipes) as process:
        for t in (1, 2, 3):
            process.stdin.write(b'{"t": %d, "events": [%d]}\n' % (2 * t, t))
            process.stdin.flush()
            if t > 1:
                line = json.loads(process.stdout.readline())
                assert line == {"t": 2 * t - 1, "spikes": {"out": [t - 1]}}
        while unread(process.stdin):
            time.sleep(0.02)
        time.sleep(0.3)
        process.send_signal(number)
        out, errors = process.communicate(timeout=600)
    assert (process.returncode, out) == (128 + number, b"")
    summary, stopped = errors.decode().splitlines()
    assert summary.startswith("axonal: 7 steps from step 0 on, 3 events in, 2 spikes out; ms")
    assert stopped == f"axonal: stopped. It goes on with --resume {state}."
    done = axonal(b'{"t": 7}\n', graph, "--stream", "--resume", state, "--json")
    spike, last = map(json.loads, done.stdout.splitlines())
    assert spike == {"t": 7, "spikes": {"out": [3]}}
    assert (last["summary"]["first_step"], last["summary"]["steps"]) == (7, 1)
    assert set(last["summary"]["latency_ms"]) == {"median", "99 %", "largest"}
    assert (done.returncode, done.stderr) == (0, "")


def test_a_state_is_kept_however_often_a_stream_is_asked_to_end(tmp_path, monkeypatch):
    state, save = tmp_path / "state.npz", Stream.save

    def asked_again(stream, path):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGTERM):
            os.kill(os.getpid(), number)
        save(stream, path)

    monkeypatch.setattr(Stream, "save", asked_again)
    with signals.ending() as ends:
        summary = lines.run(echo(), io.BytesIO(b'{"events": [3]}\n'), print, save_state=state)
    stream = Stream(echo())
    stream.load(state)
    assert (stream.step, summary.interrupted, ends.code) == (1, True, 128 + signal.SIGTERM)


def test_what_a_stream_cannot_do_is_one_line(axonal, tmp_path):
    graph, events = tmp_path / "graph.h5", tmp_path / "events.jsonl"
    echo().save(graph)
    events.write_text('{"events": [3]}\n{"events": [7]}\n')
    for words, text in (
        (["--stream", "--data", events], "line 2: input 'in' has neurons 0 to 4, got 7"),
        (["--stream", "--data", tmp_path / "none"], "No such file"),
        (["--stream", "--resume", tmp_path / "none"], "there is no state file"),
        (["--stream", "--save-state", tmp_path / "no" / "s"], "there is no folder"),
        (["--stream", "--backend", "nest"], "--stream runs on the reference"),
        ([], "--data says what to run"),
        (["--resume", events], "belong to --stream"),
    ):
        done = axonal(b"", graph, *words)
        assert done.returncode == 2, (words, done.stderr)
        (line,) = done.stderr.splitlines()
        assert text in line
