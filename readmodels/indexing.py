"""What declared indexes can do for a question: which terms they pin, and how it falls apart."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Any, get_origin, get_type_hints

from msgspec.structs import replace

from domain.composition import members
from domain.rules import Owner, alternatives
from readmodels.model import spec_of
from readmodels.query import And, Compare, Not, Or, Query, Where

BRANCHES_MAX = 30
"""Into how many questions one is taken apart, at most."""

_LISTS = (tuple, list, frozenset, set)
_SOUGHT = frozenset({"eq", "in", "gt", "gte", "lt", "lte", "startsWith", "isNull"})


def list_fields(document: type[Any]) -> list[str]:
    """The fields that hold several values."""
    hints = get_type_hints(document).items()
    return [name for name, hint in hints if get_origin(members(hint)[0]) in _LISTS]


def owner_lists(document: type[Any]) -> list[str]:
    """The lists that `read=` names: every query of an owner asks whether one holds the owner."""
    try:
        rule = spec_of(document).read
    except TypeError:  # none that is shown
        return []
    owners = [] if rule is None else [e for e in alternatives(rule) if isinstance(e, Owner)]
    lists = list_fields(document)
    return [each.field for each in owners if each.field in lists]


def conjuncts(where: Where) -> Iterator[Where]:
    """The conditions all of which have to hold."""
    match where:
        case And(conditions=conditions):
            for each in conditions:
                yield from conjuncts(each)
        case Or(conditions=(only,)):
            yield from conjuncts(only)
        case _:
            yield where


def fields_of(where: Where) -> set[str]:
    """Every field that the condition names."""
    match where:
        case And(conditions=conditions) | Or(conditions=conditions):
            return set[str]().union(*map(fields_of, conditions))
        case Not(condition=condition):
            return fields_of(condition)
        case Compare(field=field):
            return {field}


def pinned(where: Iterable[Where]) -> set[str]:
    """The fields to which these conditions leave one value."""
    found = [each for each in where if isinstance(each, Compare)]
    return {e.field for e in found if e.operator == "eq" or (e.operator == "isNull" and e.value)}


def sought(where: Iterable[Where]) -> set[str]:
    """The fields of which these conditions leave ranges."""
    return {e.field for e in where if isinstance(e, Compare) and e.operator in _SOUGHT}


def leading(index: Sequence[str], fields: set[str]) -> list[str]:
    """The fields that the index begins with, as long as they are among these."""
    return list(takewhile(lambda each: each in fields, index))


def apart(where: Where, is_served: Callable[[Where, list[Where]], bool]) -> list[Where]:
    """Conditions of which exactly one holds where the condition does.

    One of an `or`, or the values of an `in`, each become a question of their own, if `is_served`
    says so for each: it is given the one, and all that has to hold.
    """
    parts = list(conjuncts(where))
    for at, each in enumerate(parts):
        rest = parts[:at] + parts[at + 1 :]
        branches = _branches(each)
        if 1 < len(branches) <= BRANCHES_MAX and all(
            is_served(one, [*conjuncts(one), *rest]) for one, _ in branches
        ):
            return [And((one, *others, *rest)) for one, others in branches]
    return [where]


def _branches(where: Where) -> list[tuple[Where, tuple[Where, ...]]]:
    """Each with what keeps it from the ones before."""
    match where:
        case Or(conditions=conditions):
            return [
                (each, tuple(Not(before) for before in conditions[:at]))
                for at, each in enumerate(conditions)
            ]
        case Compare(operator="in", value=values):
            return [(replace(where, operator="eq", value=e), ()) for e in dict.fromkeys(values)]
        case _:
            return []


def ordered_branches(indexes: Iterable[Sequence[str]], query: Query) -> list[Where]:
    """The page's condition, taken apart where an index then has each part in the page's order."""
    order = [by.field for by in query.terms]

    def is_served(one: Where, parts: list[Where]) -> bool:
        equal, own = pinned(parts), pinned(conjuncts(one))
        wanted = [field for field in order if field not in equal]
        for index in indexes:
            head = leading(index, equal)
            following = (*index, "id")[len(head) :]
            if own.intersection(head) and list(following[: len(wanted)]) == wanted:
                return True
        return False

    return apart(query.where, is_served)
