"""The mirror types of a schema: made with Strawberry, each name once, then bound to resolvers.

Strawberry holds the shape. Its own resolvers wrap every field in several calls, also the plain
ones; so `bind` puts the functions that are to answer straight into graphql-core's fields.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import reduce
from typing import Annotated, Any, Optional, cast

import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    ListTypeNode,
    NamedTypeNode,
    NonNullTypeNode,
    TypeNode,
    parse_type,
)
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.enum import EnumValue, StrawberryEnumDefinition
from strawberry.types.field import StrawberryField
from strawberry.types.unset import UNSET

from api.schema.names import described, spelled
from domain.composition import CompositionError

__all__ = ["UNSET", "Argument", "Book", "Field", "attribute", "meaning_of"]

Resolve = Callable[..., Any]
_FIELD = "headrace"
_LATER = StrawberryAnnotation(str)


@dataclass(frozen=True)
class Argument:
    """An argument of a field, or a field of an input; `type` is written as GraphQL does."""

    type: str
    default: Any = UNSET
    description: str | None = None


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of an object: its type as GraphQL writes it, and the function that answers it.

    `resolve` takes the object, graphql-core's info and the arguments by their GraphQL names.
    `subscribe`, on the root of subscriptions, gives the objects that `resolve` is then given.
    """

    type: str
    resolve: Resolve
    arguments: Mapping[str, Argument] = field(default_factory=dict[str, Argument])
    subscribe: Resolve | None = None
    description: str | None = None
    meaning: object = None
    """One of `api.schema.meanings`, where the field is one that operations are compiled of."""


def meaning_of(field: GraphQLField) -> object:
    """What a field of a bound schema stands for; None where that is not said."""
    definition = field.extensions.get("strawberry-definition")
    plan: Field | None = definition and definition.metadata.get(_FIELD)
    return plan and plan.meaning


def attribute(name: str) -> Resolve:
    """The resolver of a field that is an attribute of the object."""

    def resolve(source: object, _info: object) -> object:
        return getattr(source, name)

    return resolve


