"""What no simulation can do is refused before anything is allocated, in one line."""

import math
from pathlib import Path

from axonal.hebbian.montecarlo._random import REPLICAS

DYNAMICS = ("heat-bath", "metropolis", "zero-temperature", "parallel")
ORDERS = ("typewriter", "random")
PROTOCOLS = ("supervised", "unsupervised")


def whole(name: str, value: int, least: int, most: int | None = None) -> None:
    """An integer within its range."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer, got {value!r}.")
    if value < least or (most is not None and value > most):
        bounds = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name} must be {bounds}, got {value}.")


def within(name: str, value: float, low: float, high: float, *, open_low: bool = False) -> None:
    """A number within its range."""
    if not (low < value if open_low else low <= value) or not value <= high:
        sign = "<" if open_low else "<="
        raise ValueError(f"{name} must satisfy {low:g} {sign} {name} <= {high:g}, got {value}.")


def choice(name: str, value: str, known: tuple[str, ...]) -> None:
    """One of the known words."""
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}; got {value!r}.")


def temperature(T: float, dynamics: str) -> None:
    """A temperature that the dynamics can run at."""
    choice("dynamics", dynamics, DYNAMICS)
    if not (math.isfinite(T) and T >= 0):
        raise ValueError(f"T must be finite and not negative, got {T}.")
    if dynamics == "zero-temperature" and T:
        raise ValueError(
            f'dynamics="zero-temperature" runs at T = 0, got T = {T}; use "heat-bath" for T > 0.'
        )


def patterns(N: int, K: int | None, load: float | None, unit: float, name: str) -> int:
    """Number of patterns, from K or from the load.

    Args:
        N: sites.
        K: patterns, or None.
        load: K / unit, or None.
        unit: patterns at load 1.
        name: of the load.
    """
    whole("N", N, 2, 2**31 - 1)
    if (K is None) == (load is None):
        raise ValueError(f"give either K or {name}, got K = {K} and {name} = {load}.")
    if load is not None:
        if not (math.isfinite(load) and load > 0):
            raise ValueError(f"{name} must be finite and positive, got {load}.")
        K = max(1, round(load * unit))
    assert K is not None
    whole("K", K, 1, 2**31 - 1)
    return K


def schedule(samples: int, replicas: int, sweeps: int, warmup: int, seed: int) -> None:
    """Numbers of samples, runs and sweeps."""
    whole("samples", samples, 1, 2**32)
    whole("replicas", replicas, 1, REPLICAS)
    whole("sweeps", sweeps, 1)
    whole("warmup", warmup, 0)
    whole("warmup + sweeps", warmup + sweeps, 1, 2**32)
    whole("seed", seed, 0, 2**64 - 1)


def available_memory() -> int:
    """Bytes that can be allocated now without swapping, as far as the system tells."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError):
        # Systems that do not tell are refused only what no machine has.
        return 1 << 50
    return 1024 * free


def memory(need: float, threads: int, what: str, advice: str) -> None:
    """Refuse what does not fit beside what already lies in memory.

    Args:
        need: bytes of one sample.
        threads: samples at a time.
        what: the shape that was asked for.
        advice: what needs less.
    """
    free = available_memory()
    if need * threads > free:
        raise MemoryError(
            f"{what} need {need * threads / 1e9:.3g} GB for {threads} sample(s) at a time, and "
            f"{free / 1e9:.3g} GB are available; {advice}."
        )
