"""Whatever sets the rate of depression while a liquid runs."""

from abc import ABC, abstractmethod

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

    @staticmethod
    @abstractmethod
    def step(
        state: Float64Array, parameters: Float64Array, liquid: int, inputs: int, scale: float
    ) -> None:
        """Change the state by one step of the liquid.

        Args:
            state: as `start` made it, changed in place `[K]`.
            parameters: as `parameters` gives them `[P]`.
            liquid: spikes that watched neurons of the liquid fired in the step.
            inputs: spikes that watched input neurons fired.
            scale: factor to which all rates have faded, 1.0 at first.
        """

    @abstractmethod
    def start(self, potentiation: float) -> Float64Array:
        """State before the first step `[K]`, given the rate of potentiation."""

    @abstractmethod
    def parameters(self) -> Float64Array:
        """Numbers that `step` uses `[P]`."""

    @property
    def density(self) -> float:
        """Share of neurons that are watched."""
        return 1.0
