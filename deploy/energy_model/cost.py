"""Published energies of what chips do, each as a range with its source.

Those of SANA-FE and SpiNNMachine are read in their files, which a test repeats; those of a table or
a paper are cited, and what nobody has looked up here says so.
"""

from dataclasses import dataclass

PJ, NJ = 1e-12, 1e-9
SANAFE = "SANA-FE 2.2.9, loihi.yaml, after Davies 2018"
DAVIES = "M. Davies et al., IEEE Micro 38 (2018), from memory and not verified"
TABLE = "table 3 of PMC10326429, citing Davies 2018"
SPIN = "SpiNNMachine 7.4.1, version_spin1.py"


@dataclass(frozen=True)
class Cost:
    """Energy of one of something that is counted.

    Args:
        what: name of the count.
        low: least published value in joules.
        typical: value for a network like those here, in joules.
        high: largest published value in joules.
        source: where the three are from.

    Raises:
        ValueError: the three are not in order, or there is no source.

    >>> Cost("hops", 3.0e-12, 3.6e-12, 4.2e-12, source="a paper").typical
    3.6e-12
    """

    what: str
    low: float
    typical: float
    high: float
    source: str

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.typical <= self.high:
            raise ValueError(
                f"cost of {self.what}: expected 0 <= low <= typical <= high, got {self.low:g}, "
                f"{self.typical:g} and {self.high:g}"
            )
        if not self.source:
            raise ValueError(f"cost of {self.what} has no source")


LOIHI = (
    Cost(
        "synaptic events",
        23.6 * PJ,
        33.6 * PJ,
        35.5 * PJ,
        f"low: {TABLE}; typical, high: sparse and dense synapses, {SANAFE}",
    ),
    Cost(
        "neuron updates",
        51.2 * PJ,
        72.8 * PJ,
        81.0 * PJ,
        f"low: access, a neuron at rest, typical: access and update, {SANAFE}; high: an active "
        f"neuron, {DAVIES}",
    ),
    Cost(
        "spikes",
        0.0,
        69.3 * PJ,
        69.3 * PJ,
        f"low: held to be part of the update; typical, high: {SANAFE}",
    ),
    Cost(
        "messages",
        1.7 * PJ,
        111.0 * PJ,
        111.0 * PJ,
        f"low: within a tile, {DAVIES}; typical, high: axon out, {SANAFE}",
    ),
    Cost("hops", 3.0 * PJ, 3.6 * PJ, 4.2 * PJ, f"low, high: along rows and columns, {SANAFE}"),
)
SPINNAKER = (
    Cost("seconds of a core", 0.034, 0.034, 0.034, f"34 mW more when active, measured, {SPIN}"),
    Cost(
        "seconds of a chip",
        0.35,
        0.35,
        26.84 / 48,
        f"low, typical: 0.35 W idle, {SPIN}; high: 26.84 W of an idle board of 48, version_5.py",
    ),
    Cost("messages", 1.0 * NJ, 1.0 * NJ, 1.0 * NJ, f"40 bits of 25 pJ, {SPIN}"),
)
NOTES = {
    "loihi2": "Constants of Loihi 1 (14 nm): none is published for an operation of Loihi 2. Static "
    "power, the x86 cores and input and output are left out.",
    "spinnaker": "Chips and cores are powered for as long as the network runs in real time; "
    "synaptic events and updates are part of an active core's power (45 pJ an event is published, "
    "PMC10326429 citing Stromatias 2013, and looks low).",
}


def constants(chip: str) -> tuple[Cost, ...]:
    """Energies of what a chip does.

    Args:
        chip: "loihi2" or "spinnaker".

    Returns:
        costs, each with a range and its source.

    Raises:
        ValueError: no energies are known for this chip.

    >>> [cost.what for cost in constants("spinnaker")]
    ['seconds of a core', 'seconds of a chip', 'messages']
    """
    known = {"loihi2": LOIHI, "spinnaker": SPINNAKER}
    if chip not in known:
        raise ValueError(f"no energies are known for {chip!r}; they are for {', '.join(known)}")
    return known[chip]
