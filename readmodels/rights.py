"""Read rules as conditions: one translation serves every query and every push."""

from typing import Any, get_origin, get_type_hints

from domain.rules import Owner, Rule, Viewer, admits, alternatives
from readmodels.query import EVERYTHING, And, Compare, Or, Where


def visible(document: type[Any], rule: Rule, viewer: Viewer) -> Where:
    """The condition under which the viewer may see a document."""
    if admits(rule, viewer):
        return EVERYTHING
    owned: list[Where] = []
    if viewer.subject is not None:
        hints = get_type_hints(document)
        for each in alternatives(rule):
            if isinstance(each, Owner):
                is_list = get_origin(hints[each.field]) is tuple
                owned.append(Compare(each.field, "contains" if is_list else "eq", viewer.subject))
    return Or(tuple(owned))


def both(one: Where, other: Where) -> Where:
    """Both conditions, without an empty one."""
    if one == EVERYTHING:
        return other
    return one if other == EVERYTHING else And((one, other))
