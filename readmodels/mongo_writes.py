"""What one commit writes to MongoDB, in the order that makes a crash between any two harmless.

1. The documents, each in one write with its positions, each only over the revision that it was
   folded from. After a crash the events come again, and the positions skip them.
2. What is parked, by its position: parked again, it stays as it is.
3. The checkpoint, last, since it says that nothing before it is to come again.

What comes back from having been parked is folded whatever the positions say, so those do not make
it harmless to fold it twice: there the documents and the list change in one transaction.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import bson
from pymongo import InsertOne, ReplaceOne, UpdateOne
from pymongo.errors import BulkWriteError, OperationFailure

from eventlog.envelope import Position
from readmodels.mongo_client import Database, Row, Session
from readmodels.mongo_collections import COLLECTIONS, PARKED
from readmodels.mongo_values import Encoded, Records
from readmodels.store import Parked, Write

D = TypeVar("D")

ATTEMPTS_MAX = 20
_DUPLICATE_KEY = 11000
_INVALID_DOCUMENT = 121


class Dropped(Exception):
    """The collection is gone, or was made anew; prepare it again."""


class Superseded(Exception):
    """What was set aside has been taken up by another process; see what is left."""


class _Lost(Exception):
    """A write lost its race, and with it the transaction that it was part of."""


class Commits:
    """Writes the commits of one collection, as it was made with `token`."""

    def __init__(self, database: Database, records: Records[Any], token: str) -> None:
        self._database = database
        self._records = records
        self._token = token
        self._name = records.name

    async def documents(
        self, writes: Sequence[Write[Any]], session: Session | None = None
    ) -> list[str]:
        """Write each whose revision is still that of `before`; the losers' ids."""
        records = [self._records.record(write, self._token) for write in writes]
        operations: list[InsertOne[Any] | ReplaceOne[Any]] = []
        for write, record in zip(writes, records, strict=True):
            if write.before.revision:
                over = {"_id": write.id, "revision": write.before.revision}
                operations.append(ReplaceOne(over, record))
            else:
                operations.append(InsertOne(record))
        replaced = sum(1 for write in writes if write.before.revision)
        lost: set[int] = set()
        try:
            outcome = await self._database[self._name].bulk_write(
                operations, ordered=False, session=session
            )
            matched = outcome.matched_count
        except BulkWriteError as fault:
            lost, matched = self._duplicates(fault), int((fault.details or {})["nMatched"])
        if matched < replaced:
            if session is not None:
                raise _Lost
            lost |= await self._unmatched(writes, records)
        return [write.id for at, write in enumerate(writes) if at in lost]

    def _duplicates(self, fault: BulkWriteError) -> set[int]:
        """The operations that met a document which is there by now."""
        details = fault.details or {}
        errors: list[Row] = details["writeErrors"]
        if any(each["code"] == _INVALID_DOCUMENT for each in errors):
            raise Dropped(f"{self._name} was dropped and made anew") from fault
        if details["writeConcernErrors"] or any(e["code"] != _DUPLICATE_KEY for e in errors):
            raise fault
        return {int(each["index"]) for each in errors}

    async def _unmatched(
        self, writes: Sequence[Write[Any]], records: Sequence[Encoded]
    ) -> set[int]:
        """The replacements that did not match: the server counts them and does not name them.

        Who finds the very bytes that it was to write has won, or nothing can tell that it lost. Who
        has won and was written over since counts as a loser: its events are then seen as such.
        """
        replaced = {write.id: at for at, write in enumerate(writes) if write.before.revision}
        found = self._database[self._name].find({"_id": {"$in": list(replaced)}})
        for row in await found.to_list(length=None):
            mine: Row = bson.decode(records[replaced[row["_id"]]].raw)  # pyright: ignore[reportUnknownMemberType] - its stub leaves `array` open
            if row == mine:
                del replaced[row["_id"]]
        return set(replaced.values())

    async def set_aside(self, park: Sequence[Parked], session: Session | None = None) -> None:
        """Park what is not parked yet, in its order."""
        if not park:
            return
        after = await self._database[COLLECTIONS].find_one_and_update(
            self._row, {"$inc": {"parked": len(park)}}, session=session
        )
        if after is None:
            raise Dropped(f"{self._name} was dropped")
        operations = [
            UpdateOne(
                {"_id": self._parked_id(each)},
                {"$setOnInsert": {**self._parked_row(each), "place": place}},
                upsert=True,
            )
            for place, each in enumerate(park, int(after["parked"]))
        ]
        await self._database[PARKED].bulk_write(operations, session=session)

    async def advance(
        self, checkpoint: Mapping[int, int], is_built: bool, session: Session | None = None
    ) -> None:
        """Move the checkpoint forward, and say that the collection was built where it was."""
        update: Row = {}
        if checkpoint:
            update["$max"] = {f"checkpoint.{each}": offset for each, offset in checkpoint.items()}
        if is_built:
            update["$set"] = {"is_built": True}
        if update:
            done = await self._database[COLLECTIONS].update_one(self._row, update, session=session)
            if not done.matched_count:
                raise Dropped(f"{self._name} was dropped")

    async def all_or_nothing(
        self,
        writes: Sequence[Write[Any]],
        checkpoint: Mapping[int, int],
        park: Sequence[Parked],
        unpark: Sequence[Parked],
    ) -> list[str]:
        """The whole commit as one transaction; every id where one of them lost its race.

        Raises Superseded where something is unparked that is not parked: it was folded then.
        """
        again = {self._parked_id(each): each for each in park}
        for attempt in range(ATTEMPTS_MAX):
            try:
                async with self._database.transaction() as session:
                    if writes and await self.documents(writes, session):
                        raise _Lost
                    for each in unpark:
                        await self._unpark(each, again.get(self._parked_id(each)), session)
                    await self.set_aside(park, session)
                    await self.advance(checkpoint, False, session)
                return []
            except _Lost:
                return [write.id for write in writes]
            except OperationFailure as fault:
                is_passing = fault.has_error_label("TransientTransactionError")
                if not is_passing or attempt == ATTEMPTS_MAX - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def _unpark(self, each: Parked, again: Parked | None, session: Session) -> None:
        parked, at = self._database[PARKED], {"_id": self._parked_id(each)}
        if again is None:
            there = (await parked.delete_one(at, session=session)).deleted_count
        else:
            error = {"$set": {"error": again.error}}
            there = (await parked.update_one(at, error, session=session)).matched_count
        if not there:
            raise Superseded(f"{each.key} of {self._name} is set aside no more at {each.position}")

    async def parked(self) -> list[Parked]:
        """What is set aside, in the order in which it was."""
        found = self._database.committed(PARKED).find(
            {"collection": self._name}, sort=[("place", 1)]
        )
        return [
            Parked(row["key"], Position(row["partition"], row["offset"]), row["error"])
            for row in await found.to_list(length=None)
        ]

    @property
    def _row(self) -> Row:
        return {"_id": self._name, "token": self._token}

    def _parked_id(self, each: Parked) -> str:
        return f"{self._name} {each.position} {each.key}"

    def _parked_row(self, each: Parked) -> Row:
        at = each.position
        return {
            "collection": self._name,
            "key": each.key,
            "partition": at.partition,
            "offset": at.offset,
            "error": each.error,
        }
