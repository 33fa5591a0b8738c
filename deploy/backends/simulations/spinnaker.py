"""A quantised network on SpiNNaker: run its golden inputs and compare every spike.

    pip install spynnaker          (7.4.1; a machine is named in ~/.spynnaker.cfg)
    python THIS_FILE               reads the .npz of the same name beside it

Each sample is a run of its own from rest, at one step a millisecond. Weights and delays are read
back from the machine and compared to the last bit, spikes cell by cell, readouts to the last bit.
The exit code is 1 if anything differs. A virtual board (virtual_board = True) executes nothing:
there the network is mapped, and weights and delays are read back; no spike is compared.

Needs sPyNNaker and numpy only. Written by axonal, which also maps networks by it.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
START = 1
"""Step of the machine that is step 0 of the network: no spike is sent before everything is up."""
NEVER = 65535.0
"""Threshold of what does not spike [mV]."""
BUFFER = 0.75
"""Share of a ring buffer's range for which sPyNNaker chooses the shift that is wanted."""


class SpiNNakerNetwork:
    """Contents of the file: populations, projections and events in units of PyNN, golden run."""

    def __init__(self, file: Path) -> None:
        with np.load(file, allow_pickle=False) as stored:
            self.arrays: dict[str, Array] = dict(stored)
        head = json.loads(str(self.arrays["network"]))
        self.steps: int = head["steps"]
        self.samples: int = head["samples"]
        self.populations: list[dict[str, Any]] = head["populations"]
        self.projections: list[dict[str, Any]] = head["projections"]

    def synapses(self, k: int) -> Array:
        """Rows of source, target, weight and delay of a projection `[S, 4]`."""
        return np.column_stack([self.arrays[f"projections.{k}.{x}"] for x in FIELDS])

    def spike_times(self, k: int, sample: int) -> list[list[float]]:
        """When each neuron of an input fires [ms]."""
        size, kind = self.populations[k]["size"], self.populations[k]["kind"]
        if kind == "constant":
            return [[float(START + t) for t in range(self.steps)]] * size
        t, of, neuron = self.arrays[f"populations.{k}.events"]
        times: list[list[float]] = [[] for _ in range(size)]
        for step, n in zip(t[of == sample], neuron[of == sample], strict=True):
            times[n].append(float(START + step))
        return times


FIELDS = ("pre", "post", "weight", "delay")


def build(sim: Any, network: SpiNNakerNetwork, sample: int) -> tuple[list[Any], list[list[Any]]]:
    """Populations, and of each projection its excitatory and inhibitory part."""
    populations = [_population(sim, network, k, sample) for k in range(len(network.populations))]
    projections = []
    for k, head in enumerate(network.projections):
        rows, parts = network.synapses(k), []
        for receptor, chosen in (
            ("excitatory", rows[:, 2] >= 0),
            ("inhibitory", rows[:, 2] < 0),
        ):
            if chosen.any():
                ends = populations[head["source"]], populations[head["target"]]
                connector = sim.FromListConnector(rows[chosen])
                parts.append(sim.Projection(*ends, connector, receptor_type=receptor))
        projections.append(parts)
    return populations, projections


def _population(sim: Any, network: SpiNNakerNetwork, k: int, sample: int) -> Any:
    head = network.populations[k]
    if head["kind"] in ("input", "constant"):
        times = network.spike_times(k, sample)
        return sim.Population(head["size"], sim.SpikeSourceArray(times), label=head["name"])
    tau = network.arrays[f"populations.{k}.tau_m"]
    spiking = head["kind"] == "lif"
    threshold = network.arrays[f"populations.{k}.threshold"] if spiking else NEVER
    neuron = sim.IF_curr_delta(
        tau_m=tau,
        cm=tau,  # a resistance of 1
        v_rest=0.0,
        v_reset=0.0,
        v_thresh=threshold,
        tau_refrac=float(head["refractory"]),
        i_offset=0.0,
    )
    expected = BUFFER * 2.0 ** head["shift"]
    cells = sim.Population(
        head["size"],
        neuron,
        label=head["name"],
        additional_parameters={"max_expected_summed_weight": [expected, expected]},
    )
    # as few that the ring buffers hold the longest delay, without delay extensions
    cells.set_max_atoms_per_core(head["core"])
    cells.initialize(v=0.0)
    cells.record("spikes" if spiking else "v")
    return cells


def read_back(parts: list[Any], signs: list[int]) -> Array:
    """Rows of source, target, weight and delay that a machine was given, in order `[S, 4]`."""
    rows = [np.zeros((0, 4))]
    for part, sign in zip(parts, signs, strict=True):
        read = np.array([tuple(row) for row in part.get(["weight", "delay"], "list")], float)
        rows.append(read * [1, 1, sign, 1])
    return ordered(np.concatenate(rows))


