"""Functions from documents to what encodes as their answer: generated, without a client's text.

The text of a generated function holds names of our own classes' fields and of constants, nothing
else; the keys of the answer, which a client chooses, are bound as values to the classes that the
functions make. A value that GraphQL would refuse raises, and graphql-core tells what is wrong.

There are two functions for each selection: one takes documents, the other rows, the part of a
document that is asked for as the store keeps it, where decimals and instants are text.
"""

import keyword
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Annotated, Any, Literal

import msgspec

from api.schema.scalars import instant, plain
from api.schema.shapes import Shape, is_value, shapes_of

__all__ = ["Anomaly", "Leaf", "Link", "Render", "Selection", "Typename", "Value", "row_type"]

INT = range(-(2**31), 2**31)
Int = Annotated[int, msgspec.Meta(ge=INT.start, le=INT.stop - 1)]
Render = Callable[..., list[Any]]
"""Takes the documents, then for each link what it leads to, one for each document."""


class Anomaly(Exception):
    """A value cannot be shown as what the schema says it is."""


@dataclass(frozen=True, slots=True)
class Typename:
    """`__typename`, under a key."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """A field without selection, under a key."""

    key: str
    name: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Value:
    """A field with a selection in it, under a key."""

    key: str
    name: str
    shape: Shape
    selection: "Selection"


@dataclass(frozen=True, slots=True)
class Link:
    """What a link leads to, under a key; the renderer is given it by its number."""

    key: str
    number: int


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked of an object of a document's or a value's class, in the order of the answer."""

    cls: type[Any]
    items: tuple[Typename | Leaf | Value | Link, ...]

    @property
    def links(self) -> int:
        """How many links are in it."""
        return sum(isinstance(each, Link) for each in self.items)

    def render(self, *, rows: bool) -> Render:
        """The function that renders documents, or rows of them."""
        return _Writer(rows).function(self)


def row_type(
    cls: type[Any], selections: Sequence[Selection], also: Sequence[str] = ()
) -> type[Any]:
    """The part of the document that the selections need, and the fields that are named."""
    wanted: dict[str, list[Selection]] = {name: [] for name in also}
    for selection in selections:
        for each in selection.items:
            if isinstance(each, Leaf | Value):
                inner = wanted.setdefault(each.name, [])
                if isinstance(each, Value):
                    inner.append(each.selection)
    shapes = shapes_of(cls, frozenset())
    fields = [(name, _stored(shapes[name], inner)) for name, inner in wanted.items()]
    return msgspec.defstruct(f"{cls.__name__}Row", fields, gc=False)


def _stored(shape: Shape, selections: Sequence[Selection]) -> Any:
    """The type of a field as the store keeps it."""
    if shape.item is not None:
        kept: Any = list[_stored(shape.item, selections)]  # type: ignore[misc]  # made at run time
    elif is_value(shape.of):
        kept = row_type(shape.of, selections)
    elif shape.is_enum and _is_text(shape.of):
        kept = Literal[tuple(each.value for each in shape.of)]
    elif shape.is_enum or shape.of in (str, bool, float):
        kept = shape.of
    elif shape.of is int:
        kept = Int
    else:
        kept = object if shape.of is dict else str
    return kept | None if shape.optional else kept


def _is_text(enum: type[Enum]) -> bool:
    return all(isinstance(each.value, str) for each in enum)


def _plain_text(text: str) -> str:
    return plain(Decimal(text))


def _instant_text(text: str) -> str:
    return instant(datetime.fromisoformat(text))


def _beyond(value: object) -> Any:
    raise Anomaly(f"{value!r} has no place in GraphQL")


def _json(value: object) -> object:
    return msgspec.to_builtins(value, str_keys=True)


