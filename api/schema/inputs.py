"""What clients send, turned into fields of commands: types and checks made once per class."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, fields
from enum import Enum
from typing import Any, cast

from api.errors import BAD_USER_INPUT, Fault
from api.schema.book import Argument, Book
from api.schema.limits import Limits
from api.schema.names import camel, described
from api.schema.shapes import LEAVES, Shape, is_value, shapes_of
from domain.composition import CompositionError

__all__ = ["Convert", "Inputs", "Wrong", "checked", "each_of"]

Convert = Callable[[Any], Any]
"""Turns what graphql-core has coerced into the field's value, or raises Wrong."""

Step = tuple[str, str, Convert | None, bool]
"""A field: GraphQL name, Python name, conversion, and whether None stands for absence."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class Wrong(Exception):
    """An input that is refused; the way to it is put together on the way out."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.path: list[str] = []

    def under(self, segment: str) -> "Wrong":
        self.path.append(segment)
        return self

    def fault(self) -> Fault:
        """The fault that names the way: `input.lines[2].price must not be null`."""
        way = ".".join(reversed(self.path)).replace(".[", "[")
        return Fault(BAD_USER_INPUT, f"{way} {self.message}")


def checked(name: str, convert: Convert, value: Any) -> Any:
    """The argument's value, converted. Raises Fault where it is refused."""
    try:
        return convert(value)
    except Wrong as wrong:
        raise wrong.under(name).fault() from None


def each_of(values: Iterable[Any], convert: Convert) -> list[Any]:
    """The values, converted. Raises Wrong with the index of one that is refused."""
    made: list[Any] = []
    for value in values:
        try:
            made.append(convert(value))
        except Wrong as wrong:
            raise wrong.under(f"[{len(made)}]") from None
    return made


class Inputs:
    """The input types of a schema and the conversions that belong to them."""

    def __init__(self, book: Book, ids: frozenset[str], limits: Limits) -> None:
        self._book = book
        self._ids = ids
        self._limits = limits
        self._values: dict[type[Any], Convert | None] = {}

    def leaf(self, shape: Shape) -> tuple[str, Convert | None]:
        """The GraphQL type of a leaf, and its check where the scalar does not make it already."""
        if shape.is_enum:
            self.enum(shape.of)
            return shape.of.__name__, None
        if shape.is_id:
            return "ID", self.id
        if shape.of not in LEAVES:
            raise CompositionError(f"{shape.of} is for the dispatcher to fill: GraphQL has no type")
        return LEAVES[shape.of], self.text if shape.of is str else None

    def enum(self, cls: type[Enum]) -> None:
        """Makes the enum's GraphQL type, unless it is made."""
        known = self._book.is_claimed(cls.__name__)
        self._book.claim(cls.__name__, f"the enum {_name(cls)}")
        if not known:
            self._book.enum(cls.__name__, cls)

    def id(self, value: str) -> str:
        """Checks an id, or anything that is used as a key."""
        most = self._limits.id_length_max
        if not value or len(value) > most:
            raise Wrong(f"must have 1 to {most} characters, not {len(value)}")
        if not value.isprintable() and (_CONTROL.search(value) or _SURROGATE.search(value)):
            raise Wrong("must be without control characters and lone surrogates")
        return value

    def text(self, value: str) -> str:
        """Checks any other text."""
        if len(value) > self._limits.text_length_max:
            raise Wrong(
                f"must have at most {self._limits.text_length_max} characters, not {len(value)}"
            )
        if "\0" in value:
            raise Wrong("must be without NUL characters")
        if not value.isascii() and _SURROGATE.search(value):
            raise Wrong("must be without lone surrogates")
        return value

    def of(self, shape: Shape, where: str) -> tuple[str, Convert | None]:
        """The GraphQL notation of an input of the shape, and its conversion where it needs one."""
        mark = "" if shape.optional else "!"
        if shape.item is not None:
            notation, convert = self.of(shape.item, where)
            notation, convert = f"[{notation}]", self._list(shape.of, convert)
        elif shape.of is dict:
            raise CompositionError(f"{where} is a dict: an input takes a @value")
        elif is_value(shape.of):
            notation, convert = self._value(shape.of)
        else:
            notation, convert = self.leaf(shape)
        return notation + mark, _unless_null(convert) if shape.optional and convert else convert

    def _list(self, cls: type[Any], convert: Convert | None) -> Convert:
        most = self._limits.list_length_max

        def run(values: list[Any]) -> Any:
            if len(values) > most:
                raise Wrong(f"must have at most {most} items, not {len(values)}")
            return cls(values if convert is None else each_of(values, convert))

        return run

    def _value(self, cls: type[Any]) -> tuple[str, Convert]:
        name = f"{cls.__name__}Input"
        self._book.claim(name, f"the input of {_name(cls)}")
        if cls not in self._values:
            self._values[cls] = None
            self._values[cls] = self.fields(cls, name, described(cls))

        def run(value: Mapping[str, Any]) -> Any:
            convert = self._values[cls]
            assert convert is not None
            made = convert(value)
            try:
                return cls(**made)
            except ValueError as error:
                raise Wrong(f"is refused: {error}") from error

        return name, run

    def fields(self, cls: type[Any], name: str, description: str | None) -> Convert | None:
        """Makes the input type of the class' fields and gives the conversion into them.

        The fields that the dispatcher fills are left out; None where none remains.
        """
        arguments: dict[str, Argument] = {}
        steps: list[Step] = []
        shapes = shapes_of(cls, self._ids)
        for each in fields(cls):
            shape = shapes[each.name]
            if shape.fill is not None:
                if is_value(cls):
                    raise CompositionError(
                        f"{cls.__name__}.{each.name} is to be filled, but only a command's own "
                        "fields are: move it there"
                    )
                continue
            where = f"{cls.__name__}.{each.name}"
            notation, convert = self.of(shape, where)
            spelling = camel(each.name)
            if spelling in arguments:
                raise CompositionError(f"two fields of {cls.__name__} would be called {spelling}")
            arguments[spelling], step = _argument(each, spelling, notation, convert)
            steps.append(step)
        if not arguments:
            return None
        self._book.input(name, arguments, description)
        return _fields(tuple(steps))


