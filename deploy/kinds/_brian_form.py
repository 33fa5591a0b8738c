"""The form of a kind in Brian 2."""

from typing import NamedTuple


class BrianForm(NamedTuple):
    """A kind in the words of Brian 2: a membrane v, an input `total`, and the fields of the kind.

    Args:
        variables: variables beside v and total.
        before: updates that come before that of the membrane.
        membrane: the new membrane.
        threshold: level that it is compared with.
        after: updates beside the reset after a spike.
    """

    variables: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    membrane: str = "decay * v + gain * (total + bias)"
    threshold: str = "threshold"
    after: tuple[str, ...] = ()
