"""Settings of the Monte Carlo cells of a phase diagram."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from axonal._base.checks import one_of, whole_number

DYNAMICS = ("heat-bath", "metropolis", "zero-temperature", "parallel")
ORDERS = ("typewriter", "random")

RANGES = {
    "N": (2, 2**31 - 1),
    "samples": (1, 2**32),
    "replicas": (1, 2**24),
    "sweeps": (1, 2**31),
    "warmup": (0, 2**31),
}
"""Numbers that the streams of random numbers can tell apart."""


@dataclass(frozen=True)
class MonteCarlo:
    """Settings of the simulation of every cell of a phase diagram.

    The arguments are those of the model's ``simulate``.

    Args:
        N: sites, >= 2.
        samples: draws of the disorder, >= 1; errors need 2, and are worth something from 10 on.
        replicas: runs of each draw.
        sweeps: measured, of N visits each.
        warmup: sweeps before them.
        start: overlap of the first state with the first pattern, -1 to 1.
        dynamics: ``"heat-bath"``, ``"metropolis"``, ``"zero-temperature"`` or ``"parallel"``.
        order: ``"typewriter"`` or ``"random"``.
        survive: overlap above which a memory is kept; None for the default of the model.

    Raises:
        ValueError: for a value outside its range, or an unknown setting.

    >>> MonteCarlo.parse("N=3000, samples=10")
    MonteCarlo(N=3000, samples=10, replicas=1, sweeps=200, warmup=100, start=1.0,
               dynamics='heat-bath', order='typewriter', survive=None)
    """

    N: int
    samples: int = 10
    replicas: int = 1
    sweeps: int = 200
    warmup: int = 100
    start: float = 1.0
    dynamics: str = "heat-bath"
    order: str = "typewriter"
    survive: float | None = None

    def __post_init__(self) -> None:
        where = type(self).__name__
        for name, (low, high) in RANGES.items():
            whole_number(where, name, getattr(self, name), low, high)
        for name in ("start", "survive"):
            value = getattr(self, name)
            if name == "survive" and value is None:
                continue
            if not isinstance(value, int | float) or not -1 <= value <= 1:
                raise ValueError(f"{where} expects {name} in [-1, 1], got {value!r}.")
        one_of(where, "dynamics", self.dynamics, DYNAMICS)
        one_of(where, "order", self.order, ORDERS)

    @classmethod
    def parse(cls, text: str) -> "MonteCarlo":
        """Settings from ``"NAME=VALUE,..."``, as the command line gives them."""
        kinds: dict[Any, Any] = {int: int, str: str, float: float, float | None: float}
        known = {field.name: kinds[field.type] for field in fields(cls)}
        values: dict[str, Any] = {}
        for setting in filter(None, (word.strip() for word in text.split(","))):
            name, equals, value = (word.strip() for word in setting.partition("="))
            if not equals or name not in known or name in values:
                raise ValueError(
                    f"Monte Carlo expects NAME=VALUE with commas between, each name once, of"
                    f" {', '.join(known)}; got {setting!r}."
                )
            try:
                values[name] = known[name](value)
            except ValueError:
                raise ValueError(
                    f"Monte Carlo expects a number for {name}, got {value!r}."
                ) from None
        if "N" not in values:
            raise ValueError(f"Monte Carlo needs a size, N=2000 for example; got {text!r}.")
        return cls(**values)

    def settings(self) -> dict[str, Any]:
        """Keyword arguments of ``simulate``; cells run side by side, samples one by one."""
        chosen = {name: value for name, value in asdict(self).items() if value is not None}
        return {**chosen, "threads": 1}
