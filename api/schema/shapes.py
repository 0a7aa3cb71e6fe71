"""What the annotations of fields mean, and which text fields hold ids."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Annotated, Any, NewType, Union, get_args, get_origin, get_type_hints

from domain.composition import CompositionError, command_spec, commands_of, field_names
from domain.model import AnyAggregate, Fill
from domain.rules import Owner, alternatives
from readmodels.composition import Model

__all__ = ["Shape", "id_names", "is_value", "shapes_of"]

LEAVES: dict[type[Any], str] = {
    str: "String",
    bool: "Boolean",
    int: "Int",
    float: "Float",
    Decimal: "Decimal",
    datetime: "DateTime",
    date: "Date",
}
_ID_FILLS = frozenset({"new_id", "actor"})


@dataclass(frozen=True)
class Shape:
    """An annotation, read: a leaf's class, a value class, `dict`, or a list of `item`."""

    of: Any
    optional: bool = False
    item: "Shape | None" = None
    fill: Fill | None = None
    is_id: bool = False

    @property
    def is_list(self) -> bool:
        return self.item is not None

    @property
    def is_enum(self) -> bool:
        return isinstance(self.of, type) and issubclass(self.of, Enum)


def is_value(cls: Any) -> bool:
    """Whether the class was decorated with @value."""
    return isinstance(cls, type) and "__value__" in cls.__dict__


def shapes_of(cls: type[Any], ids: frozenset[str]) -> dict[str, Shape]:
    """The shape of each field of a command, value or document class, by its name.

    Raises CompositionError, naming class and field, where GraphQL has no type for it.
    """
    try:
        hints = get_type_hints(cls, include_extras=True)
    except (NameError, TypeError) as fault:
        raise CompositionError(f"the annotations of {cls.__name__} cannot be read: {fault}") from (
            fault
        )
    return {
        name: _shape(hints[name], f"{cls.__name__}.{name}", name in ids or name.endswith("_id"))
        for name in field_names(cls)
    }


def _shape(annotation: Any, where: str, is_id: bool) -> Shape:
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *notes = get_args(annotation)
        fill = next((each for each in notes if isinstance(each, Fill)), None)
        if fill is not None and inner not in LEAVES:
            return Shape(inner, fill=fill)
        shape = _shape(inner, where, is_id or (fill is not None and fill.what in _ID_FILLS))
        return Shape(shape.of, shape.optional, shape.item, fill or shape.fill, shape.is_id)
    if isinstance(annotation, NewType):
        return _shape(annotation.__supertype__, where, is_id)
    if origin in (Union, UnionType):
        rest = [each for each in get_args(annotation) if each is not type(None)]
        if len(rest) == 1:
            shape = _shape(rest[0], where, is_id)
            return Shape(shape.of, True, shape.item, shape.fill, shape.is_id)
    if origin in (tuple, list):
        items = [each for each in get_args(annotation) if each is not Ellipsis]
        if len(items) == 1 and (origin is list or get_args(annotation)[1:] == (Ellipsis,)):
            return Shape(origin, item=_shape(items[0], where, is_id))
    if annotation is dict or origin is dict:
        return Shape(dict)
    if annotation in LEAVES or is_value(annotation) or Shape(annotation).is_enum:
        return Shape(annotation, is_id=is_id and annotation is str)
    raise CompositionError(
        f"{where} is of {_written(annotation)}, for which GraphQL has no type here: take str, int, "
        "float, bool, Decimal, datetime, date, an Enum, a @value, a tuple[..., ...] of one of "
        "them, or dict"
    )


def _written(annotation: Any) -> str:
    return annotation.__qualname__ if isinstance(annotation, type) else str(annotation)


def id_names(model: Model) -> frozenset[str]:
    """The names of text fields that hold ids, wherever in the model they stand.

    These are `id`, what a link goes by, what an Owner rule names, and what an aggregate's key
    reads from a command. A name that ends in `_id`, and a field typed NewId or Actor, is an id
    too.
    """
    names = {"id"}
    for shown in model.shown.values():
        names.update(link.by for link in shown.spec.links)
        names.update(each.field for each in alternatives(shown.read) if isinstance(each, Owner))
    for aggregate in model.domain.aggregates:
        for cls in commands_of(aggregate):
            if command_spec(cls):
                names.update(_read_by_key(aggregate, cls))
    return frozenset(names)


def _read_by_key(aggregate: AnyAggregate, cls: type[Any]) -> Iterator[str]:
    """The fields that the aggregate's key reads from a command of the class.

    The key is called with an instance that only notes what is asked of it.
    """
    fields = set(field_names(cls))
    read: list[str] = []

    def note(self: object, name: str) -> object:
        if name in fields:
            read.append(name)
            return name
        return object.__getattribute__(self, name)

    probe = type(cls.__name__, (cls,), {"__slots__": (), "__getattribute__": note})
    try:
        aggregate.key(object.__new__(probe))
    except Exception:  # the key wanted more than text; what it has read until then is known
        return iter(read)
    return iter(read)
