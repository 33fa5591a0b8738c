"""The settings among which validation forecasts choose."""

import itertools
from collections.abc import Iterator
from typing import Any

from axonal.reservoirs.echo_state import EchoState, NextGeneration
from axonal.reservoirs.forecasting.task import MACKEY_GLASS


def echo_state_settings() -> Iterator[dict[str, Any]]:
    """Twelve settings of an echo state network, by its parameters' names.

    >>> next(echo_state_settings())
    {'spectral_radius': 0.3, 'input_scaling': 0.2, 'ridge': 1e-08}
    """
    for radius, scaling, ridge in itertools.product((0.3, 0.9), (0.2, 1.0), (1e-8, 1e-5, 1e-2)):
        yield {"spectral_radius": radius, "input_scaling": scaling, "ridge": ridge}


def next_generation_settings(system: str) -> Iterator[dict[str, Any]]:
    """Twelve settings of the next-generation form; a delay equation has only one column."""
    lags = ((6, 1), (10, 1), (6, 2)) if system == MACKEY_GLASS else ((2, 1), (3, 1), (3, 3))
    for (count, stride), ridge in itertools.product(lags, (1e-6, 1e-4, 1e-2, 1.0)):
        yield {"lags": count, "stride": stride, "ridge": ridge}


def named(settings: dict[str, Any]) -> str:
    """Settings in words.

    >>> named({"ridge": 1e-8, "lags": 2})
    'ridge 1e-08, lags 2'
    """
    return ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in settings.items())


def echo_states(units: int, seed: int) -> dict[str, EchoState]:
    """Echo state networks that differ in their settings, with the same random numbers.

    Args:
        units: of each, >= 1.
        seed: of their weights.

    >>> len(echo_states(50, 0))
    12
    """
    return {named(each): EchoState(units, seed=seed, **each) for each in echo_state_settings()}


def next_generations(system: str) -> dict[str, NextGeneration]:
    """Next-generation forms that differ in their settings.

    Args:
        system: name of the series.

    >>> len(next_generations("lorenz"))
    12
    """
    return {named(each): NextGeneration(**each) for each in next_generation_settings(system)}
