"""The form that every transform has."""

import dataclasses
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from axonal.datasets.events import EventSet, LabelledRecording, Recording
from axonal.datasets.transforms.key import Key
from axonal.datasets.transforms.outcome import Outcome


class Transform(ABC):
    """A recording in, a recording out; random ones depend on a `Key` and on nothing else.

    One of your own is a frozen dataclass with ``apply``; its fields are numbers, texts, None or
    tuples of them, so that `description` is JSON. Nothing is changed in place.

    >>> from dataclasses import dataclass
    >>> from axonal.datasets import Recording, Sensor
    >>> from axonal.datasets.transforms import Outcome, Tally, Transform
    >>> @dataclass(frozen=True)
    ... class EverySecond(Transform):
    ...     first: int = 0
    ...     def apply(self, recording, key=None):
    ...         kept = recording.take(slice(self.first, None, 2))
    ...         return Outcome(kept, Tally(dropped=len(recording) - len(kept)))
    >>> EverySecond()(Recording.of([1, 2, 3], 0, 0, 0, Sensor(1))).times.tolist()
    [1, 3]
    >>> EverySecond(1).description()
    {'name': 'EverySecond', 'first': 1}
    """

    def __call__(self, recording: Recording, key: Key | None = None) -> Recording:
        """The recording after the transform; `apply` gives the account of its events, too.

        Raises:
            TypeError: no recording; what `apply` refuses.
        """
        check_recording(self, recording)
        return self.apply(recording, key).recording

    @abstractmethod
    def apply(self, recording: Recording, key: Key | None = None) -> Outcome:
        """Transform a recording.

        Args:
            recording: the events, which stay as they are.
            key: of the random draws; only transforms that draw need one.

        Raises:
            TypeError: no recording; a transform that draws got no key.
        """

    def description(self) -> dict[str, Any]:
        """Name and settings, as JSON holds them: the same transform has the same text for ever."""
        fields = dataclasses.fields(self)  # type: ignore[arg-type]  # every final one is one
        settings = {field.name: plain(getattr(self, field.name)) for field in fields}
        return {"name": type(self).__name__, **settings}


def draws(transform: object, key: Key | None) -> np.random.Generator:
    """The random numbers of a key; a transform that draws and has none is refused."""
    if not isinstance(key, Key):
        name = type(transform).__name__
        raise TypeError(
            f"{name} draws at random and expects a Key, got {key!r}. Write for example "
            "key=Key(seed=0, epoch=0, index=i)."
        )
    return key.generator()


def check_recording(transform: object, recording: object) -> None:
    """Refuse what holds recordings, or none.

    Raises:
        TypeError: one line that says what to write.
    """
    if isinstance(recording, Recording):
        return
    name = type(transform).__name__
    hint = ""
    if isinstance(recording, LabelledRecording):
        hint = f" Write {name}(...)(sample.recording, key)."
    if isinstance(recording, EventSet):
        hint = f" Write Transformed(events, {name}(...)) for all samples of a set."
    raise TypeError(f"{name} expects a Recording, got {type(recording).__name__}.{hint}")


def plain(value: Any) -> Any:
    """A setting in types of Python, which JSON takes: numbers of numpy are none."""
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    return value.item() if isinstance(value, np.generic) else value
