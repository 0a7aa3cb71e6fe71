"""Objects that are no documents, outcomes and events: shown by the resolvers of their fields."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from graphql import GraphQLField, GraphQLObjectType, is_leaf_type

from api.compiled.collecting import Selected, Uncovered, type_of
from api.compiled.planner import TYPENAME, Planner
from api.compiled.rendering import Anomaly
from api.context import Request

__all__ = ["Info", "Path", "Shows", "constant", "plain", "shown"]

Shows = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Path:
    """The place of a field at the root."""

    key: str


@dataclass(frozen=True, slots=True)
class Info:
    """What the resolver of a root field asks of graphql-core's info."""

    context: Request[Any]
    field_name: str
    path: Path


def constant(value: object) -> Shows:
    """What shows the value, whatever the object."""
    return lambda _: value


def plain(planner: Planner, definition: GraphQLField, selected: Selected) -> Shows:
    """What shows a field whose resolver asks for nothing but the object."""
    resolve = cast(Callable[[Any, Any], Any], definition.resolve)
    shows = shown(planner, definition, selected)
    return lambda source: shows(resolve(source, None))


def shown(planner: Planner, definition: GraphQLField, selected: Selected) -> Shows:
    """What shows the value of a field. Raises Uncovered where its type is abstract."""
    named, is_list, is_required = type_of(definition)
    if is_leaf_type(named):
        one: Shows = named.coerce_output_value
    elif isinstance(named, GraphQLObjectType):
        one = _fields(planner, named, selected.sets)
    else:
        raise Uncovered(selected.name)

    def shows(value: Any) -> Any:
        if value is None:
            if is_required:
                raise Anomaly(f"{selected.name} has no value")
            return None
        return [one(each) for each in value] if is_list else one(value)

    return shows


def _fields(planner: Planner, type_: GraphQLObjectType, sets: Sequence[Any]) -> Shows:
    fields: dict[str, Shows] = {}
    for each in planner.collector.fields(type_, sets):
        if each.name == TYPENAME:
            fields[each.key] = constant(type_.name)
        else:
            fields[each.key] = plain(planner, planner.collector.field(type_, each), each)
    return lambda source: {key: shows(source) for key, shows in fields.items()}
