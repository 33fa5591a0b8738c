"""Sets of events one after the other."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from axonal.datasets.events.event_set import EventSet


def alike(given: "Iterable[EventSet]", kind: "type[EventSet]") -> "tuple[EventSet, ...]":
    """Return sets of one sensor, with the same classes and groups; refuse others.

    Raises:
        TypeError: what is no set.
        ValueError: no set, or some that differ.
    """
    sets = tuple(given)
    if not sets:
        raise ValueError("EventSet.join expects at least one set, got none.")
    for place, one in enumerate(sets):
        if not isinstance(one, kind):
            raise TypeError(
                f"EventSet.join expects sets of events, got {type(one).__name__} as set {place}. "
                "Write EventSet.join([a, b]) with two sets; EventSet.from_recordings takes samples."
            )
        first = sets[0]
        if one.sensor != first.sensor:
            raise ValueError(
                f"EventSet.join expects sets of one sensor, {first.sensor}, got {one.sensor} in "
                f"set {place}."
            )
        if one.classes != first.classes:
            raise ValueError(
                f"EventSet.join expects sets with the classes {', '.join(first.classes)}, got "
                f"{', '.join(one.classes)} in set {place}. A label is a place in them: are they in "
                "another order?"
            )
        if one.groups.keys() != first.groups.keys():
            raise ValueError(
                f"EventSet.join expects sets with the groups {', '.join(first.groups) or 'none'}, "
                f"got {', '.join(one.groups) or 'none'} in set {place}."
            )
    return sets


def arrays_of(sets: "tuple[EventSet, ...]") -> dict[str, Any]:
    """The arrays of all samples of sets, in their order, by the names of the fields."""
    events = np.cumsum([0, *(one.event_count for one in sets)])
    periods = np.cumsum([0, *(len(one.boundaries) - 1 for one in sets)])
    bounds = [one.boundaries[:-1] + n for one, n in zip(sets, events[:-1], strict=True)]
    samples = [one.first_period[:-1] + n for one, n in zip(sets, periods[:-1], strict=True)]
    names = ("low", "addresses", "starts", "labels")
    return {
        **{name: np.concatenate([getattr(one, name) for one in sets]) for name in names},
        "boundaries": np.concatenate([*bounds, events[-1:]]),
        "first_period": np.concatenate([*samples, periods[-1:]]),
        "groups": {
            key: np.concatenate([one.groups[key] for one in sets]) for key in sets[0].groups
        },
    }
