"""Conditions and orders in MongoDB's language, with the meaning that `query` gives them.

Every value stands behind an operator (`{"$eq": value}`), so none is ever read as one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from readmodels.mongo_values import Fields
from readmodels.query import And, By, Compare, Not, Or, Where
from readmodels.sortable import prefix_end

Filter = dict[str, Any]

ALL: Filter = {}
NONE: Filter = {"_id": {"$in": []}}
THERE: Filter = {"body": {"$ne": None}}
"""Not deleted, asked of documents that are found by their `_id`."""
LIVE: Filter = {"body.id": {"$gte": ""}}
"""Not deleted: what is deleted stays for a while, without its body. Every index is over these
alone, and has the body's id as its last field, so it tells without a look at the document."""


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
            return {path: _holding(fields.bound(name, value))}
        case "gt" | "gte" | "lt" | "lte" as operator:
            return NONE if value is None else {path: {f"${operator}": fields.bound(name, value)}}


def _holding(value: Any) -> Filter:
    """An index answers an equality alone; with a list or a value it would be the whole field's."""
    is_plain = isinstance(value, str | int | float)
    return {"$eq": value} if is_plain else {"$elemMatch": {"$eq": value}}


def _starts_with(prefix: str) -> Filter:
    """A range, so that an index serves it: from the prefix up to the first text beyond it."""
    end = prefix_end(prefix)
    return {"$gte": prefix} if end is None else {"$gte": prefix, "$lt": end}


def order_by(fields: Fields, terms: tuple[By, ...]) -> list[tuple[str, int]]:
    """The terms as a sort. Documents without a value come first, with DESC last: null is least."""
    return [(fields.path(by.field), -1 if by.descending else 1) for by in terms]


def selection(fields: Fields, where: Where) -> Filter:
    """Everything that the condition holds for."""
    return {"$and": [LIVE, condition(fields, where)]}


def key_of(fields: Fields, terms: Sequence[By], record: Mapping[str, Any]) -> tuple[Any, ...]:
    """The values of the terms in a record, as they stand in it."""
    paths = (fields.path(by.field).split(".") for by in terms)
    return tuple(record[top].get(field) for top, field in paths)
