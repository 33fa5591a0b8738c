"""A memory of trainable stored patterns that every input looks up."""

from collections.abc import Mapping
from typing import Any, ClassVar, Unpack

import torch
from torch import Tensor, nn

from axonal.hebbian.modern import _checkpoint, _checks
from axonal.hebbian.modern._attention import DEVIATION, HopfieldAttention, Options
from axonal.hebbian.modern._masks import Mask
from axonal.hebbian.modern._trained_patterns import PREFIX, TrainedPatterns, for_batch


class HopfieldLayer(TrainedPatterns):
    """A look-up table that is trained: inputs are states, the stored patterns are parameters.

    Each input pattern becomes the state R of a :class:`HopfieldAttention` whose stored patterns Y
    are ``quantity`` parameters; values are the same patterns, or parameters of their own.
    Batch first, [B, S, D].

    Source: Ramsauer et al., ICLR 2021 (arXiv 2008.02217), "HopfieldLayer".

    Args:
        input_size: size of an input pattern.
        hidden_size: as in :class:`HopfieldAttention`.
        output_size: as in :class:`HopfieldAttention`.
        quantity: number of stored patterns.
        separate_values: give values parameters of their own.
        trainable: whether the stored patterns are trained.
        options: further keywords of :class:`HopfieldAttention`; ``stored_size`` is the size of the
            parameters.

    Attributes:
        lookup: the stored patterns [1, quantity, stored_size].
        targets: their values [1, quantity, value_size], or None.

    >>> import torch
    >>> from axonal.hebbian.modern import HopfieldLayer
    >>> layer = HopfieldLayer(8, output_size=3, quantity=16)
    >>> layer(torch.randn(4, 5, 8)).shape
    torch.Size([4, 5, 3])
    """

    names: ClassVar = {"lookup_weights": "lookup", "target_weights": "targets"}

    def __init__(
        self,
        input_size: int,
        hidden_size: int | None = None,
        output_size: int | None = None,
        *,
        quantity: int = 1,
        separate_values: bool = False,
        trainable: bool = True,
        **options: Unpack[Options],
    ) -> None:
        super().__init__()
        _checks.count(quantity, "quantity", type(self).__name__)
        core = HopfieldAttention(input_size, hidden_size, output_size, **options)
        if separate_values and core.values_from_stored:
            raise ValueError(
                f"{type(self).__name__}: values are separate or made of the stored patterns; "
                "leave separate_values or values_from_stored out."
            )
        if not separate_values and not core.values_from_stored:
            _checks.shared_values(core.value_size, core.stored_size, type(self).__name__)
        self.attention = core
        self.quantity, self.output_size = quantity, core.output_size
        self.lookup = nn.Parameter(torch.empty(1, quantity, core.stored_size), trainable)
        targets = None
        if separate_values:
            targets = nn.Parameter(torch.empty(1, quantity, core.value_size), trainable)
        self.targets = targets
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw stored patterns and projections from a normal distribution of deviation 0.02."""
        self.attention.reset_parameters()
        for weights in (self.lookup, self.targets):
            if weights is not None:
                nn.init.normal_(weights, 0.0, DEVIATION)

    def forward(self, x: Tensor, *, association_mask: Mask = None) -> Tensor:
        """Look up ``x`` [B, S, input_size]: [B, S, output_size]; masks as in HopfieldAttention."""
        stored, values = self._memory(x)
        y: Tensor = self.attention(x, stored, values, association_mask=association_mask)
        return y

    def association(self, x: Tensor, *, association_mask: Mask = None) -> Tensor:
        """Softmax [B, num_heads, S, quantity] over the stored patterns, of the last step."""
        stored, _ = self._memory(x)
        return self.attention.association(x, stored, association_mask=association_mask)

    @classmethod
    def _read(cls, state_dict: Mapping[str, Tensor], given: dict[str, Any]) -> dict[str, Any]:
        given = {"separate_values": "target_weights" in state_dict, **given}
        given = _checkpoint.with_quantity(state_dict, "lookup_weights", "stored_size", given)
        return _checkpoint.arguments(state_dict, given, prefix=PREFIX)

    def _memory(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Stored patterns and values for every sample of the batch."""
        targets = None if self.targets is None else for_batch(self.targets, x)
        return for_batch(self.lookup, x), targets
