"""Whatever sets the rate of depression while a liquid runs."""

import inspect
from abc import ABC, abstractmethod

import numpy as np

from axonal._base.array_types import Float64Array


class Modulator(ABC):
    """A slow variable that watches spikes and sets the rate of depression.

    Its state is an array whose first number is that rate. `step` changes it in place after every
    step of the liquid; it is compiled, so that it may only use numbers, its two arrays and `math`.
    A class of your own:

    >>> import numpy as np
    >>> class Quota(Modulator):
    ...     '''Depression that adds up what the liquid spikes beyond a quota.'''
    ...     def start(self, potentiation):
    ...         return np.array([potentiation])
    ...     def parameters(self):
    ...         return np.array([20.0, 0.001])
    ...     @staticmethod
    ...     def step(state, parameters, liquid, inputs, scale):
    ...         state[0] = max(state[0] + parameters[1] * scale * (liquid - parameters[0]), 0.0)
    >>> Quota().start(0.15)
    array([0.15])
    """

    @abstractmethod
    def start(self, potentiation: float) -> Float64Array:
        """State before the first step `[K]`, given the rate of potentiation."""

    @abstractmethod
    def parameters(self) -> Float64Array:
        """Numbers that `step` uses `[P]`."""

    @staticmethod
    @abstractmethod
    def step(
        state: Float64Array, parameters: Float64Array, liquid: int, inputs: int, scale: float
    ) -> None:
        """Change the state in place, by one step of the liquid.

        Args:
            state: as `start` made it, or the step before left it `[K]`.
            parameters: numbers `[P]`.
            liquid: spikes that the watched neurons of the liquid fired in this step.
            inputs: those of the watched input neurons.
            scale: factor to which all rates have faded, 1.0 at first.
        """

    @property
    def density(self) -> float:
        """Share of neurons that are watched."""
        return 1.0


def checked(modulator: object, potentiation: float) -> tuple[Float64Array, Float64Array]:
    """State and parameters of a modulator, as a kernel takes them.

    Args:
        modulator: to be checked.
        potentiation: rate of potentiation.

    Raises:
        TypeError: it is no modulator, or its `step` has other arguments.
        ValueError: state or parameters are no finite numbers in one dimension.
    """
    if not isinstance(modulator, Modulator):
        hint = f" Write {modulator.__name__}()." if isinstance(modulator, type) else ""
        raise TypeError(f"modulator expects a reservoirs.Modulator, got {modulator!r}.{hint}")
    name = type(modulator).__name__
    wanted = list(inspect.signature(Modulator.step).parameters)
    if len(inspect.signature(type(modulator).step).parameters) != len(wanted):
        raise TypeError(f"{name} expects a static method step({', '.join(wanted)}).")
    arrays = []
    for method, values, least in (
        ("start", modulator.start(potentiation), 1),
        ("parameters", modulator.parameters(), 0),
    ):
        array = np.array(values, np.float64)
        if array.ndim != 1 or len(array) < least or not np.isfinite(array).all():
            raise ValueError(
                f"{name}.{method} expects finite numbers [{'K' if least else 'P'}], got {values!r}."
            )
        arrays.append(array)
    return arrays[0], arrays[1]
