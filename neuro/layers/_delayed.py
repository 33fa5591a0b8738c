"""Synapses with learned delays, whatever they connect."""

import contextlib
import math
from collections.abc import Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers._bounded import bounded
from axonal.neuro.layers._masked import Masked
from axonal.neuro.layers._shown import changed
from axonal.neuro.layers._ternary import straight_through
from axonal.neuro.ops.delayed_linear import KERNELS


class _ZeroGradient(torch.autograd.Function):
    """Hand ``y`` on, and a parameter that takes no part in it a gradient of zero."""

    generate_vmap_rule = True

    @staticmethod
    def forward(y: Tensor, parameter: Tensor) -> Tensor:
        return y.view_as(y)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(inputs[1])

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        return grad, torch.zeros_like(ctx.saved_tensors[0])


class Delayed(Masked):
    """Synapses with delays that are real while they are trained and whole steps when they run.

    Attributes:
        position: the parameter behind the delays; it may leave [0, max_delay], delays never do.
        frozen_delay: frozen delays in the shape of ``position``, times ``frozen_share``, a buffer.
        frozen_share: 0 before freezing and 1 after it, a buffer.
        round_in_evaluation: set to ``False`` to evaluate with the training kernel.
    """

    position: nn.Parameter
    bias: nn.Parameter | None
    sigma: Tensor
    frozen_delay: Tensor
    frozen_share: Tensor

    def _hold_synapses(
        self,
        shape: Sequence[int],
        delays: Sequence[int],
        *,
        max_delay: int,
        kernel: str,
        sigma: float | None,
        delay: Any,
        weights: str,
        bias: bool,
        mask: Any,
    ) -> None:
        """Make weights of ``shape``, outputs first, and as many delays as ``delays`` says."""
        who = _checks.name_of(self)
        if kernel not in KERNELS:
            raise ValueError(f"{who} knows the kernels {', '.join(KERNELS)}; got {kernel!r}.")
        if weights not in ("float", "ternary"):
            raise ValueError(f'{who} expects weights "float" or "ternary", got {weights!r}.')
        self.max_delay, self.kernel, self.weights = max_delay, kernel, weights
        self.round_in_evaluation = True
        self._fixed = kernel == "one-tap" or max_delay == 0  # nothing to learn in either
        self._frozen, self._seen = False, (0, -1)

        self.weight = nn.Parameter(torch.empty(*shape))
        nn.init.kaiming_uniform_(self.weight, nonlinearity="relu")
        self.position = nn.Parameter(torch.empty(*delays), requires_grad=not self._fixed)
        self.bias = nn.Parameter(torch.zeros(shape[0])) if bias else None
        self._hold_mask(mask)
        self.register_buffer("sigma", torch.zeros(()))
        self.register_buffer("frozen_delay", torch.zeros(*delays))
        self.register_buffer("frozen_share", torch.zeros(()))
        if not self._fixed:
            self.set_sigma(max_delay / 2 + self.sigma_offset if sigma is None else sigma)
        nn.init.uniform_(self.position, 0, max_delay)
        if delay is not None:
            self.set_delays(delay)
        if self._fixed:
            self.freeze_delays()

    # torch.compile follows no property of a parent class: a forward calls what begins with _

    @property
    def masked_weight(self) -> Tensor:
        """The weights in force, in the shape of ``weight``."""
        return self._weight_in_force()

    def _weight_in_force(self) -> Tensor:
        weight = self.weight if self.mask is None else self.weight * self.mask
        return weight if self.weights == "float" else straight_through(weight, self.mask)

    @property
    def delay(self) -> Tensor:
        """The delays in force while training, in steps, always within [0, max_delay].

        They have the shape of ``weight``.
        """
        return self._of_synapses(self._delays_in_force(self._is_frozen()))

    def _of_synapses(self, delays: Tensor) -> Tensor:
        """Return delays in the shape of ``position`` as those of all synapses."""
        return delays.expand_as(self.weight).contiguous()

    def _delays_in_force(self, frozen: bool) -> Tensor:
        return self._whole_delays() if frozen else bounded(self.position, float(self.max_delay))

    def _whole_delays(self) -> Tensor:
        return (self.frozen_delay / self.frozen_share).round()

    def _kernel_in_force(self, frozen: bool) -> str:
        rounded = frozen or (not self.training and self.round_in_evaluation)
        return "one-tap" if rounded else self.kernel

    def _heard_by_all(self, y: Tensor) -> Tensor:
        """Give delays that no longer learn the gradient of zero that a reducer waits for."""
        y = _ZeroGradient.apply(y, self.position)  # type: ignore[no-untyped-call]
        return y

    @property
    def sigma_offset(self) -> float:
        """The difference between ``sigma`` and the width parameter SIG of the published library."""
        return 1.0 if self.kernel == "triangle" else 0.27

    @property
    def frozen(self) -> bool:
        """Whether the delays are whole steps that are no longer trained."""
        return self._is_frozen()

    def _is_frozen(self) -> bool:
        share = self.frozen_share
        if torch.compiler.is_compiling() or torch.compiler.is_exporting():
            return self._frozen
        # read again only if something wrote to it: reading a value stalls a GPU
        seen = (id(share), -1 if share.is_cpu or share.is_inference() else share._version)
        if seen != self._seen or seen[1] < 0:
            # on the meta device or inside vmap there is no value
            with contextlib.suppress(RuntimeError):
                self._frozen = share.item() > 0
            self._seen = seen
        return self._frozen

    def set_delays(self, delay: Any) -> None:
        """Set the delays, in steps, of the shape of ``position``; all from 0 to ``max_delay``."""
        who = _checks.name_of(self)
        values = torch.as_tensor(delay, dtype=self.position.dtype, device=self.position.device)
        if values.shape != self.position.shape:
            raise ValueError(
                f"{who} expects delays of shape {tuple(self.position.shape)} (outputs "
                f"first), got {tuple(values.shape)}."
            )
        outside = ~((values >= 0) & (values <= self.max_delay))
        if _checks.found(outside):
            worst = values[outside][0].item()
            remedy = (
                f"make the layer with max_delay={math.ceil(worst)}, or clip them."
                if 0 < worst < math.inf
                else "a synapse cannot see the future."
            )
            raise ValueError(
                f"{who} holds delays from 0 to max_delay = {self.max_delay} steps, got {worst:g}: "
                f"{remedy}"
            )
        with torch.no_grad():
            self.position.copy_(values)
            if self.frozen:
                self._freeze(values)

    def set_sigma(self, sigma: float) -> None:
        """Set the width of the kernel, in steps: > 0 of the Gaussian, >= 1 of the triangle."""
        who = _checks.name_of(self)
        if not 0 < sigma < math.inf:
            raise ValueError(f"{who} expects sigma > 0 steps, got {sigma!r}.")
        if self.kernel == "triangle" and sigma < 1:
            raise ValueError(
                f"{who} expects sigma >= 1 step of a triangle, got {sigma!r}: a narrower "
                "one misses every whole step at some delays."
            )
        if self.frozen:
            raise ValueError("these delays are frozen: a width no longer means anything.")
        self.sigma.fill_(sigma)

    def freeze_delays(self) -> None:
        """Round the delays for good: from here training, too, runs what is deployed."""
        if self.frozen:
            return
        delays = bounded(self.position.detach(), float(self.max_delay))
        if not delays.is_meta and delays.isnan().any():
            raise ValueError(
                f"{_checks.name_of(self)} cannot freeze delays that are NaN: look for a loss that "
                "diverged."
            )
        self._freeze(delays)

    @torch.no_grad()
    def _freeze(self, delays: Tensor) -> None:
        self.frozen_delay.copy_(delays.round())
        self.frozen_share.fill_(1)
        self._frozen = True
        # a new tensor, since a backward pass may still want the old one
        self.sigma = torch.zeros_like(self.sigma)
        self._learn_unless_frozen()

    def _apply(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        # before anything is converted, so that a layer that refuses stays as it was
        delays, share = fn(self.frozen_delay.detach()), fn(self.frozen_share.detach())
        converted = delays.dtype != self.frozen_delay.dtype and not delays.is_meta
        if converted and self.frozen:
            before, after = self._whole_delays(), (delays / share).round()
            moved = before.cpu().double() != after.cpu().double()
            if moved.any():
                was = before.expand_as(moved)[moved.to(before.device)][0].item()
                raise ValueError(
                    f"{_checks.name_of(self)}: a frozen delay of {was:g} steps becomes another in "
                    f"{_checks.short(delays.dtype)}: keep {_checks.short(before.dtype)}."
                )
        return super()._apply(fn, *args, **kwargs)  # type: ignore[no-untyped-call]

    def _learn_unless_frozen(self) -> None:
        # a distributed reducer waits for a gradient of every parameter that it was made with
        distributed = torch.distributed.is_available() and torch.distributed.is_initialized()
        waited_for = distributed and self.position.requires_grad
        self.position.requires_grad_(not self.frozen or waited_for)

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if self.frozen and not keep_vars:
            # an optimiser may have moved the parameter, which no longer means anything
            destination[f"{prefix}position"] = self._whole_delays()

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *args: Any) -> None:
        position, sigma = (state_dict.get(f"{prefix}{name}") for name in ("position", "sigma"))
        names = [f"{prefix}frozen_delay", f"{prefix}frozen_share"]
        if not any(name in state_dict for name in names) and None not in (position, sigma):
            # older states: a width of zero stood for frozen delays
            whole = position.detach().clamp(0, self.max_delay).round()
            state_dict[names[0]] = whole.where(sigma == 0, torch.zeros_like(whole))
            state_dict[names[1]] = (sigma == 0).to(sigma)
        super()._load_from_state_dict(state_dict, prefix, *args)
        if self._fixed and not self.frozen:
            self.freeze_delays()
        self._learn_unless_frozen()

    def train(self, mode: bool = True) -> Self:
        """Set the mode; compiled code learns here that an average was frozen."""
        super().train(mode)
        self._frozen = self.frozen
        return self

    def _shown(self, sizes: str, **settings: Any) -> str:
        """Return the text of ``print(layer)``."""
        frozen = ", frozen" if self.frozen and not self._fixed else ""
        width = self.max_delay / 2 + self.sigma_offset
        wide = self.frozen or self.sigma.is_meta
        wide = wide or math.isclose(self.sigma.item(), width, rel_tol=1e-6)
        settings |= {"weights": self.weights, "bias": self.bias is not None}
        others = changed(self, settings | {"sigma": None if wide else self.sigma})
        rounds = [] if self.round_in_evaluation else ["round_in_evaluation=False"]
        always = f'{sizes}, max_delay={self.max_delay}, kernel="{self.kernel}"'
        return ", ".join((always, *others, *rounds)) + self._synapses() + frozen
