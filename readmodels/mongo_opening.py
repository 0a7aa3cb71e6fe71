"""The store from a MongoDB URI to its end, every refusal of the server a sentence."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from pymongo.errors import ConfigurationError, InvalidURI, OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

from readmodels.documents import NotReady
from readmodels.mongo import MongoStore, connect
from readmodels.mongo_collections import Unsuitable
from readmodels.store import Committed

DATABASE = "headrace"
"""Where the URI names none."""


class CannotOpen(Exception):
    """The store cannot be opened; the message says why, and names no password."""


@asynccontextmanager
async def opened(
    uri: str, *, tell: Callable[[Committed], None], lost: Callable[[], None]
) -> AsyncGenerator[MongoStore]:
    """The store of the database that the URI's path names. Raises CannotOpen."""
    try:
        database = parse_uri(uri)["database"] or DATABASE
        client = connect(uri)
    except (InvalidURI, ConfigurationError, ValueError, OSError) as fault:
        raise CannotOpen(f"this is no URI of a MongoDB: {fault}") from None
    try:
        store = MongoStore(client, database, tell=tell, lost=lost)
        try:
            await store.open()
        except (NotReady, Unsuitable) as fault:
            raise CannotOpen(str(fault)) from fault
        except OperationFailure as fault:
            raise CannotOpen(
                f"MongoDB refuses: {fault}; the user needs readWrite on {database}"
            ) from fault
        except PyMongoError as fault:
            raise CannotOpen(f"MongoDB cannot be used: {fault}") from fault
        yield store
    finally:
        client.close()
