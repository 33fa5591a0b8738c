"""Products of a language model: which ones hear spikes, and what they cost per token."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from axonal.neuro import BitLinear


class Product(NamedTuple):
    """One product of weights with what it hears.

    Attributes:
        path: of the layer that holds the weights.
        spikes: whether all that it heard was 0 or 1, so that it adds up weights.
        ternary: whether its weights are -1, 0 and 1 times one scale.
        dense: products per token of a machine that reads every weight.
        events: additions per token that spikes cause; ``dense`` where it hears real numbers.
    """

    path: str
    spikes: bool
    ternary: bool
    dense: int
    events: float


@torch.no_grad()
def language_operations(model: nn.Module, tokens: Tensor) -> list[Product]:
    """List the products of weights in a model that reads ``tokens``, with their cost per token.

    Real numbers need a multiplication per weight, spikes an addition per weight that they reach.
    Norms, gates, exponentials, sums over time and what neurons compute are not among them: a count
    is no energy, and no chip runs these models whole.

    Args:
        model: language model, called with tokens [T, B].
        tokens: what it reads [T, B].

    Returns:
        the products in the order in which they are made.

    >>> from axonal import neuro
    >>> model = neuro.TernaryLM(9, size=8, layers=1, hidden=4, spiking=True).eval()
    >>> found = language_operations(model, torch.zeros(5, 1, dtype=torch.int64))
    >>> [product.path for product in found if not product.spikes]
    ['head']
    """
    found: list[Product] = []

    def heard(path: str, layer: Any) -> Any:
        def keep(_: nn.Module, given: tuple[Tensor, ...]) -> None:
            x = given[0]
            spikes = bool(((x == 0) | (x == 1)).all())
            dense = layer.weight.numel()
            share = float((x != 0).double().mean()) if spikes else 1.0
            ternary = isinstance(layer, BitLinear)
            found.append(Product(path, spikes, ternary, dense, share * dense))

        return keep

    handles = [
        layer.register_forward_pre_hook(heard(path, layer))
        for path, layer in model.named_modules()
        if isinstance(layer, nn.Linear | BitLinear)
    ]
    was_training = model.training
    try:
        model.eval()(tokens)
    finally:
        for handle in handles:
            handle.remove()
        model.train(was_training)
    return found