def _argument(
    field: Field[Any], spelling: str, notation: str, convert: Convert | None
) -> tuple[Argument, Step]:
    """The field of the input type and its step.

    A default that GraphQL can write stands in the schema. Any other is left to the class: the
    field may then be absent, but not null.
    """
    default: object = field.default
    if field.default_factory is not MISSING:
        default = field.default_factory()
    if default is MISSING:
        return Argument(notation), (spelling, field.name, convert, not notation.endswith("!"))
    if default is None:
        return Argument(notation), (spelling, field.name, convert, False)
    if _is_written(default):
        return Argument(notation, _as_list(default)), (spelling, field.name, convert, False)
    convert = _never_null(convert) if notation.endswith("!") else convert
    return Argument(notation.removesuffix("!")), (spelling, field.name, convert, False)


def _is_written(default: object) -> bool:
    if isinstance(default, tuple | list):
        return all(map(_is_written, cast("Iterable[object]", default)))
    return isinstance(default, (*LEAVES, Enum))


def _as_list(default: object) -> object:
    return list(cast("Iterable[object]", default)) if isinstance(default, tuple) else default


def _fields(steps: tuple[Step, ...]) -> Convert:
    def run(value: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for spelling, name, convert, absent_is_none in steps:
            if spelling in value:
                each = value[spelling]
                if convert is not None:
                    try:
                        each = convert(each)
                    except Wrong as wrong:
                        raise wrong.under(spelling) from None
                made[name] = each
            elif absent_is_none:
                made[name] = None
        return made

    return run


def _unless_null(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def _never_null(convert: Convert | None) -> Convert:
    def run(value: Any) -> Any:
        if value is None:
            raise Wrong("must not be null; leave it out for its default")
        return value if convert is None else convert(value)

    return run


def _name(cls: type[Any]) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
