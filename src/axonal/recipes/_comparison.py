"""Comparisons that recipes declare: arms, seeds, and the differences that are looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from axonal.recipes._errors import RecipeError

REPEATS = ("seed", "fold")


@dataclass(frozen=True)
class Arm:
    """One of several ways that a recipe compares.

    Args:
        words: for tables and figures.
        changes: settings that differ from those of the recipe.

    >>> Arm("no delays", {"arm": "none"}).changes
    {'arm': 'none'}
    """

    words: str
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Comparison:
    """Arms of a recipe that are trained with the same seeds, and compared seed by seed.

    A recipe declares one as ``COMPARISON``. Where few samples are at hand, folds take the place of
    seeds: each network is tested on another part of the samples, and together on all of them.

    Args:
        arms: by name, in the order of the tables.
        seeds: one network per arm and seed, at least two.
        pairs: names of arms ``(higher, lower)`` whose differences are looked at.
        orders: by a heading, the arms whose order is looked at, ``(word, name)`` each, the one that
            is expected highest first.
        over: name of a setting each value of which has a table of its own, or "".
        tables: values of that setting, and the words for each.
        chosen_by: setting that asks for one network instead of all arms.
        repeats: "seed", or "fold", where ``seeds`` are the values of the setting ``fold`` as well.
            Folds may have no test sample in common, which is for the recipe to see to.

    >>> arms = {"none": Arm("no delays", {"arm": "none"}), "learned": Arm("learned", {})}
    >>> sorted(Comparison(arms, seeds=(0, 1), pairs=(("learned", "none"),)).varied)
    ['arm', 'seed']
    """

    arms: Mapping[str, Arm]
    seeds: tuple[int, ...]
    pairs: tuple[tuple[str, str], ...] = ()
    orders: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    over: str = ""
    tables: Mapping[str, str] = field(default_factory=dict)
    chosen_by: str = "arm"
    repeats: str = "seed"

    def __post_init__(self) -> None:
        if self.repeats not in REPEATS:
            raise RecipeError(
                f"Comparison expects repeats as one of {', '.join(REPEATS)}, got {self.repeats!r}."
            )

    @property
    def varied(self) -> frozenset[str]:
        """Settings in which the networks of a table differ."""
        return frozenset({"seed", self.repeats}.union(*(arm.changes for arm in self.arms.values())))

    @property
    def repeated(self) -> str:
        """Number of networks per arm, in words."""
        return f"{len(self.seeds)} {self.repeats}s"

    def changes(self, arm: Arm, table: str, common: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Settings of the networks of an arm in a table, one per seed or fold.

        Args:
            arm: the arm.
            table: value of ``over``; unused without it.
            common: settings of all networks.
        """
        over = {self.over: table} if self.over else {}
        return [
            {"seed": number, self.repeats: number, **over, **arm.changes, **common}
            for number in self.seeds
        ]
