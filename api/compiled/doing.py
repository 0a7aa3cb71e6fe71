"""The root of mutations: commands one after another, and what became of them."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from graphql import GraphQLField, GraphQLObjectType, GraphQLUnionType

from api.compiled.collecting import Selected, Uncovered, type_of
from api.compiled.objects import Info, Path, Shows, constant, plain
from api.compiled.planner import TYPENAME, Planner, Sets
from api.compiled.roots import Answer, Queries, queries
from api.compiled.run import Run
from api.compiled.variables import Arguments
from api.schema.book import meaning_of
from api.schema.meanings import Command
from eventlog.outcome import Accepted

__all__ = ["Mutations", "mutations"]


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
            info = Info(run.request, self._name, Path(self.key))
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
        union = type_of(definition).named
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
            shows[each.key] = constant(type_.name)
            continue
        definition = planner.collector.field(type_, each)
        if type_of(definition).named is query:
            shows[each.key] = queries(planner, query, each.sets)
        else:
            shows[each.key] = plain(planner, definition, each)
    return _Object(shows)
