"""The reset of neurons in files that do not say it: nothing is guessed."""

from collections.abc import Mapping

import numpy as np

from axonal.deploy.nir.node import Node

RESETS = ("zero", "subtract")
FIRES = ("IF", "LIF", "CubaLIF")
SHOWN = 3
"""Names of neurons that a message lists."""


def decide(nodes: Mapping[str, Node], reset: str | None, stored: bool) -> list[str]:
    """Let every neuron have a v_reset, or none where it resets by subtraction.

    NIR has v_reset since nir 1.0.6; before, the documented reset was v - v_threshold, and most
    importers reset to zero all the same. nir fills in zeros when it reads an older file, so that a
    graph in memory cannot tell whether its zeros were written.

    Args:
        nodes: nodes by path; neurons among them are changed.
        reset: "zero" or "subtract", for neurons without v_reset.
        stored: whether they come from a file, where a v_reset is a choice and no default.

    Returns:
        one line for what is missing and one for what contradicts the choice.
    """
    missing, against = [], []
    for path, node in nodes.items():
        if node.kind not in FIRES:
            continue
        own, level = node.metadata.get("reset"), node.get("v_reset")
        if node.metadata.get("kind") == "constant":
            node.fields.setdefault("v_reset", np.zeros(()))
        elif isinstance(own, str) and own in RESETS:
            # a graph of ours names it, beside the zeros that nir asks for
            if reset not in (None, own):
                against.append(f"{path!r}, whose metadata say {own!r}")
            if own == "subtract":
                node.fields.pop("v_reset", None)
        elif level is None:
            if reset is None:
                missing.append(repr(path))
            elif reset == "zero":
                node.fields["v_reset"] = np.zeros(())
        elif reset is not None and (np.any(np.asarray(level) != 0) or (stored and reset != "zero")):
            against.append(f"{path!r}, which has a v_reset")
        elif reset == "subtract":
            del node.fields["v_reset"]
    lines = []
    if missing:
        lines.append(
            f"it does not say its reset: no v_reset in {_listed(missing)}, as before nir 1.0.6, "
            'whose neurons subtract v_threshold: write from_nir(..., reset="subtract"), or "zero" '
            "for what was meant to be reset to 0, or axonal import FILE --reset subtract"
        )
    if against:
        lines.append(
            f'reset="{reset}" is against {_listed(against)}: it is for neurons of files without '
            "v_reset; leave it out"
        )
    return lines


def checked(reset: str | None) -> None:
    """Refuse what is no choice of a reset."""
    if reset is not None and reset not in RESETS:
        raise ValueError(f'from_nir takes reset="zero" or "subtract", got {reset!r}')


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
