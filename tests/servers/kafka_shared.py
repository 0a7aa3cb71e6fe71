"""The Kafka broker that all tests of a session share: started when first asked for."""

import atexit
import os
from functools import cache

import pytest

from tests.servers.kafka import KafkaServer, NoServer


@cache
def _kafka() -> str | NoServer:
    named = os.environ.get("HEADRACE_TEST_KAFKA")
    if named:
        return named
    server = KafkaServer()
    atexit.register(server.stop)
    try:
        return server.start().bootstrap
    except NoServer as fault:
        return fault


def kafka_bootstrap() -> str:
    """The address of a real Kafka; without one the test is skipped, and under CI it fails."""
    found = _kafka()
    if isinstance(found, str):
        return found
    if os.environ.get("CI") == "true":
        pytest.fail(str(found))
    pytest.skip(str(found))
