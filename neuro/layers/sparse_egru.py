"""Pruned event-based gated units for inference."""

from typing import ClassVar

import torch
from torch import Tensor

from axonal.neuro import _checks
from axonal.neuro.layers._layer import Layer
from axonal.neuro.layers._neuron import known_backend
from axonal.neuro.layers.egru import EGRU, EGRUState
from axonal.neuro.ops.sparse_egru import Compressed, sparse_egru


class SparseEGRU(Layer[EGRUState]):
    """:class:`EGRU` for inference that keeps only weights that are not zero.

    Its outputs are those of the layer it is made of, in evaluation mode, to rounding. A step costs
    a product per weight that is there, of inputs that are not zero and units that were heard.
    Nothing of it learns and no gradient goes through it: in training mode it refuses inputs that
    need one. Weights become zero by pruning, with torch's own
    ``torch.nn.utils.prune.l1_unstructured(layer, "weight", 0.9)``, say.

    Source: pruned units on SpiNNaker 2, Nazeer et al., 2023 (arXiv 2312.09084).

    Args:
        layer: the units; it is not changed.
        backend: of :func:`axonal.neuro.ops.sparse_egru.sparse_egru`.

    Attributes:
        synapses: number of weights that are not zero.
        density: their share of all weights.

    Returns:
        Called with x [T, B, in_features] and a state: y [T, B, N] and an :class:`EGRUState`.

    Raises:
        TypeError: what is given is no :class:`EGRU`.
        ValueError: for inputs or states of the wrong shape, and for inputs that need a gradient
            in training mode.

    >>> from torch.nn.utils import prune
    >>> layer = EGRU(3, 50).eval()
    >>> for name in ("weight_in", "weight"):
    ...     _ = prune.l1_unstructured(layer, name, 0.9)
    >>> sparse = SparseEGRU(layer)
    >>> sparse.synapses, round(sparse.density, 3)
    (795, 0.1)
    >>> x = torch.rand(7, 2, 3)
    >>> torch.allclose(sparse(x)[0], layer(x)[0], atol=1e-6)
    True
    """

    spiking: ClassVar[bool] = True

    def __init__(self, layer: EGRU, *, backend: str = "auto") -> None:
        super().__init__()
        if not isinstance(layer, EGRU):
            raise TypeError(f"SparseEGRU expects an EGRU, got {type(layer).__name__}.")
        self.in_features, self.size, self.official = layer.in_features, layer.size, layer.official
        self.backend = known_backend(self, backend, ("auto", "reference", "cpu"))
        self.share = 1.0 - layer.zoneout
        for name, matrix in (("incoming", layer.weight_in), ("recurrent", layer.weight)):
            for part, values in Compressed.of(matrix)._asdict().items():
                self.register_buffer(f"{name}_{part}", values)
        for name in ("bias_in", "bias", "threshold"):
            self.register_buffer(name, getattr(layer, name).detach().clone())

    @property
    def synapses(self) -> int:
        """Number of weights that are not zero."""
        return sum(len(self._weights(name).weight) for name in ("incoming", "recurrent"))

    @property
    def density(self) -> float:
        """Share of weights that are not zero."""
        return self.synapses / (3 * self.size * (self.in_features + self.size))

    def _weights(self, name: str) -> Compressed:
        return Compressed(*(self.get_buffer(f"{name}_{part}") for part in Compressed._fields))

    def init(self, x: Tensor) -> EGRUState:
        """Return the state at rest for inputs like ``x`` [B, in_features]."""
        rest = x.new_zeros(x.shape[0], self.size)
        return EGRUState(rest, rest)

    def forward(self, x: Tensor, state: EGRUState | None = None) -> tuple[Tensor, EGRUState]:
        """Run the units over ``x`` [T, B, in_features]."""
        bias, threshold = self.get_buffer("bias"), self.get_buffer("threshold")
        if not _checks.fits(x, (self.in_features,), bias.dtype):
            x = _checks.own_type(x, bias.dtype)
            _checks.sequence(self, x, (self.in_features,), bias.dtype)
        if self.training and x.requires_grad and torch.is_grad_enabled():
            raise _checks.InputError(
                "SparseEGRU is for inference, and no gradient goes through it: write net.eval(), "
                "or train the EGRU that it is made of.",
                self,
            )
        with _checks.in_own_type(x):
            rest = self.init(x[0])
            y, c = rest if state is None else _checks.start(self, state, rest, x)
            outputs, states = sparse_egru(
                x, y, rest.c if self.official else c, self._weights("incoming"),
                self.get_buffer("bias_in"), self._weights("recurrent"), bias, threshold,
                share=self.share, backend=self.backend,
            )  # fmt: skip
        _checks.finite(self, states[-1], "the state")
        # copies, so that the state neither keeps nor shares the memory of all steps
        return outputs, EGRUState(outputs[-1].clone(), states[-1].clone())

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        return f"{self.in_features}, {self.size}, synapses={self.synapses}"
