"""Loops without a delay: which of their connections takes the step that the loop needs."""

from collections.abc import Collection, Mapping

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from axonal.deploy.exporting.affine_signal import ONE, Signal
from axonal.deploy.nir.errors import NIRError

Edges = set[tuple[str, str]]


def with_steps(drives: Mapping[str, Signal]) -> dict[str, Signal]:
    """Let every loop of neurons that no Delay breaks take one step.

    Frameworks step a loop by feeding back the spikes of the step before, into the neurons where the
    loop is entered. Where it is entered at several they do not agree.

    Args:
        drives: what joins the sum of every neuron.

    Returns:
        the drives, the connections that close a loop one step later.

    Raises:
        NIRError: loops that are not entered at one neuron, all of them.
    """
    now: Edges = set()
    ever: Edges = set()
    for target, drive in drives.items():
        for (source, delay), matrix in drive.terms.items():
            if matrix.nnz and source != ONE:
                ever.add((source, target))
                if not delay:
                    now.add((source, target))
    closing = _closing(now, ever, list(drives))
    made = {}
    for target, drive in drives.items():
        changed = Signal(drive.shape, {})
        for (source, delay), matrix in drive.terms.items():
            steps = delay + (delay == 0 and (source, target) in closing)
            changed = changed + Signal(drive.shape, {(source, steps): matrix})
        made[target] = changed
    return made


def _closing(now: Edges, ever: Edges, names: list[str]) -> Edges:
    """Undelayed edges back to the entry of a loop, and of the loops that are left within it."""
    found: Edges = set()
    unclear = []
    left = [set(names)]
    while left:
        for loop in _loops(now - found, left.pop()):
            outside = _reached(ever, loop)
            entries = {b for a, b in ever if b in loop and a in outside}
            if len(loop) == 1:
                entries = loop
            if len(entries) == 1:
                found |= {(a, b) for a, b in now if a in loop and b in entries}
                left.append(loop)
            else:
                unclear.append(f"{', '.join(map(repr, sorted(loop)))} at {len(entries)}")
    if unclear:
        raise NIRError(
            "the feedback of a loop without a Delay takes a step into the neuron where the loop is "
            f"entered, but {'; '.join(unclear)}: give a connection of it a Delay"
        )
    return found


def _reached(edges: Edges, loop: set[str]) -> set[str]:
    """Nodes to which ways lead around a loop, from those to which nothing leads."""
    found = {a for a, _ in edges} - {b for _, b in edges}
    while more := {b for a, b in edges if a in found} - found - loop:
        found |= more
    return found


def _loops(edges: Edges, among: Collection[str]) -> list[set[str]]:
    """Sets of nodes that reach one another."""
    names = sorted(among)
    place = {name: k for k, name in enumerate(names)}
    inner = [(place[a], place[b]) for a, b in edges if a in place and b in place]
    rows, columns = np.array(inner, int).reshape(-1, 2).T
    shape = (len(names), len(names))
    matrix = sparse.coo_array((np.ones(len(inner)), (rows, columns)), shape=shape)
    _, labels = csgraph.connected_components(matrix.tocsr(), connection="strong")
    groups: dict[int, set[str]] = {}
    for name, label in zip(names, labels.tolist(), strict=True):
        groups.setdefault(label, set()).add(name)
    return [g for g in groups.values() if len(g) > 1 or (*g, *g) in edges]
