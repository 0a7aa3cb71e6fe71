"""Conditions and orders in MongoDB's language, with the meaning that `query` gives them.

Every value stands behind an operator (`{"$eq": value}`), so none is ever read as one.
"""

from typing import Any

from readmodels.mongo_values import Fields
from readmodels.query import And, By, Compare, Not, Or, Query, Where
from readmodels.sortable import prefix_end

Filter = dict[str, Any]

ALL: Filter = {}
NONE: Filter = {"_id": {"$in": []}}
LIVE: Filter = {"body": {"$ne": None}}
"""Not deleted: what is deleted stays for a while, without its body."""


def condition(fields: Fields, where: Where) -> Filter:
    """The condition as a filter."""
    match where:
        case And(conditions=()):
            return ALL
        case Or(conditions=()):
            return NONE
        case And(conditions=conditions):
            return {"$and": [condition(fields, each) for each in conditions]}
        case Or(conditions=conditions):
            return {"$or": [condition(fields, each) for each in conditions]}
        case Not(condition=inner):
            return {"$nor": [condition(fields, inner)]}
        case Compare():
            return _compare(fields, where)


def _compare(fields: Fields, compare: Compare) -> Filter:
    name, value = compare.field, compare.value
    path = fields.path(name)
    match compare.operator:
        case "eq":
            return NONE if value is None else {path: {"$eq": fields.bound(name, value)}}
        case "ne":
            return ALL if value is None else {path: {"$ne": fields.bound(name, value)}}
        case "in" | "notIn" as operator:
            # None is equal to nothing, while MongoDB's null is found by a null.
            values = [fields.bound(name, each) for each in value if each is not None]
            return {path: {"$in" if operator == "in" else "$nin": values}}
        case "isNull":
            return {path: {"$eq" if value else "$ne": None}}
        case "startsWith":
            return {path: _starts_with(value)}
        case "contains":
            return {path: {"$elemMatch": {"$eq": fields.bound(name, value)}}}
        case "gt" | "gte" | "lt" | "lte" as operator:
            return NONE if value is None else {path: {f"${operator}": fields.bound(name, value)}}


def _starts_with(prefix: str) -> Filter:
    """A range, so that an index serves it: from the prefix up to the first text beyond it."""
    end = prefix_end(prefix)
    return {"$gte": prefix} if end is None else {"$gte": prefix, "$lt": end}


def order_by(fields: Fields, terms: tuple[By, ...]) -> list[tuple[str, int]]:
    """The terms as a sort. Documents without a value come first, with DESC last: null is least."""
    return [(fields.path(by.field), -1 if by.descending else 1) for by in terms]


def after(fields: Fields, query: Query) -> Filter:
    """What comes after the query's `after` in its order."""
    if query.after is None:
        return ALL
    steps: list[Filter] = []
    equal: list[Filter] = []
    for by, value in zip(query.terms, query.after, strict=True):
        path = fields.path(by.field)
        bound = None if value is None else fields.bound(by.field, value)
        steps.append({"$and": [*equal, _beyond(path, by, bound)]})
        equal.append({path: {"$eq": bound}})
    return {"$and": [*_bounded(fields, query), {"$or": steps}]}


def _beyond(path: str, by: By, bound: Any) -> Filter:
    if bound is None:
        return NONE if by.descending else {path: {"$ne": None}}
    if by.descending:
        return {"$or": [{path: {"$lt": bound}}, {path: {"$eq": None}}]}
    return {path: {"$gt": bound}}


def _bounded(fields: Fields, query: Query) -> list[Filter]:
    """The first term's range once more, over all steps: an index is then entered at the place."""
    assert query.after is not None
    by, value = query.terms[0], query.after[0]
    if by.descending or value is None:
        return []
    return [{fields.path(by.field): {"$gte": fields.bound(by.field, value)}}]


def selection(fields: Fields, query: Query) -> Filter:
    """Everything that a page is taken from."""
    return {"$and": [LIVE, condition(fields, query.where), after(fields, query)]}
