"""SANA-FE's model of Loihi: spikes, and an estimate of energy and time.

Its membrane is cut to multiples of 1/64 towards zero after every update and held in 32 bits; it
takes weights, thresholds and decays in single precision, and fires where v > threshold. The graph
is therefore scaled by powers of two, each neuron by one as large as its own membrane and threshold
allow, so that what is cut off is small (`resolution` in the run's extra, by population; of the
neuron whose membrane is recorded, `probed_resolution`); `verify` shows whether it ever mattered.

SANA-FE 2.2.9 has delays of up to 5 steps only, and loses what it delays where no later event wakes
the dendrite. Delays are made of relays, one neuron a step and source, which fire once for each
event: their number is in the run's extra, and they are part of its energy.

Source: SANA-FE 2.2.9 with its `loihi.yaml`; J. Boyle et al., IEEE TCAD 44 (2025); energies from
M. Davies et al., IEEE Micro 38 (2018). SANA-FE is GPL: it is imported in a process of its own only.
"""

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from axonal.deploy.executor.job import Job, JobAnswer, JobPopulation

CORES, CORE = 128, 1024
"""Cores of the chip, and neurons per core."""
LARGEST = 2.0**25
"""What a membrane in multiples of 1/64 must stay below in 32 bits."""
HIGHEST = 2.0**17
"""Threshold below which single precision still has multiples of 1/64."""
NEVER = 2.0**30
"""Threshold of what does not spike."""


