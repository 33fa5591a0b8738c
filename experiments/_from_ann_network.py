"""The network of the experiment ``from_ann``, which our process and the peer's build alike."""

from collections.abc import Callable

from torch import nn


def network(unit: Callable[[], nn.Module] = nn.ReLU) -> nn.Sequential:
    """Two convolutions and two linear layers for images [B, 1, 28, 28]."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        unit(),
        nn.AvgPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        unit(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 7 * 7, 64),
        unit(),
        nn.Linear(64, 10),
    )
