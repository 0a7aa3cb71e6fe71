"""What all tests of a session share: started when first asked for, stopped at its end."""

import atexit
import os
from functools import cache
from typing import NoReturn
from uuid import uuid4

import pytest
from pymongo import MongoClient

from tests.servers.mongo import MongoServer
from tests.servers.process import NoServer


@cache
def _mongo() -> str | NoServer:
    named = os.environ.get("HEADRACE_TEST_MONGO")
    if named:
        return named
    server = MongoServer()
    atexit.register(server.stop)
    try:
        return server.start().uri
    except NoServer as fault:
        return fault


def mongo_uri() -> str:
    """The address of a real MongoDB; without one the test is skipped, and under CI it fails."""
    found = _mongo()
    return found if isinstance(found, str) else no_server(found)


def no_server(fault: NoServer) -> NoReturn:
    """Skip the test with a line that says how to get the server; under CI, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(str(fault))
    pytest.skip(str(fault))


def new_database() -> str:
    """A name that no other test has."""
    return f"headrace_test_{uuid4().hex[:12]}"


def drop_database(name: str) -> None:
    """Leave nothing of a test on a server that may be somebody's."""
    with MongoClient[dict[str, object]](mongo_uri()) as client:
        client.drop_database(name)
