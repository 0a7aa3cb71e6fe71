"""Read rules as conditions: one translation serves every query and every push."""

from collections.abc import Hashable
from functools import cache
from typing import Any, get_origin, get_type_hints

from domain.rules import Owner, Rule, Viewer, admits, alternatives
from readmodels.query import EVERYTHING, And, Compare, Or, Where


def visible(document: type[Any], rule: Rule, viewer: Viewer) -> Where:
    """The condition under which the viewer may see a document."""
    if admits(rule, viewer):
        return EVERYTHING
    owned: list[Where] = []
    if viewer.subject is not None:
        for each in alternatives(rule):
            if isinstance(each, Owner):
                is_list = _holds_many(document, each.field)  # type: ignore[arg-type]  # hashable
                owned.append(Compare(each.field, "contains" if is_list else "eq", viewer.subject))
    return Or(tuple(owned))


@cache
def _holds_many(document: Hashable, field: str) -> bool:
    """Whether the field is a tuple; asked for with each query."""
    return get_origin(get_type_hints(document)[field]) is tuple


def both(one: Where, other: Where) -> Where:
    """Both conditions, without an empty one."""
    if other is EVERYTHING or other == EVERYTHING:
        return one
    return other if one == EVERYTHING else And((one, other))
