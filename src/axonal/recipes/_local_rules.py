"""Networks and rules of the recipe ``local-mnist``, each rule an entry of one table."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from axonal import neuro
from axonal.hebbian import local

PIXELS, SIDE, CLASSES = 784, 28, 10
CHANNELS = (8, 32)
"""Of the two blocks of the convolutional network; the published one has 32, 128 and 512."""
MEAN, DEVIATION = 0.1307, 0.3081
"""Of the pixels of MNIST, as everybody uses them."""


class _Way(NamedTuple):
    """A rule with the form of the network that it trains.

    Args:
        make: the rule of a network and settings.
        hidden: whether the network has hidden layers alone, without an output layer.
        rate: learning rate by the layers, where one was chosen on validation samples.
        layers: which layers it can train; the first is the default.
        norm: whether pixels are centred and scaled; else they lie between 0 and 1.
    """

    make: Callable[[neuro.Network, Any], local.Rule]
    hidden: bool
    rate: Mapping[str, float]
    layers: tuple[str, ...]
    norm: bool = True


def _classes(kind: Callable[..., local.Rule], **options: Any) -> Callable[..., local.Rule]:
    return lambda net, settings: kind(net, classes=CLASSES, **options, **_like(settings))


def _like(settings: Any) -> dict[str, Tensor]:
    return {"like": torch.zeros(1, 1, 1, SIDE, SIDE)} if settings.layers == "conv" else {}


def _forward_forward(net: neuro.Network, settings: Any) -> local.Rule:
    # a label of 1, as published, is a small part of 784 pixels in so few passes
    if settings.layers == "relu":
        return local.ForwardForward(net, classes=CLASSES, threshold=0.5, label=5.0)
    # spikes are at most one per step: the sum over units makes up for small squares
    threshold = 0.05 * settings.hidden
    return local.ForwardForward(
        net, classes=CLASSES, goodness="sum", threshold=threshold, label=5.0
    )


RULES: Mapping[str, _Way] = {
    "backprop": _Way(
        lambda net, _: local.Backprop(net),
        False, {"spiking": 1e-3, "relu": 3e-3, "conv": 3e-3}, ("spiking", "relu", "conv"),
    ),
    "feedback-alignment": _Way(
        lambda net, _: local.FeedbackAlignment(net),
        False, {"spiking": 3e-3}, ("spiking", "relu", "conv"),
    ),
    "sign-symmetric": _Way(
        lambda net, _: local.SignSymmetric(net),
        False, {"spiking": 3e-3}, ("spiking", "relu", "conv"),
    ),
    "direct-feedback-alignment": _Way(
        lambda net, _: local.DirectFeedbackAlignment(net),
        False, {"spiking": 3e-3}, ("spiking", "relu"),
    ),
    "eprop": _Way(
        lambda net, _: local.EProp(net, feedback="symmetric"),
        False, {"spiking": 3e-3}, ("spiking",),
    ),
    "ottt": _Way(
        lambda net, _: local.OTTT(net), False, {"spiking": 1e-3}, ("spiking",),
    ),
    "dsr": _Way(
        lambda net, _: local.DSR(net), False, {"dsr": 3e-3}, ("dsr",),
    ),
    "forward-forward": _Way(
        _forward_forward, True, {"spiking": 1e-3, "relu": 1e-3}, ("spiking", "relu"), norm=False,
    ),
    "mono-forward": _Way(
        _classes(local.MonoForward), True, {"spiking": 3e-3, "relu": 3e-3},
        ("spiking", "relu", "conv"),
    ),
    "cascaded-forward": _Way(
        _classes(local.CascadedForward), True, {"conv": 3e-3}, ("conv", "spiking", "relu"),
    ),
    "physical-forward-forward": _Way(
        _classes(local.PhysicalForwardForward), True, {"mixing": 3e-3}, ("mixing",), norm=False,
    ),
}  # fmt: skip
LAYERS = ("spiking", "relu", "conv", "dsr", "mixing")


def network(settings: Any) -> neuro.Network:
    """Return the untrained network of the settings: two hidden layers, and an output or none."""
    wide, layers = settings.hidden, settings.layers
    output = [] if RULES[settings.rule].hidden else [neuro.Linear(wide, CLASSES)]
    if layers == "conv":
        return _convolutions(output=bool(not RULES[settings.rule].hidden))
    if layers == "mixing":
        drift = {"drift": settings.drift, "noise": settings.noise}
        return neuro.Sequential(
            neuro.Lift(local.RandomMixing(PIXELS, wide, **drift, seed=1)),
            neuro.Linear(wide, wide),
            neuro.Lift(local.RandomMixing(wide, wide, **drift, seed=2)),
            neuro.Linear(wide, wide),
        )
    made: list[nn.Module] = []
    for inputs in (PIXELS, wide):
        made += [neuro.Linear(inputs, wide), _neurons(layers, wide)]
    return neuro.Sequential(*made, *output)


def _neurons(layers: str, size: int) -> nn.Module:
    if layers == "relu":
        return nn.ReLU()
    if layers == "dsr":
        return local.DSRLIF(size, learn_threshold=False)
    # as the variants of HLOP (arXiv 2402.11984) that are trained step by step
    return neuro.LIF(size, 2.0, decay="euler", reset="subtract", surrogate=neuro.Sigmoid(4.0))


def _convolutions(*, output: bool) -> neuro.Network:
    """Return the blocks of CaFo: convolution, ReLU, pooling and batch norm."""
    made: list[nn.Module] = []
    channels = 1
    for wide in CHANNELS:
        made += [
            neuro.Conv2d(channels, wide, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            neuro.BatchNorm(wide),
        ]  # fmt: skip
        channels = wide
    side = SIDE // 2 ** len(CHANNELS)
    last = [nn.Flatten(), neuro.Linear(channels * side**2, CLASSES)] if output else []
    return neuro.Sequential(*made, *last)


def inputs(settings: Any, images: Any) -> Tensor:
    """Return images [B, 28, 28] of bytes as a constant input [T, B, ...] of every step."""
    way = RULES[settings.rule]
    x = torch.as_tensor(images).float() / 255
    if way.norm:
        x = (x - MEAN) / DEVIATION
    if settings.layers == "conv":
        return x.reshape(1, len(x), 1, SIDE, SIDE)
    return x.reshape(1, len(x), PIXELS).expand(settings.shown, -1, -1)
