"""The root of mutations: commands one after another, and what became of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from api.compiled.collecting import Selected, Uncovered
from api.compiled.plan import Arguments, Run
from api.compiled.planner import TYPENAME, Planner, Sets
from api.compiled.rendering import Anomaly
from api.compiled.roots import Answer, Queries, queries
from api.context import Request
from api.schema.book import meaning_of
from api.schema.meanings import Command
from eventlog.outcome import Accepted

__all__ = ["Mutations", "mutations"]

Shows = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Path:
    key: str


@dataclass(frozen=True, slots=True)
class _Info:
    """What the resolver of a mutation asks of graphql-core's info."""

    context: Request[Any]
    field_name: str
    path: _Path


class _Object:
    """A selection over an outcome, or over an event in it."""

    def __init__(self, shows: Mapping[str, Shows | Queries]) -> None:
        self._shows = shows

    async def answer(self, run: Run, outcome: object) -> Answer:
        answer: Answer = {}
        for key, shows in self._shows.items():
            if isinstance(shows, Queries):
                position = cast(Accepted, outcome).position
                answer[key] = await shows.answer(run.after(position))
            else:
                answer[key] = shows(outcome)
        return answer


class _Command:
    """A mutation, with what is selected of each outcome that it may have."""

    def __init__(
        self,
        selected: Selected,
        definition: GraphQLField,
        outcomes: Mapping[str, _Object],
        name_of: Callable[[object], str],
    ) -> None:
        self.key = selected.key
        self._name = selected.name
        self._resolve = cast(Callable[..., Any], definition.resolve)
        self._arguments = Arguments(definition, selected.nodes[0])
        self._outcomes = outcomes
        self._name_of = name_of

    async def answer(self, run: Run) -> Answer:
        """What became of the command. It is carried out once for the request, come what may."""
        done = run.request.done
        given = self._arguments.given(run.variables)
        try:
            info = _Info(run.request, self._name, _Path(self.key))
            outcome = done[self.key] = await self._resolve(None, info, **given)
        except Exception as fault:
            done[self.key] = fault
            raise
        return await self._outcomes[self._name_of(outcome)].answer(run, outcome)


class Mutations:
    """The root of mutations."""

    def __init__(self, commands: Mapping[str, _Command | str]) -> None:
        self._commands = commands

    async def answer(self, run: Run) -> Answer:
        """The value of each field. Raises Fault, GraphQLError and Anomaly."""
        answers: Answer = {}
        for key, each in self._commands.items():
            answers[key] = each if isinstance(each, str) else await each.answer(run)
        return answers


def mutations(
    planner: Planner, type_: GraphQLObjectType, sets: Sets, query: GraphQLObjectType
) -> Mutations:
    """The plan of a selection of mutations. Raises Uncovered."""
    commands: dict[str, _Command | str] = {}
    for each in planner.collector.fields(type_, sets):
        if each.name == TYPENAME:
            commands[each.key] = type_.name
            continue
        definition = planner.collector.field(type_, each)
        union = get_named_type(definition.type)
        if not isinstance(meaning_of(definition), Command) or not isinstance(
            union, GraphQLUnionType
        ):
            raise Uncovered(f"{type_.name}.{each.name}")
        outcomes = {o.name: _object(planner, o, each.sets, query) for o in union.types}
        commands[each.key] = _Command(each, definition, outcomes, _namer(union))
    return Mutations(commands)


def _namer(union: GraphQLUnionType) -> Callable[[object], str]:
    resolve = cast(Callable[..., str], union.resolve_type)
    return lambda outcome: resolve(outcome, None, union)


def _object(
    planner: Planner, type_: GraphQLObjectType, sets: Sets, query: GraphQLObjectType
) -> _Object:
    shows: dict[str, Shows | Queries] = {}
    for each in planner.collector.fields(type_, sets):
        if each.name == TYPENAME:
            shows[each.key] = _constant(type_.name)
            continue
        definition = planner.collector.field(type_, each)
        if get_named_type(definition.type) is query:
            shows[each.key] = queries(planner, query, each.sets)
        else:
            shows[each.key] = plain(planner, definition, each)
    return _Object(shows)


def _constant(value: object) -> Shows:
    return lambda _: value


def plain(planner: Planner, definition: GraphQLField, selected: Selected) -> Shows:
    """What shows a field whose resolver asks for nothing but the object."""
    resolve = cast(Callable[[Any, Any], Any], definition.resolve)
    named: Any = get_named_type(definition.type)
    inner: Any = definition.type
    is_required = is_non_null_type(inner)
    if is_required:
        inner = inner.of_type
    if is_leaf_type(named):
        one: Shows = named.coerce_output_value
    elif isinstance(named, GraphQLObjectType):
        one = _fields(planner, named, selected.sets)
    else:
        raise Uncovered(selected.name)
    many = is_list_type(inner)

    def shows(source: object) -> Any:
        value = resolve(source, None)
        if value is None:
            if is_required:
                raise Anomaly(f"{selected.name} has no value")
            return None
        return [one(each) for each in value] if many else one(value)

    return shows


def _fields(planner: Planner, type_: GraphQLObjectType, sets: Sequence[Any]) -> Shows:
    shown: dict[str, Shows] = {}
    for each in planner.collector.fields(type_, sets):
        if each.name == TYPENAME:
            shown[each.key] = _constant(type_.name)
        else:
            shown[each.key] = plain(planner, planner.collector.field(type_, each), each)
    return lambda source: {key: shows(source) for key, shows in shown.items()}
