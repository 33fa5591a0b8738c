"""Shapes and types that compiled code relies on, and allocation of what it fills."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def state_type(dtype: torch.dtype) -> torch.dtype:
    """Return the type of potentials for inputs of ``dtype``: at least single precision.

    >>> state_type(torch.bfloat16), state_type(torch.float64)
    (torch.float32, torch.float64)
    """
    return torch.float64 if dtype == torch.float64 else torch.float32


def per_neuron(values: Tensor, x: Tensor) -> Tensor:
    """Return a scalar, or one value per neuron of x [T, B, ...], as a kernel may index it.

    >>> per_neuron(torch.ones(2, 1), torch.zeros(5, 3, 2, 4)).shape
    torch.Size([2, 4])
    """
    return (values if values.numel() == 1 else values.expand(x.shape[2:])).contiguous()


def same_shape(name: str, what: str, given: Tensor, shape: Sequence[int]) -> None:
    """Refuse a tensor beyond whose end a kernel would read.

    Raises:
        ValueError: if the shape is another one.

    >>> same_shape("lif", "v", torch.zeros(2, 3), (2, 3))
    """
    if given.shape != torch.Size(shape):
        raise ValueError(f"{name} expects {what} {tuple(shape)}, got {tuple(given.shape)}.")


def gradient_room(like: Tensor, cells: Sequence[int], learns: bool) -> Tensor:
    """Return zeros of shape ``cells`` for the gradient of a parameter, or nothing if it is fixed.

    >>> gradient_room(torch.tensor(0.5), (2, 3), False).shape
    torch.Size([0])
    """
    return like.new_zeros(cells) if learns else like.new_empty(0)


def sum_to(x: Tensor, shape: Sequence[int]) -> Tensor:
    """Sum a contiguous tensor to ``shape``, which broadcasts to its own, in one order.

    torch shares a sum that ends in one number out among its threads, so that its last bits follow
    their number; sums that end in several are each made by one.

    >>> sum_to(torch.ones(2, 3), (3,)), sum_to(torch.ones(2, 3), ())
    (tensor([2., 2., 2.]), tensor(6.))
    """
    if x.is_cuda or math.prod(shape) != 1:
        return x.sum_to_size(tuple(shape))
    return torch.as_tensor(x.detach().numpy().sum()).view(tuple(shape))


def gradient_of(cells: Tensor, parameter: Tensor, learns: bool) -> Tensor:
    """Return the sum of the gradients of all cells in the shape of their parameter.

    >>> gradient_of(torch.ones(2, 3), torch.tensor(0.5), True)
    tensor(6.)
    """
    return sum_to(cells, parameter.shape) if learns else cells
