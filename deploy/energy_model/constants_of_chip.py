"""Published energies of the operations of a chip, by its name."""

from axonal.deploy import chips
from axonal.deploy.chips import Cost


def constants(chip: str) -> tuple[Cost, ...]:
    """Energies of what a chip does.

    Args:
        chip: one of `axonal.deploy.chips.names()`, such as "loihi2".

    Returns:
        costs, each with a range and its source.

    Raises:
        ValueError: no energies are known for this chip.

    >>> [cost.what for cost in constants("spinnaker")]
    ['seconds of a core', 'seconds of a chip', 'messages']
    """
    if chip not in chips.names():
        raise ValueError(
            f"no energies are known for {chip!r}; they are for {', '.join(chips.names())}"
        )
    return chips.find(chip).COSTS
