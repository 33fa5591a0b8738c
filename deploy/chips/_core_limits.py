"""Contents of a core of a chip, each number with its source."""

from collections.abc import Mapping
from dataclasses import dataclass, field

UNVERIFIED = "not verified"
"""Mark of a source that was not read here."""
PACKED = "ours: bits of the fields in whole bytes, without compression"
"""Source of sizes that follow from the fields of a synapse."""


@dataclass(frozen=True)
class CoreLimits:
    """Contents of a core, and the place of cores on the chip; None is no limit.

    A neuron takes neuron_bytes + synapse_bytes · (synapses that reach it) of a core's memory. An
    axon is one sending neuron and one core that it reaches, its own among them: the core that sends
    and the core that receives hold an entry each.

    Args:
        chip: name of the chip.
        cores: number of cores.
        neurons: neurons per core.
        memory: bytes per core for neurons and the synapses that reach them.
        neuron_bytes: bytes of a neuron's state.
        synapse_bytes: bytes of a synapse.
        axons_in: distinct sources of events that reach a core, those outside the chip among them.
        axons_out: sum over a core's neurons of the cores that they reach.
        longest_delay: longest delay of a synapse in steps.
        slots: of arriving input per core: neurons, times steps of the longest delay, each rounded
            up to a power of two.
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
        """Numbers whose source was not read here.

        >>> from axonal.deploy.chips import find
        >>> sorted(find("spinnaker").LIMITS.unverified)
        []
        """
        return frozenset(name for name, text in self.sources.items() if UNVERIFIED in text)

    @property
    def most_synapses(self) -> int:
        """Synapses of the only neuron of a core."""
        return (self.memory - self.neuron_bytes) // self.synapse_bytes

    def neurons_with(self, delay: int) -> int:
        """Neurons that a core holds if delays of so many steps reach it; 0 if none.

        >>> from axonal.deploy.chips import find
        >>> [find("spinnaker").LIMITS.neurons_with(delay) for delay in (32, 33)]
        [256, 128]
        """
        if self.longest_delay is not None and delay > self.longest_delay:
            return 0
        if self.slots is None:
            return self.neurons
        fitting = self.slots // _power_of_two(delay)
        return min(self.neurons, 1 << fitting.bit_length() - 1 if fitting else 0)


def _power_of_two(number: int) -> int:
    return 1 << max(number - 1, 0).bit_length()
