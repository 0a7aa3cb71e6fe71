"""Marks and changes as MongoDB's change streams give them.

A mark is the cluster's time of a write (32 bits of seconds, 32 bits that count within a second)
and its place among the writes of that very time (20 bits): the members of a transaction share
one, and so may writes of two shards. A stream shows a database's writes in one order, whoever
reads it and wherever it begins, so every process gives a write the same mark. The last place of a
time is no write's: it stands for everything up to that time, as a snapshot read at it shows it.
"""

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Any, NamedTuple

from bson import Timestamp
from pymongo.errors import OperationFailure, PyMongoError

from readmodels.mongo_client import Database, Row, code_of
from readmodels.mongo_collections import COLLECTIONS
from readmodels.mongo_values import Records, offsets
from readmodels.store import Change, Place

PLACES = 2**20
MARKS = range(2**84)
BATCH_EVENTS_MAX = 1_000
AWAIT_MS = 1_000
"""How long the server waits for a change before it says that there is none, to be asked again."""

_IMAGES = ("fullDocumentBeforeChange", "fullDocument")
_WRITTEN = ("insert", "replace", "update", "delete")
_LOST_CODES = frozenset(
    {
        136,  # CappedPositionLost: the oplog was cut while it was read
        260,  # InvalidResumeToken
        280,  # ChangeStreamFatalError: the resume token was not found
        286,  # ChangeStreamHistoryLost: it lies before the oplog
        10334,  # BSONObjectTooLarge: one event that can never be passed
    }
)


_MARK = f"([0-9]{{1,{len(str(MARKS.stop))}}})"
_PLACE = re.compile(rf"{_MARK}(?:\.{_MARK}((?:\.[0-9]{{1,9}}:-?[0-9]{{1,19}})+))?")


class HistoryLost(Exception):
    """What was written cannot be told any more; only reading everything anew helps."""


def mark_of(at: Timestamp, place: int = PLACES - 1) -> int:
    """The mark of a write, or without a place that of everything up to the time."""
    return (at.time << 32 | at.inc) * PLACES + place


def time_of(mark: int) -> Timestamp:
    """The cluster's time in a mark."""
    at = mark // PLACES
    return Timestamp(at >> 32, at & 0xFFFF_FFFF)


def place_text(place: int | Place) -> str:
    """A mark, or a place: what is held back follows the mark."""
    if isinstance(place, int) or not place.covered:
        return str(place if isinstance(place, int) else place.mark)
    covered = "".join(f".{at}:{offset}" for at, offset in sorted(place.covered.items()))
    return f"{place.mark}.{place.above}{covered}"


def place_in(text: str) -> Place | None:
    """The place that was written so, or None."""
    found = _PLACE.fullmatch(text)
    if found is None:
        return None
    mark, above, pairs = int(found[1]), int(found[2] or -1), (found[3] or "").split(".")[1:]
    covered = {int(at): int(offset) for at, _, offset in (pair.partition(":") for pair in pairs)}
    return Place(mark, above, covered) if above <= mark and mark in MARKS else None


def is_lost(fault: Exception) -> bool:
    """Whether a stream can never go on from where it was."""
    is_told_so = isinstance(fault, OperationFailure) and code_of(fault) in _LOST_CODES
    return is_told_so or isinstance(fault, HistoryLost)


class Marks:
    """Gives the events of one stream their marks."""

    def __init__(self) -> None:
        self._at: Timestamp | None = None
        self._place = 0

    def of(self, event: Row) -> int:
        """The mark of the next event."""
        at: Timestamp = event["clusterTime"]
        self._place = min(self._place + 1, PLACES - 2) if at == self._at else 0
        self._at = at
        return mark_of(at, self._place)


class Seen(NamedTuple):
    """A change as a stream shows it, with the positions of its document."""

    mark: int
    change: Change[Any]
    positions: Mapping[int, int]
    moved: Mapping[int, int]
    """Those of the positions that were others before."""

    def is_told(self, place: Place) -> bool:
        """Whether a feed that stands at the place has told it."""
        if self.mark <= place.above:
            return True
        covered = place.covered.items()
        return self.mark <= place.mark and all(self.positions.get(at, -1) <= o for at, o in covered)


class Batch(NamedTuple):
    """Events of a stream, and the token to go on after them."""

    events: Sequence[Row]
    token: Row


