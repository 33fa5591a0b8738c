"""Names of readout rules, and which outputs they can read."""

from collections.abc import Mapping, Sequence

from axonal.deploy.kinds import KINDS

RULES = ("max", "mean", "last", "first-spike")


def unreadable(rule: str | None, outputs: Sequence[str], kinds: Mapping[str, str]) -> str | None:
    """Reason that a rule cannot score these outputs, in one line; None if it can.

    Args:
        rule: one of `RULES`, or None.
        outputs: names of the outputs.
        kinds: kind of every population by name.

    >>> unreadable("first-spike", ["out"], {"out": "integrator"})
    "readout 'first-spike' needs an output that fires, and 'out' is an integrator: read it by max,
    mean or last, or end in a layer that fires"
    """
    if rule is None:
        return None
    if rule not in RULES:
        return f"unknown readout {rule!r}, known are {', '.join(RULES)}"
    if len(outputs) != 1:
        return f"readout {rule!r} scores one output, and there are {len(outputs)}: " + ", ".join(
            outputs
        )
    kind = KINDS.get(kinds.get(outputs[0], ""))
    if rule == "first-spike" and kind is not None and not kind.spikes:
        return (
            f"readout 'first-spike' needs an output that fires, and {outputs[0]!r} is an "
            "integrator: read it by max, mean or last, or end in a layer that fires"
        )
    return None
