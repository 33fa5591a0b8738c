"""What a core of each chip holds, and where the numbers are from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from axonal.deploy.chips import loihi2, spinnaker

UNVERIFIED = "not verified"
INTEL = (
    "Intel Labs, Taking Neuromorphic Computing to the Next Level with Loihi 2 (2021), from memory "
    f"and {UNVERIFIED}"
)
DAVIES = (
    f"M. Davies et al., IEEE Micro 38 (2018), for Loihi 1, from memory and {UNVERIFIED}; none is "
    "known for Loihi 2"
)
OPEN = f"open-neuromorphic.org, not a primary source and {UNVERIFIED}"
LAVA = "lava-nc 0.10.0, measured"
PACKED = "ours: bits of the fields in whole bytes, without compression"
SPYNNAKER = "sPyNNaker 7.4.1 on its virtual board of 48 chips, measured"


@dataclass(frozen=True)
class CoreLimits:
    """What a core holds, and how cores lie on the chip; None is no limit.

    A neuron takes neuron_bytes + synapse_bytes · (synapses that reach it) of a core's memory. An
    axon is one sending neuron and one core that it reaches, its own among them: the core that sends
    and the core that receives hold an entry each.

    Args:
        chip: name of the chip.
        cores: number of cores.
        neurons: neurons a core.
        memory: bytes a core for neurons and the synapses that reach them.
        neuron_bytes: bytes of a neuron's state.
        synapse_bytes: bytes of a synapse.
        axons_in: distinct sources of events that reach a core, those outside the chip among them.
        axons_out: sum over a core's neurons of the cores that they reach.
        longest_delay: longest delay of a synapse in steps.
        slots: of arriving input a core: neurons, times steps of the longest delay, each rounded up
            to a power of two.
        tile: cores that share a router.
        tile_memory: bytes that those cores share, where memory is each core's part of it.
        router_entries: of a router. Each core whose events start or arrive there takes one, and so
            does every group of inputs and constants as large as the neurons of a core.
        columns: routers in a row of the mesh.
        kinds: of populations whose neurons have a state of neuron_bytes.
        sources: for each number, where it is from.

    Raises:
        ValueError: a number is not above 0.

    >>> CoreLimits("toy", cores=4, neurons=100, memory=4096).most_synapses
    1022
    """

    chip: str
    cores: int
    neurons: int
    memory: int
    neuron_bytes: int = 6
    synapse_bytes: int = 4
    axons_in: int | None = None
    axons_out: int | None = None
    longest_delay: int | None = None
    slots: int | None = None
    tile: int = 4
    tile_memory: int | None = None
    router_entries: int | None = None
    columns: int = 8
    kinds: tuple[str, ...] = ("lif", "integrator")
    sources: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, int) and value < 1:
                raise ValueError(f"limits of {self.chip}: {name} must be at least 1, got {value}")

    @property
    def unverified(self) -> frozenset[str]:
        """Numbers whose source nobody has seen here.

        >>> sorted(limits("spinnaker").unverified)
        []
        """
        return frozenset(name for name, text in self.sources.items() if UNVERIFIED in text)

    @property
    def most_synapses(self) -> int:
        """Synapses of the only neuron of a core."""
        return (self.memory - self.neuron_bytes) // self.synapse_bytes

    def neurons_with(self, delay: int) -> int:
        """Neurons that a core holds if delays of so many steps reach it; 0 if none.

        >>> limits("spinnaker").neurons_with(32), limits("spinnaker").neurons_with(33)
        (256, 128)
        """
        if self.longest_delay is not None and delay > self.longest_delay:
            return 0
        if self.slots is None:
            return self.neurons
        fitting = self.slots // _power_of_two(delay)
        return min(self.neurons, 1 << fitting.bit_length() - 1 if fitting else 0)


def _power_of_two(number: int) -> int:
    return 1 << max(number - 1, 0).bit_length()


LOIHI2 = CoreLimits(
    "loihi2",
    cores=120,
    neurons=8192,
    memory=192 * 1024,
    neuron_bytes=6,
    synapse_bytes=4,
    axons_in=4096,
    axons_out=4096,
    longest_delay=loihi2.DELAYS[1],
    tile=4,
    columns=8,
    kinds=("lif", "cuba", "integrator"),
    sources={
        "cores": f"{OPEN}: 120 to 128",
        "neurons": f"{OPEN}: about 8000 a core, a million a chip",
        "memory": f"{INTEL}: 192 KB a core, shared by neurons and synapses",
        "neuron_bytes": f"current and membrane of 24 bits each, {LAVA}",
        "synapse_bytes": f"8 bits of weight, 6 of delay, 13 of target; {PACKED}",
        "axons_in": DAVIES,
        "axons_out": DAVIES,
        "longest_delay": f"{LAVA}: delays of 0 to 62 and the step of the hop",
        "tile": "SANA-FE 2.2.9, loihi.yaml, which is Loihi 1",
        "columns": "SANA-FE 2.2.9, loihi.yaml, which is Loihi 1",
        "kinds": f"a current that decays is among the states of the neuron, {LAVA}",
    },
)
SPINNAKER = CoreLimits(
    "spinnaker",
    cores=spinnaker.CORES,
    neurons=spinnaker.CORE,
    memory=spinnaker.SDRAM // spinnaker.CHIP_CORES,
    neuron_bytes=8,
    synapse_bytes=4,
    longest_delay=spinnaker.DELAYS[1],
    slots=2**spinnaker.BUFFER_BITS,
    tile=spinnaker.CHIP_CORES,
    tile_memory=spinnaker.SDRAM,
    router_entries=spinnaker.ROUTER_ENTRIES,
    columns=8,
    sources={
        "cores": f"{SPYNNAKER}: 856, of which 97 are kept for the system; 759 vertices of a core "
        "are mapped, 760 refused",
        "neurons": f"{SPYNNAKER}: silently capped at 256",
        "memory": f"{SPYNNAKER}: an equal part of the SDRAM of a chip",
        "tile_memory": f"{SPYNNAKER}: SDRAM of a chip",
        "router_entries": f"{SPYNNAKER}; its own keys and those of turns come on top",
        "neuron_bytes": "membrane and input, s16.15 each",
        "synapse_bytes": f"16 bits of weight, the rest delay, type and target; {PACKED}",
        "longest_delay": f"{SPYNNAKER}: a core has slots for two neurons at least",
        "slots": f"{SPYNNAKER}: 2^14 over neurons and two types of synapses; delays beyond them "
        "need a delay extension, which is refused here",
        "tile": f"{SPYNNAKER}: 16 of 18 cores a chip, 15 on the 8 chips that have 17",
        "columns": "48 chips drawn as 8 x 6; the board is a hexagon of them",
        "kinds": "neuron_bytes is the state of IF_curr_delta, which has no current that decays",
    },
)


def limits(chip: str) -> CoreLimits:
    """Look up what a core of a chip holds.

    Args:
        chip: "loihi2" or "spinnaker".

    Returns:
        its limits, each with its source.

    Raises:
        ValueError: no chip has this name.

    >>> limits("loihi2").neurons
    8192
    """
    known = {own.chip: own for own in (LOIHI2, SPINNAKER)}
    if chip not in known:
        raise ValueError(f"unknown chip {chip!r}; known are {', '.join(known)}")
    return known[chip]