async def batches(
    database: Database, start: Mapping[str, Any], imaged: Sequence[str] | None = None
) -> AsyncGenerator[Batch]:
    """The database's changes from `start` on, for ever; also empty batches.

    With `imaged`, only those of the named collections carry their documents. None is left out,
    since the place of each among those of its time would be another then.
    """
    pipeline: list[Row] = [{"$changeStream": {**dict.fromkeys(_IMAGES, "whenAvailable"), **start}}]
    if imaged is not None:
        is_imaged = {"$in": ["$ns.coll", list(imaged)]}
        images = {each: {"$cond": [is_imaged, f"${each}", "$$REMOVE"]} for each in _IMAGES}
        pipeline.append({"$set": images})
    size = {"batchSize": BATCH_EVENTS_MAX}
    async with database.session() as session:
        command = {"aggregate": 1, "pipeline": pipeline, "cursor": size}
        cursor = (await database.command(command, session))["cursor"]
        events: Sequence[Row] = cursor["firstBatch"]
        while True:
            try:
                yield Batch(events, cursor["postBatchResumeToken"])
            except GeneratorExit:
                kill = {"killCursors": "$cmd.aggregate", "cursors": [cursor["id"]]}
                with suppress(PyMongoError):
                    await database.command(kill, session)
                raise
            more = {"getMore": cursor["id"], "collection": "$cmd.aggregate", **size}
            cursor = (await database.command({**more, "maxTimeMS": AWAIT_MS}, session))["cursor"]
            events = cursor["nextBatch"]


def seen(records: Records[Any], token: str, mark: int, event: Row) -> Seen | None:
    """What the event did to a document; None where there was none and is none.

    That is also so of what was done to an earlier making of the collection. Raises HistoryLost
    where the collection itself went, or where an image is missing or is none of this class.
    """
    operation = event["operationType"]
    if operation not in _WRITTEN:
        raise HistoryLost(f"the collection {records.name} went by a {operation}")
    id = event["documentKey"]["_id"]
    before, after = (event.get(each) for each in _IMAGES)
    if (before is None and operation != "insert") or (after is None and operation != "delete"):
        raise HistoryLost(f"the image of {records.name} {id!r} is gone")
    try:
        if any(image is not None and image["token"] != token for image in (before, after)):
            return None
        change = Change(
            id,
            None if before is None else records.document(before),
            None if after is None else records.document(after),
        )
    except (ValueError, KeyError, TypeError) as fault:
        raise HistoryLost(f"{records.name} {id!r} cannot be read: {fault}") from fault
    if change.before is None and change.after is None:
        return None
    were = {} if before is None else offsets(before["positions"])
    positions = were if after is None else offsets(after["positions"])
    moved = {at: offset for at, offset in positions.items() if were.get(at) != offset}
    return Seen(mark, change, positions, moved)


async def history(
    database: Database, records: Records[Any], token: str, after: int, end: int
) -> AsyncGenerator[Seen | None]:
    """The changes of a collection after one mark up to another, where a write stands.

    None says that the collection was built here: what came before was told to nobody.
    Raises HistoryLost where the history is not whole.
    """
    start = {"startAtOperationTime": time_of(after)}
    marks = Marks()
    async with aclosing(batches(database, start, [records.name, COLLECTIONS])) as stream:
        async for batch in stream:
            for event in batch.events:
                if event["operationType"] == "invalidate":
                    raise HistoryLost(f"the database {database.name} was dropped")
                mark = marks.of(event)
                if after < mark <= end:
                    if built(event) == (records.name, token):
                        yield None
                    elif touched(event) == records.name:
                        found = seen(records, token, mark, event)
                        if found is not None:
                            yield found
                if mark >= end:
                    return


def built(event: Row) -> tuple[str, str] | None:
    """The name and the token of the collection that the event says was built to the end."""
    if touched(event) != COLLECTIONS or event["operationType"] != "update":
        return None
    row = event.get("fullDocument")
    if row is None:
        raise HistoryLost(f"the image of the row of {event['documentKey']['_id']} is gone")
    if not event["updateDescription"]["updatedFields"].get("is_built"):
        return None
    return row["_id"], row["token"]


def touched(event: Row) -> str:
    """The name of the collection that the event is about."""
    return str(event.get("ns", {}).get("coll", ""))
