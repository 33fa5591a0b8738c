"""Event-based gated recurrent units, a GRU whose units are silent below a threshold."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers._layer import Layer
from axonal.neuro.layers._neuron import known_backend
from axonal.neuro.layers._shown import changed
from axonal.neuro.ops.egru import egru
from axonal.neuro.ops.egru._events import Events

GATES = ("z", "r", "g")
"""Order of the rows of every weight."""
_BETA = 3.0


class EGRUState(NamedTuple):
    """State of :class:`EGRU`.

    Attributes:
        y: the last output [B, N].
        c: the state after its reset [B, N].
    """

    y: Tensor
    c: Tensor


class EGRU(Layer[EGRUState]):
    """Event-based gated recurrent units: graded events, thresholds that are learned.

        z = sigmoid(W_z x + b_z + R_z y_{t-1} + d_z)
        r = sigmoid(W_r x + b_r + R_r y_{t-1} + d_r)
        g = tanh(W_g x + b_g + r (R_g y_{t-1} + d_g))
        h = z c_{t-1} + (1 - z) g
        o = [h > theta],  y_t = o h,  c_t = h - o theta

    The gradient takes damping · max(0, 1 - support · abs(h - theta)) for do/dh. With zoneout p, h
    keeps c_{t-1} with the chance p in training, and is p c_{t-1} + (1 - p) h in evaluation. A
    readout of the trace .9 tr + .1 y is ``LeakyIntegrator(N, 10.0, decay="euler",
    decay_input=True)`` behind it.

    Thresholds begin with the distribution Beta(3 m / (1 - m), 3) of mean m, weights with Xavier's
    normal one over all gates together, biases at zero. A threshold is read as if cut to [0, 1].

    Source: Subramoney et al., ICLR 2023 (arXiv 2206.06178) and its published code, which subtracts
    theta where the paper has the reset to zero.

    Args:
        in_features: inputs.
        size: N units.
        threshold_mean: m, in (0, 1).
        damping: height of the pseudo-derivative, > 0.
        support: the inverse of its half-width, > 0.
        zoneout: chance to keep the state, in [0, 1).
        dropconnect: share of recurrent weights set to zero while training, one mask per call, in
            [0, 1).
        official: whether a call forgets the c of its state and begins with zeros, as the published
            code does between chunks of a sequence. What is computed then depends on the chunks.
        backend: of :func:`axonal.neuro.ops.egru.egru`.

    Attributes:
        watcher: called with the outputs and the states after their reset of every call, each
            [T, B, N]; :func:`event_traces` sets it for a while.

    Returns:
        Called with x [T, B, in_features] and a state: y [T, B, N] and an :class:`EGRUState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> layer = EGRU(3, 5)
    >>> y, state = layer(torch.rand(7, 2, 3))
    >>> y.shape, state.c.shape
    (torch.Size([7, 2, 5]), torch.Size([2, 5]))
    """

    spiking: ClassVar[bool] = True

    def __init__(
        self,
        in_features: int,
        size: int,
        *,
        threshold_mean: float = 0.3,
        damping: float = 0.7,
        support: float = 1.0,
        zoneout: float = 0.0,
        dropconnect: float = 0.0,
        official: bool = False,
        backend: str = "auto",
    ) -> None:
        super().__init__()
        self.in_features, self.size = _checks.counts(self, in_features=in_features, size=size)
        _require(self, "threshold_mean", threshold_mean, 0 < threshold_mean < 1, "in (0, 1)")
        for name, value in (("damping", damping), ("support", support)):
            _require(self, name, value, value > 0, "> 0")
        for name, value in (("zoneout", zoneout), ("dropconnect", dropconnect)):
            _require(self, name, value, 0 <= value < 1, "in [0, 1)")
        self.threshold_mean, self.damping, self.support = threshold_mean, damping, support
        self.zoneout, self.dropconnect, self.official = zoneout, dropconnect, official
        self.backend = known_backend(self, backend, ("auto", "reference", "cpu"))
        self.watcher: Callable[[Tensor, Tensor], None] | None = None
        rows = len(GATES) * self.size
        self.weight_in = nn.Parameter(torch.empty(rows, self.in_features))
        self.bias_in = nn.Parameter(torch.empty(rows))
        self.weight = nn.Parameter(torch.empty(rows, self.size))
        self.bias = nn.Parameter(torch.empty(rows))
        self.threshold_level = nn.Parameter(torch.empty(self.size))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weights and thresholds anew."""
        nn.init.xavier_normal_(self.weight_in)
        nn.init.xavier_normal_(self.weight)
        nn.init.zeros_(self.bias_in)
        nn.init.zeros_(self.bias)
        if self.threshold_level.is_meta:
            return  # torch draws no Beta distribution without values
        alpha = torch.tensor(_BETA * self.threshold_mean / (1 - self.threshold_mean))
        drawn = torch.distributions.Beta(alpha, torch.tensor(_BETA)).sample((self.size,))
        with torch.no_grad():
            self.threshold_level.copy_(drawn)

    @property
    def threshold(self) -> Tensor:
        """The state above which a unit is heard, cut to [0, 1], its gradient not cut [N]."""
        level = self.threshold_level
        return level + (level.detach().clamp(0, 1) - level.detach())

    @property
    def pseudo_derivative(self) -> Events:
        """Threshold, damping and support, as the operator takes them."""
        return Events(self.threshold, self.damping, self.support)

    def init(self, x: Tensor) -> EGRUState:
        """Return the state at rest for inputs like ``x`` [B, in_features]."""
        rest = x.new_zeros(x.shape[0], self.size)
        return EGRUState(rest, rest)

    def forward(self, x: Tensor, state: EGRUState | None = None) -> tuple[Tensor, EGRUState]:
        """Run the units over ``x`` [T, B, in_features]."""
        dtype = self.weight.dtype
        if not _checks.fits(x, (self.in_features,), dtype):
            x = _checks.own_type(x, dtype)
            _checks.sequence(self, x, (self.in_features,), dtype)
        with _checks.in_own_type(x):
            rest = self.init(x[0])
            y, c = rest if state is None else _checks.start(self, state, rest, x)
            if self.official:
                c = rest.c
            weight = F.dropout(self.weight, self.dropconnect, self.training)
            outputs, states = egru(
                F.linear(x, self.weight_in, self.bias_in), y, c, weight, self.bias,
                self.threshold, damping=self.damping, support=self.support,
                taken=self._taken(x), backend=self.backend,
            )  # fmt: skip
        _checks.finite(self, states[-1], "the state")
        if self.watcher is not None:
            self.watcher(outputs, states)
        # copies, so that the state neither keeps nor shares the memory of all steps
        return outputs, EGRUState(outputs[-1].clone(), states[-1].clone())

    def _taken(self, x: Tensor) -> Tensor | None:
        """Return the share of a change that is taken, or ``None`` for all of it."""
        if not self.zoneout:
            return None
        share = 1 - self.zoneout
        if not self.training:
            return x.new_tensor(share)
        return torch.rand(*x.shape[:2], self.size, device=x.device, dtype=x.dtype).lt(share).to(x)

    @classmethod
    def from_official(cls, state_dict: Mapping[str, Tensor], **settings: Any) -> "EGRU":
        """Make a layer of a checkpoint of the published code.

        Args:
            state_dict: ``kernel`` (in, 3N), ``recurrent_kernel`` (N, 3N), ``bias`` (3N),
                ``recurrent_bias`` (3N) and ``thr`` (N), gates in the order z, r, g;
                ``dampening_factor`` and ``pseudo_derivative_support`` where they are there.
            **settings: of the layer, but for its sizes.

        Raises:
            ValueError: a name is missing or unknown, or a shape does not fit the others.

        >>> import torch
        >>> given = {"kernel": torch.zeros(2, 9), "recurrent_kernel": torch.zeros(3, 9),
        ...          "bias": torch.zeros(9), "recurrent_bias": torch.zeros(9), "thr": torch.ones(3)}
        >>> EGRU.from_official(given)
        EGRU(2, 3)
        """
        wanted = ("kernel", "recurrent_kernel", "bias", "recurrent_bias", "thr")
        numbers = {"dampening_factor": "damping", "pseudo_derivative_support": "support"}
        missing = [name for name in wanted if name not in state_dict]
        unknown = [name for name in state_dict if name not in (*wanted, *numbers)]
        if missing or unknown:
            told = [f"misses {', '.join(missing)}"] if missing else []
            told += [f"has {', '.join(map(str, unknown))}"] if unknown else []
            raise ValueError(
                f"EGRU.from_official expects one layer with {', '.join(wanted)}; this checkpoint "
                f"{' and '.join(told)}: name the entries of one layer alone, without their prefix."
            )
        kernel, recurrent, bias, recurrent_bias, thr = (state_dict[name] for name in wanted)
        size = len(thr)
        shapes = {
            "kernel": (kernel, (kernel.shape[0], 3 * size)),
            "recurrent_kernel": (recurrent, (size, 3 * size)),
            "bias": (bias, (3 * size,)),
            "recurrent_bias": (recurrent_bias, (3 * size,)),
        }
        for name, (given, shape) in shapes.items():
            if tuple(given.shape) != shape:
                raise ValueError(
                    f"EGRU.from_official expects {name} of shape {shape} beside thr of {size} "
                    f"units, got {tuple(given.shape)}."
                )
        read = {numbers[name]: float(state_dict[name]) for name in numbers if name in state_dict}
        layer = cls(len(kernel), size, **{**read, **settings})
        own = (layer.weight_in, layer.weight, layer.bias_in, layer.bias, layer.threshold_level)
        with torch.no_grad():
            for parameter, given in zip(
                own, (kernel.T, recurrent.T, bias, recurrent_bias, thr), strict=True
            ):
                parameter.copy_(given)
        return layer

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        names = (
            "threshold_mean", "damping", "support", "zoneout", "dropconnect", "official", "backend",
        )  # fmt: skip
        settings = changed(self, {name: getattr(self, name) for name in names})
        return ", ".join((f"{self.in_features}, {self.size}", *settings))


def _require(layer: EGRU, name: str, value: Any, holds: bool, expected: str) -> None:
    if not holds:
        raise ValueError(f"EGRU expects {name} {expected}, got {value!r}.")
