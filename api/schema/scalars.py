"""The scalars of the schema: how each is written, and which writings are refused."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NewType

import msgspec
import strawberry
from graphql import (
    GraphQLError,
    IntValueNode,
    StringValueNode,
    ValueNode,
)
from strawberry.types.scalar import ScalarDefinition

from api.schema.limits import Limits
from eventlog.envelope import Position

__all__ = ["PYTHON_TYPES", "instant", "plain", "scalar_map"]

Token = NewType("Token", str)
Cursor = NewType("Cursor", str)
Json = NewType("Json", str)

PYTHON_TYPES: Mapping[str, object] = {
    "ID": strawberry.ID,
    "String": str,
    "Int": int,
    "Float": float,
    "Boolean": bool,
    "Decimal": Decimal,
    "DateTime": datetime,
    "Date": date,
    "Token": Token,
    "Cursor": Cursor,
    "JSON": Json,
}
"""What stands for each scalar in Strawberry's annotations, by its GraphQL name."""

_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DATE_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_OFFSET_MAX = 2**63 - 1
_PARTITION_MAX = 2**31 - 1


def scalar_map(limits: Limits) -> dict[object, ScalarDefinition]:
    """The definitions of the schema's own scalars, as Strawberry's configuration takes them."""
    return {
        Decimal: _scalar(
            "Decimal",
            'An exact decimal number, carried as a string in plain notation: `"1299.00"`. An '
            "integer may be written without quotes; a float may not, since it is not exact. "
            f"At most {limits.decimal_digits_max} digits.",
            "https://speleotrove.com/decimal/daconvs.html",
            plain,
            lambda value: _decimal(value, limits),
        ),
        datetime: _scalar(
            "DateTime",
            "An instant, RFC 3339: given with any offset, answered in UTC.",
            "https://www.rfc-editor.org/rfc/rfc3339",
            instant,
            _date_time,
        ),
        date: _scalar(
            "Date",
            "A day of the calendar, `YYYY-MM-DD`.",
            "https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
            date.isoformat,
            _day,
        ),
        Token: _scalar(
            "Token",
            "A place in the log, `partition:offset`. Given as `atLeast`, the answer waits until "
            "it stands for everything up to there.",
            None,
            str,
            _position,
        ),
        Cursor: _scalar(
            "Cursor",
            "An opaque place in a list or in the changes of a set. Hand it back as it was given.",
            None,
            str,
            lambda value: _cursor(value, limits),
        ),
        Json: _scalar(
            "JSON", "Any JSON value.", "https://www.rfc-editor.org/rfc/rfc8259", _json, _refuse_json
        ),
    }


def _scalar(
    name: str,
    description: str,
    url: str | None,
    serialize: Callable[[Any], object],
    parse: Callable[[object], object],
) -> ScalarDefinition:
    def parse_literal(node: ValueNode, _variables: object = None) -> object:
        match node:
            case StringValueNode(value=text):
                return parse(text)
            case IntValueNode(value=digits) if name == "Decimal":
                return parse(digits)
            case _:
                raise GraphQLError(f"{name} must be written as a string", node)

    return strawberry.scalar(
        name=name,
        description=description,
        specified_by_url=url,
        serialize=serialize,
        parse_value=parse,
        parse_literal=parse_literal,
    )


def _text(value: object, name: str) -> str:
    if isinstance(value, str):
        return value
    raise GraphQLError(f"{name} must be a string, not {_short(value)}")


def _short(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _decimal(value: object, limits: Limits) -> Decimal:
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) >= 10**limits.decimal_digits_max:
            raise GraphQLError(f"Decimal holds {limits.decimal_digits_max} digits, no more")
        return Decimal(value)
    if isinstance(value, float):
        raise GraphQLError(f"Decimal must be a string or an integer, not the float {value!r}")
    text = _text(value, "Decimal")
    if len(text) > 200 or not _DECIMAL.fullmatch(text):
        raise GraphQLError(f"Decimal cannot be read from {_short(text)}; write it as 1299.00")
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise GraphQLError(f"Decimal cannot be read from {_short(text)}") from error
    _, digits, exponent = number.as_tuple()
    most = limits.decimal_digits_max
    if len(digits) > most or not isinstance(exponent, int) or abs(exponent) > most:
        raise GraphQLError(
            f"Decimal holds {most} digits and {most} places, no more; {_short(text)} has more"
        )
    return number


def plain(number: object) -> str:
    """The decimal in plain notation. Raises GraphQLError where it is no finite number."""
    if not isinstance(number, Decimal) or not number.is_finite():
        raise GraphQLError(f"Decimal cannot be written of {_short(number)}")
    return format(number, "f")


def _date_time(value: object) -> datetime:
    text = _text(value, "DateTime")
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise GraphQLError(
            f"DateTime cannot be read from {_short(text)}; "
            "write it with its offset, as 2026-10-18T09:30:00Z"
        )
    day, time, fraction, offset = match.groups()
    offset = "+00:00" if offset in "Zz" else offset
    try:
        moment = datetime.fromisoformat(f"{day}T{time}{(fraction or '')[:7]}{offset}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise GraphQLError(f"DateTime: {_short(text)} is no instant: {error}") from error


def instant(moment: object) -> str:
    """The instant in UTC. Raises GraphQLError where it has no offset."""
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise GraphQLError(f"DateTime cannot be written of {_short(moment)}: it has no offset")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _day(value: object) -> date:
    text = _text(value, "Date")
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError as error:
        raise GraphQLError(f"Date: {text} is no day: {error}") from error
    raise GraphQLError(f"Date cannot be read from {_short(text)}; write it as 2026-10-18")


def _position(value: object) -> Position:
    text = _text(value, "Token")
    try:
        position = Position.parse(text)
    except ValueError as error:
        raise GraphQLError(f"Token: {error}") from error
    if position.partition > _PARTITION_MAX or position.offset > _OFFSET_MAX:
        raise GraphQLError(f"Token: {text} names no place that a log can have")
    return position


def _cursor(value: object, limits: Limits) -> str:
    text = _text(value, "Cursor")
    if not text or len(text) > limits.cursor_length_max or not text.isascii():
        raise GraphQLError("Cursor: this is none that was given out here")
    return text


def _json(value: object) -> object:
    return msgspec.to_builtins(value, str_keys=True)


def _refuse_json(_value: object) -> object:
    raise GraphQLError("JSON is only answered, never taken")
