"""The Kafka broker and the cluster that all tests of a session share, started when asked for."""

import atexit
import os
from functools import cache

from tests.servers.kafka import KafkaServer
from tests.servers.kafka_cluster import KafkaCluster
from tests.servers.process import NoServer
from tests.servers.shared import no_server


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
    return found if isinstance(found, str) else no_server(found)


@cache
def _cluster() -> KafkaCluster | NoServer:
    cluster = KafkaCluster()
    atexit.register(cluster.stop)
    try:
        return cluster.start()
    except NoServer as fault:
        return fault


def kafka_cluster() -> KafkaCluster:
    """Three real nodes, whole again whatever the tests before did to them.

    Without Kafka the test is skipped, and under CI it fails.
    """
    found = _cluster()
    if isinstance(found, NoServer):
        no_server(found)
    found.mend()
    return found
