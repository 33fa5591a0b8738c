"""From a microphone or a sensor to the steps of a recipe: what `axonal stream` needs to know."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from axonal.datasets import Recording, Sensor
from axonal.recipes import _find
from axonal.recipes._errors import RecipeError

Hear = Callable[[npt.NDArray[np.float64]], npt.NDArray[Any] | Recording]


@dataclass(frozen=True)
class Feed:
    """Rule by which a recipe makes steps of what comes from outside.

    A recipe that hears sounds, or changes counts of events, has ``feed(settings)``, which returns
    one; for the others rows of numbers are steps, and so are counts of events per ``dt``.

    Args:
        dt: seconds per step.
        rate: samples per second of the sounds that it hears; None if it hears none.
        hear: steps ``[T, N]`` of a sound ``[L]`` of that rate, samples from -1 to 1; or its events.
        counts: change of counts of events ``[T, N]``, such as ``numpy.sqrt``.
        silence: silent steps behind the end of a file, in which delayed spikes still arrive.
        classes: names of the classes, where they have names.

    >>> Feed(dt=0.01).rate is None
    True
    """

    dt: float
    rate: int | None = None
    hear: Hear | None = None
    counts: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]] | None = None
    silence: int = 0
    classes: tuple[str, ...] = ()

    @classmethod
    def ear(cls, front_end: Any, dt: float, **options: Any) -> "Feed":
        """Feed of a front end of `axonal.datasets`, whose spikes are counted per step.

        >>> from axonal.datasets import MelDelta
        >>> Feed.ear(MelDelta(), 0.01).rate
        8000
        """

        def hear(sound: npt.NDArray[np.float64]) -> Recording:
            ((times, channels),) = front_end.encode([sound])
            return Recording(
                times.astype(np.int64), channels.astype(np.uint32), Sensor(front_end.channels)
            )

        return cls(dt, front_end.rate, hear, **options)


def feed_of(name: str, settings: Any) -> Feed:
    """The feed of a recipe: its own, or rows and counts as they are.

    Raises:
        RecipeError: its network runs in continuous time, or by another rule of its own.
    """
    if getattr(settings, "engine", "surrogate") == "exact":
        raise RecipeError(
            f"this run of {name} learned spike times without steps (--engine exact), and a stream "
            "is made of steps: it would answer otherwise than it did."
        )
    made: Callable[[Any], Feed] | None = getattr(_find.find(name), "feed", None)
    return Feed(dt=settings.dt) if made is None else made(settings)
