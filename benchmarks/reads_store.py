"""A store of documents in memory, which are only read, and Headrace's own server over it.

Documents lie there as a compiled operation reads them: a row for each, of the fields it asks for.
"""

import asyncio
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast

import msgspec
import uvloop

from api.app import create_app
from api.auth import authenticator_from
from api.execution import Operations
from api.schema import Limits, core, derive
from api.server import Server, create_server
from api.serving import Services, settle
from api.settings import Settings
from benchmarks.reads_model import catalogue, model
from eventlog.dispatcher import Sender
from eventlog.envelope import Recorded
from eventlog.outcome import Unavailable
from readmodels.composition import Collection, Model
from readmodels.documents import Part
from readmodels.feed import Feed
from readmodels.live import LiveDocuments
from readmodels.query import EVERYTHING, Compare, Query, Where, predicate, sorted_page
from readmodels.store import Progress, Select, Store

_POLL_S = 0.02

D = TypeVar("D")


class MemoryStore:
    """As much of a store as queries need."""

    def __init__(self, documents: Mapping[type[Any], Sequence[Any]]) -> None:
        """By class, each in the order of the ids."""
        self._documents = documents
        self._rows: dict[Part, Rows] = {}

    @property
    def reads_at_once(self) -> int:
        """It never waits."""
        return 1

    async def get(self, collection: Collection[D], id: str) -> D | None:
        """The document, or None."""
        documents: Sequence[Any] = self._documents[collection.document]
        return next((each for each in documents if each.id == id), None)

    async def find(self, collection: Collection[D], query: Query) -> list[D]:
        """At most `query.first` documents, in order."""
        return sorted_page(query, list(self._documents[collection.document]))

    async def count(self, collection: Collection[Any], where: Where) -> int:
        """How many documents the condition holds for."""
        return sum(map(predicate(where), self._documents[collection.document]))

    async def read(self, selects: Sequence[Select]) -> list[list[Any]]:
        """The rows of each."""
        return [self._read(each) for each in selects]

    def _read(self, select: Select) -> list[Any]:
        rows = self._rows.get(select.part)
        if rows is None:
            documents = self._documents[select.collection.document]
            rows = self._rows[select.part] = Rows(select.part, documents)
        return rows.read(select)


class Rows:
    """The documents of a class as rows of one part, found as an index finds them."""

    def __init__(self, part: Part, documents: Sequence[Any]) -> None:
        self._documents = documents
        self._all = part.list_from_json(msgspec.json.encode(documents).decode())
        self._by_id = {each.id: row for each, row in zip(documents, self._all, strict=True)}
        self._equal: dict[str, Mapping[Any, list[Any]]] = {}

    def read(self, select: Select) -> list[Any]:
        """The rows that are asked for."""
        query = select.query
        if select.id is not None and query.where == EVERYTHING:
            found = self._by_id.get(select.id)
            return [] if found is None else [found]
        if select.id is None and not query.order and query.after is None:
            match query.where:
                case Compare(field=field, operator="eq", value=value) if value is not None:
                    return self._by(field).get(value, [])[: query.first]
                case where if where == EVERYTHING:
                    return self._all[: query.first]
                case _:
                    pass
        documents = [each for each in self._documents if select.id in (None, each.id)]
        return [self._by_id[each.id] for each in sorted_page(query, documents)]

    def _by(self, field: str) -> Mapping[Any, list[Any]]:
        found = self._equal.get(field)
        if found is None:
            groups: defaultdict[Any, list[Any]] = defaultdict(list)
            for document, row in zip(self._documents, self._all, strict=True):
                groups[getattr(document, field)].append(row)
            found = self._equal[field] = dict(groups)
        return found


class ReadOnly:
    """A dispatcher where nothing is to be changed."""

    async def dispatch(
        self,
        command: type[Any],
        fields: Mapping[str, Any],
        sender: Sender,
        *,
        command_id: str | None = None,
        is_new: bool = False,
        expected_version: int | None = None,
        at: datetime | None = None,
    ) -> NoReturn:
        raise Unavailable("these documents are only read")

    async def history(self, stream: str, after_version: int, first: int) -> list[Recorded]:
        return []


def _server(model: Model, settings: Settings) -> Server:
    writers, books = catalogue()
    documents: dict[type[Any], Sequence[Any]] = {type(writers[0]): writers, type(books[0]): books}
    feed = Feed()
    for each in model.shown.values():
        feed.open(each.collection, Progress({}, is_built=True))
    store = cast(Store, MemoryStore(documents))
    services = Services(LiveDocuments(model.shown, store, feed), ReadOnly())
    schema = core(derive(model, Limits(page_length_max=settings.page_max)))
    operations = Operations(schema, settings)
    app = create_app(operations, settings, authenticator_from(settings), services)
    return create_server(app, settings)


async def _main(directory: str) -> None:
    server = _server(model(), Settings(port=0, data=Path(directory)))
    settle()
    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn sets no event
            await asyncio.sleep(_POLL_S)
        print(server.addresses[0], flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main(*sys.argv[1:]))
