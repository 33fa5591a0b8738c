"""sPyNNaker's virtual board: a graph is mapped and loaded, and nothing is executed.

A PyNN script (`_pynn_script.py`) maps the graph onto a board of 48 chips that is not there, and
reads back the weights and delays that were written for its cores. `verify` compares them with
those of the graph to the last bit; it counts no spike for it. On a board, the same script compares
the spikes as well: `pynn_script` writes it.

sPyNNaker writes a configuration into the home folder when it finds none, and reads one there: it
is given a home of its own.

Source: sPyNNaker 7.4.1 (Apache-2.0); O. Rhodes et al., Frontiers in Neuroscience 12 (2018).
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from axonal.deploy.backends import _pynn
from axonal.deploy.backends._support import Support, installed, unfit
from axonal.deploy.chips import spinnaker as chip
from axonal.deploy.executor.process import execute, place_for
from axonal.deploy.graph import EventGraph
from axonal.deploy.running.run import Request, Run

CONFIGURATION = """\
[Machine]
virtual_board = True
version = 5
"""


def support() -> Support:
    """What its IF_curr_delta neurons have a form for; nothing is executed."""
    return Support(
        executes=False,
        resets=("zero",),
        graded=False,
        bias=False,
        decays=(0.0, chip.DECAYS[1] / 2**chip.DECAY_BITS),
        positive_threshold=True,
        longest_delay=chip.DELAYS[1],
        arithmetics=("spinnaker",),
        readout_error=0.0,
    )


def missing() -> str | None:
    """Command that installs sPyNNaker; None if it is there."""
    return None if installed("spynnaker") else "pip install 'axonal[deploy]'"


def refused(graph: EventGraph) -> list[str]:
    """What cannot be mapped, one line a population; the chip has checked a quantised graph."""
    return unfit(graph, support())


def run(graph: EventGraph, inputs: Mapping[str, npt.NDArray[Any]], request: Request) -> Run:
    """Map and load a graph in a process of its own; the run has no spikes, but what was written."""
    if request.state is not None:
        raise ValueError("spinnaker maps a graph and runs from no state")
    steps, samples = next(iter(inputs.values())).shape[:2]
    with place_for("spinnaker", "spinnaker") as place:
        folder = place.folder
        (folder / ".spynnaker.cfg").write_text(CONFIGURATION)
        # nothing is executed, so that one sample stands for all
        arrays = _pynn.network(graph, {k: x[:, :1] for k, x in inputs.items()})
        np.savez(folder / "network.npz", **arrays)  # type: ignore[arg-type]
        answer = folder / "written.npz"
        command = [sys.executable, "-I", str(_pynn.SCRIPT), "network.npz", "--written", str(answer)]
        environment = {**os.environ, "HOME": str(folder)}
        execute(command, place, answer.name, "spinnaker", request.timeout, environment)
        with np.load(answer, allow_pickle=False) as found:
            rows = [found[str(k)] for k in range(len(graph.projections))]
    written = tuple(
        replace(
            q,
            pre=own[:, 0].astype(np.int64),
            post=own[:, 1].astype(np.int64),
            weight=own[:, 2],
            delay=own[:, 3].astype(np.int64),
        )
        for q, own in zip(graph.projections, rows, strict=True)
    )
    return Run(steps, samples, {}, {}, {}, None, None, written=written)
