"""MongoDB's collections as the store has them: made, indexed, checked, retired.

Two are the store's own. `headrace_collections` holds a row for each collection of documents:
its shape, its checkpoint, whether it was built to the end, and the token of what it speaks of.
`headrace_parked` holds what is set aside. All of it is within the rights of `readWrite`.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

from bson import Timestamp
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError, OperationFailure

from readmodels.mongo_client import Database, Row, code_of
from readmodels.mongo_values import Records, offsets
from readmodels.store import Progress, ShapeChanged

COLLECTIONS = "headrace_collections"
PARKED = "headrace_parked"
STORE = "headrace"
"""The row that speaks of the store as a whole."""

VERSION_MIN = (6, 0)
_WIRE_VERSION_MIN = 17
_NAMESPACE_EXISTS = 48
_BEFORE_IMAGES = {"enabled": True}


class Prepared(NamedTuple):
    """A collection ready to be used: the token of its making, and how far it is."""

    token: str
    progress: Progress


class Unsuitable(Exception):
    """The server is none that the store can work with; the message says what to change."""


class Retired(Exception):
    """A newer version of the documents has taken over while this one was in use."""


async def check_server(database: Database) -> None:
    """Raises Unsuitable where the server has no change streams with before-images."""
    hello = await database.command({"hello": 1})
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise Unsuitable(
            "this MongoDB is no replica set, and only one has change streams: start it with "
            "--replSet and initiate it; a set of one member is enough"
        )
    if hello["maxWireVersion"] < _WIRE_VERSION_MIN:
        wanted = ".".join(map(str, VERSION_MIN))
        raise Unsuitable(f"this MongoDB is older than {wanted}, the first with before-images")


async def prepare_store(database: Database) -> str:
    """Make what the store keeps for itself; its identity, another for each database ever made."""
    made = await _made(database, COLLECTIONS)
    await _require_images(database, made)
    await _made(database, PARKED)
    await database[PARKED].create_index([("collection", 1), ("place", 1)])
    return str(made["info"]["uuid"].hex())


async def begin(database: Database) -> Timestamp:
    """Write that a feed begins here, and give the instant: in every feed, something stands there.

    The history up to here is read until that write is met, so its end is never guessed.
    """
    reply = await database.command(
        {
            "findAndModify": COLLECTIONS,
            "query": {"_id": STORE},
            "update": {"$inc": {"feeds": 1}},
            "upsert": True,
            "writeConcern": {"w": "majority"},
        }
    )
    at: Timestamp = reply["operationTime"]
    return at


async def _made(database: Database, name: str, **options: Any) -> Row:
    """What the server says of the collection, after making it where it is missing."""
    found = await database.collections({"name": name})
    if not found:
        try:
            await database.create(name, changeStreamPreAndPostImages=_BEFORE_IMAGES, **options)
        except OperationFailure as fault:
            if code_of(fault) != _NAMESPACE_EXISTS:  # another process was first
                raise
        found = await database.collections({"name": name})
    return found[0]


async def _require_images(database: Database, made: Row) -> None:
    """Raises Unsuitable where the collection has no before-images and cannot be given them."""
    name, kept = made["name"], made["options"].get("changeStreamPreAndPostImages", {})
    if not kept.get("enabled") and not await _gave_images(database, name):
        raise Unsuitable(
            f"the collection {name} of {database.name} keeps no before-images: let an "
            f"administrator run db.runCommand({{collMod: {name!r}, "
            "changeStreamPreAndPostImages: {enabled: true}}) there"
        )


async def _gave_images(database: Database, name: str) -> bool:
    """Whether an existing collection could be given before-images; that takes dbAdmin."""
    try:
        await database.command({"collMod": name, "changeStreamPreAndPostImages": _BEFORE_IMAGES})
    except OperationFailure:
        return False
    return True


async def prepare(database: Database, records: Records[Any]) -> Prepared:
    """Make the collection where missing, and learn how far it is. Raises ShapeChanged.

    Each making of a collection has a token of its own. Its row is bound to it: one with another
    token speaks of a collection that was dropped. So is every document, by the collection's
    validator: what a process still writes that knows only the dropped one is refused.
    """
    # Where the database was dropped, the row's upsert would make this one, without before-images.
    await _made(database, COLLECTIONS)
    while True:
        made = await _made(database, records.name, validator={"token": {"$eq": uuid4().hex[:12]}})
        token = made["options"].get("validator", {}).get("token", {}).get("$eq")
        if token is None:
            await _drop_leftovers(database, records.name)
            continue
        await _require_images(database, made)
        row = await _row(database, records, token)
        if row["token"] == token:
            break
        await database[COLLECTIONS].delete_one({"_id": records.name, "token": row["token"]})
    if row["shape"] != records.shape:
        name, version = records.collection.name, records.collection.version
        raise ShapeChanged(
            f"the fields of {name} are others than those stored: raise version= "
            f"of its projection above {version}, so that it is built anew"
        )
    return Prepared(token, await progress(database, records.name))


async def progress(database: Database, name: str) -> Progress:
    """How far the collection of that name is, by what no fallen server can take back."""
    row = await database.committed(COLLECTIONS).find_one({"_id": name})
    if row is None:
        return Progress({}, False)
    return Progress(offsets(row["checkpoint"]), bool(row["is_built"]))


async def _drop_leftovers(database: Database, name: str) -> None:
    """Remove what a late write made anew after the collection was dropped.

    Raises Unsuitable where it holds what is none of ours.
    """
    if await database[name].find_one({"token": {"$exists": False}}) is not None:
        raise Unsuitable(
            f"{database.name} has a collection {name} that Headrace did not make: "
            "give it a database of its own"
        )
    await database.drop(name)


async def _row(database: Database, records: Records[Any], token: str) -> Row:
    """The collection's row, made where missing, and no longer retired: it is in use."""
    fresh: Row = {
        "class": records.collection.name,
        "version": records.collection.version,
        "token": token,
        "shape": records.shape,
        "is_built": False,
        "checkpoint": {},
        "parked": 0,
    }
    while True:
        with suppress(DuplicateKeyError):  # another process makes it at this moment
            row = await database[COLLECTIONS].find_one_and_update(
                {"_id": records.name},
                {"$setOnInsert": fresh, "$unset": {"retired": ""}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
            assert row is not None
            return row


async def bury(
    database: Database, name: str, checkpoint: Mapping[int, int], after: timedelta
) -> None:
    """Remove what was deleted a while ago and whose events the checkpoint has passed.

    None of them comes again but from a projector that slept that long with them in its hands.
    """
    collection = database[name]
    graves = collection.find(
        {"deleted": {"$lte": datetime.now(UTC) - after}, "body": None},
        projection={"revision": 1, "positions": 1},
    )
    for grave in await graves.to_list(length=None):
        seen = grave["positions"].items()
        if all(checkpoint.get(int(partition), -1) >= offset for partition, offset in seen):
            await collection.delete_one({"_id": grave["_id"], "revision": grave["revision"]})


async def refuse_retired(database: Database, records: Records[Any]) -> None:
    """Raises Retired where a newer version of the class was built."""
    name, version = records.collection.name, records.collection.version
    newer = {"class": name, "version": {"$gt": version}, "is_built": True}
    found = await database[COLLECTIONS].find_one(newer)
    if found is not None:
        raise Retired(
            f"version {version} of {name} was retired by version {found['version']}: "
            "this process runs older code than those that write now, so stop it"
        )


async def retire_older(database: Database, records: Records[Any]) -> None:
    """Say that this version has taken over from those below it.

    A version above stays, whether it is being built or was built: an older process that lives on,
    or comes back, takes nothing from the newer ones.
    """
    await database[COLLECTIONS].update_many(
        {**_older(records), "retired": {"$exists": False}},
        {"$set": {"retired": datetime.now(UTC)}},
    )


def _older(records: Records[Any]) -> Row:
    of = records.collection
    return {"class": of.name, "version": {"$lt": of.version}}


async def sweep(database: Database, records: Records[Any], after: timedelta) -> list[str]:
    """Remove the versions below that were retired a while ago; their names."""
    since = datetime.now(UTC) - after
    found = database[COLLECTIONS].find({**_older(records), "retired": {"$lte": since}})
    names: list[str] = []
    for row in await found.to_list(length=None):
        names.append(row["_id"])
        # In this order: what is left after a crash is a row that speaks of nothing.
        await database.drop(row["_id"])
        await database[PARKED].delete_many({"collection": row["_id"]})
        await database[COLLECTIONS].delete_one({"_id": row["_id"], "token": row["token"]})
    return names
