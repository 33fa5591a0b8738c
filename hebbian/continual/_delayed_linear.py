"""The presynaptic side of DelayedLinear."""

from typing import Any

import torch
from torch import Tensor, nn

from axonal import neuro
from axonal.hebbian.continual.presynaptic import Presynaptic, null_part
from axonal.neuro.ops.delayed_linear.reference import delay_kernel


class DelayedLinearSide(Presynaptic[neuro.DelayedLinear]):
    """Rows are the last steps of all inputs: z_ij(t) = x_i(t - j), n = N (max_delay + 1).

    The layer is linear in its kernels, y_o(t) = sum_ij K_oij x_i(t - j), and both weights and
    delays act through them alone. Responses to protected activity stay if

        sum_ij H_rij (dK_oij/dw_oi Dw_oi + dK_oij/dd_oi Dd_oi) = 0   for every row r and output o,

    to first order in the delays, whatever later updates do to them: H does not depend on delays.
    A weight can make up for what a delay does, and the other way round. Kernels are those of
    training; a delay that is rounded acts in jumps, of which slopes tell nothing.
    """

    rate_means_all = False

    @property
    def features(self) -> int:
        """Directions n of a row."""
        return self.layer.in_features * (self.layer.max_delay + 1)

    def rows(self, x: Tensor) -> Tensor:
        """Rows [B, n] of the last steps [B, N, max_delay + 1], the present one first."""
        return x.flatten(1)

    def steps(self, x: Tensor, inputs: tuple[Any, ...]) -> Tensor:
        """Rows [T B, n] of all steps of x [T, B, N]."""
        return self._windows(x, inputs).flatten(0, 1).flatten(1)

    def sampled(self, x: Tensor, inputs: tuple[Any, ...]) -> Tensor:
        """Rows [B, n] of x [T, B, N], of one step per sample, drawn at random."""
        return super().sampled(self._windows(x, inputs), inputs)

    def _windows(self, x: Tensor, inputs: tuple[Any, ...]) -> Tensor:
        """The last steps of every input [T, B, N, max_delay + 1], a view."""
        state = inputs[1] if len(inputs) > 1 else None
        longest = self.layer.max_delay
        before = x.new_zeros(longest, *x.shape[1:]) if state is None else state.history.detach()
        return torch.cat((before, x)).unfold(0, longest + 1, 1).flip(-1)

    @property
    def parameters(self) -> list[nn.Parameter]:
        """The weights, and the delays where they learn."""
        layer = self.layer
        learns = layer.position.requires_grad and not layer.frozen
        weight: Any = layer.weight
        return [weight, layer.position] if learns else [weight]

    def project(self, changes: list[Tensor], subspaces: Any) -> list[Tensor]:
        """Changes of weights and delays that leave responses inside the subspaces as they are."""
        layer = self.layer
        by_weight, by_delay = self._kernel_slopes()
        taps = subspaces.frozen.view(-1, layer.in_features, layer.max_delay + 1)
        of_weights = torch.einsum("rij,oij->ori", taps, by_weight)
        if len(changes) == 1:
            return [null_part(changes[0], of_weights)]
        of_delays = torch.einsum("rij,oij->ori", taps, by_delay)
        weights, delays = changes
        if layer.per == "source":
            return _shared(weights, delays, of_weights, of_delays)
        if layer.per == "target":
            of_delays = of_delays.sum(-1, keepdim=True)
        both = null_part(torch.cat((weights, delays), 1), torch.cat((of_weights, of_delays), 2))
        inputs = weights.shape[1]
        return [both[:, :inputs], both[:, inputs:]]

    def _kernel_slopes(self) -> tuple[Tensor, Tensor]:
        """Derivatives of the kernels by weights and by delays, [O, N, max_delay + 1] each."""
        layer = self.layer
        delay, weight = layer.delay.detach().clone(), layer.masked_weight.detach()
        exists = torch.ones_like(weight) if layer.mask is None else layer.mask
        form = "one-tap" if layer.frozen else layer.kernel

        with torch.enable_grad():
            moved = delay.requires_grad_()
            kernels = delay_kernel(exists, moved, layer.sigma, form, layer.max_delay)
            # each tap depends on its own delay alone: the gradient of a gradient is its slope
            seen = torch.zeros_like(kernels, requires_grad=True)
            (summed,) = torch.autograd.grad(kernels, moved, seen, create_graph=True)
            (by_delay,) = torch.autograd.grad(summed.sum(), seen)
        by_weight = kernels.detach()
        raw = layer.position.detach()
        moves = ((raw >= 0) & (raw <= layer.max_delay)).to(raw).expand_as(weight)
        return by_weight, by_delay * (weight * moves).unsqueeze(-1)

    def weight_gradient(self, g: Tensor, rows: Tensor) -> Tensor:
        """The gradient of the weights for that of the output; only the step before asks for it."""
        raise NotImplementedError


def _shared(weights: Tensor, delays: Tensor, of_weights: Tensor, of_delays: Tensor) -> list[Tensor]:
    """Project where all synapses of an input share a delay, [1, N].

    The weights of an output make up for what the delays do to it; delays move as far towards their
    own change as makes all changes together smallest.
    """
    a, b = of_weights.double(), of_delays.double()
    gram = a @ a.mT
    size = gram.diagonal(dim1=-2, dim2=-1).amax(-1, keepdim=True)
    jitter = 1e-10 * size + torch.finfo(torch.float64).tiny
    factor = torch.linalg.cholesky(gram + torch.diag_embed(jitter.expand(gram.shape[:2])))
    wanted = (a @ weights.double().unsqueeze(-1)).squeeze(-1)
    seen = torch.cholesky_solve(b, factor)  # [O, m, N]
    normal = torch.einsum("orn,ork->nk", b, seen)
    normal.diagonal().add_(1.0)
    right = delays.double().flatten() - torch.einsum("orn,or->n", seen, wanted)
    moved = torch.linalg.solve(normal, right)
    left = torch.cholesky_solve((wanted + b @ moved).unsqueeze(-1), factor)
    return [
        weights - (a.mT @ left).squeeze(-1).to(weights),
        moved.to(delays).view_as(delays),
    ]
