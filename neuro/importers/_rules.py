"""Rules of another framework: its classes and the layers that they become."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from axonal.neuro.surrogates import Surrogate


class ConversionError(ValueError):
    """A module that has no equivalent here; the message lists every reason by path.

    docs/importers.md lists the modules that have one.
    """


class UnlikeError(Exception):
    """The reason for which one module has no equivalent."""


@dataclass(frozen=True)
class Site:
    """The place of a neuron in a network.

    Attributes:
        size: shape of the neurons, (N,) or (C, H, W).
        dtype: floating-point type of the whole network.
        device: where its parameters lie.
        surrogate: of the backward pass, as the caller asks for it; ``None`` leaves it to the rule.
    """

    size: tuple[int, ...]
    dtype: torch.dtype
    device: torch.device
    surrogate: Surrogate | None


@dataclass(frozen=True)
class Rule:
    """The import of one class of neurons.

    Attributes:
        becomes: the layers it becomes, as the table shows them.
        conventions: settings that are kept, and those that are refused.
        exports: whether the result can be exported to an event graph.
        make: builds the layers; raises :class:`UnlikeError` for settings without an equivalent.
    """

    becomes: str
    conventions: str
    exports: bool
    make: Callable[[Any, Site], nn.Module]


def _bare(module: Any) -> int:
    return 0


def _never(module: Any) -> bool:
    return False


@dataclass(frozen=True)
class Framework:
    """Another framework's classes, by name.

    Attributes:
        package: its import name.
        version: the one that the tests compare spikes with.
        neurons: a :class:`Rule` for every neuron with an equivalent.
        containers: modules that only run their children in order.
        wrappers: modules that only run one child, with the name of that child.
        instead: advice for classes without an equivalent.
        stateless: functions that make the layer for a class without memory, by its name.
        encoders: neurons that repeat their input for ``seq_length`` steps.
        returned: number of values that a module with memory returns, 0 for its output as it is.
        keeps: whether neurons that are given no state go on with one of their own.
        potentials: a :class:`Rule` for neurons whose potential may be their output.
        unreset: whether nothing resets the potential of one of these.
    """

    package: str
    version: str
    neurons: Mapping[str, Rule]
    containers: frozenset[str] = frozenset()
    wrappers: Mapping[str, str] = field(default_factory=dict)
    instead: Mapping[str, str] = field(default_factory=dict)
    stateless: Mapping[str, Callable[[Any], nn.Module]] = field(default_factory=dict)
    encoders: frozenset[str] = frozenset()
    returned: Callable[[Any], int] = _bare
    keeps: bool = True
    potentials: Mapping[str, Rule] = field(default_factory=dict)
    unreset: Callable[[Any], bool] = _never

    @property
    def function(self) -> str:
        """Name of the function that imports from it."""
        return f"from_{self.package}"
