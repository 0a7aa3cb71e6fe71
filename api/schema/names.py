"""Python names as GraphQL spells them, and the plural of a noun."""

import re
from inspect import cleandoc
from typing import Any

from domain.composition import CompositionError

__all__ = ["camel", "described", "lower_first", "plural", "spelled", "upper_snake"]

_NAME = re.compile(r"(?!__)[_A-Za-z][_0-9A-Za-z]*")


def camel(name: str) -> str:
    """`list_price` as `listPrice`; a leading underscore stays."""
    head, *rest = re.split(r"(?<=[^_])_+(?=[^_])", name)
    return head + "".join(each[:1].upper() + each[1:] for each in rest)


def upper_snake(name: str) -> str:
    """`list_price` as `LIST_PRICE`."""
    return name.upper()


def lower_first(name: str) -> str:
    """`SalesDay` as `salesDay`."""
    return name[:1].lower() + name[1:]


def plural(noun: str) -> str:
    """The regular English plural: `category` gives `categories`, `batch` gives `batches`."""
    if noun.endswith("y") and noun[-2:-1].lower() not in ("", "a", "e", "i", "o", "u"):
        return noun[:-1] + "ies"
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun + "es"
    return noun + "s"


def spelled(name: str, of: str) -> str:
    """The name, which GraphQL must allow. Raises CompositionError, naming what it is `of`."""
    if not _NAME.fullmatch(name):
        raise CompositionError(
            f"{of} would be called {name!r} in the GraphQL schema, which allows only letters, "
            "digits and single underscores in front; rename it"
        )
    return name


def described(cls: type[Any]) -> str | None:
    """The docstring that the class was given; not the one that `dataclass` makes up."""
    text = cls.__dict__.get("__doc__")
    if not isinstance(text, str) or text.startswith(f"{cls.__name__}("):
        return None
    return cleandoc(text).strip() or None
