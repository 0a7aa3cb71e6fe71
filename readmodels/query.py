"""What is asked of documents: conditions, order and page, and their meaning in plain Python.

Every engine answers as `predicate` and `sort_key` say; a property test holds them to it.
"""

from collections.abc import Callable
from enum import Enum
from functools import partial
from operator import attrgetter, ge, gt, le, lt
from typing import Any, Generic, Literal, TypeVar

import msgspec

D = TypeVar("D")

Operator = Literal[
    "eq", "ne", "in", "notIn", "gt", "gte", "lt", "lte", "startsWith", "isNull", "contains"
]


class Compare(msgspec.Struct, frozen=True):
    """One field against a value of the field's type; a tuple of them for `in` and `notIn`.

    A field without a value (None) is equal to nothing, and neither above nor below anything.
    `contains` asks whether a field that is a tuple holds the value.
    """

    field: str
    operator: Operator
    value: Any


class And(msgspec.Struct, frozen=True):
    """All of the conditions; with none of them, everything."""

    conditions: "tuple[Where, ...]"


class Or(msgspec.Struct, frozen=True):
    """At least one of the conditions; with none of them, nothing."""

    conditions: "tuple[Where, ...]"


class Not(msgspec.Struct, frozen=True):
    """What the condition does not hold for."""

    condition: "Where"


Where = Compare | And | Or | Not
EVERYTHING = And(())
NOTHING = Or(())


class By(msgspec.Struct, frozen=True):
    """One term of an order. Documents without a value come first, with `descending` last."""

    field: str
    descending: bool = False


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """A page of documents: those `where` holds for, in `order` with the id as the last term.

    `after` holds the values of the order's terms and the id, of the document to go on after.
    """

    where: Where = EVERYTHING
    order: tuple[By, ...] = ()
    first: int = 20
    after: tuple[Any, ...] | None = None

    @property
    def terms(self) -> tuple[By, ...]:
        """The order with the id as its last term, unless the id stands in it already."""
        named = [by.field for by in self.order]
        if "id" in named:
            return self.order[: named.index("id") + 1]
        return (*self.order, By("id"))


class Page(msgspec.Struct, Generic[D], frozen=True, kw_only=True):
    """Documents in order, and whether more come before and after them.

    `total` counts all that the condition holds for, where that was asked for.
    """

    documents: tuple[D, ...]
    query: Query
    has_next: bool
    total: int | None = None

    @property
    def has_previous(self) -> bool:
        return self.query.after is not None


def place(query: Query, document: object) -> tuple[Any, ...]:
    """Where the document stands in the query's order: what `Query.after` takes."""
    return tuple(getattr(document, by.field) for by in query.terms)


_ORDERED: dict[str, Callable[[Any, Any], bool]] = {"gt": gt, "gte": ge, "lt": lt, "lte": le}


def predicate(where: Where) -> Callable[[object], bool]:
    """Whether the condition holds for a document, as a function of the document."""
    match where:
        case And(conditions=conditions):
            all_of = tuple(predicate(each) for each in conditions)
            return lambda document: all(each(document) for each in all_of)
        case Or(conditions=conditions):
            one_of = tuple(predicate(each) for each in conditions)
            return lambda document: any(each(document) for each in one_of)
        case Not(condition=condition):
            holds = predicate(condition)
            return lambda document: not holds(document)
        case Compare():
            return _compare(where)


def _compare(compare: Compare) -> Callable[[object], bool]:
    field: Callable[[object], Any] = attrgetter(compare.field)
    value = compare.value
    match compare.operator:
        case "eq":
            return lambda document: value is not None and field(document) == value
        case "ne":
            return lambda document: value is None or field(document) != value
        case "in":
            return lambda document: (found := field(document)) is not None and found in value
        case "notIn":
            return lambda document: (found := field(document)) is None or found not in value
        case "isNull":
            return lambda document: (field(document) is None) == value
        case "startsWith":
            return lambda document: (
                (found := field(document)) is not None and found.startswith(value)
            )
        case "contains":
            return lambda document: value in field(document)
        case "gt" | "gte" | "lt" | "lte":
            compared = _ORDERED[compare.operator]
            bound = comparable(value)
            return lambda document: (
                bound is not None
                and (found := field(document)) is not None
                and compared(comparable(found), bound)
            )


def comparable(value: Any) -> Any:
    """The value as it is ordered: an enum by its value, everything else as it is."""
    return value.value if isinstance(value, Enum) else value


def sorted_page(query: Query, documents: "list[D]") -> "list[D]":
    """The documents that the query gives, of all of these: the meaning of order and `after`."""
    holds = predicate(query.where)
    found = [document for document in documents if holds(document)]
    for by in reversed(query.terms):
        found.sort(key=partial(_rank, by.field), reverse=by.descending)
    if query.after is not None:
        after = query.after
        found = [document for document in found if _comes_after(query, document, after)]
    return found[: query.first]


def _rank(field: str, document: object) -> tuple[bool, Any]:
    return _nulls_first(getattr(document, field))


def _nulls_first(value: Any) -> tuple[bool, Any]:
    return (value is not None, 0 if value is None else comparable(value))


def _comes_after(query: Query, document: object, after: tuple[Any, ...]) -> bool:
    for by, theirs in zip(query.terms, after, strict=True):
        mine, other = _rank(by.field, document), _nulls_first(theirs)
        if mine != other:
            return (mine < other) if by.descending else (mine > other)
    return False
