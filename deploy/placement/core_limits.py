"""Limits of the cores of a chip, by its name."""

from axonal.deploy import chips
from axonal.deploy.chips import CoreLimits


def limits(chip: str) -> CoreLimits:
    """Look up what a core of a chip holds.

    Args:
        chip: one of `axonal.deploy.chips.names()`, such as "loihi2".

    Returns:
        its limits, each with its source.

    Raises:
        ValueError: no chip has this name.

    >>> limits("loihi2").neurons
    8192
    """
    return chips.find(chip).LIMITS
