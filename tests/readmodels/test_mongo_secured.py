"""The documents on a MongoDB with TLS, by a user with readWrite on one database alone."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from readmodels.mongo import MongoStore, connect
from readmodels.mongo_collections import COLLECTIONS
from readmodels.mongo_writes import Dropped
from readmodels.query import EVERYTHING, Query
from readmodels.store import MISSING, Write
from tests.contracts.mongo_engine import AT_ONCE
from tests.contracts.stores import Thing, collection_of, things
from tests.readmodels.cabinet import (
    Place,
    after,
    cursor,
    kept,
    opened,
    put,
    thing,
    unparked,
)
from tests.readmodels.workshop import until
from tests.servers.secured import SecuredMongo, secured_mongo


@pytest.fixture
def mongo() -> SecuredMongo:
    return secured_mongo()


@contextmanager
def administrated(mongo: SecuredMongo) -> Generator[Any]:
    """The database as somebody with every right has it."""
    with MongoClient[dict[str, Any]](mongo.admin_uri) as client:
        yield client[mongo.database]


async def test_nothing_but_read_write_on_one_database_is_asked_for(mongo: SecuredMongo) -> None:
    place, newer = Place(mongo.uri, mongo.database), collection_of(Thing, version=2)
    async with opened(place, retire_after=AT_ONCE, bury_after=AT_ONCE) as one:
        await put(one.store, thing("a", 1), checkpoint={0: 1})
        since = await cursor(one.store)
        await unparked(one.store, thing("b", 2))
        await one.until_told(changes=2)
        assert await after(one.store, since) == [("b", None, 2)]
        assert await one.store.find(things, Query()) == [thing("a", 1), thing("b", 2)]
        assert await one.store.count(things, EVERYTHING) == 2
        # A newer version takes over, and the one before is removed.
        await one.store.prepare(newer)
        await one.store.commit(newer, [Write("a", MISSING, thing("a", 3), {0: 1})])
        assert await one.store.find(newer, Query()) == [thing("a", 3)]
        with pytest.raises(Dropped):
            await kept(one.store, "a")


async def test_a_wrong_password_is_said_at_once(mongo: SecuredMongo) -> None:
    client = connect(mongo.uri.replace("secret", "guess"))
    try:
        with pytest.raises(OperationFailure, match="Authentication failed"):
            await MongoStore(client, mongo.database).open()
    finally:
        client.close()


async def test_a_feed_that_is_short_of_a_right_says_so_until_it_is_helped(
    mongo: SecuredMongo,
) -> None:
    async with opened(Place(mongo.uri, mongo.database)) as one:
        with administrated(mongo) as database:
            database.client.drop_database(mongo.database)
            database.create_collection(COLLECTIONS)
            await until(lambda: "keeps no before-images" in one.store.feed_error)
            images = {"changeStreamPreAndPostImages": {"enabled": True}}
            database.command("collMod", COLLECTIONS, **images)
        await until(lambda: not one.store.feed_error)
        await one.store.prepare(things)
        await put(one.store, thing("a", 1))
        await one.until_told(changes=1)
