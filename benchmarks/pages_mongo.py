"""The entries in MongoDB, and the finds that one would write by hand."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pymongo import InsertOne

from benchmarks.engines import new_name
from benchmarks.pages_entries import DEEP, FIRST, Entry, collection, entries
from readmodels import mongo_collections as collections
from readmodels.mongo import MongoStore, connect
from readmodels.mongo_client import Database
from readmodels.mongo_values import Records
from readmodels.store import Store
from tests.servers.mongo import MongoServer

BATCH = 5_000

_LIVE = {"body.id": {"$gte": ""}}
_OPEN = {"body.status": "OPEN", **_LIVE}
_MINE = {"body.parties": "user-7", **_LIVE}

_LISTS: dict[str, tuple[dict[str, Any], tuple[str, ...], int]] = {
    "all, by id": (_LIVE, ("body.id",), 1),
    "all, by amount downwards": (_LIVE, ("keys.amount", "body.id"), -1),
    "of a status, by time": (_OPEN, ("keys.at", "body.id"), 1),
    "an owner's, by id": (_MINE, ("body.id",), 1),
}
_TOTALS = {"all": _LIVE, "of a status": _OPEN, "an owner's": _MINE}


@dataclass(frozen=True)
class MongoByHand:
    """The collection, by the same driver."""

    collection: Any

    async def place(self, name: str) -> tuple[Any, ...]:
        """Where the deep page begins."""
        where, key, way = _LISTS[name]
        order = [(each, way) for each in key]
        found = self.collection.find(where, sort=order, skip=(DEEP - 1) * FIRST - 1, limit=1)
        (row,) = await found.to_list(length=None)
        parts = (each.split(".") for each in key)
        return tuple(row[top][field] for top, field in parts)

    async def page(self, name: str, after: tuple[Any, ...] | None) -> int:
        """How many documents the page has."""
        where, key, way = _LISTS[name]
        filter: dict[str, Any] = {"$and": [where, *_beyond(key, way, after)]}
        found = self.collection.find(filter, sort=[(each, way) for each in key], limit=FIRST)
        return len(await found.to_list(length=None))

    async def total(self, name: str) -> int:
        """How many documents there are."""
        return int(await self.collection.count_documents(_TOTALS[name]))


def _beyond(key: tuple[str, ...], way: int, after: tuple[Any, ...] | None) -> list[dict[str, Any]]:
    """The first field bounded, so that the index is entered there, and the id among equals."""
    if after is None:
        return []
    beyond, at = ("$gt", "$gte") if way == 1 else ("$lt", "$lte")
    if len(key) == 1:
        return [{key[0]: {beyond: after[0]}}]
    (first, id), (value, last) = key, after
    among = {first: {"$eq": value}, id: {beyond: last}}
    return [{first: {at: value}}, {"$or": [{first: {beyond: value}}, among]}]


@asynccontextmanager
async def in_mongo(documents: int) -> AsyncGenerator[tuple[Store, MongoByHand]]:
    """The store with so many entries, and who reads its collection by hand. Raises NoServer."""
    server = MongoServer()
    try:
        server.start()
        client, name = connect(server.uri), new_name()
        store, database = MongoStore(client, name), Database(client, name)
        await store.open()
        await _fill(database, documents)
        await store.prepare(collection)
        yield store, MongoByHand(client[name]["Entry_1"])
        client.close()
    finally:
        server.stop()


async def _fill(database: Database, documents: int) -> None:
    """Write the records as the store does; the indexes are made over them afterwards."""
    records: Records[Entry] = Records(collection)
    token = (await collections.prepare(database, records)).token
    rows, into = entries(documents), database[records.name]
    while some := [records.record(each, token) for each in islice(rows, BATCH)]:
        await into.bulk_write([InsertOne(each) for each in some], ordered=False)
