"""The common part of layers with trained patterns of their own around an association."""

import abc
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from torch import Tensor, nn

from axonal.hebbian.modern import _checkpoint
from axonal.hebbian.modern._attention import HopfieldAttention

PREFIX = "hopfield."
"""Of the association in a checkpoint of the original."""


class TrainedPatterns(nn.Module, abc.ABC):
    """A :class:`HopfieldAttention` and trained patterns [1, quantity, size] that it looks up."""

    names: ClassVar[Mapping[str, str]]
    """trained patterns here, by their names in the original"""

    attention: HopfieldAttention

    @classmethod
    @abc.abstractmethod
    def _read(cls, state_dict: Mapping[str, Tensor], given: dict[str, Any]) -> dict[str, Any]:
        """Keywords of the layer as a checkpoint shows them; what is given comes before."""

    @classmethod
    def from_official(cls, state_dict: Mapping[str, Tensor], **arguments: Any) -> Self:
        """Build the layer that a checkpoint of the original class of the same name holds.

        Args:
            state_dict: names and tensors as the original saves them.
            arguments: as in :meth:`HopfieldAttention.from_official`; ``num_heads`` is required.

        Raises:
            ValueError: as in :meth:`HopfieldAttention.from_official`.
        """
        layer = cls(**cls._read(state_dict, arguments))
        layer.load_official(state_dict, official=layer.attention.official)
        return layer

    def load_official(self, state_dict: Mapping[str, Tensor], *, official: bool = True) -> None:
        """Take over a checkpoint of the original, as :meth:`HopfieldAttention.load_official`."""
        _checkpoint.load(
            self, self.attention, state_dict, self.names, prefix=PREFIX, official=official
        )


def for_batch(patterns: Tensor, x: Tensor) -> Tensor:
    """The patterns [1, quantity, size] for each sample of ``x``, [B, quantity, size]."""
    batch = x.shape[0] if isinstance(x, Tensor) and x.ndim else 1
    return patterns.expand(batch, -1, -1)
