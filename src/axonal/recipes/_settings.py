"""Settings of recipes: checked when they are made, kept as JSON."""

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

from axonal.recipes._errors import RecipeError

LARGEST = 1e15
"""Above any time, size or rate; sums and products with it are still finite."""
MOST = 1_000_000
"""Of whole numbers: epochs, neurons, steps and samples."""
READOUTS = ("mean_over_time", "max_over_time", "summed_softmax", "first_spike", "last_step")
KINDS = (int, float, bool, str)


class Kind(NamedTuple):
    """The kind of a setting.

    Args:
        type: one of `KINDS`.
        optional: whether None is a value, too.
    """

    type: type
    optional: bool


@dataclass(frozen=True, kw_only=True)
class BaseSettings:
    """Settings that every recipe has.

    Args:
        seed: of everything that is drawn at random, 0 to 2^64 - 1.
    """

    seed: int = 0

    ADDED: ClassVar[frozenset[str]] = frozenset()
    """Settings that the recipe has got since rows were stored under keys of its settings."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, float):
                self.require(field.name, abs(value) <= LARGEST, "a finite number")
            elif isinstance(value, int) and field.name != "seed":
                self.require(field.name, abs(value) <= MOST, f"a number up to {MOST}")
        self.require("seed", 0 <= self.seed < 2**64, "a whole number from 0 to 2^64 - 1")

    def identity(self) -> dict[str, Any]:
        """What tells runs apart: all settings, but those of `ADDED` that have their default."""
        defaults = {field.name: field.default for field in dataclasses.fields(self)}
        return {
            name: value
            for name, value in self.to_json().items()
            if name not in self.ADDED or value != defaults[name]
        }

    def require(self, name: str, fine: bool, expected: str) -> None:
        """Raise ValueError naming a setting that is not what was expected."""
        if not fine:
            raise RecipeError(
                f"the setting {name} takes {expected}, got {short(getattr(self, name))}."
            )

    def require_counts(self, *names: str) -> None:
        """Raise ValueError naming a setting that is no whole number from 1 on."""
        for name in names:
            self.require(name, getattr(self, name) >= 1, "a whole number >= 1")

    def to_json(self) -> dict[str, Any]:
        """All settings as a dict that JSON can hold."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; ValueError names settings that this version does not have."""
        known = {field.name for field in dataclasses.fields(cls)}
        foreign = sorted(set(values) - known)
        if foreign:
            raise RecipeError(
                f"{cls.__name__} has no setting {', '.join(foreign)}: it was written by another "
                "version of axonal."
            )
        for name, kind in kinds(cls).items():
            if name not in values or (values[name] is None and kind.optional):
                continue
            number = kind.type is float
            if type(values[name]) not in ((int, float) if number else (kind.type,)):
                expected = "number" if number else kind.type.__name__
                raise RecipeError(
                    f"the setting {name} takes a {expected}, got {short(values[name])}."
                )
        return cls(**values)


@dataclass(frozen=True, kw_only=True)
class Settings(BaseSettings):
    """Settings of recipes that train by gradients; schedules are functions of them and the epoch.

    Args:
        seed: of initial weights and delays, of the order of samples and of generated data,
            0 to 2^64 - 1.
        epochs: passes over the training samples, >= 1.
        batch: samples per update, >= 1.
        learning_rate: of weights at the start; it falls to zero along a cosine.
        delay_rate: of delays at the start, in steps per update; the same cosine.
        weight_decay: of the weights.
        sigma: first width of the Gaussian of a delay, in steps; none for half of the longest delay.
        final_sigma: last width of the Gaussian, less 0.27, in steps, > 0.
        narrow_until: share of the epochs after which the Gaussian has its final width, 0 to 1.
        freeze_from: share of the epochs after which delays are rounded and frozen; 1 for never.
        readout: how the output over time becomes one score per class.
        dt: seconds per step, > 0.

    >>> @dataclass(frozen=True, kw_only=True)
    ... class Mine(Settings):
    ...     hidden: int = 32
    >>> Mine(epochs=3).epochs, Mine().batch
    (3, 64)
    """

    epochs: int = 20
    batch: int = 64
    learning_rate: float = 5e-3
    delay_rate: float = 0.1
    weight_decay: float = 0.0
    sigma: float | None = None
    final_sigma: float = 0.23
    narrow_until: float = 0.5
    freeze_from: float = 2 / 3
    readout: str = "mean_over_time"
    dt: float = 1e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_counts("epochs", "batch")
        for name in ("learning_rate", "delay_rate", "weight_decay"):
            self.require(name, getattr(self, name) >= 0, "a number >= 0")
        for name in ("narrow_until", "freeze_from"):
            self.require(name, 0 <= getattr(self, name) <= 1, "a share from 0 to 1")
        self.require("sigma", self.sigma is None or self.sigma > 0, "steps > 0")
        self.require("final_sigma", self.final_sigma > 0, "steps > 0")
        self.require("dt", 0 < self.dt < math.inf, "seconds > 0")
        self.require("readout", self.readout in READOUTS, f"one of {', '.join(READOUTS)}")

    def require_tau(self, name: str, least: float) -> None:
        """Raise ValueError where a time constant would forget nothing, or everything at once."""
        fine = least <= getattr(self, name) <= MOST
        self.require(name, fine, f"steps from {least:g} to {MOST}")

    @property
    def freeze_epoch(self) -> int | None:
        """First epoch with rounded, frozen delays, counted from 0; None if there is none."""
        return None if self.freeze_from == 1 else round(self.epochs * self.freeze_from)

    @property
    def narrow_epochs(self) -> int:
        """Epochs until the Gaussian of a delay has its final width."""
        return max(1, round(self.epochs * self.narrow_until))


def kinds(settings: type[BaseSettings]) -> dict[str, Kind]:
    """The kind of every setting, by name.

    Raises:
        TypeError: a setting is of another kind.

    >>> kinds(Settings)["sigma"]
    Kind(type=<class 'float'>, optional=True)
    """
    hints = typing.get_type_hints(settings)
    found = {}
    for field in dataclasses.fields(settings):
        hint, optional = hints[field.name], False
        if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
            rest = [arm for arm in typing.get_args(hint) if arm is not type(None)]
            optional = len(rest) < len(typing.get_args(hint))
            hint = rest[0] if len(rest) == 1 else hint
        if hint not in KINDS:
            raise TypeError(
                f"the setting {field.name} is of type {field.type}; settings are int, float, bool "
                "or str, or one of them | None"
            )
        found[field.name] = Kind(hint, optional)
    return found


def check_kinds(settings: type[BaseSettings], path: str) -> None:
    """Refuse settings of a user's recipe that could not be given or kept as JSON."""
    try:
        kinds(settings)
    except (TypeError, NameError) as error:
        raise RecipeError(f"{path}: {error}.") from error
    bare = [
        field.name for field in dataclasses.fields(settings) if field.default is dataclasses.MISSING
    ]
    if bare:
        raise RecipeError(f"{path}: the setting {bare[0]} has no default; every setting needs one.")


def short(value: object) -> str:
    """A foreign value in an error, on one line that is not too long."""
    # Python refuses to write out a number of thousands of digits
    if isinstance(value, int) and abs(value) > LARGEST * LARGEST:
        return f"a number of {value.bit_length()} bits"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
