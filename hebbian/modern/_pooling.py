"""Pooling of sets of any size by trainable queries: multiple-instance learning."""

from collections.abc import Mapping
from typing import Any, ClassVar, Unpack

import torch
from torch import Tensor, nn

from axonal.hebbian.modern import _checkpoint, _checks
from axonal.hebbian.modern._attention import DEVIATION, HopfieldAttention, Options
from axonal.hebbian.modern._masks import Mask
from axonal.hebbian.modern._trained_patterns import PREFIX, TrainedPatterns, for_batch


class HopfieldPooling(TrainedPatterns):
    """Pool a set of patterns into a few, by trainable state patterns that look for them.

    The input is the stored patterns and the values of a :class:`HopfieldAttention`, whose states R
    are ``quantity`` parameters; their outputs stand side by side. Batch first, [B, N, D]; the order
    of the N patterns does not matter.

    Source: Ramsauer et al., ICLR 2021 (arXiv 2008.02217), "HopfieldPooling".

    Args:
        input_size: size of a pattern.
        hidden_size: as in :class:`HopfieldAttention`.
        output_size: size of the output of each query; by default ``input_size``.
        quantity: number of queries.
        trainable: whether the queries are trained.
        state_size: size of a query; by default ``input_size``.
        options: further keywords of :class:`HopfieldAttention`; ``stored_size`` is ``input_size``.

    Attributes:
        queries: the state patterns [1, quantity, state_size].
        output_size: size of an output, of all queries together.

    >>> import torch
    >>> from axonal.hebbian.modern import HopfieldPooling
    >>> pool = HopfieldPooling(8, hidden_size=4, output_size=3, quantity=2)
    >>> empty = torch.tensor([[False, False, True], [False, False, False]])
    >>> pool(torch.randn(2, 3, 8), padding_mask=empty).shape
    torch.Size([2, 6])
    """

    names: ClassVar = {"pooling_weights": "queries"}

    def __init__(
        self,
        input_size: int,
        hidden_size: int | None = None,
        output_size: int | None = None,
        *,
        quantity: int = 1,
        trainable: bool = True,
        state_size: int | None = None,
        **options: Unpack[Options],
    ) -> None:
        super().__init__()
        who = type(self).__name__
        _checks.count(quantity, "quantity", who)
        if options.get("stored_size", input_size) not in (None, input_size):
            raise ValueError(
                f"{who} stores its input: stored_size is input_size = {input_size}, got "
                f"{options['stored_size']}. For queries of another size write state_size."
            )
        options["stored_size"] = input_size
        if state_size is None:
            # a static query lies in the association space
            static = options.get("static_state", False)
            state_size = (hidden_size if static else None) or input_size
        if output_size is None and options.get("output_projection", True):
            output_size = input_size
        core = HopfieldAttention(state_size, hidden_size, output_size, **options)
        _checks.shared_values(core.value_size, core.stored_size, who)
        self.attention = core
        self.quantity, self.output_size = quantity, quantity * core.output_size
        self.queries = nn.Parameter(torch.empty(1, quantity, state_size), trainable)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw queries and projections from a normal distribution of deviation 0.02."""
        self.attention.reset_parameters()
        nn.init.normal_(self.queries, 0.0, DEVIATION)

    def forward(
        self, x: Tensor, *, padding_mask: Mask = None, association_mask: Mask = None
    ) -> Tensor:
        """Pool ``x`` [B, N, input_size]: [B, output_size]; masks as in HopfieldAttention."""
        queries = for_batch(self.queries, x)
        y: Tensor = self.attention(
            queries, x, padding_mask=padding_mask, association_mask=association_mask
        )
        return y.flatten(1)

    def association(
        self, x: Tensor, *, padding_mask: Mask = None, association_mask: Mask = None
    ) -> Tensor:
        """Softmax [B, num_heads, quantity, N]: how much each query takes from each pattern."""
        queries = for_batch(self.queries, x)
        return self.attention.association(
            queries, x, padding_mask=padding_mask, association_mask=association_mask
        )

    @classmethod
    def _read(cls, state_dict: Mapping[str, Tensor], given: dict[str, Any]) -> dict[str, Any]:
        read = _checkpoint.with_quantity(state_dict, "pooling_weights", "state_size", given)
        # the original's input is the state of its association
        read["input_size"] = read["state_size"]
        read = _checkpoint.arguments(state_dict, read, prefix=PREFIX)
        stored_size = read.pop("stored_size")
        return {**read, "input_size": given.get("input_size", stored_size)}
