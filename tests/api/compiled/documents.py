"""Documents by chance, of any class: ordinary values, rare ones, and ones that cannot be shown."""

from dataclasses import fields
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from random import Random
from types import UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

__all__ = ["made"]


def made(cls: type[Any], random: Random, *, is_showable: bool = True, **given: Any) -> Any:
    """An instance of a document or value class."""
    hints = get_type_hints(cls)
    values = {
        each.name: given.get(each.name, _value(hints[each.name], random, is_showable))
        if each.name in given
        else _value(hints[each.name], random, is_showable)
        for each in fields(cls)
    }
    return cls(**values)


def _value(hint: Any, random: Random, is_showable: bool) -> Any:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        if random.random() < 0.3:
            return None
        return _value(get_args(hint)[0], random, is_showable)
    if origin is tuple:
        items = (
            _value(get_args(hint)[0], random, is_showable) for _ in range(random.randint(0, 3))
        )
        return tuple(items)
    if origin is dict or hint is dict:
        return {"a": random.randint(0, 9), "b": [None, "x", 1.5]} if random.random() < 0.7 else {}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return random.choice(list(hint))
    if hint in _LEAVES:
        wrong: list[Any] = [] if is_showable else _WRONG.get(hint, [])
        return random.choice(_LEAVES[hint] + wrong)
    return made(cast(Any, hint), random, is_showable=is_showable)


_LEAVES: dict[Any, list[Any]] = {
    str: ["", "a", "Lamp", 'quoted "text"\n\\', "é€😀", "\x7f\u2028", "ann", "bob", "lamp"],
    int: [0, 1, -1, 7, 2**31 - 1, -(2**31)],
    bool: [True, False],
    float: [0.0, -0.0, 1.0, 0.1, 1e22, 1e-7, 123456.789, 5e-324],
    Decimal: [
        Decimal(e) for e in ("0", "-0", "0.00", "3", "3.10", "-12.5", "1E+3", "1E-9", "0E+2")
    ],
    datetime: [
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        datetime(2026, 1, 2, 3, 4, 5, 120000, tzinfo=UTC),
        datetime(1, 1, 2, tzinfo=UTC),
        datetime(2026, 7, 2, 3, 4, 5, 7, tzinfo=timezone(timedelta(hours=2))),
        datetime(2026, 7, 2, 3, 4, tzinfo=timezone(timedelta(0), "elsewhere")),
    ],
    date: [date(2026, 1, 2), date(1, 1, 1)],
}
_WRONG: dict[Any, list[Any]] = {
    int: [2**31, -(2**63), 2**70],
    Decimal: [Decimal("Infinity"), Decimal("-Infinity")],
    float: [float("inf"), float("nan")],
}
