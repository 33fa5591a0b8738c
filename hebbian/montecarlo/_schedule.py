"""Settings that all simulations share."""

from collections.abc import Callable
from dataclasses import dataclass

from axonal._base.array_types import Int8Array
from axonal._base.checks import one_of, seed, whole_number
from axonal._base.threads import thread_count
from axonal.hebbian.montecarlo import _checks
from axonal.hebbian.montecarlo._disorder import Disorder
from axonal.hebbian.montecarlo._random import REPLICAS

Progress = Callable[[int, int], None]
Start = Callable[[Disorder, Int8Array, int], Int8Array]
"""First spins of a replica, from a sample and its targets."""


@dataclass(frozen=True)
class Schedule:
    """Temperature, length and dynamics of a simulation.

    Attributes:
        who: function that is called, for messages.
        T: temperature.
        samples: draws of the disorder.
        replicas: runs of each.
        sweeps: measured.
        warmup: before them.
        start: overlap of the first state with its target, or a function that makes the state.
        dynamics: rule.
        order: of the sites.
        seed: of everything.
        threads: samples at a time; None for as many as compiled work is split over.
        progress: called with the number of finished samples and of all.

    Raises:
        ValueError: for a value outside its range.
        TypeError: for a number of another kind.
    """

    who: str
    T: float
    samples: int
    replicas: int
    sweeps: int
    warmup: int
    start: float | Start
    dynamics: str
    order: str
    seed: int
    threads: int | None
    progress: Progress | None

    def __post_init__(self) -> None:
        who = self.who
        _checks.temperature(who, self.T, self.dynamics)
        one_of(who, "order", self.order, _checks.ORDERS)
        whole_number(who, "samples", self.samples, 1, 2**32)
        whole_number(who, "replicas", self.replicas, 1, REPLICAS)
        whole_number(who, "sweeps", self.sweeps, 1)
        whole_number(who, "warmup", self.warmup, 0)
        whole_number(who, "warmup + sweeps", self.warmup + self.sweeps, 1, 2**32)
        seed(who, self.seed)
        if self.threads is not None:
            whole_number(who, "threads", self.threads, 1)

    @property
    def at_once(self) -> int:
        """Samples that are simulated at a time."""
        threads = thread_count() if self.threads is None else self.threads
        return min(threads, self.samples)
