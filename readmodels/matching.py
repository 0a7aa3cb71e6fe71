"""Which sets a change may touch, found by what they ask for instead of by asking each of them.

A set whose condition needs a field to have a certain value is found by that value, one that needs
it within bounds by the bounds. What is found is asked exactly; what cannot be found is asked
always.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Any, Generic, TypeVar

from readmodels.query import And, Compare, Or, Where, comparable
from readmodels.store import Change

__all__ = ["Matcher"]

T = TypeVar("T")

_LOWER = frozenset({"gt", "gte"})
_UPPER = frozenset({"lt", "lte"})


class Matcher(Generic[T]):
    """Sets by their conditions."""

    def __init__(self) -> None:
        self._equal: dict[str, _Equal[T]] = {}
        self._listed: dict[str, _Equal[T]] = {}
        self._ranges: dict[str, _Ranges[T]] = {}
        self._others: dict[T, None] = {}

    def add(self, where: Where, item: T) -> None:
        """The set is to be found for what its condition may hold for."""
        for index, key in self._places(where):
            index.add(key, item)

    def remove(self, where: Where, item: T) -> None:
        """The set is not to be found any more."""
        for index, key in self._places(where):
            index.remove(key, item)
        for indexes in (self._equal, self._listed, self._ranges):
            for field in [each for each, index in indexes.items() if not index]:
                del indexes[field]

    def touched(self, change: Change[Any]) -> list[T]:
        """The sets that may have the document before or after the change, each once."""
        found: dict[T, None] = dict(self._others)
        for document in (change.before, change.after):
            if document is not None:
                for each in self._found(document):
                    found[each] = None
        return list(found)

    def _found(self, document: Any) -> Iterator[T]:
        for index in self._equal.values():
            yield from index.at(index.value(document))
        for index in self._listed.values():
            for value in index.value(document):
                yield from index.at(value)
        for ranges in self._ranges.values():
            yield from ranges.at(ranges.value(document))

    def _places(self, where: Where) -> "list[tuple[_Equal[T] | _Ranges[T] | _Always[T], Any]]":
        """Where a set with the condition stands: one index, by one or several keys."""
        needed = list(_needed(where))
        best = min(needed, key=_rank, default=None)
        if best is None or _rank(best) >= len(_RANKS):
            return [(_Always(self._others), None)]
        if best.operator in ("eq", "in"):
            index = self._equal.setdefault(best.field, _Equal(best.field))
            values = best.value if best.operator == "in" else (best.value,)
            return [(index, each) for each in dict.fromkeys(values) if each is not None]
        if best.operator == "contains":
            return [(self._listed.setdefault(best.field, _Equal(best.field)), best.value)]
        bounds = [e for e in needed if e.field == best.field and e.value is not None]
        lower = [comparable(each.value) for each in bounds if each.operator in _LOWER]
        upper = [comparable(each.value) for each in bounds if each.operator in _UPPER]
        key = (max(lower, default=None), min(upper, default=None))
        return [(self._ranges.setdefault(best.field, _Ranges(best.field)), key)]


_RANKS = ("eq", "in", "contains", "gt", "gte", "lt", "lte")


def _rank(compare: Compare) -> float:
    """The lower, the fewer documents it is likely to hold for: the id before everything else."""
    if compare.operator not in _RANKS or (compare.value is None and compare.operator != "in"):
        return len(_RANKS)
    return _RANKS.index(compare.operator) - (0.5 if compare.field == "id" else 0)


def _needed(where: Where) -> Iterator[Compare]:
    """The comparisons all of which have to hold."""
    match where:
        case Compare():
            yield where
        case And(conditions=conditions):
            for each in conditions:
                yield from _needed(each)
        case Or(conditions=(only,)):
            yield from _needed(only)
        case _:
            return


class _Always(Generic[T]):
    """Sets that are asked with every change."""

    def __init__(self, items: dict[T, None]) -> None:
        self._items = items

    def add(self, _key: object, item: T) -> None:
        self._items[item] = None

    def remove(self, _key: object, item: T) -> None:
        self._items.pop(item, None)


class _Equal(Generic[T]):
    """Sets by the value that they need in a field."""

    def __init__(self, field: str) -> None:
        self.value: Callable[[object], Any] = attrgetter(field)
        self._by: dict[Any, dict[T, None]] = {}

    def __bool__(self) -> bool:
        return bool(self._by)

    def add(self, key: Any, item: T) -> None:
        self._by.setdefault(key, {})[item] = None

    def remove(self, key: Any, item: T) -> None:
        items = self._by.get(key, {})
        items.pop(item, None)
        if not items:
            self._by.pop(key, None)

    def at(self, value: Any) -> Iterable[T]:
        return self._by.get(value, ())


class _Ranges(Generic[T]):
    """Sets by the bounds that they need a field to be within; both ends count as within.

    Sorted by their lower bound, with the highest upper bound of each part of the list above it in
    a tree: those that hold a value are found without asking the others.
    """

    def __init__(self, field: str) -> None:
        self.value: Callable[[object], Any] = attrgetter(field)
        self._items: dict[tuple[T, Any, Any], None] = {}
        self._sorted: list[tuple[T, Any, Any]] | None = None
        self._lows: list[Any] = []
        self._open = 0
        self._highest: list[Any] = []

    def __bool__(self) -> bool:
        return bool(self._items)

    def add(self, key: tuple[Any, Any], item: T) -> None:
        self._items[item, *key] = None
        self._sorted = None

    def remove(self, key: tuple[Any, Any], item: T) -> None:
        self._items.pop((item, *key), None)
        self._sorted = None

    def at(self, value: Any) -> Iterator[T]:
        if value is None:
            return
        value = comparable(value)
        ranges = self._sorted if self._sorted is not None else self._sort()
        end = self._open + bisect_right(self._lows, value)
        if ranges and end:
            yield from (ranges[at][0] for at in self._reaching(1, 0, self._size, end, value))

    def _sort(self) -> list[tuple[T, Any, Any]]:
        without = [each for each in self._items if each[1] is None]
        with_low = sorted((e for e in self._items if e[1] is not None), key=lambda each: each[1])
        ranges = self._sorted = without + with_low
        self._open = len(without)
        self._lows = [each[1] for each in with_low]
        self._size = 1
        while self._size < len(ranges):
            self._size *= 2
        none_here = (False, None)
        self._highest = [none_here] * (2 * self._size)
        for at, (_, _, high) in enumerate(ranges):
            self._highest[self._size + at] = (True, high)
        for at in range(self._size - 1, 0, -1):
            self._highest[at] = _higher(self._highest[2 * at], self._highest[2 * at + 1])
        return ranges

    def _reaching(self, node: int, low: int, high: int, end: int, value: Any) -> Iterator[int]:
        """The places below `end` whose upper bound is not below the value."""
        is_any, bound = self._highest[node]
        if low >= end or not is_any or (bound is not None and bound < value):
            return
        if high - low == 1:
            yield low
            return
        middle = (low + high) // 2
        yield from self._reaching(2 * node, low, middle, end, value)
        yield from self._reaching(2 * node + 1, middle, high, end, value)


def _higher(one: tuple[bool, Any], other: tuple[bool, Any]) -> tuple[bool, Any]:
    """The higher of two upper bounds; none at all is the highest."""
    if not (one[0] and other[0]):
        return one if one[0] else other
    if one[1] is None or other[1] is None:
        return (True, None)
    return one if one[1] >= other[1] else other