def ordered(rows: Array) -> Array:
    """Rows by source, target, delay, weight."""
    order = np.lexsort((rows[:, 2], rows[:, 3], rows[:, 1], rows[:, 0]))
    sorted_rows: Array = rows[order]
    return sorted_rows


def written(network: SpiNNakerNetwork, projections: list[list[Any]]) -> list[Array]:
    """Rows of every projection that a machine was given."""
    projections_read = []
    for k, parts in enumerate(projections):
        weight = network.arrays[f"projections.{k}.weight"]
        signs = [sign for sign, has in ((1, np.any(weight >= 0)), (-1, np.any(weight < 0))) if has]
        projections_read.append(read_back(parts, signs))
    return projections_read


def differing(network: SpiNNakerNetwork, found: list[Array]) -> list[str]:
    """Projections whose weights or delays are not those of the file, one line each."""
    lines = []
    for k, rows in enumerate(found):
        expected = ordered(network.synapses(k))
        if rows.shape != expected.shape or np.any(rows != expected):
            lines.append(f"weights or delays of {network.projections[k]['name']} differ")
    return lines


def compare(
    network: SpiNNakerNetwork, populations: list[Any], sample: int
) -> tuple[int, list[str]]:
    """Golden spikes of one sample, and its populations that differ, one line each."""
    spikes, lines = 0, []
    for k, head in enumerate(network.populations):
        if f"populations.{k}.golden" not in network.arrays:
            continue
        golden = network.arrays[f"populations.{k}.golden"][:, sample]
        steps, first = len(golden), START + head["latency"]
        if head["kind"] == "lif":
            raster = np.zeros_like(golden)
            events = np.reshape(populations[k].spinnaker_get_data("spikes"), (-1, 2))
            t = np.rint(events[:, 1]).astype(int) - first
            kept = (t >= 0) & (t < steps)
            raster[t[kept], events[kept, 0].astype(int)] = True
            wrong, spikes = raster != golden, spikes + int(golden.sum())
        else:
            # a membrane is recorded before it is updated, so after step t at t + 1
            rows = np.reshape(populations[k].spinnaker_get_data("v"), (-1, 3))
            v = np.full((network.steps + START + 2, head["size"]), np.nan)
            v[np.rint(rows[:, 1]).astype(int), rows[:, 0].astype(int)] = rows[:, 2]
            wrong = v[first + 1 : first + 1 + steps] != golden
        if wrong.any():
            step, neuron = np.argwhere(wrong)[0]
            lines.append(
                f"{head['name']!r} differs in {wrong.sum()} of {wrong.size} cells of sample "
                f"{sample}, first at step {step}, neuron {neuron}"
            )
    return spikes, lines


def main() -> int:
    """Run, compare, say what was found."""
    parser = argparse.ArgumentParser(description="Run a network on SpiNNaker and compare.")
    parser.add_argument("data", nargs="?", type=Path, default=Path(__file__).with_suffix(".npz"))
    parser.add_argument(
        "--written", type=Path, help="write what was read back here (.npz), for others to judge"
    )
    options = parser.parse_args()
    network = SpiNNakerNetwork(options.data)

    import spynnaker.pyNN as sim
    from spinn_utilities.config_holder import get_config_bool

    spikes, lines = 0, []
    for sample in range(network.samples):
        sim.setup(timestep=1.0)
        virtual = bool(get_config_bool("Machine", "virtual_board"))
        populations, projections = build(sim, network, sample)
        sim.run(float(START + network.steps + 1))
        if sample == 0:
            rows_read = written(network, projections)
            lines += differing(network, rows_read)
            if options.written:
                arrays: dict[str, Any] = {str(k): rows for k, rows in enumerate(rows_read)}
                np.savez(options.written, **arrays)
        if not virtual:
            compared, wrong = compare(network, populations, sample)
            spikes, lines = spikes + compared, lines + wrong
        sim.end()
        if virtual:
            break
    synapses = sum(len(rows) for rows in rows_read)
    print("\n".join(lines) or f"{synapses} weights and delays read back equal")
    if virtual:
        print("a virtual board executes nothing: no spike was compared")
    elif not spikes:
        lines.append("no spike was compared: the golden run has none")
        print(lines[-1])
    else:
        print(f"{spikes} golden spikes compared")
    return 1 if lines and not options.written else 0


if __name__ == "__main__":
    sys.exit(main())