class Book:
    """The types of one schema by their GraphQL names, and where each name comes from."""

    def __init__(self, scalars: Mapping[str, object]) -> None:
        """`scalars` are Python types (or markers of the schema's scalar map) by GraphQL name."""
        self._types: dict[str, Any] = {"_Optional": Optional, "_List": list, **scalars}
        self._owners: dict[str, str] = dict.fromkeys(scalars, "a scalar of the schema")
        self._unions: dict[str, Callable[[Any], str]] = {}
        self._annotations: dict[str, StrawberryAnnotation] = {}

    def claim(self, name: str, owner: str) -> None:
        """Reserves the name of a type. Raises CompositionError where another has it already."""
        spelled(name, owner)
        other = self._owners.setdefault(name, owner)
        if other != owner:
            raise CompositionError(
                f"the GraphQL type {name} would stand for {other} and for {owner}; rename one"
            )

    def is_claimed(self, name: str) -> bool:
        return name in self._owners

    def object(self, name: str, fields: Mapping[str, Field], description: str | None) -> type[Any]:
        """Makes the object type of a claimed name."""
        made = {each: self._field(each, plan) for each, plan in fields.items()}
        return self._mirror(strawberry.type, name, made, fields, description)

    def input(self, name: str, fields: Mapping[str, Argument], description: str | None) -> None:
        """Makes the input type of a claimed name."""
        made = {each: _input_field(each, plan) for each, plan in fields.items()}
        self._mirror(strawberry.input, name, made, fields, description)

    def _mirror(
        self,
        decorate: Callable[..., type[Any]],
        name: str,
        made: Mapping[str, StrawberryField],
        plans: Mapping[str, Field] | Mapping[str, Argument],
        description: str | None,
    ) -> type[Any]:
        """A class that Strawberry has decorated, kept under the name.

        The types of its fields follow afterwards: Strawberry looks them up at once otherwise, in
        the module instead of the book, where those to come are not yet.
        """
        mirror = decorate(
            type(name, (), {f"{each}_": field_ for each, field_ in made.items()}),
            name=name,
            description=description,
        )
        for each, later in made.items():
            later.type_annotation = self.annotation(plans[each].type)
        self._types[name] = mirror
        return mirror

    def enum(self, name: str, cls: type[Enum]) -> None:
        """Makes the enum type of a claimed name; its values are the names of the members."""
        values = [EnumValue(spelled(each.name, f"{name}.{each.name}"), each.value) for each in cls]
        self._types[name] = StrawberryEnumDefinition(cls, name, values, described(cls))

    def union(self, name: str, of: Mapping[type[Any], str], description: str | None) -> None:
        """Makes a union of the named object types, each told by the class of its objects."""
        first, *more = (self._types[each] for each in of.values())
        types = reduce(lambda union, each: union | each, more, first)
        note = strawberry.union(name, description=description)
        self._types[name] = cast("Any", Annotated)[types, note]
        self._unions[name] = lambda value: of[type(value)]

    def annotation(self, notation: str) -> StrawberryAnnotation:
        """A type written as GraphQL does, `[OrderLine!]!`, as Strawberry wants it.

        The types that it names may still be to come.
        """
        known = self._annotations.get(notation)
        if known is None:
            text = _python(parse_type(notation))
            known = self._annotations[notation] = StrawberryAnnotation(text, namespace=self._types)
        return known

    def _field(self, name: str, plan: Field) -> StrawberryField:
        made = StrawberryField(
            python_name=f"{name}_",
            graphql_name=name,
            type_annotation=_LATER,
            description=plan.description,
            is_subscription=plan.subscribe is not None,
            metadata={_FIELD: plan},
        )
        made.arguments = [
            StrawberryArgument(
                python_name=f"{each}_",
                graphql_name=each,
                type_annotation=self.annotation(argument.type),
                default=argument.default,
                description=argument.description,
            )
            for each, argument in plan.arguments.items()
        ]
        return made

    def bind(self, schema: GraphQLSchema) -> None:
        """Puts the resolvers of the fields into the schema made of the book's types."""
        for each in schema.type_map.values():
            if each.name.startswith("__"):
                continue
            if isinstance(each, GraphQLObjectType):
                _bind_fields(each)
            elif isinstance(each, GraphQLUnionType):
                _bind_union(each, self._unions[each.name])
            elif isinstance(each, GraphQLEnumType):
                _bind_enum(each, self._types[each.name].wrapped_cls)


def _input_field(name: str, plan: Argument) -> StrawberryField:
    made = StrawberryField(
        python_name=f"{name}_",
        graphql_name=name,
        type_annotation=_LATER,
        description=plan.description,
    )
    made.default_value = plan.default
    return made


def _python(node: TypeNode, nullable: bool = True) -> str:
    """The type as text for Strawberry: nullable unless it is wrapped in a `!`."""
    if isinstance(node, NonNullTypeNode):
        return _python(node.type, nullable=False)
    if isinstance(node, ListTypeNode):
        text = f"_List[{_python(node.type)}]"
    else:
        assert isinstance(node, NamedTypeNode)
        text = node.name.value
    return f"_Optional[{text}]" if nullable else text


def _bind_fields(type_: GraphQLObjectType) -> None:
    for made in type_.fields.values():
        plan: Field = made.extensions["strawberry-definition"].metadata[_FIELD]
        made.resolve = plan.resolve
        made.subscribe = plan.subscribe


def _bind_union(type_: GraphQLUnionType, name_of: Callable[[Any], str]) -> None:
    type_.resolve_type = lambda value, _info, _type: name_of(value)


def _bind_enum(type_: GraphQLEnumType, cls: type[Enum]) -> None:
    names = {each: each.name for each in cls}
    cast("Any", type_).coerce_output_value = names.__getitem__  # instead of a search
