"""A page as stretches of an index: what one read cannot take in order, several do.

What comes after (x, y, id z) in the order of (a, b, id) is three stretches, one behind the other:
a = x and b = y and id > z; a = x and b > y; a > x. Each is one range of an index over (a, b, id).

Where the id breaks ties upwards in an order that goes down, no index has that order. Then it is
read wholly downwards, equal documents are turned round, and the last ones of a page, of which more
may follow, are read once more among their equals alone.
"""

from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Any, TypeVar, cast

from msgspec.structs import replace

from readmodels.query import And, By, Compare, Query, Where

R = TypeVar("R")

Reads = Generator[Query, list[R], list[R]]
"""Yields queries without an `after`, takes what each finds, and gives the page."""


Key = Callable[[Sequence[By], R], tuple[Any, ...]]
"""A row's values of these terms, as they are stored: all terms of its query but the last."""


def page(query: Query, key: Key[R]) -> Reads[R]:
    """The rows of the page."""
    found: list[R] = []
    for within, each in _stretches(query):
        if len(found) < query.first:
            rest = replace(each, first=query.first - len(found))
            found += yield from _in_order(within, rest, key)
    return found


def _stretches(query: Query) -> Iterator[tuple[Where, Query]]:
    """What comes after `after`, in order: each with the condition that it is a range within."""
    if query.after is None:
        yield query.where, query
        return
    terms, values = query.terms, query.after
    for at in range(len(terms) - 1, -1, -1):
        pinned = [_equal(by.field, value) for by, value in zip(terms, values[:at], strict=False)]
        within = And((query.where, *pinned))
        for beyond, order in _beyond(terms[at:], values[at]):
            where = And((within, beyond))
            is_range = order == terms[at:]  # or one value more is given: that there is none
            yield (
                within if is_range else where,
                replace(query, where=where, order=order, after=None),
            )


def _equal(field: str, value: Any) -> Where:
    return Compare(field, "isNull", True) if value is None else Compare(field, "eq", value)


def _beyond(terms: tuple[By, ...], value: Any) -> Iterator[tuple[Where, tuple[By, ...]]]:
    """What comes after a value of the first term, and its order: with no value at either end."""
    by, *rest = terms
    if not by.descending:
        after: Where = Compare(by.field, "gt", value)
        yield (Compare(by.field, "isNull", False) if value is None else after), terms
    elif value is not None:
        yield Compare(by.field, "lt", value), terms
        if by.field != "id":
            yield Compare(by.field, "isNull", True), tuple(rest)


def is_turned(query: Query) -> bool:
    """Whether the id goes against all the other terms."""
    *order, tie = query.terms
    return {by.descending for by in order} == {not tie.descending}


def _in_order(within: Where, query: Query, key: Key[R]) -> Reads[R]:
    if not is_turned(query):
        return (yield query)
    *order, tie = query.terms
    turned = By(tie.field, not tie.descending)
    rows = yield replace(query, order=(*order, turned), first=query.first + 1)
    equals = [(value, list(some)) for value, some in groupby(rows, partial(key, order))]
    if len(rows) <= query.first:
        return [row for _, some in equals for row in reversed(some)]
    found = [row for _, some in equals[:-1] for row in reversed(some)]
    if len(found) < query.first:
        values, _ = equals[-1]
        same = [_equal(by.field, value) for by, value in zip(order, values, strict=True)]
        # Without the range: beside these equalities, it could be taken for the index's part.
        where = And((within, *same))
        found += yield Query(where=where, order=(tie,), first=query.first - len(found))
    return found


def paged(reads: Reads[R], read: Callable[[Query], list[R]]) -> list[R]:
    """The page, each of its queries answered by `read`."""
    query = next(reads, None)
    while query is not None:
        found = read(query)
        try:
            query = reads.send(found)
        except StopIteration as end:
            return cast("list[R]", end.value)
    return []


async def paged_by(reads: Reads[R], read: Callable[[Query], Awaitable[list[R]]]) -> list[R]:
    """The page, each of its queries answered by `read` as soon as it is awaited."""
    query = next(reads, None)
    while query is not None:
        found = await read(query)
        try:
            query = reads.send(found)
        except StopIteration as end:
            return cast("list[R]", end.value)
    return []
