"""Checkpoints of published code, whose entries have other names."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn

SHOWN = 4
"""Names in a message."""


def renamed(
    state_dict: Mapping[str, Tensor], names: Mapping[str, str | None], who: str
) -> dict[str, Tensor]:
    """Entries under the names that our modules have; a last axis of one is dropped.

    Args:
        state_dict: of the published code.
        names: ours for each of theirs, ``None`` for what is left out; ``{i}`` stands for a number.
        who: class that loads, for the message.

    Raises:
        ValueError: what was given is no dictionary of tensors, or a name is unknown.

    >>> given = {"conv.3.weight": torch.zeros(2, 2, 1)}
    >>> made = renamed(given, {"conv.{i}.*": "linear.{i}.*"}, "Net")
    >>> [(name, tuple(x.shape)) for name, x in made.items()]
    [('linear.3.weight', (2, 2))]
    """
    if not isinstance(state_dict, Mapping):
        raise ValueError(
            f"{who}.from_official expects a state_dict, got {type(state_dict).__name__}: write "
            "torch.load(path, weights_only=True), or .state_dict() of a module."
        )
    made: dict[str, Tensor] = {}
    unknown = []
    for name, value in state_dict.items():
        hits = (_match(pattern, own, name) for pattern, own in names.items())
        found = next((hit for hit in hits if hit is not None), None)
        if found is None or not isinstance(value, Tensor):
            unknown.append(str(name))
        elif found:
            made[found] = value.squeeze(-1) if value.ndim > 1 else value
    if unknown or not made:
        told = ", ".join(unknown[:SHOWN]) or "nothing"
        raise ValueError(
            f"{who}.from_official does not know {told}{' ...' if len(unknown) > SHOWN else ''}: is "
            "it the state_dict of the whole network, of this architecture?"
        )
    return made


def _match(pattern: str, own: str | None, name: object) -> str | None:
    """Our name for one of theirs, "" for what is left out, ``None`` for another pattern."""
    text = re.escape(pattern).replace(r"\{i\}", r"(?P<i>\d+)").replace(r"\*", r"(?P<rest>\w+)")
    hit = re.fullmatch(text, str(name))
    if hit is None:
        return None
    groups = hit.groupdict()
    return (own or "").replace("{i}", groups.get("i", "")).replace("*", groups.get("rest") or "")


def load(net: nn.Module, entries: Mapping[str, Tensor], who: str) -> None:
    """Put entries into a network that has the same ones.

    Raises:
        ValueError: names or shapes differ; they are named.
    """
    own = net.state_dict()
    wrong = [f"{name} is missing" for name in own if name not in entries and not _counts(name)]
    wrong += [f"{name} is unknown" for name in entries if name not in own]
    wrong += [
        f"{name} is {tuple(entries[name].shape)} instead of {tuple(own[name].shape)}"
        for name in own
        if name in entries and entries[name].shape != own[name].shape
    ]
    if wrong:
        more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise ValueError(
            f"{who}.from_official cannot read this checkpoint: {', '.join(wrong[:SHOWN])}{more}."
        )
    with torch.no_grad():
        net.load_state_dict(dict(entries), strict=False)


def _counts(name: str) -> bool:
    return name.endswith(("num_batches_tracked", "theta_steps"))
