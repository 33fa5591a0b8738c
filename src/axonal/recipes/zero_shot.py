"""Digits never seen, found across modalities through fixed liquids and trained projections.

The method is that of Lin, Wang et al. (Nature Computational Science, 2025, arXiv 2307.00771), whose
code of model and loss was never published: these are likely forms of it. Their pair of held-out
digits, 8 and 9, tells of the likeness of these two; docs/results/zero_shot.md has ten pairs.
"""

from dataclasses import dataclass

from axonal.recipes import _zero_shot
from axonal.recipes._study import Learned, Parts

DIGITS = "0123456789"


@dataclass(frozen=True, kw_only=True)
class Settings(_zero_shot.Settings):
    """Settings of the recipe.

    Args:
        held_out: two digits that neither modality is trained on, with a comma between.

    >>> Settings(held_out="3,5").pair
    (3, 5)
    """

    held_out: str = "8,9"

    def __post_init__(self) -> None:
        super().__post_init__()
        first, _, second = self.held_out.partition(",")
        fine = {first, second} <= set(DIGITS) and first != second
        self.require("held_out", fine, 'two digits with a comma between, such as "8,9"')

    @property
    def pair(self) -> tuple[int, int]:
        """The held-out digits."""
        first, _, second = self.held_out.partition(",")
        return int(first), int(second)


def learn(settings: Settings, parts: Parts) -> Learned:
    """Train projections without two digits, and ask for both of them."""
    found = _zero_shot.learn(settings, [settings.pair])
    (retrieved,) = found["pairs"].values()
    results = {"test_accuracy": retrieved["unseen"], "seen_accuracy": retrieved["seen"]}
    return Learned({}, {**results, "retrieved": retrieved, "rates": found["rates"]})
