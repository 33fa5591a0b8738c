"""Leaky integrators that feed onward: a current before a readout, or numbers that travel.

Only what fires sends events, but for linear units, which send their value wherever it is not 0. So
an integrator that something hears becomes

- a part of the readout, where all that hears it is one integrator, unit by unit: the current of a
  ``current_integrator``, as behind Norse's ``LICell``;
- a ``linear`` population otherwise, whose numbers are graded events.
"""

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from axonal.deploy.exporting.affine_signal import Signal, identity
from axonal.deploy.graph import Population


def feed_onward(
    populations: dict[str, Population], drives: dict[str, Signal], outputs: Collection[str]
) -> None:
    """Give integrators that others hear a kind that says so.

    Args:
        populations: by name; changed.
        drives: what enters each but the inputs; changed.
        outputs: names of the populations that are read.
    """
    for name in list(drives):
        if name not in populations or populations[name].kind != "integrator":
            continue
        hear = [other for other, drive in drives.items() if _heard(drive, name)]
        if not hear:
            continue
        reader = hear[0]
        unheard = not any(_heard(drive, reader) for drive in drives.values())
        alone = len(hear) == 1 and unheard and name not in outputs
        if alone and _is_current_of(populations[reader], drives[reader], populations[name]):
            # a name for both: that of the one whose membrane is read
            current = populations.pop(name)
            drives[reader] = drives.pop(name)
            populations[reader] = replace(
                populations[reader], kind="current_integrator", synapse_decay=current.decay
            )
            continue
        populations[name] = replace(populations[name], kind="linear")


def _heard(drive: Signal, name: str) -> bool:
    return any(source == name and matrix.nnz for (source, _), matrix in drive.terms.items())


def _is_current_of(reader: Population, drive: Signal, current: Population) -> bool:
    """Return whether a population integrates the membranes of another, unit by unit, unscaled."""
    if reader.kind != "integrator" or list(drive.terms) != [(current.name, 0)]:
        return False
    matrix, one = drive.terms[current.name, 0], identity(current.name, current.shape)
    alike = matrix.shape == (current.size, current.size) and bool(np.all(current.gain == 1))
    return alike and (matrix != one.terms[current.name, 0]).nnz == 0
