"""The form of a kind in Brian 2."""

from typing import NamedTuple


class BrianForm(NamedTuple):
    """A kind in the words of Brian 2: a membrane v, an input `total`, and the fields of the kind.

    Args:
        before: updates that come before that of the membrane.
        membrane: the new membrane.
        threshold: level that it is compared with.
        after: updates beside the reset after a spike.
        last: updates of all neurons after their resets.
    """

    before: tuple[str, ...] = ()
    membrane: str = "decay * v + gain * (total + bias)"
    threshold: str = "threshold"
    after: tuple[str, ...] = ()
    last: tuple[str, ...] = ()

    @property
    def variables(self) -> tuple[str, ...]:
        """Variables beside v and total: those that an update is for."""
        names = (update.partition(" = ")[0] for update in (*self.before, *self.after))
        return tuple(dict.fromkeys(name for name in names if name != "v"))
