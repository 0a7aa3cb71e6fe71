"""The root of subscriptions: what was pushed, shown as it was selected."""

from collections import OrderedDict
from collections.abc import Coroutine, Generator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
from graphql import GraphQLObjectType

from api.compiled.collecting import Selected, Uncovered
from api.compiled.objects import Shows, constant, plain
from api.compiled.plan import DocumentPlan, PagePlan
from api.compiled.planner import TYPENAME, Planner, Sets
from api.compiled.roots import Answer
from api.compiled.run import Run
from api.compiled.variables import Arguments
from api.errors import Fault
from api.schema.asking import require_sight
from api.schema.book import meaning_of
from api.schema.inputs import checked
from api.schema.listing import Listing
from api.schema.meanings import Watch
from api.schema.reading import Connection
from readmodels.documents import Follow

__all__ = ["Pushes", "pushes"]

_encode = msgspec.json.Encoder().encode


class _Changes:
    """A selection over the changes of a set."""

    def __init__(self, fields: Mapping[str, tuple[str, DocumentPlan] | Shows]) -> None:
        self._fields = fields
        self.plans: list[DocumentPlan] = []
        for each in fields.values():
            if not callable(each):
                self.plans.append(each[1])

    async def answer(self, run: Run, changes: object) -> Answer:
        answer: Answer = {}
        for key, each in self._fields.items():
            if callable(each):
                answer[key] = each(changes)
            else:
                name, below = each
                answer[key] = await below.answer(run, getattr(changes, name))
        return answer


SHOWN_KEPT_MAX = 4


class Pushes:
    """The one field of a subscription.

    What many follow is pushed to each of them as one object, and encoded once.
    """

    def __init__(
        self,
        key: str,
        watch: Watch,
        arguments: Arguments,
        below: DocumentPlan | PagePlan | _Changes,
    ) -> None:
        self._key = key
        self._watch = watch
        self._arguments = arguments
        self._below = below
        self._users = 0
        self._shown: OrderedDict[int, tuple[object, bytes]] = OrderedDict()

    @property
    def leads_on(self) -> bool:
        """Whether there are links in it: then the answer depends on more than what is pushed."""
        return any(each.links for each in self._below.plans)

    def follows(self, run: Run) -> Coroutine[Any, Any, Follow]:
        """What begins to follow what is asked for. Raises Fault, GraphQLError where it may not."""
        listing, given = self._watch.listing, self._arguments.given(run.variables)
        cls, viewer, documents = listing.cls, run.viewer, run.documents
        require_sight(listing.shown.read, viewer, self._watch.name)
        match self._watch.what:
            case "one":
                checked("id", listing.id, given["id"])
                return documents.live_one(cls, given["id"], viewer, given.get("atLeast"))
            case "page":
                query = listing.query(given.get("where"), given.get("orderBy"), given.get("first"))
                assert isinstance(self._below, PagePlan)
                return documents.live_page(
                    cls, query, viewer, given.get("atLeast"), with_total=self._below.with_total
                )
            case "changes":
                condition = listing.condition(given.get("where"))
                return documents.live_changes(cls, condition, viewer, given.get("since"))

    @contextmanager
    def used(self) -> Generator[None]:
        """Someone follows by this plan; what was encoded is kept as long as several do."""
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if self._users < 2:
                self._shown.clear()

    async def encoded(self, run: Run, pushed: Any) -> bytes:
        """The result for what was pushed, as JSON. Raises as `answer`."""
        what = _bare(pushed)
        known = self._shown.get(id(what))
        if known is not None and known[0] is what:
            return known[1]
        body = _encode({"data": await self.answer(run, pushed)})
        if self._users > 1 and not self.leads_on:
            self._shown[id(what)] = (what, body)
            if len(self._shown) > SHOWN_KEPT_MAX:
                self._shown.popitem(last=False)
        return body

    def source(self, run: Run, pushed: Any) -> Any:
        """What was pushed, as graphql-core's resolvers take it."""
        if self._watch.what != "page" or isinstance(pushed, Fault):
            return pushed
        return self._watch.listing.connection(pushed, run.request)

    async def answer(self, run: Run, pushed: Any) -> Answer:
        """The answer for what was pushed. Raises the Fault that it is, GraphQLError, Anomaly."""
        if isinstance(pushed, Fault):
            raise pushed
        below = self._below
        if isinstance(below, PagePlan):
            return {self._key: await below.answer(run, _bare(pushed))}
        if isinstance(below, _Changes):
            return {self._key: await below.answer(run, pushed)}
        shown = [] if pushed is None else await below.answer(run, [pushed])
        return {self._key: shown[0] if shown else None}


def pushes(planner: Planner, type_: GraphQLObjectType, sets: Sets) -> Pushes:
    """The plan of a subscription. Raises Uncovered."""
    fields = planner.collector.fields(type_, sets)
    if len(fields) != 1 or fields[0].name == TYPENAME:
        raise Uncovered("not just one subscription")
    [selected] = fields
    meaning = meaning_of(planner.collector.field(type_, selected))
    if not isinstance(meaning, Watch):
        raise Uncovered(f"{type_.name}.{selected.name}")
    listing = meaning.listing
    below: DocumentPlan | PagePlan | _Changes
    match meaning.what:
        case "one":
            below = planner.document(listing, selected.sets)
        case "page":
            below = planner.page(listing, selected.sets)
        case "changes":
            below = _changes(planner, listing, selected)
    arguments = Arguments(planner.collector.field(type_, selected), selected.nodes[0])
    return Pushes(selected.key, meaning, arguments, below)


def _bare(pushed: Any) -> Any:
    """The page itself, of one that is read for a request."""
    return pushed.page if isinstance(pushed, Connection) else pushed


def _changes(planner: Planner, listing: Listing, selected: Selected) -> _Changes:
    type_ = planner.object_type(f"{listing.name}Changes")
    fields: dict[str, tuple[str, DocumentPlan] | Shows] = {}
    for each in planner.collector.fields(type_, selected.sets):
        if each.name == TYPENAME:
            fields[each.key] = constant(type_.name)
        elif each.name in ("entered", "changed"):
            fields[each.key] = (each.name, planner.document(listing, each.sets))
        else:
            fields[each.key] = plain(planner, planner.collector.field(type_, each), each)
    return _Changes(fields)
