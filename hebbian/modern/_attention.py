"""Association of state patterns with stored patterns: the Hopfield layer with everything open."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Self, TypedDict

from torch import Tensor, nn

from axonal.hebbian.modern import _checkpoint, _checks, _head_sizes, _masks, _update
from axonal.hebbian.modern._masks import Mask

DEVIATION = 0.02


class Options(TypedDict, total=False):
    """Keywords of :class:`HopfieldAttention` that the layers made of it pass on."""

    num_heads: int
    beta: float | Sequence[float] | None
    steps: int | None
    eps: float
    stored_size: int | None
    value_size: int | None
    pattern_size: int | None
    dropout: float
    bias: bool
    normalize_state: bool
    normalize_stored: bool
    normalize_values: bool
    normalize_association: bool
    static_state: bool
    static_stored: bool
    static_values: bool
    values_from_stored: bool
    output_projection: bool
    official: bool
    backend: str


class HopfieldAttention(nn.Module):
    """Hopfield association: states look up stored patterns and return their values.

    With R the states, Y the stored patterns, Z the values and LN a layer norm, in every head

        Q = LN(R) W_q + b_q,  K = LN(Y) W_k + b_k,  V = LN(Z) W_v + b_v
        P = softmax(beta Q K^T)                       the first step
        Q <- P K,  P <- softmax(beta Q K^T)           each further step
        output = dropout(P) V, heads side by side, times W_o + b_o

    Batch first, [B, S, D], and no time axis: S counts patterns. A head stops before its last step
    once the Frobenius norm of its change of P [S, N], at its largest in the batch, is at most
    ``eps``; what a head that goes on returns can therefore depend on the rest of the batch, by
    about ``eps``. One step runs through torch's fused attention.

    For plain retrieval use :func:`retrieve`: here layer norms are on and projections are random
    unless they are switched off.

    Source: Ramsauer et al., ICLR 2021 (arXiv 2008.02217).

    Args:
        input_size: size of a state pattern R.
        hidden_size: size of Q and K in each head; by default ``input_size / num_heads``, or the
            size of what is static.
        output_size: size of an output; by default ``input_size``. Only with ``output_projection``.
        num_heads: number of heads.
        beta: inverse temperature >= 0, or one per head; by default 1 / sqrt(hidden_size), and 1 if
            state, stored and values are all static.
        steps: number of softmaxes, >= 1: the original's update_steps_max plus one. None goes on
            until every head stops.
        eps: least change that keeps a head going, >= 0.
        stored_size: size of a stored pattern Y; by default ``input_size``.
        value_size: size of a value Z; by default ``stored_size``.
        pattern_size: size of V in each head; by default ``hidden_size``, or of what is static.
        dropout: share of P that is dropped in training.
        bias: whether projections have one.
        normalize_state: layer norm of R.
        normalize_stored: layer norm of Y.
        normalize_values: layer norm of Z.
        normalize_association: one layer norm, over each head, for Q and K alike.
        static_state: no projection of R: every head sees it whole.
        static_stored: the same of Y.
        static_values: the same of Z.
        values_from_stored: V = K W_v + b_v with K before its layer norm, or V = K if values are
            static; Z is not used.
        output_projection: whether there is W_o; without, outputs have size num_heads pattern_size.
        official: betas of several heads spread over features as in the original, feature i of all
            heads together times beta[i mod num_heads], instead of one beta per head.
        backend: "auto", or "reference" for plain torch.

    Attributes:
        output_size: size of an output.

    Raises:
        ValueError: sizes that do not fit, and inputs or masks of the wrong shape.
        TypeError: inputs that are no floating-point tensors.

    >>> import torch
    >>> from axonal.hebbian.modern import HopfieldAttention
    >>> layer = HopfieldAttention(8, num_heads=2, steps=3, stored_size=5)
    >>> layer(torch.randn(4, 3, 8), torch.randn(4, 6, 5)).shape
    torch.Size([4, 3, 8])
    """

    beta: float | Tensor

    def __init__(
        self,
        input_size: int,
        hidden_size: int | None = None,
        output_size: int | None = None,
        *,
        num_heads: int = 1,
        beta: float | Sequence[float] | None = None,
        steps: int | None = 1,
        eps: float = 1e-4,
        stored_size: int | None = None,
        value_size: int | None = None,
        pattern_size: int | None = None,
        dropout: float = 0.0,
        bias: bool = True,
        normalize_state: bool = True,
        normalize_stored: bool = True,
        normalize_values: bool = True,
        normalize_association: bool = False,
        static_state: bool = False,
        static_stored: bool = False,
        static_values: bool = False,
        values_from_stored: bool = False,
        output_projection: bool = True,
        official: bool = False,
        backend: str = "auto",
    ) -> None:
        super().__init__()
        who = type(self).__name__
        stored_size = input_size if stored_size is None else stored_size
        value_size = stored_size if value_size is None else value_size
        static = {"input_size": (static_state, input_size)}
        static["stored_size"] = (static_stored, stored_size)
        for name, given in (("input_size", input_size), ("num_heads", num_heads)):
            _checks.count(given, name, who)
        hidden_size = _head_sizes.hidden(hidden_size, input_size, num_heads, static, who)
        if values_from_stored and static_stored:
            raise ValueError(f"{who}: values_from_stored needs projected stored patterns.")
        # a projection of values starts from K, heads side by side, or from Z
        source = num_heads * hidden_size if values_from_stored else value_size
        whole = (hidden_size if values_from_stored else value_size) if static_values else None
        pattern_size = _head_sizes.pattern(pattern_size, hidden_size, whole, who)
        if output_size is not None and not output_projection:
            raise ValueError(
                f"{who}: output_size = {output_size} needs output_projection=True; without one, "
                f"outputs have size num_heads pattern_size = {num_heads * pattern_size}."
            )
        self.input_size, self.stored_size, self.value_size = input_size, stored_size, value_size
        self.num_heads, self.hidden_size, self.pattern_size = num_heads, hidden_size, pattern_size
        self.values_from_stored, self.official = values_from_stored, official
        self.steps, self.eps = _checks.steps(steps, who), _checks.tolerance(eps, who)
        self.backend = _update.known_backend(backend, who)
        self.dropout = nn.Dropout(dropout)

        def norm(size: int, wanted: bool) -> nn.LayerNorm | None:
            return nn.LayerNorm(size) if wanted else None

        def linear(size: int, out: int, wanted: bool) -> nn.Linear | None:
            return nn.Linear(size, out, bias=bias) if wanted else None

        hidden, pattern = num_heads * hidden_size, num_heads * pattern_size
        self.state_norm = norm(input_size, normalize_state)
        self.stored_norm = norm(stored_size, normalize_stored)
        self.value_norm = norm(value_size, normalize_values and not values_from_stored)
        self.association_norm = norm(hidden_size, normalize_association)
        self.state_projection = linear(input_size, hidden, not static_state)
        self.stored_projection = linear(stored_size, hidden, not static_stored)
        self.value_projection = linear(source, pattern, not static_values)
        self.output_size = (output_size or input_size) if output_projection else pattern
        self.output = linear(pattern, self.output_size, output_projection)
        if beta is None:
            all_static = static_state and static_stored and static_values
            beta = 1.0 if all_static else 1 / math.sqrt(hidden_size)
        if isinstance(beta, float | int):
            self.beta = _checks.inverse_temperature(beta, who)
        else:
            self.register_buffer("beta", _checks.beta_per_head(beta, num_heads, who))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all projections from a normal distribution of deviation 0.02, biases are 0."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0.0, DEVIATION)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.LayerNorm):
                module.reset_parameters()

    def forward(
        self,
        state: Tensor,
        stored: Tensor | None = None,
        values: Tensor | None = None,
        *,
        padding_mask: Mask = None,
        association_mask: Mask = None,
    ) -> Tensor:
        """Associate and return the values found.

        Args:
            state: R [B, S, input_size].
            stored: Y [B, N, stored_size]; by default ``state``, self-association.
            values: Z [B, N, value_size]; by default ``stored``.
            padding_mask: bool [B, N], True for stored patterns to ignore.
            association_mask: bool (True to ignore) or an additive bias, finite or -inf, [S, N],
                [B, S, N] or [B, num_heads, S, N].

        Returns:
            [B, S, output_size].

        Raises:
            ValueError: masks that leave some state nothing to find; eagerly, when compiled, and on
                a GPU, which is waited for where there are masks.
        """
        stored = state if stored is None else stored
        q, k, flat = self._project(state, stored)
        v = self._values(stored, values, flat)
        bias = self._bias(q, k, padding_mask, association_mask)
        if self.steps == 1 and self.backend == "auto":
            rate = self.dropout.p if self.training else 0.0
            found = _update.attend(q, k, v, self._scale(), bias, rate)
        else:
            found = self.dropout(self._associate(q, k, bias)) @ v
        y = found.transpose(1, 2).flatten(2)
        return y if self.output is None else self.output(y)

    def association(
        self,
        state: Tensor,
        stored: Tensor | None = None,
        *,
        padding_mask: Mask = None,
        association_mask: Mask = None,
    ) -> Tensor:
        """Softmax P [B, num_heads, S, N] of the last step, before dropout; called as the layer."""
        q, k, _ = self._project(state, state if stored is None else stored)
        return self._associate(q, k, self._bias(q, k, padding_mask, association_mask))

    @classmethod
    def from_official(cls, state_dict: Mapping[str, Tensor], **arguments: Any) -> Self:
        """Build the layer that a checkpoint of the original ``Hopfield`` holds.

        Sizes, layer norms and static patterns are read off the tensors. ``num_heads`` cannot be,
        and is asked for. To be given where they are not the original's defaults: ``beta``,
        ``steps`` (update_steps_max + 1; None for a negative one), ``dropout``,
        ``values_from_stored``, and a norm without weights (``normalize_state=True``).

        Args:
            state_dict: names and tensors as the original saves them.
            arguments: keywords of the class; ``num_heads`` is required, ``official`` is True
                unless it is given.

        Raises:
            ValueError: no ``num_heads``; names, shapes or arguments that do not fit the tensors;
                sizes that cannot be read off.

        >>> import torch
        >>> from axonal.hebbian.modern import HopfieldAttention
        >>> weights = {"association_core.in_proj_weight": torch.randn(12, 4)}
        >>> weights["association_core.out_proj.weight"] = torch.randn(4, 4)
        >>> HopfieldAttention.from_official(weights, num_heads=2).hidden_size
        2
        """
        layer = cls(**_checkpoint.arguments(state_dict, arguments))
        layer.load_official(state_dict, official=layer.official)
        return layer

    def load_official(self, state_dict: Mapping[str, Tensor], *, official: bool = True) -> None:
        """Take over the tensors of a checkpoint of the original.

        Args:
            state_dict: names and tensors as the original saves them.
            official: False keeps betas that belong to a head each, with which the layer returns
                something else than the original did.

        Raises:
            ValueError: names or shapes that do not fit; betas that differ between heads in a layer
                made with ``official=False``.
        """
        _checkpoint.load(self, self, state_dict, {}, official=official)

    def extra_repr(self) -> str:
        """Settings that the parts do not show."""
        beta = self.beta if isinstance(self.beta, float) else self.beta.tolist()
        return f"num_heads={self.num_heads}, beta={beta}, steps={self.steps}"

    def _project(self, state: Tensor, stored: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Q [B, H, S, hidden], K [B, H, N, hidden], and K before its norm, [B, N, H hidden]."""
        who = type(self).__name__
        _checks.batch(state, "state", "S", self.input_size, next(self.parameters(), None), who)
        _checks.batch(stored, "stored", "N", self.stored_size, state, who)
        _checks.not_empty(stored, "stored", who)
        q, _ = self._heads(state, self.state_norm, self.state_projection)
        k, flat = self._heads(stored, self.stored_norm, self.stored_projection)
        if self.association_norm is not None:
            q, k = self.association_norm(q), self.association_norm(k)
        return q, k, flat

    def _values(self, stored: Tensor, values: Tensor | None, flat: Tensor) -> Tensor:
        """V [B, H, N, pattern]."""
        who = type(self).__name__
        if self.values_from_stored:
            if values is not None:
                raise ValueError(
                    f"{who} takes its values from the stored patterns (values_from_stored=True): "
                    "leave values out."
                )
            flat = flat if self.value_projection is None else self.value_projection(flat)
            return self._split(flat)
        values = stored if values is None else values
        _checks.batch(values, "values", "N", self.value_size, stored, who)
        if values.shape[1] != stored.shape[1]:
            raise ValueError(
                f"{who} expects one value a stored pattern, got N = {values.shape[1]} values and "
                f"N = {stored.shape[1]} stored patterns."
            )
        return self._heads(values, self.value_norm, self.value_projection)[0]

    def _heads(
        self, x: Tensor, norm: nn.Module | None, projection: nn.Module | None
    ) -> tuple[Tensor, Tensor]:
        """Return [B, H, S, size], and the same with heads side by side."""
        x = x if norm is None else norm(x)
        if projection is None:
            return x.unsqueeze(1).expand(-1, self.num_heads, -1, -1), x
        flat: Tensor = projection(x)
        return self._split(flat), flat

    def _split(self, flat: Tensor) -> Tensor:
        """[B, S, H size] to [B, H, S, size]."""
        heads: Tensor = flat.unflatten(-1, (self.num_heads, -1))
        return heads.transpose(1, 2)

    def _scale(self) -> float | Tensor:
        if isinstance(self.beta, float):
            return self.beta
        if not self.official:
            return self.beta.view(-1, 1, 1)
        tiled = self.beta.repeat(self.hidden_size)
        return tiled.view(self.num_heads, 1, self.hidden_size)

    def _bias(
        self, q: Tensor, k: Tensor, padding: Tensor | None, association: Tensor | None
    ) -> Tensor | None:
        who = type(self).__name__
        ignored = _masks.padding(padding, k[:, 0], who)
        return _masks.together(
            who,
            None if ignored is None else ignored.unsqueeze(1),
            _masks.association(association, q, k, who),
        )

    def _associate(self, q: Tensor, k: Tensor, bias: Tensor | None) -> Tensor:
        return _update.associate(
            q,
            k,
            self._scale(),
            bias,
            steps=self.steps,
            eps=self.eps,
            change=_update.head_change,
        )
