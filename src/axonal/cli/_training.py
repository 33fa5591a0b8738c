"""What `axonal train` was asked for: one network, or every arm of a recipe."""

from collections.abc import Mapping
from typing import Any

from axonal import recipes
from axonal.recipes._settings import Settings

OF_A_TABLE = ("split", "epochs")  # settings that all arms can share


def settings(recipe: str, given: Mapping[str, Any]) -> Settings:
    """Settings of one network of a recipe.

    Raises:
        ValueError: an unknown recipe, or a setting that it has not or does not take.

    >>> settings("digits", {"arm": "fixed"})
    Traceback (most recent call last):
    axonal.recipes._errors.RecipeError: the recipe digits has no --arm; coincidence and \
spoken-digits have.
    """
    own = recipes.find(recipe).Settings
    for name in given:
        if not hasattr(own, name):
            owners = [r for r in recipes.names() if hasattr(recipes.find(r).Settings, name)]
            has = "has" if len(owners) == 1 else "have"
            raise recipes.RecipeError(
                f"the recipe {recipe} has no --{name}; {' and '.join(owners)} {has}."
            )
    found: Settings = own.from_json(given)
    return found


def wants_table(recipe: str, given: Mapping[str, Any], device: str) -> bool:
    """Whether all arms are to be trained: of a recipe that compares them, if none is named.

    Raises:
        ValueError: something else is given that only one network can have.

    >>> wants_table("spoken-digits", {}, "auto")
    True
    >>> wants_table("spoken-digits", {"arm": "none", "seed": 3}, "auto")
    False
    """
    if recipe not in recipes.COMPARED or "arm" in given:
        return False
    single = [name for name in given if name not in OF_A_TABLE] + ["device"] * (device != "auto")
    if single:
        raise recipes.RecipeError(
            f"--{single[0]} is for one network, and without --arm all arms of {recipe} are trained "
            f"with five seeds each: write --arm learned --{single[0]} ..."
        )
    return True
