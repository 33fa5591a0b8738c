"""Convolutions over space with learned delays, in any number of axes."""

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from torch import Tensor

from axonal.neuro import _checks
from axonal.neuro.layers._delayed import Delayed
from axonal.neuro.layers._layer import Layer
from axonal.neuro.layers._neuron import known_backend
from axonal.neuro.ops import delayed_conv as ops

PER = ("synapse", "pair", "source", "target")


class DelayedConvState(NamedTuple):
    """State of delayed convolutions: the last inputs ``history`` [max_delay, B, C, ...]."""

    history: Tensor


class DelayedConv(Delayed, Layer[DelayedConvState]):
    """Convolution with learned delays; a subclass says over how many axes of space."""

    axes: ClassVar[int]
    shape: ClassVar[str]
    """Names of the axes of space, as messages print them."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        max_delay: int,
        *,
        stride: int | Sequence[int] = 1,
        padding: int | str | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        kernel: str = "gaussian",
        sigma: float | None = None,
        delay: Any = None,
        per: str = "synapse",
        weights: str = "float",
        bias: bool = False,
        mask: Any = None,
        backend: str = "auto",
    ) -> None:
        super().__init__()
        who = _checks.name_of(self)
        max_delay = _checks.count(self, "max_delay", max_delay, 0)
        if per not in PER:
            known = '", "'.join(PER)
            raise ValueError(f'{who} expects per one of "{known}", got {per!r}.')
        self.in_channels, self.out_channels, self.groups = _checks.counts(
            self, in_channels=in_channels, out_channels=out_channels, groups=groups
        )
        if self.in_channels % self.groups or self.out_channels % self.groups:
            raise ValueError(
                f"{who} expects groups that divide in_channels = {self.in_channels} and "
                f"out_channels = {self.out_channels}, got {self.groups}."
            )
        self.kernel_size = self._by_axis("kernel_size", kernel_size, 1)
        self.stride = self._by_axis("stride", stride, 1)
        self.dilation = self._by_axis("dilation", dilation, 1)
        self.padding = padding if isinstance(padding, str) else self._by_axis("padding", padding, 0)
        self.geometry = ops.Geometry(self.stride, self.dilation, self._margins(), self.groups)
        self.per, self.backend = per, known_backend(self, backend)

        outputs, inputs = self.out_channels, self.in_channels // self.groups
        one = (1,) * self.axes
        delays = {
            "synapse": (outputs, inputs, *self.kernel_size),
            "pair": (outputs, inputs, *one),
            "source": (1, self.in_channels, *one),
            "target": (outputs, 1, *one),
        }
        self._hold_synapses(
            delays["synapse"], delays[per], max_delay=max_delay, kernel=kernel, sigma=sigma,
            delay=delay, weights=weights, bias=bias, mask=mask,
        )  # fmt: skip

    def _by_axis(self, name: str, given: Any, least: int) -> tuple[int, ...]:
        """Return a size along each axis of space, given as one for all or one by one."""
        alone = _checks.whole(given) is not None or not isinstance(given, Sequence)
        values = [given] * self.axes if alone else list(given)
        if len(values) != self.axes:
            raise ValueError(
                f"{_checks.name_of(self)} expects {name} as a number or {self.axes} of them, got "
                f"{given!r}."
            )
        return tuple(_checks.count(self, name, value, least) for value in values)

    def _margins(self) -> tuple[int, ...]:
        """Return the padding before and after each axis, the last axis first."""
        if self.padding == "valid":
            return (0,) * (2 * self.axes)
        if self.padding == "same" and set(self.stride) == {1}:
            margins = []
            for size, dilation in zip(self.kernel_size, self.dilation, strict=True):
                reach = dilation * (size - 1)
                margins.append((reach // 2, reach - reach // 2))
            return tuple(n for pair in reversed(margins) for n in pair)
        if isinstance(self.padding, str):
            raise ValueError(
                f'{_checks.name_of(self)} expects padding "same" with a stride of 1, "valid" or '
                f"numbers, got {self.padding!r} with a stride of {self.stride}."
            )
        return tuple(n for size in reversed(self.padding) for n in (size, size))

    def _of_synapses(self, delays: Tensor) -> Tensor:
        per = self.per if self.per == "source" else "synapse"
        values = delays.flatten() if per == "source" else delays.expand_as(self.weight)
        return ops.of_synapses(values, self.weight, per, self.groups).contiguous()

    def init(self, x: Tensor) -> DelayedConvState:
        """Return the state at rest for inputs like ``x`` [B, C, ...]."""
        return DelayedConvState(x.new_zeros(self.max_delay, *x.shape))

    def _check(self, x: Any) -> Tensor:
        """Return ``x`` in the type of the layer, or refuse it."""
        who = _checks.name_of(self)
        fits = isinstance(x, Tensor) and x.ndim == self.axes + 3 and x.shape[0] > 0
        if not fits or x.shape[2] != self.in_channels:
            raise _checks.InputError(
                f"{who} expects x [T, B, C, {self.shape}] with C = {self.in_channels} and T >= 1, "
                f"got {_checks.shape_or_type(x)}.",
                self,
            )
        steps: Tensor = _checks.own_type(x, self.weight.dtype)
        _checks.floating(self, steps, self.weight.dtype)
        size = tuple(x.shape[3:])
        if 0 in self.geometry.places(size, self.kernel_size):
            raise _checks.InputError(
                f"{who} expects {self.shape} of at least the kernel {self.kernel_size}, got {size} "
                f"with padding {self.padding!r}: pad more, or take a smaller kernel.",
                self,
            )
        return steps

    def forward(
        self, x: Tensor, state: DelayedConvState | None = None
    ) -> tuple[Tensor, DelayedConvState]:
        """Convolve ``x`` [T, B, C, ...]."""
        x = self._check(x)
        rest = self.init(x[0])
        state = rest if state is None else _checks.start(self, state, rest, x)
        frozen = self._is_frozen()
        delay, per = self._delays_in_force(frozen), self.per
        if per in ("source", "target"):
            delay = delay.flatten()
        else:
            delay, per = self._of_synapses(delay), "synapse"
        with _checks.in_own_type(x):
            y, history = ops.delayed_conv(
                x, state.history, self._weight_in_force(), delay, self.sigma,
                kernel=self._kernel_in_force(frozen), max_delay=self.max_delay,
                geometry=self.geometry, per=per, backend=self.backend,
            )  # fmt: skip
        if self.bias is not None:
            y = y + self.bias.view(-1, *[1] * self.axes)
        if frozen and self.position.requires_grad:
            y = self._heard_by_all(y)
        return y, DelayedConvState(history)

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        given = {"stride": self.stride, "padding": self.padding, "dilation": self.dilation}
        usual = {"stride": 1, "padding": 0, "dilation": 1}
        shown = {
            name: usual[name] if value == (usual[name],) * self.axes else value
            for name, value in given.items()
        }
        return self._shown(
            f"{self.in_channels}, {self.out_channels}, {self.kernel_size}",
            **shown, groups=self.groups, per=self.per, backend=self.backend,
        )  # fmt: skip
