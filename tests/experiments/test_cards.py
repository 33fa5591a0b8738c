"""Cards of the trained networks that ship say what stored rows say."""

import json

import pytest

from axonal import recipes
from experiments import _cards


@pytest.mark.parametrize("name", recipes.shipped())
def test_a_card_is_made_from_stored_rows(name: str) -> None:
    stored = json.loads((recipes.trained(name) / "card.json").read_text())
    assert stored == _cards.card(name, stored["energy"])


ONCE = ["egru-lm", "lmuformer-psmnist", "local-mnist", "spikegpt-char", "ternary-char"]
"""Networks whose settings no other seed has been tried with, and whose cards say so."""


def test_most_have_been_repeated() -> None:
    repeated = {name: _cards.repeated(name) for name in recipes.shipped()}
    assert [name for name, found in repeated.items() if found is None] == ONCE
    digits = repeated["digits"]
    assert digits is not None
    assert (digits["runs"], digits["over"]) == (5, "seeds")
    assert repeated["mr-sentiment"] is not None
    assert repeated["mr-sentiment"]["over"] == "folds"


def test_the_energy_of_the_example_is_that_of_its_export() -> None:
    stored = json.loads((recipes.trained("digits") / "card.json").read_text())
    assert _cards.estimated("digits") == stored["energy"]
    assert _cards.estimated("nparity") == {"none": "no event graph"}
