"""The root of queries: what it reads, and what it answers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, cast

from graphql import GraphQLField, GraphQLObjectType

from api.compiled.collecting import Selected, Uncovered
from api.compiled.objects import Info, Path, Shows, shown
from api.compiled.plan import DocumentPlan, PagePlan
from api.compiled.planner import TYPENAME, Planner, Sets
from api.compiled.run import Run, read
from api.compiled.variables import Arguments
from api.schema.asking import require_sight
from api.schema.book import meaning_of
from api.schema.inputs import checked
from api.schema.listing import Listing
from api.schema.meanings import Found, Many, One
from readmodels.documents import Ask
from readmodels.query import Page, Query

__all__ = ["Answer", "Queries", "queries"]

Answer = dict[str, Any]


class OneRoot:
    """A document by its id."""

    def __init__(
        self, key: str, listing: Listing, arguments: Arguments, below: DocumentPlan
    ) -> None:
        self.key = key
        self._listing = listing
        self._arguments = arguments
        self._below = below
        self._part = below.part()

    def ask(self, run: Run) -> tuple[Run, Ask]:
        """What is to be read, and after what. Raises Fault, GraphQLError."""
        require_sight(self._listing.shown.read, run.viewer, self._listing.one)
        given = self._arguments.given(run.variables)
        id: str = given["id"]
        checked("id", self._listing.id, id)
        return run.after(given.get("atLeast")), Ask(
            self._listing.cls, self._part, Query(first=1), id
        )

    async def answer(self, run: Run, page: Page[Any]) -> Any:
        """The document's answer, None where there is none."""
        found = await self._below.answer(run, page.documents)
        return found[0] if found else None


class ManyRoot:
    """A page of documents."""

    def __init__(self, key: str, listing: Listing, arguments: Arguments, below: PagePlan) -> None:
        self.key = key
        self._listing = listing
        self._arguments = arguments
        self._below = below
        self._last: tuple[Mapping[str, Any], Query] | None = None
        """Most who ask again ask for the same page."""

    def ask(self, run: Run) -> tuple[Run, Ask]:
        """What is to be read, and after what. Raises Fault, GraphQLError."""
        require_sight(self._listing.shown.read, run.viewer, self._listing.many)
        given = self._arguments.given(run.variables)
        if self._last is None or self._last[0] != given:
            self._last = given, self._below.query(given)
        query = self._last[1]
        return run.after(given.get("atLeast")), Ask(self._listing.cls, self._below.part, query)

    async def answer(self, run: Run, page: Page[Any]) -> Any:
        """The connection."""
        return await self._below.answer(run, page)


class OtherRoot:
    """What is no document: its resolver finds an object, whose fields show it."""

    def __init__(self, selected: Selected, definition: GraphQLField, shows: Shows) -> None:
        self._key = selected.key
        self._name = selected.name
        self._resolve = cast(Callable[..., Awaitable[object]], definition.resolve)
        self._arguments = Arguments(definition, selected.nodes[0])
        self._shows = shows

    async def answer(self, run: Run) -> Any:
        """What it finds."""
        info = Info(run.request, self._name, Path(self._key))
        return self._shows(await self._resolve(None, info, **self._arguments.given(run.variables)))


class Queries:
    """The root of queries: all documents that it asks for at once are one read."""

    def __init__(self, roots: Mapping[str, OneRoot | ManyRoot | OtherRoot | str]) -> None:
        self._names = {key: each for key, each in roots.items() if isinstance(each, str)}
        self._others = {key: each for key, each in roots.items() if isinstance(each, OtherRoot)}
        self._roots = [each for each in roots.values() if isinstance(each, OneRoot | ManyRoot)]
        self._keys = tuple(roots)

    async def answer(self, run: Run) -> Answer:
        """The value of each field. Raises Fault, GraphQLError and Anomaly."""
        asked = [each.ask(run) for each in self._roots]
        pages = await self._read(asked)
        answers: dict[str, Any] = dict(self._names)
        for root, (after, _), page in zip(self._roots, asked, pages, strict=True):
            answers[root.key] = await root.answer(after, page)
        for key, other in self._others.items():
            answers[key] = await other.answer(run)
        if len(self._roots) == len(self._keys):
            return answers
        return {key: answers[key] for key in self._keys}

    async def _read(self, asked: Sequence[tuple[Run, Ask]]) -> list[Page[Any]]:
        pages: list[Page[Any]] = []
        at = 0
        while at < len(asked):  # those that wait for the same are read together
            run = asked[at][0]
            end = at + 1
            while end < len(asked) and asked[end][0].at_least == run.at_least:
                end += 1
            asks = [ask for _, ask in asked[at:end]]
            pages += await read(run, asks)
            at = end
        return pages


def queries(planner: Planner, type_: GraphQLObjectType, sets: Sets) -> Queries:
    """The plan of a selection of queries. Raises Uncovered."""
    roots: dict[str, OneRoot | ManyRoot | OtherRoot | str] = {}
    for each in planner.collector.fields(type_, sets):
        if each.name == TYPENAME:
            roots[each.key] = type_.name
            continue
        definition = planner.collector.field(type_, each)
        arguments = Arguments(definition, each.nodes[0])
        match meaning_of(definition):
            case One(listing=listing):
                below = planner.document(listing, each.sets)
                roots[each.key] = OneRoot(each.key, listing, arguments, below)
            case Many(listing=listing):
                roots[each.key] = ManyRoot(
                    each.key, listing, arguments, planner.page(listing, each.sets)
                )
            case Found():
                shows = shown(planner, definition, each)
                roots[each.key] = OtherRoot(each, definition, shows)
            case _:
                raise Uncovered(f"{type_.name}.{each.name}")
    return Queries(roots)
