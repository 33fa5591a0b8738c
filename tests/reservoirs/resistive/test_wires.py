"""Wires with a resistance: Kirchhoff's laws by hand, and limits that they must meet."""

import numpy as np
import pytest

from axonal.reservoirs import Crossbar, ResistiveDevice
from axonal.reservoirs.resistive import _wires

RNG = np.random.default_rng(3)


def test_one_device_is_in_series_with_two_segments() -> None:
    g, r = 40.0, 500.0
    assert _wires.transfer(np.array([[g]]), r).item() == pytest.approx(1e6 / (1e6 / g + 2 * r))


def test_two_inputs_of_one_output_by_hand() -> None:
    r, (a, b) = 1000.0, (20_000.0, 50_000.0)  # ohm
    found = _wires.transfer(np.array([[1e6 / a, 1e6 / b]]), r)
    # Input 0 at 1 V: its branch, the segment to the second node, and from there the other branch
    # (whose driver is at 0 V) beside the last segment.
    first, second = a + r, b + r
    total = first + r + second * r / (second + r)
    assert found[0, 0] == pytest.approx(1e6 / total * second / (second + r))
    # Input 1 at 1 V: from the second node, the last segment beside the way back through input 0.
    back = first + r
    total = second + back * r / (back + r)
    assert found[0, 1] == pytest.approx(1e6 / total * back / (back + r))


def test_one_input_of_two_outputs_by_hand() -> None:
    r, (a, b) = 1000.0, (20_000.0, 50_000.0)
    found = _wires.transfer(np.array([[1e6 / a], [1e6 / b]]), r)
    first, second = a + r, r + b + r
    total = r + first * second / (first + second)
    np.testing.assert_allclose(
        found[:, 0], 1e6 / total * np.array([second, first]) / (first + second)
    )


@pytest.mark.parametrize("shape", [(6, 9), (9, 6)])
def test_the_network_agrees_with_a_dense_solution(shape: tuple[int, int]) -> None:
    outputs, inputs = shape
    g = RNG.uniform(1, 100, shape)
    r, v = 50.0, RNG.uniform(-1, 1, inputs)
    wire, count = 1e6 / r, outputs * inputs
    y, drive = np.zeros((2 * count, 2 * count)), np.zeros(2 * count)

    def join(a: int, b: int, value: float) -> None:
        y[a, a] += value
        y[b, b] += value
        y[a, b] -= value
        y[b, a] -= value

    for m in range(outputs):
        for n in range(inputs):
            here = m * inputs + n
            join(here, here + count, g[m, n])
            if m + 1 < outputs:
                join(here, here + inputs, wire)
            if n + 1 < inputs:
                join(here + count, here + count + 1, wire)
    for n in range(inputs):
        y[n, n] += wire
        drive[n] = wire * v[n]
    last = [count + m * inputs + inputs - 1 for m in range(outputs)]
    for node in last:
        y[node, node] += wire
    wanted = wire * np.linalg.solve(y, drive)[last]
    np.testing.assert_allclose(_wires.transfer(g, r) @ v, wanted)


def test_the_drop_vanishes_with_the_resistance_and_grows_with_it() -> None:
    w, x = RNG.standard_normal((12, 16)), RNG.uniform(0, 1, (20, 16))
    device = ResistiveDevice(1.0, 50.0)
    exact = Crossbar(w, device).product(x)
    errors = [
        np.abs(Crossbar(w, device, wire_resistance=r).product(x) - exact).max()
        for r in (0.0, 1e-6, 1.0, 10.0, 100.0)
    ]
    assert errors[0] == 0
    assert errors[1] < 1e-6
    assert errors == sorted(errors)
    assert errors[-1] > 0.1 * np.abs(exact).max()


def test_no_wire_adds_current() -> None:
    g = RNG.uniform(1, 100, (8, 8))
    through = _wires.transfer(g, 20.0)
    assert (through > 0).all() and (through.sum(0) < g.sum(0)).all()
