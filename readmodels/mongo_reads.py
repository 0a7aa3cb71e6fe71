"""Parts of documents read from MongoDB: only their fields leave the server."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec
from bson import Timestamp
from pymongo.errors import OperationFailure

from readmodels.documents import Part
from readmodels.mongo_client import Database, Row, code_of
from readmodels.mongo_query import THERE, condition, key_of, order_by, selection
from readmodels.mongo_values import Records, unescaped
from readmodels.paging import is_turned, page, paged_by
from readmodels.query import Query, Where
from readmodels.store import Select

D = TypeVar("D")

T = TypeVar("T")

READS_AT_ONCE_MAX = 8
SNAPSHOT_ATTEMPTS_MAX = 10
_SNAPSHOT_CODES = frozenset({239, 246})
"""SnapshotTooOld, and SnapshotUnavailable: the collection was changed at this moment."""

Asked = tuple[Records[Any], Select]


async def find(database: Database, records: Records[D], query: Query) -> list[D]:
    """At most `query.first` documents, in order."""
    return [records.shown(row) for row in await _paged(database, records, query)]


async def at_one_time(
    database: Database, floor: Timestamp, read: Callable[[Timestamp], Awaitable[T]]
) -> tuple[T, Timestamp]:
    """What `read` gives of one instant of the cluster, and that instant.

    It is chosen to be no earlier than `floor`, what the feed has told: whoever watched before
    misses nothing, and the feed's later changes have a higher mark, its earlier ones none.
    """
    for attempt in range(SNAPSHOT_ATTEMPTS_MAX):
        at = max(await database.now(), floor)
        try:
            return await read(at), at
        except OperationFailure as fault:
            is_passing = code_of(fault) in _SNAPSHOT_CODES
            if not is_passing or attempt == SNAPSHOT_ATTEMPTS_MAX - 1:
                raise
        await asyncio.sleep(0.05)
    raise AssertionError("the last attempt returns or raises")


async def find_at(
    database: Database, records: Records[D], query: Query, with_total: bool, at: Timestamp
) -> tuple[list[D], int | None]:
    """As `find`, of one instant, and how many there are in all if asked for."""
    concern = {"level": "snapshot", "atClusterTime": at}

    async def read(each: Query) -> list[Row]:
        command: Row = {
            "find": records.name,
            "filter": selection(records.fields, each.where),
            "sort": dict(order_by(records.fields, each.terms)),
            "limit": each.first,
            "readConcern": concern,
        }
        return await database.rows(command)

    if query.first == 0:
        return [], None
    rows: list[Row] = await paged_by(page(query, partial(key_of, records.fields)), read)
    total = None
    if with_total:
        counting: Row = {
            "aggregate": records.name,
            "pipeline": [
                {"$match": selection(records.fields, query.where)},
                {"$count": "total"},
            ],
            "cursor": {},
            "readConcern": concern,
        }
        total = next((int(each["total"]) for each in await database.rows(counting)), 0)
    return [records.shown(row) for row in rows], total


async def _paged(
    database: Database, records: Records[Any], query: Query, fields: dict[str, int] | None = None
) -> list[Row]:
    """The records of a page, of which only these fields are read."""
    if fields is not None and is_turned(query):
        fields = fields | {records.fields.path(by.field): 1 for by in query.order}

    async def read(each: Query) -> list[Row]:
        found = database[records.name].find(
            selection(records.fields, each.where),
            projection=fields,
            sort=order_by(records.fields, each.terms),
            limit=each.first,
        )
        return await found.to_list(length=None)

    return await paged_by(page(query, partial(key_of, records.fields)), read)


async def read(database: Database, asked: Sequence[Asked]) -> list[list[Any]]:
    """The rows of each."""
    found: list[list[Any]] = [[] for _ in asked]
    by_id: dict[tuple[str, Where], list[int]] = {}
    reading: list[Coroutine[Any, Any, None]] = []
    for at, (records, select) in enumerate(asked):
        if select.id is not None:
            by_id.setdefault((records.name, select.query.where), []).append(at)
        elif select.query.first > 0:
            reading.append(_page(database, records, select, found[at]))
    for (_, where), places in by_id.items():
        reading.append(
            _ones(database, where, [asked[at] for at in places], [found[at] for at in places])
        )
    if len(reading) == 1:
        await reading[0]
    else:
        await asyncio.gather(*reading)
    return found


async def _page(
    database: Database, records: Records[Any], select: Select, found: list[Any]
) -> None:
    rows = await _paged(database, records, select.query, _fields(select.part))
    found += [_row(each, select.part) for each in rows]


async def _ones(
    database: Database, where: Where, asked: Sequence[Asked], found: Sequence[list[Any]]
) -> None:
    records = asked[0][0]
    ids = list({select.id for _, select in asked})
    filter = {"$and": [{"_id": {"$in": ids}}, THERE, condition(records.fields, where)]}
    parts = {select.part for _, select in asked}
    fields = _fields(parts.pop()) if len(parts) == 1 else None
    rows = await database[records.name].find(filter, projection=fields).to_list(length=None)
    by_id = {each["_id"]: each for each in rows}
    for (_, select), each in zip(asked, found, strict=True):
        row = by_id.get(select.id)
        if row is not None:
            each.append(_row(row, select.part))


def _fields(part: Part) -> dict[str, int]:
    return {"is_escaped": 1, **{f"body.{each}": 1 for each in part.fields}}


def _row(record: Mapping[str, Any], part: Part) -> Any:
    body = record.get("body", {})
    if record.get("is_escaped"):
        body = unescaped(body)
    return msgspec.convert(body, part.row)
