"""The leaky recurrent network on the CPU: few products, in memory that is used again.

With M = diag(1 - share) + diag(share) W a step of the form "outside" is one product,
h_t = phi(M h_{t-1} + share x_t), and the gradients of W and share come out of one product over all
steps, after the backward pass in place of T products during it.
"""

import torch
from torch import Tensor

from axonal.neuro.ops._buffer_pool import empty


def step_matrix(weight: Tensor, share: Tensor) -> Tensor:
    """Return M [N, N], with which a step of the form "outside" is one product."""
    matrix = share.unsqueeze(1) * weight
    matrix.diagonal().add_(1 - share)
    return matrix


def forward(
    x: Tensor, h: Tensor, weight: Tensor, share: Tensor, slope: float, inside: bool,
    y: Tensor, drive: Tensor,
) -> None:  # fmt: skip
    """Fill y [T, B, N], and drive [T, B, N] with phi of the drive where it is inside the leak."""
    if inside:
        turned = weight.t().contiguous()
        for x_t, y_t, drive_t in zip(x, y, drive, strict=True):
            torch.addmm(x_t, h, turned, out=drive_t)
            torch.nn.functional.leaky_relu_(drive_t, slope)
            h = torch.lerp(h, drive_t, share, out=y_t)
        return
    turned = step_matrix(weight, share).t().contiguous()
    scaled = torch.mul(x, share, out=empty(x.shape, x))
    for x_t, y_t in zip(scaled, y, strict=True):
        torch.addmm(x_t, h, turned, out=y_t)
        h = torch.nn.functional.leaky_relu_(y_t, slope)


def backward(
    g: Tensor, h: Tensor, weight: Tensor, share: Tensor, slope: float, inside: bool,
    y: Tensor, drive: Tensor, g_drive: Tensor, total: Tensor, carry: Tensor,
) -> None:  # fmt: skip
    """Run backward from the gradient g [T, B, N] of y.

    Filled are ``total`` [T, B, N], the gradient of each h_t with all that comes later, and
    ``g_drive`` [T, B, N], that behind phi: of the drive where it is inside the leak, else of the
    whole argument of phi. ``carry`` [B, N] goes from zero to the gradient of the first h.
    """
    matrix = weight if inside else step_matrix(weight, share)
    keep = 1 - share
    behind = torch.ops.aten.leaky_relu_backward.grad_input
    for t in range(len(g) - 1, -1, -1):
        torch.add(g[t], carry, out=total[t])
        if inside:
            torch.mul(total[t], share, out=carry)
            behind(carry, drive[t], slope, True, grad_input=g_drive[t])
            torch.mul(total[t], keep, out=carry)
            carry.addmm_(g_drive[t], matrix)
        else:
            behind(total[t], y[t], slope, True, grad_input=g_drive[t])
            torch.mm(g_drive[t], matrix, out=carry)


def parameters(
    x: Tensor, h: Tensor, weight: Tensor, share: Tensor, inside: bool,
    y: Tensor, drive: Tensor, g_drive: Tensor, total: Tensor,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Return the gradients of weight [N, N] and share [N] from what `backward` has filled."""
    matrix = torch.mm(g_drive[0].t(), h)
    matrix.addmm_(g_drive[1:].flatten(0, 1).t(), y[:-1].flatten(0, 1))
    if inside:
        before = (total[0] * (drive[0] - h)).sum(0)
        return matrix, before + (total[1:] * (drive[1:] - y[:-1])).sum((0, 1))
    g_share = (matrix * weight).sum(1) - matrix.diagonal() + (g_drive * x).sum((0, 1))
    return matrix * share.unsqueeze(1), g_share
