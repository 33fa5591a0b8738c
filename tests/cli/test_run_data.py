"""What `axonal run` is given to run: whatever is wrong with it is said in one line."""

from dataclasses import replace

import numpy as np
import pytest

from axonal import deploy
from axonal.deploy import EventGraph, Population, Projection
from axonal.recipes import RecipeError, _graphs

X = np.zeros((4, 2, 64))


def test_what_is_no_file_of_arrays_is_refused(tmp_path):
    text, one = tmp_path / "text.npz", tmp_path / "one.npz"
    text.write_text("t,neuron\n0,1\n")
    with one.open("wb") as file:
        np.save(file, X)
    for path in (text, one):
        with pytest.raises(RecipeError, match=r"is not an \.npz file: write numpy\.savez\(file"):
            _graphs.read_data(deploy.example(), str(path))
    cut = tmp_path / "cut.npz"
    np.savez(cut, x=np.random.default_rng(0).random((40, 2, 64)))
    whole = bytearray(cut.read_bytes())
    whole[900] ^= 255
    cut.write_bytes(whole)
    with pytest.raises(RecipeError, match="file of arrays: Bad CRC-32"):
        _graphs.read_data(deploy.example(), str(cut))


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ({"x": np.array(["a"])}, r"'x' takes x \[T, B, N\] with N = 64 of real numbers, got <U1"),
        ({"x": np.array([{}])}, "Object arrays cannot be loaded"),
        ({"x": X, "y": np.array(["a", "b"])}, "y takes whole numbers, one class .* array of <U1"),
        ({"x": X, "labels": np.array([0.5, 1])}, "y takes whole numbers, .* array of float64"),
        ({"x": X, "y": np.zeros((2, 1), int)}, r"one class per sample, \[B\] with B = 2, got \(2"),
        ({"x": X, "y": np.zeros(3, int)}, "with B = 2, got .3,.. Is x batch-first"),
        ({"x": X, "y": [0, 10]}, "y goes from 0 to 10, and the classes of 'readout' from 0 to 9"),
        ({"x": X, "y": [0, 1], "labels": [0, 1]}, "holds y and labels, its older name: leave one"),
        ({"x": X, "y": [0, 1], "label": [0, 1], "z": 1}, r"holds .*: unknown label, z; expected x"),
        ({"inputs": X, "y": [0, 1]}, "holds inputs, y: unknown inputs; expected x"),
        ({"y": [0, 1]}, "holds y: no x; expected"),
        ({}, "holds nothing: no x; expected"),
        ({"x": X, "y": [0, 1], "lengths": [0, 4]}, "lengths go from 1 to T = 4 steps, got 0 to 4"),
        ({"x": X, "lengths": [4, 5]}, "lengths go from 1 to T = 4 steps, got 4 to 5"),
        ({"x": X, "lengths": [4.0, 3.0]}, r"lengths takes whole numbers, .*\(2,\) of float64"),
        ({"x": X, "lengths": 4}, r"lengths takes whole numbers, .*B = 2, got \(\) of int64"),
        ({"x": X * np.nan}, r"x\[0, 0, 0\] is nan: events must be finite"),
        ({"x": X[:, :0]}, "at least one step and one sample"),
        ({"x": X[:, :, :63]}, "with N = 64, got .4, 2, 63"),
        ({"x": X[:, 0]}, "for one sample write x"),
        ({"x": X + 0j}, "of real numbers, got complex128"),
    ],
)
def test_arrays_that_are_no_events_or_labels_are_refused(arrays, text, tmp_path):
    np.savez(tmp_path / "data.npz", **arrays)
    with pytest.raises(RecipeError, match=text) as caught:
        _graphs.read_data(deploy.example(), str(tmp_path / "data.npz"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("labels", [[0, 10], [-1, 3]])
def test_labels_that_no_class_has_are_refused(labels):
    graph = deploy.example()
    found = deploy.run(graph, X)
    with pytest.raises(ValueError, match="and the classes of 'readout' from 0 to 9"):
        _graphs.score(graph, found, np.array(labels))
    with pytest.raises(RecipeError, match="names no readout rule, so nothing can be scored: write"):
        _graphs.score(replace(graph, info={}), found, np.array([0, 1]))


@pytest.mark.parametrize("chip", ["loihi2", "spinnaker"])
def test_events_that_a_chip_has_not_are_refused_and_not_taken_for_spikes(chip):
    gain = 1.0 if chip == "loihi2" else 0.5
    cell = Population("out", "lif", (1,), decay=0.5, gain=gain, bias=0, threshold=1)
    wire = Projection("in", "out", [0], [0], [2.0], [1])
    parts = (Population("in", "input", (1,)), cell)
    graph = EventGraph(parts, (wire,), ("out",), dt=1e-3, hop=1, arithmetic=chip)
    with pytest.raises(ValueError, match=f"other values than 1, which {chip} has not"):
        deploy.run(graph, [[[0.5]]])
    with pytest.raises(ValueError, match=f"other values than 1, which {chip} has not"):
        deploy.Stream(graph).advance({"in": [2.0]})


def test_a_folder_is_not_written_over(tmp_path):
    with pytest.raises(IsADirectoryError, match=f"cannot write {tmp_path}: it is a folder"):
        deploy.example().save(tmp_path)
    assert not list(tmp_path.parent.glob(".*part"))