@dataclass
class _Writer:
    """Writes the function for one selection, and those for the values in it."""

    rows: bool
    lines: list[str] = field(default_factory=list[str])
    bound: dict[str, Any] = field(
        default_factory=lambda: {
            "plain": plain,
            "plain_text": _plain_text,
            "instant": instant,
            "instant_text": _instant_text,
            "beyond": _beyond,
            "json": _json,
            "isfinite": isfinite,
            "UTC": UTC,
        }
    )
    count: int = 0

    def function(self, selection: Selection) -> Render:
        """The function that renders a list."""
        each = self._object(selection, "d")
        links = [f"l{number}" for number in range(selection.links)]
        if links:
            given = ", ".join(f"{each}s" for each in links)
            loop = f"for d, {', '.join(links)} in zip(ds, {given})"
        else:
            given, loop = "", "for d in ds"
        self.lines += [f"def render(ds, {given}):", f"    return [{each} {loop}]"]
        exec("\n".join(self.lines), self.bound)  # names of ours alone: see the module
        return self.bound["render"]  # type: ignore[no-any-return]

    def _bind(self, prefix: str, value: object) -> str:
        self.count += 1
        name = f"{prefix}{self.count}"
        self.bound[name] = value
        return name

    def _object(self, selection: Selection, source: str) -> str:
        """The expression that makes the answer of one object."""
        keys = {f"f{number}": each.key for number, each in enumerate(selection.items)}
        names: Mapping[str, str] = keys
        answer = msgspec.defstruct(
            selection.cls.__name__, [(each, object) for each in names], rename=names, gc=False
        )
        arguments = [self._item(each, source) for each in selection.items]
        return f"{self._bind('S', answer)}({', '.join(arguments)})"

    def _item(self, item: Typename | Leaf | Value | Link, source: str) -> str:
        match item:
            case Typename(name=name):
                return self._bind("t", name)
            case Link(number=number):
                return f"l{number}"
            case Leaf(name=name, shape=shape):
                return self._shown(shape, f"{source}.{_checked(name)}", None)
            case Value(name=name, shape=shape, selection=selection):
                return self._shown(shape, f"{source}.{_checked(name)}", selection)

    def _shown(self, shape: Shape, source: str, selection: Selection | None) -> str:
        if self._is_as_it_is(shape):
            return source
        self.count += 1
        x = f"x{self.count}"
        if shape.optional:
            present = Shape(shape.of, item=shape.item)
            return f"(None if ({x} := {source}) is None else {self._shown(present, x, selection)})"
        if shape.item is not None:
            return f"[{self._shown(shape.item, x, selection)} for {x} in {source}]"
        if selection is not None:
            return self._value(selection, source)
        return self._leaf(shape, source, x)

    def _is_as_it_is(self, shape: Shape) -> bool:
        """Whether the value is encoded as GraphQL shows it."""
        if shape.item is not None:
            return self._is_as_it_is(shape.item)
        if shape.is_enum:
            return all(each.name == each.value for each in shape.of)
        if self.rows and shape.of in (int, dict):
            return True
        return shape.of in (str, bool, date)

    def _value(self, selection: Selection, source: str) -> str:
        self.count += 1
        name, outer = f"value{self.count}", self.count
        made = self._object(selection, f"v{outer}")
        self.lines += [f"def {name}(v{outer}):", f"    return {made}"]
        return f"{name}({source})"

    def _leaf(self, shape: Shape, source: str, x: str) -> str:
        if shape.is_enum and self.rows and _is_text(shape.of):
            return f"{self._bind('names', {each.value: each.name for each in shape.of})}[{source}]"
        if shape.is_enum:
            return f"{source}.name"
        if shape.of is Decimal and self.rows:
            is_plain = f"'E' not in ({x} := {source}) and {x}[-1] <= '9'"  # 1E+3; Infinity, NaN
            return f"({x} if {is_plain} else plain_text({x}))"
        if shape.of is Decimal:
            return f"plain({source})"
        if shape.of is datetime and self.rows:
            return f"({x} if ({x} := {source})[-1] == 'Z' else instant_text({x}))"
        if shape.of is datetime:
            return f"({x} if ({x} := {source}).tzinfo is UTC else instant({x}))"
        if shape.of is int:
            return f"({x} if {INT.start} <= ({x} := {source}) < {INT.stop} else beyond({x}))"
        if shape.of is float:
            number = source if self.rows else f"float({source})"
            return f"({x} if isfinite({x} := {number}) else beyond({x}))"
        return f"json({source})"


def _checked(name: str) -> str:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise Anomaly(f"{name!r} is no name of a field")
    return name
