"""The calls of one time step, each written down once: steps are alike if their rows are."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from torch import fx

from axonal.neuro.importers.loops.ref import LENGTH, Ref

INPUT, MODULE, POTENTIAL, CALL, ATTRIBUTE = "input", "module", "potential", "call", "attribute"


class Row(NamedTuple):
    """One call, on sequences [T, B, ...].

    Args:
        kind: the input, a module, its potential, a function or method, or a parameter.
        target: path or function.
        args: arguments, with :class:`Ref` for the results of other rows.
        kwargs: likewise.
    """

    kind: str
    target: Any
    args: tuple[Any, ...] = ()
    kwargs: tuple[tuple[str, Any], ...] = ()


class Rows(list[Row]):
    """All rows; one that is there already is not added again."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers: dict[Any, int] = {}

    def number(self, row: Row) -> int:
        """Return the number of a row, a new one if it is new."""
        key = (row.kind, row.target, repr(row.args), repr(row.kwargs))
        if key not in self._numbers:
            self._numbers[key] = len(self)
            self.append(row)
        return self._numbers[key]

    def parts(self, number: int) -> list[int]:
        """Return the rows whose results a row takes."""
        row = self[number]
        found: list[int] = []
        replaced((row.args, row.kwargs), lambda ref: found.append(ref.row))
        return found

    def reached(self, wanted: list[int]) -> list[int]:
        """Return the rows that these need, themselves among them, in the order they run."""
        seen: set[int] = set()
        waiting = list(wanted)
        while waiting:
            number = waiting.pop()
            if number not in seen:
                seen.add(number)
                waiting += self.parts(number)
        return sorted(seen)

    def difference(self, one: int, other: int) -> tuple[str, str]:
        """Return in words what two rows do, where they first differ."""
        a, b = self[one], self[other]
        pairs = list(zip(self.parts(one), self.parts(other), strict=False))
        if a.kind == b.kind and a.target == b.target:
            for x, y in pairs:
                if x != y:
                    return self.difference(x, y)
        return self.shown(one), self.shown(other)

    def shown(self, number: int) -> str:
        """Return a row in words."""
        row = self[number]
        if row.kind == INPUT:
            return "the input"
        if row.kind in (MODULE, POTENTIAL, ATTRIBUTE):
            return str(row.target)
        settings = [a for a in row.args if not isinstance(a, Ref)]
        name = getattr(row.target, "__name__", str(row.target))
        return f"{name}(..., {', '.join(map(str, settings))})" if settings else f"{name}(...)"


def with_length(one: Any, other: Any, lengths: tuple[int, int]) -> Any:
    """Return what two runs over sequences of these lengths say alike, the length marked."""
    if type(one) is int and (one, other) == lengths and one != other:
        return Ref(LENGTH)
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return {name: with_length(entry, other[name], lengths) for name, entry in one.items()}
    if type(one) is type(other) and isinstance(one, (list, tuple)) and len(one) == len(other):
        made = [with_length(a, b, lengths) for a, b in zip(one, other, strict=True)]
        if isinstance(one, Row):
            return Row(*made)
        return type(one)(made)
    return one


def replaced(value: Any, by: Callable[[Any], Any]) -> Any:
    """Return arguments with every :class:`Ref` replaced."""
    if isinstance(value, Ref):
        return by(value)
    if isinstance(value, dict):
        return {name: replaced(entry, by) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        made = [replaced(entry, by) for entry in value]
        return made if isinstance(value, list) else tuple(made)
    return value


def plain(value: Any) -> Any:
    """Return arguments of a node as plain lists, tuples and dicts."""
    if isinstance(value, fx.Node):
        return value
    if isinstance(value, dict):
        return {name: plain(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    if isinstance(value, tuple):
        return tuple(plain(entry) for entry in value)
    return value


def nodes_in(value: Any) -> Iterator[fx.Node]:
    """Go through the nodes of arguments, in order."""
    if isinstance(value, fx.Node):
        yield value
    elif isinstance(value, dict):
        for entry in value.values():
            yield from nodes_in(entry)
    elif isinstance(value, (list, tuple)):
        for entry in value:
            yield from nodes_in(entry)
