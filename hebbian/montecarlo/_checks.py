"""Checks of a simulation, before anything is allocated."""

from axonal._base.checks import number, one_of, whole_number
from axonal._base.memory import available_bytes

DYNAMICS = ("heat-bath", "metropolis", "zero-temperature", "parallel")
ORDERS = ("typewriter", "random")
PROTOCOLS = ("supervised", "unsupervised")


def temperature(who: str, T: float, dynamics: str) -> None:
    """Refuse a temperature that the dynamics cannot run at."""
    one_of(who, "dynamics", dynamics, DYNAMICS)
    number(who, "T", T, 0)
    if dynamics == "zero-temperature" and T:
        raise ValueError(
            f'{who} with dynamics="zero-temperature" runs at T = 0, got T = {T}; use "heat-bath"'
            " for T > 0."
        )


def patterns(who: str, N: int, K: int | None, load: float | None, unit: float, name: str) -> int:
    """Number of patterns, from K or from the load.

    Args:
        who: function that is called.
        N: sites.
        K: patterns, or None.
        load: K / unit, or None.
        unit: patterns at load 1.
        name: of the load.
    """
    whole_number(who, "N", N, 2, 2**31 - 1)
    if (K is None) == (load is None):
        raise ValueError(f"{who} expects either K or {name}, got K = {K} and {name} = {load}.")
    if load is not None:
        K = max(1, round(number(who, name, load, 0, open_low=True) * unit))
    return whole_number(who, "K", K, 1, 2**31 - 1)


def fits(need: float, samples: int) -> bool:
    """Whether some samples fit beside what already lies in memory.

    Args:
        need: bytes of one sample.
        samples: at a time.
    """
    return need * samples <= available_bytes()


def memory(need: float, threads: int, shape: str, advice: str) -> None:
    """Refuse what does not fit beside what already lies in memory.

    Args:
        need: bytes of one sample.
        threads: samples at a time.
        shape: of the request, in words.
        advice: a change that needs less.
    """
    if not fits(need, threads):
        raise MemoryError(
            f"{shape} need {need * threads / 1e9:.3g} GB for {threads} sample(s) at a time, and "
            f"{available_bytes() / 1e9:.3g} GB are available; {advice}."
        )
