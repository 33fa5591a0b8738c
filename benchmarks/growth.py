"""How time and memory grow: exponents of T, B and N over two decades."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from axonal.neuro.ops.delayed_linear import delayed_linear
from benchmarks._agree import seeded
from benchmarks._measure import Table, interleaved
from benchmarks.lif import HALF, backward, ours
from benchmarks.memory import saved_bytes

AXES = ("T", "B", "N")
BASE = (100, 32, 256)
FACTORS = (0.25, 0.75, 2.5, 8, 25)  # of the base, two decades
QUICK = (0.25, 1)
TARGETS, LONGEST = 32, 24


def delays(x: Tensor) -> Tensor:
    """Two-tap delays from N inputs to a few targets, without learning."""
    sources = x.shape[2]
    weight = seeded(TARGETS, sources) / sources
    delay = seeded(TARGETS, sources) * LONGEST
    history = x.new_zeros(LONGEST, x.shape[1], sources)
    return delayed_linear(x, history, weight, delay, 0.0, kernel="two-tap", max_delay=LONGEST)[0]


WORKS: dict[str, Callable[[Tensor], Tensor]] = {"lif": ours(HALF), "delay": delays}


def exponent(sizes: list[float], values: list[float]) -> float:
    """Slope of the line of least squares through logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def run(peers: set[str], *, quick: bool) -> Table:
    """Time forward and backward, and count what is kept between, at every size of one axis."""
    factors = QUICK if quick else FACTORS
    header = ["work", "axis", "sizes", "ms", "time", "time, last decade", "kept bytes"]
    table = Table(header)
    for name, function in WORKS.items():
        for axis, letter in enumerate(AXES):
            sizes, works, kept = [], {}, []
            for factor in factors:
                shape = list(BASE)
                shape[axis] = round(shape[axis] * factor)
                x = seeded(*shape, high=3.0)
                sizes.append(float(shape[axis]))
                y = function(x)
                works[str(shape[axis])] = backward(function, x, torch.ones_like(y))
                beside, keeps_x = saved_bytes(function, x.clone().requires_grad_())
                kept.append(float(beside + keeps_x * x.nbytes))
            taken = [times.best for times in interleaved(works).values()]
            of_time, of_bytes = exponent(sizes, taken), exponent(sizes, kept)
            milliseconds = " ".join(f"{1e3 * seconds:.2f}" for seconds in taken)
            late = sum(size >= sizes[-1] / 10 for size in sizes)
            last = exponent(sizes[-late:], taken[-late:]) if late > 1 else of_time
            exponents = [f"{number:.2f}" for number in (of_time, last, of_bytes)]
            table.add([name, letter, " ".join(works), milliseconds, *exponents])
            table.json += [
                {
                    "case": f"{name} {letter}={size:g}",
                    "implementation": "axonal",
                    "median_s": seconds,
                    "ratio": 1.0,
                    "share_of_bandwidth": None,
                    "kept_bytes": held,
                    "exponent_of_time": of_time,
                    "exponent_of_time_last_decade": last,
                    "exponent_of_kept_bytes": of_bytes,
                }
                for size, seconds, held in zip(sizes, taken, kept, strict=True)
            ]
    base = ", ".join(f"{letter} = {size}" for letter, size in zip(AXES, BASE, strict=True))
    table.remarks.append(
        f"The other two axes stay at {base}. The last three columns are exponents: 1 is linear, "
        "and what every call costs makes less of it for small sizes."
    )
    return table
