"""Voltage drop along the wires of a crossbar: the network of resistors, solved."""

from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.linalg import splu

from axonal._base.array_types import Float64Array, Int64Array

MOST_DEVICES = 100_000
"""Devices of the largest array that is solved; memory grows faster than their number."""


def transfer(conductances: Float64Array, resistance: float) -> Float64Array:
    """Currents at the outputs per volt at the inputs, with wires that have a resistance.

    Every device joins a node of its input wire to one of its output wire. Between neighbouring
    nodes of a wire, from the driver to the first node of an input wire, and from the last node of
    an output wire to the virtual ground (0 V) lies one segment of wire. Kirchhoff's law of currents
    at all 2 N M nodes, Y u = B v, is linear in the voltages v, and so are the currents through the
    last segments.

    Args:
        conductances: devices [M, N], outputs and inputs, µS, >= 0.
        resistance: of one segment of wire, ohm, >= 0; 0 gives ``conductances``.

    Returns:
        [M, N] in µS.

    Raises:
        ValueError: if there are more than 100 000 devices.
    """
    outputs, inputs = conductances.shape
    if resistance == 0:
        return conductances
    if conductances.size > MOST_DEVICES:
        raise ValueError(
            f"Crossbar solves wires of at most {MOST_DEVICES} devices per array, got "
            f"{outputs} x {inputs}: split it into smaller crossbars, or write wire_resistance=0."
        )
    wire = 1e6 / resistance  # µS
    count = outputs * inputs
    on_input = np.arange(count).reshape(outputs, inputs)  # node beside device (m, n)
    on_output = on_input + count
    pairs = [
        (on_input, on_output, conductances),
        # an input wire passes the outputs in their order, an output wire the inputs
        (on_input[:-1], on_input[1:], np.full((outputs - 1, inputs), wire)),
        (on_output[:, :-1], on_output[:, 1:], np.full((outputs, inputs - 1), wire)),
    ]
    ends = np.concatenate([on_input[0], on_output[:, -1]])
    y = _admittance(2 * count, pairs, ends, wire)
    solved = splu(y, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    # Y is symmetric: outputs may be driven in the place of inputs, whichever are fewer
    driven, seen = (on_input[0], on_output[:, -1])
    turned = outputs < inputs
    if turned:
        driven, seen = seen, driven
    found = np.empty((len(seen), len(driven)))
    for k, node in enumerate(driven):
        source = np.zeros(2 * count)
        source[node] = wire
        found[:, k] = wire * solved.solve(source)[seen]
    return found.T if turned else found


def _admittance(
    size: int,
    pairs: list[tuple[Int64Array, Int64Array, Float64Array]],
    ends: Int64Array,
    wire: float,
) -> Any:
    """Y [size, size] in µS: what leaves each node per volt at each node."""
    a = np.concatenate([pair[0].ravel() for pair in pairs])
    b = np.concatenate([pair[1].ravel() for pair in pairs])
    g = np.concatenate([pair[2].ravel() for pair in pairs])
    rows = np.concatenate([a, b, a, b, ends])
    columns = np.concatenate([a, b, b, a, ends])
    values = np.concatenate([g, g, -g, -g, np.full(len(ends), wire)])
    return coo_array((values, (rows, columns)), shape=(size, size)).tocsc()
