"""The root of subscriptions: what was pushed, shown as it was selected."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import msgspec
from graphql import GraphQLObjectType

from api.compiled.collecting import Selected, Uncovered
from api.compiled.objects import Shows, constant, plain
from api.compiled.plan import DocumentPlan, PagePlan, Run
from api.compiled.planner import TYPENAME, Planner, Sets
from api.compiled.roots import Answer
from api.errors import Fault
from api.schema.book import meaning_of
from api.schema.listing import Listing
from api.schema.meanings import Watch

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

    def __init__(self, key: str, below: DocumentPlan | PagePlan | _Changes) -> None:
        self._key = key
        self._below = below
        self._shown: OrderedDict[int, tuple[object, bytes]] = OrderedDict()

    @property
    def leads_on(self) -> bool:
        """Whether there are links in it: then the answer depends on more than what is pushed."""
        return any(each.links for each in self._below.plans)

    async def encoded(self, run: Run, pushed: Any) -> bytes:
        """The result for what was pushed, as JSON. Raises as `answer`."""
        what = getattr(pushed, "page", pushed)
        known = self._shown.get(id(what))
        if known is not None and known[0] is what:
            return known[1]
        body = _encode({"data": await self.answer(run, pushed)})
        if not self.leads_on:
            self._shown[id(what)] = (what, body)
            if len(self._shown) > SHOWN_KEPT_MAX:
                self._shown.popitem(last=False)
        return body

    async def answer(self, run: Run, pushed: Any) -> Answer:
        """The answer for what was pushed. Raises the Fault that it is, GraphQLError, Anomaly."""
        if isinstance(pushed, Fault):
            raise pushed
        below = self._below
        if isinstance(below, PagePlan):
            return {self._key: await below.answer(run, pushed.page)}
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
    match meaning:
        case Watch(listing=listing, what="one"):
            return Pushes(selected.key, planner.document(listing, selected.sets))
        case Watch(listing=listing, what="page"):
            return Pushes(selected.key, planner.page(listing, selected.sets))
        case Watch(listing=listing):
            return Pushes(selected.key, _changes(planner, listing, selected))
        case _:
            raise Uncovered(f"{type_.name}.{selected.name}")


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
