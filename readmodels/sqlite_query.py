"""Conditions and orders as SQL over JSON documents, with the meaning that `query` gives them."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, get_type_hints

from domain.composition import members
from readmodels.query import And, Compare, Not, Or, Where
from readmodels.sortable import decimal_key, prefix_end, utc_key

Sql = tuple[str, list[Any]]


class Fields:
    """How the fields of one document class stand in SQL: an expression, and their values."""

    def __init__(self, document: type[Any], lists: Mapping[str, str] | None = None) -> None:
        """`lists` gives the table in which the values of a list stand one by one, in SQL."""
        self.lists = lists or {}
        self._types = {name: members(hint)[0] for name, hint in get_type_hints(document).items()}

    def expression(self, field: str) -> str:
        """The field as it is compared and indexed. Raises KeyError where there is none."""
        if field == "id":
            return "id"
        kind = self._types[field]
        path = f"json_extract(body, '$.{field}')"
        if kind is Decimal:
            return f"decimal_key({path})"
        if kind is datetime:
            return f"instant_key({path})"
        return path

    def bound(self, field: str, value: Any) -> Any:
        """A value of the field as it is bound in SQL."""
        if isinstance(value, Enum):
            value = value.value
        if isinstance(value, Decimal):
            return decimal_key(str(value))
        if isinstance(value, datetime):
            return utc_key(value)
        if isinstance(value, date):
            return value.isoformat()
        return value


NEVER = "1 = 0"
"""A plain 0 would swallow the rest of a WHERE, and with it what lets an index serve."""

_IS_THERE = ">= -9e999"
"""Not below the least number, as every text is too: a range, so that an index serves it."""

_COMPARED = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def condition(fields: Fields, where: Where) -> Sql:
    """The condition as SQL. Unknown (NULL) counts as false, and is made so below every NOT."""
    match where:
        case And(conditions=()):
            return "1", []
        case Or(conditions=()):
            return NEVER, []
        case And(conditions=conditions):
            return _join(" AND ", [condition(fields, each) for each in conditions])
        case Or(conditions=conditions):
            return _join(" OR ", [condition(fields, each) for each in conditions])
        case Not(condition=inner):
            sql, values = condition(fields, inner)
            return f"NOT (({sql}) IS TRUE)", values
        case Compare():
            return _compare(fields, where)


def _join(word: str, parts: list[Sql]) -> Sql:
    sql = word.join(f"({part})" for part, _ in parts)
    return sql, [value for _, values in parts for value in values]


def _compare(fields: Fields, compare: Compare) -> Sql:
    name, value = compare.field, compare.value
    field = fields.expression(name)

    def bound(value: Any) -> Any:
        return fields.bound(name, value)

    match compare.operator:
        case "eq":
            return (NEVER, []) if value is None else (f"{field} = ?", [bound(value)])
        case "ne":
            return ("1", []) if value is None else (f"{field} IS NOT ?", [bound(value)])
        case "in" if not value:
            return NEVER, []
        case "in":
            marks = ", ".join("?" * len(value))
            return f"{field} IN ({marks})", [bound(each) for each in value]
        case "notIn":
            marks = ", ".join("?" * len(value))
            return f"({field} IN ({marks})) IS NOT TRUE", [bound(each) for each in value]
        case "isNull":
            is_there = "IS NOT NULL" if name == "id" else _IS_THERE
            return f"{field} {'IS NULL' if value else is_there}", []
        case "startsWith":
            return _starts_with(field, value)
        case "contains" if name in fields.lists:
            return f"id IN (SELECT id FROM {fields.lists[name]} WHERE value = ?)", [bound(value)]
        case "contains":
            inside = f"SELECT 1 FROM json_each(body, '$.{name}') WHERE value = ?"
            return f"EXISTS ({inside})", [bound(value)]
        case "gt" | "gte" | "lt" | "lte":
            return f"{field} {_COMPARED[compare.operator]} ?", [bound(value)]


def _starts_with(field: str, prefix: str) -> Sql:
    """A range, so that an index serves it: from the prefix up to the first text beyond it."""
    end = prefix_end(prefix)
    return (
        (f"{field} >= ?", [prefix])
        if end is None
        else (f"{field} >= ? AND {field} < ?", [prefix, end])
    )
