"""Conditions and orders as SQL over JSON documents, with the meaning that `query` gives them."""

from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, get_type_hints

from domain.composition import members
from readmodels.query import And, By, Compare, Not, Or, Query, Where

EXPONENT_BIAS = 5_000_000
"""Above every exponent that Python's decimal arithmetic gives; those beyond share the ends."""

Sql = tuple[str, list[Any]]


@lru_cache(maxsize=8192)
def decimal_key(text: str | None) -> str | None:
    """A text that sorts as the decimal does: sign, biased exponent, digits; exact at any size.

    Of a negative number each digit is the complement to nine, and `~` ends it.
    """
    if text is None:
        return None
    value = Decimal(text)
    if not value:
        return "1"
    exponent = min(max(value.adjusted() + EXPONENT_BIAS, 0), 9_999_999)
    digits = "".join(map(str, value.as_tuple().digits)).rstrip("0").lstrip("0")
    if value > 0:
        return f"2{exponent:07d}{digits}"
    complement = "".join(str(9 - int(digit)) for digit in digits)
    return f"0{9_999_999 - exponent:07d}{complement}~"


def instant_key(text: str | None) -> str | None:
    """A text that sorts as the instant does: UTC without its `Z`, whatever its offset is."""
    if text is None or text.endswith("Z"):
        return text and text[:-1]
    return _utc(datetime.fromisoformat(text))


def _utc(at: datetime) -> str:
    """The instant in UTC; one without an offset is taken as it is."""
    with suppress(OverflowError):  # on the first and the last day that there is
        at = at.astimezone(UTC) if at.tzinfo else at
    return at.replace(tzinfo=None).isoformat()


class Fields:
    """How the fields of one document class stand in SQL: an expression, and their values."""

    def __init__(self, document: type[Any]) -> None:
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
            return _utc(value)
        if isinstance(value, date):
            return value.isoformat()
        return value


_COMPARED = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def condition(fields: Fields, where: Where) -> Sql:
    """The condition as SQL. Unknown (NULL) counts as false, and is made so below every NOT."""
    match where:
        case And(conditions=()):
            return "1", []
        case Or(conditions=()):
            return "0", []
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
            return ("0", []) if value is None else (f"{field} = ?", [bound(value)])
        case "ne":
            return ("1", []) if value is None else (f"{field} IS NOT ?", [bound(value)])
        case "in":
            marks = ", ".join("?" * len(value))
            return f"{field} IN ({marks})", [bound(each) for each in value]
        case "notIn":
            marks = ", ".join("?" * len(value))
            return f"({field} IN ({marks})) IS NOT TRUE", [bound(each) for each in value]
        case "isNull":
            return f"{field} IS {'' if value else 'NOT '}NULL", []
        case "startsWith":
            return _starts_with(field, value)
        case "contains":
            inside = f"SELECT 1 FROM json_each(body, '$.{name}') WHERE value = ?"
            return f"EXISTS ({inside})", [bound(value)]
        case "gt" | "gte" | "lt" | "lte":
            return f"{field} {_COMPARED[compare.operator]} ?", [bound(value)]


def _starts_with(field: str, prefix: str) -> Sql:
    """A range, so that an index serves it: from the prefix up to the first text beyond it."""
    for at in range(len(prefix) - 1, -1, -1):
        following = ord(prefix[at]) + 1
        if following == 0xD800:  # surrogates are no characters
            following = 0xE000
        if following <= 0x10FFFF:
            return f"{field} >= ? AND {field} < ?", [prefix, prefix[:at] + chr(following)]
    return f"{field} >= ?", [prefix]


def order_by(fields: Fields, terms: tuple[By, ...]) -> str:
    """The terms as SQL. Documents without a value come first, with DESC last, as SQLite does."""
    return ", ".join(
        f"{fields.expression(by.field)} {'DESC' if by.descending else 'ASC'}" for by in terms
    )


def after(fields: Fields, query: Query) -> Sql:
    """What comes after the query's `after` in its order."""
    if query.after is None:
        return "1", []
    steps: list[Sql] = []
    equal: list[Sql] = []
    for by, value in zip(query.terms, query.after, strict=True):
        field = fields.expression(by.field)
        bound = fields.bound(by.field, value)
        steps.append(_join(" AND ", [*equal, _beyond(field, by, bound)]))
        equal.append((f"{field} IS NULL", []) if value is None else (f"{field} = ?", [bound]))
    return _join(" OR ", steps)


def _beyond(field: str, by: By, bound: Any) -> Sql:
    if bound is None:
        return ("0", []) if by.descending else (f"{field} IS NOT NULL", [])
    if by.descending:
        return f"{field} < ? OR {field} IS NULL", [bound]
    return f"{field} > ?", [bound]


def select(fields: Fields, table: str, query: Query) -> Sql:
    """The whole statement for a page."""
    where, values = condition(fields, query.where)
    beyond, place = after(fields, query)
    return (
        f"SELECT body FROM {table} WHERE body IS NOT NULL AND ({where}) AND ({beyond}) "
        f"ORDER BY {order_by(fields, query.terms)} LIMIT ?",
        [*values, *place, query.first],
    )
