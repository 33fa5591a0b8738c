"""What is known of another framework: which of its classes become which layers here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from axonal.neuro.surrogates import Surrogate


class ConversionError(ValueError):
    """A module that has no equivalent here; the message lists every reason by path."""


class Unlike(Exception):
    """Why one module has no equivalent."""


@dataclass(frozen=True)
class Site:
    """Where a neuron stands.

    Attributes:
        size: shape of the neurons, (N,) or (C, H, W).
        dtype: floating-point type of the whole network.
        device: where its parameters lie.
        surrogate: what the caller wants in the backward pass; ``None`` leaves it to the rule.
    """

    size: tuple[int, ...]
    dtype: torch.dtype
    device: torch.device
    surrogate: Surrogate | None


@dataclass(frozen=True)
class Rule:
    """How one class of neurons is imported.

    Attributes:
        becomes: the layers it becomes, as the table shows them.
        conventions: what of its settings is kept, and what is refused.
        exports: whether the result can be exported to an event graph.
        make: builds the layers; raises :class:`Unlike` for settings without an equivalent.
    """

    becomes: str
    conventions: str
    exports: bool
    make: Callable[[Any, Site], nn.Module]


@dataclass(frozen=True)
class Framework:
    """Another framework's classes, by name.

    Attributes:
        package: its import name.
        version: the one that the tests compare spikes with.
        neurons: a :class:`Rule` for every neuron with an equivalent.
        containers: modules that only run their children in order.
        wrappers: modules that only run one child, with the name of that child.
        instead: what to use in place of classes without an equivalent.
    """

    package: str
    version: str
    neurons: Mapping[str, Rule]
    containers: frozenset[str] = frozenset()
    wrappers: Mapping[str, str] = field(default_factory=dict)
    instead: Mapping[str, str] = field(default_factory=dict)

    @property
    def function(self) -> str:
        """Name of the function that imports from it."""
        return f"from_{self.package}"