def simulate(job: "Job", answer: "JobAnswer") -> None:
    """Simulate one network; called in the process that may import SANA-FE."""
    import sanafe

    outside = ("input", "constant")
    width = min(CORE, sum(p.size for p in job.populations if p.kind in outside))
    arch = _architecture(sanafe, width)
    # Inputs that share a core are consecutive, and no more than there are units.
    units = itertools.cycle(range(width))
    cores = [core for tile in arch.tiles for core in tile.cores]
    network = sanafe.Network()
    scales = [_scales(job, k, p) for k, p in enumerate(job.populations)]
    used = 0
    stages: dict[int, list[Any]] = {}  # a population, then what it sent 1, 2, ... steps ago
    for k, p in enumerate(job.populations):
        delays = [int(q.delay.max(initial=1)) for q in job.projections if q.source == k]
        stages[k] = [_group(network, job, k, p, scales[k])]
        for late in range(1, max(delays, default=1)):
            stages[k].append(_relay(network, f"{k}_{late}", p.size, stages[k][-1]))
        if p.kind in outside:
            for neuron in stages[k][0].neurons:
                neuron.set_attributes(soma_hw_name=f"loihi_inputs[{next(units)}]")
        for group in stages[k]:
            for place, neuron in enumerate(group.neurons, used):
                neuron.map_to_core(cores[place // CORE])
            used += len(group.neurons)
    for q in job.projections:
        weight = q.weight * scales[q.target][q.post]
        for delay in np.unique(q.delay):
            chosen = q.delay == delay
            stages[q.source][delay - 1].connect_neurons_sparse(
                stages[q.target][0],
                {"weight": weight[chosen].tolist()},
                list(zip(q.pre[chosen].tolist(), q.post[chosen].tolist(), strict=True)),
            )
    chip = sanafe.SpikingChip(arch)
    chip.load(network)
    result = chip.sim(job.steps, spike_trace=True, potential_trace=True)
    _read(job, answer, result, scales)
    relays = sum(job.populations[k].size * (len(groups) - 1) for k, groups in stages.items())
    answer.extra |= {
        "energy": result["energy"],
        "simulated_seconds": result["sim_time"],
        "packets": result["packets_sent"],
        "relays": relays,
        "resolution": {
            p.name: float((p.gain / scales[k]).max()) / 64
            for k, p in enumerate(job.populations)
            if p.kind not in outside
        },
    }
    if job.probe is not None:
        k, neuron = job.probe
        answer.extra["probed_resolution"] = (
            float(job.populations[k].gain[neuron] / scales[k][neuron]) / 64
        )


def _architecture(sanafe: Any, inputs: int) -> Any:
    """SANA-FE's Loihi with as many input units a core as are used: 1024 take seconds to make."""
    description = Path(sanafe.__file__).parent / "examples" / "loihi.yaml"
    text = description.read_text().replace("loihi_inputs[0..1023]", f"loihi_inputs[0..{inputs}]")
    file = Path("loihi.yaml")
    file.write_text(text)
    return sanafe.load_arch(file)


def _scales(job: "Job", k: int, p: "JobPopulation") -> npt.NDArray[np.float64]:
    """For every neuron, the largest power of two by which its membrane stays in its 32 bits."""
    if not p.decay.size:
        return np.ones(p.size)
    largest = np.zeros(p.size)
    for q in job.projections:
        if q.target == k:
            largest += np.bincount(q.post, np.abs(q.weight), minlength=p.size)
    largest /= np.maximum(1.0 - p.decay, 1.0 / job.steps)
    if p.kind == "lif":
        largest = np.maximum(largest, LARGEST / HIGHEST * p.threshold / p.gain)
    # nothing reaches a neuron at 0, and any scale will do
    exponent = np.floor(np.log2(LARGEST / 2.0 / np.where(largest > 0, largest, 1.0)))
    scales: npt.NDArray[np.float64] = np.ldexp(np.ones(p.size), exponent.astype(int))
    return scales


def _group(
    network: Any, job: "Job", k: int, p: "JobPopulation", scale: npt.NDArray[np.float64]
) -> Any:
    if p.kind in ("input", "constant"):
        group = network.create_neuron_group(f"{k}", p.size)
        sent = np.zeros((p.size, job.steps), bool)
        sent[job.events[k].neuron, job.events[k].t] = True
        for neuron, train in zip(group.neurons, sent.tolist(), strict=True):
            neuron.set_attributes(model_attributes={"spikes": train})
        return group
    spiking = p.kind == "lif"
    watched = not spiking or (job.probe is not None and job.probe[0] == k)
    group = network.create_neuron_group(
        f"{k}",
        p.size,
        soma_hw_name="loihi_lif",
        default_dendrite_hw_name="loihi_dendrites",
        log_spikes=spiking,
        log_potential=watched,
        model_attributes={"reset_mode": "hard" if p.reset == "zero" else "soft"},
    )
    level = np.full(p.size, NEVER)
    if spiking:
        # v >= threshold, for a v in multiples of 1/64
        level = (np.ceil(scale * p.threshold / p.gain * 64) - 1) / 64
    for neuron, threshold, decay in zip(
        group.neurons, level.tolist(), p.decay.tolist(), strict=True
    ):
        neuron.set_attributes(model_attributes={"threshold": threshold, "leak_decay": decay})
    return group


def _relay(network: Any, name: str, size: int, source: Any) -> Any:
    group = network.create_neuron_group(
        name,
        size,
        soma_hw_name="loihi_lif",
        default_dendrite_hw_name="loihi_dendrites",
        model_attributes={"threshold": 0.5, "leak_decay": 0.0, "reset_mode": "hard"},
    )
    pairs = [(n, n) for n in range(size)]
    source.connect_neurons_sparse(group, {"weight": [1.0] * size}, pairs)
    return group


def _read(
    job: "Job", answer: "JobAnswer", found: dict[str, Any], scales: list[npt.NDArray[np.float64]]
) -> None:
    spikes: dict[int, tuple[list[int], list[int]]] = {
        k: ([], []) for k, p in enumerate(job.populations) if p.kind == "lif"
    }
    for t, fired in enumerate(found["spike_trace"]):
        for address in fired:
            group, _, neuron = str(address).partition(".")
            spikes[int(group)][0].append(t)
            spikes[int(group)][1].append(int(neuron))
    answer.spikes = {k: (np.array(t, int), np.array(n, int)) for k, (t, n) in spikes.items()}
    column, trace = 0, np.array(found["potential_trace"]).reshape(job.steps, -1)
    for k, p in enumerate(job.populations):
        probed = job.probe is not None and job.probe[0] == k
        if p.kind != "integrator" and not probed:
            continue
        v = trace[:, column : column + p.size] / scales[k] * p.gain
        column += p.size
        if p.kind == "integrator":
            answer.readout[k] = v
        if job.probe is not None and probed:
            answer.membrane = v[:, job.probe[1]]
