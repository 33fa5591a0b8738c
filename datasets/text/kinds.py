"""Tokenizers from their settings."""

from collections.abc import Mapping
from typing import Any

from axonal.datasets.text.bpe import BPE
from axonal.datasets.text.byte_level import Bytes
from axonal.datasets.text.characters import Characters
from axonal.datasets.text.tokenizer import Tokenizer


def from_settings(settings: Mapping[str, Any]) -> Tokenizer:
    """Return the tokenizer that has these settings.

    Args:
        settings: what its method of this name returned.

    Raises:
        ValueError: for settings that no tokenizer has.

    >>> from_settings({"kind": "characters", "alphabet": "abn"}).size
    3
    """
    given = dict(settings)
    kind = given.pop("kind", None)
    kinds: dict[str, type[Tokenizer]] = {"characters": Characters, "bytes": Bytes, "bpe": BPE}
    if kind not in kinds:
        raise ValueError(f"expected a tokenizer of the kind {', '.join(kinds)}, got {kind!r}.")
    try:
        return kinds[kind](**given)
    except TypeError:
        raise ValueError(
            f"a tokenizer of the kind {kind} does not have the settings {', '.join(given)}."
        ) from None
