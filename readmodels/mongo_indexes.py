"""The indexes of a collection: over what is not deleted, and each ends with the id.

So an index gives a page in its order and a count alone, with no look at a document that is not
shown.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from pymongo.errors import NetworkTimeout, OperationFailure

from readmodels.composition import Collection
from readmodels.indexing import owner_lists
from readmodels.mongo_client import Collection as MongoCollection
from readmodels.mongo_client import Database
from readmodels.mongo_collections import Unsuitable
from readmodels.mongo_query import LIVE
from readmodels.mongo_values import Records

PREFIX = "by:"
ATTEMPTS_MAX = 60


async def make_indexes(database: Database, records: Records[Any]) -> None:
    """Make the declared indexes, and drop those that are declared no more, or differently."""
    collection = database[records.name]
    paths: dict[str, list[tuple[str, int]]] = {}
    for fields in _indexed(records.collection):
        lists = [field for field in fields if field != "id" and records.fields.is_list(field)]
        if len(lists) > 1:
            raise Unsuitable(
                f"an index of {records.collection.name} names the lists {' and '.join(lists)}: "
                "MongoDB indexes one list at a time, so declare an index for each"
            )
        keys = [(records.fields.path(field), 1) for field in fields]
        paths[f"{PREFIX}{','.join(fields)}"] = keys
    present = await collection.index_information()
    for name, found in present.items():
        if name.startswith(PREFIX) and list(found["key"]) != paths.get(name):
            with suppress(OperationFailure):  # another process was first
                await collection.drop_index(name)
    for name, keys in paths.items():
        await _index(collection, keys, name=name, partialFilterExpression=LIVE)
    deleted = {"deleted": {"$exists": True}}
    await _index(collection, [("deleted", 1)], name="deleted", partialFilterExpression=deleted)


async def _index(collection: MongoCollection, keys: list[tuple[str, int]], **options: Any) -> None:
    """Make an index, if it is not there; over much data that takes longer than an answer may."""
    for attempt in range(ATTEMPTS_MAX):
        try:
            await collection.create_index(keys, **options)
            return
        except NetworkTimeout:
            if attempt == ATTEMPTS_MAX - 1:
                raise


def _indexed(collection: Collection[Any]) -> Iterator[tuple[str, ...]]:
    """The fields of each index: those declared, lists of owners, and the id of what is live."""
    declared = [each.fields for each in collection.indexes]
    begun = {fields[0] for fields in declared}
    owners = [(each,) for each in owner_lists(collection.document) if each not in begun]
    for fields in (*declared, *owners, ("id",)):
        named = tuple(dict.fromkeys((*fields, "id")))
        yield named[: named.index("id") + 1]
