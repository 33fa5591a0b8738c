"""Layers one after another."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from axonal.neuro.network.network import Network


class Sequential(Network):
    """Layers one after another, as a Network: sugar for a ``forward`` that calls them in turn.

    Args:
        layers: layers with or without memory and modules of torch; or one dict of them by name.

    Returns:
        Called with x [T, B, ...] and a state: the last layer's output and the states by path.

    Raises:
        NetworkError: for a module that cannot be part of a Network.

    >>> import torch
    >>> from axonal import neuro
    >>> net = Sequential(neuro.Linear(3, 4), neuro.LIF(4), neuro.Linear(4, 2))
    >>> y, state = net(torch.rand(5, 2, 3))
    >>> y.shape, list(state)
    (torch.Size([5, 2, 2]), ['1'])
    """

    def __init__(self, *layers: nn.Module | Mapping[str, nn.Module]) -> None:
        super().__init__()
        if len(layers) == 1 and isinstance(layers[0], Mapping):
            named: dict[str, Any] = dict(layers[0])
        else:
            named = {str(i): layer for i, layer in enumerate(layers)}
        if not named:
            raise ValueError("Sequential expects at least one layer.")
        for name, layer in named.items():
            if not isinstance(layer, nn.Module):
                raise TypeError(
                    f"Sequential expects modules, got {type(layer).__name__} at {name!r}."
                )
            self.add_module(name, layer)
        if type(self)._written is Sequential._written:
            self._make()  # a subclass that adds nothing to forward may run it in its constructor

    def add_module(self, name: str, module: nn.Module | None) -> None:
        """Add a layer while the network is being made; refuse it afterwards."""
        if "traced" in vars(self) and name not in self._modules:
            raise ValueError(
                f"this Sequential was made without a layer {name!r}, which would never run: make "
                "another with it."
            )
        super().add_module(name, module)

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        """Run ``x`` [T, B, ...] through the layers."""
        for layer in self._modules.values():
            x = layer(x)  # type: ignore[misc]
        return x

    def __len__(self) -> int:
        """Return the number of layers."""
        return len(self._modules)

    def __getitem__(self, index: int | str) -> nn.Module:
        """Return one layer by position or by name."""
        return self.get_submodule(index if isinstance(index, str) else list(self._modules)[index])
