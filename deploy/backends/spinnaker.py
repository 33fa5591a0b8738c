"""sPyNNaker's virtual board: a graph is mapped and loaded, and nothing is executed.

A PyNN script (`simulations/spinnaker.py`) maps the graph onto a board of 48 chips that is not
there, and reads back the weights and delays that were written for its cores. `verify` compares them
with those of the graph to the last bit; it counts no spike for it. On a board, the same script
compares the spikes as well: `pynn_script` writes it.

sPyNNaker writes a configuration into the home folder when it finds none, and reads one there: it
is given a home of its own.

Source: sPyNNaker 7.4.1 (Apache-2.0); O. Rhodes et al., Frontiers in Neuroscience 12 (2018).
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from axonal._base.array_types import AnyArray
from axonal.deploy.backends import _pynn
from axonal.deploy.backends._backend import Backend
from axonal.deploy.backends._support import Support
from axonal.deploy.chips import spinnaker as chip
from axonal.deploy.executor.process import execute, place_for
from axonal.deploy.executor.request import Request
from axonal.deploy.executor.run import Run
from axonal.deploy.graph import EventGraph

CONFIGURATION = """\
[Machine]
virtual_board = True
version = 5
"""


class SpiNNaker(Backend):
    """sPyNNaker's virtual board, which executes nothing."""

    requires = ("spynnaker",)
    install = "pip install 'axonal[deploy]'"

    def support(self) -> Support:
        """Everything that its IF_curr_delta neurons have a form for."""
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

    def run(self, graph: EventGraph, inputs: Mapping[str, AnyArray], request: Request) -> Run:
        """Map and load a graph; the run has no spikes, but weights and delays that were read."""
        if request.state is not None:
            raise ValueError("spinnaker maps a graph and runs from no state")
        steps, samples = next(iter(inputs.values())).shape[:2]
        with place_for(self.name, "spinnaker") as place:
            folder = place.folder
            (folder / ".spynnaker.cfg").write_text(CONFIGURATION)
            # nothing is executed, so that one sample stands for all
            arrays = _pynn.network(graph, {k: x[:, :1] for k, x in inputs.items()})
            np.savez(folder / "network.npz", **arrays)  # type: ignore[arg-type]
            answer = folder / "written.npz"
            command = [
                sys.executable,
                "-I",
                str(_pynn.SCRIPT),
                "network.npz",
                "--written",
                str(answer),
            ]
            environment = {**os.environ, "HOME": str(folder)}
            execute(command, place, answer.name, self.name, request.timeout, environment)
            with np.load(answer, allow_pickle=False) as arrays:
                rows = [arrays[str(k)] for k in range(len(graph.projections))]
        written = tuple(
            replace(
                q,
                pre=read[:, 0].astype(np.int64),
                post=read[:, 1].astype(np.int64),
                weight=read[:, 2],
                delay=read[:, 3].astype(np.int64),
            )
            for q, read in zip(graph.projections, rows, strict=True)
        )
        return Run(steps, samples, {}, {}, {}, None, None, written=written)
