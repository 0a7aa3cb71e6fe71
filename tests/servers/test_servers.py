"""What a person gets by `make servers`: one line to pass, both servers, and a folder that stays."""

import asyncio
import shlex
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pymongo import MongoClient

from eventlog.kafka_client import Cluster, new_topic
from tests.servers.kafka_jars import libraries
from tests.servers.mongo import mongod
from tests.servers.process import NoServer
from tests.servers.shared import no_server

DEADLINE_S = 90


class Started(NamedTuple):
    """What the line says."""

    kafka: str
    mongo: str


@asynccontextmanager
async def started(folder: Path, end_by: signal.Signals) -> AsyncGenerator[Started]:
    """Both servers, ended by two signals, as somebody impatient does."""
    try:
        libraries()
        mongod()
    except NoServer as fault:
        no_server(fault)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.servers", str(folder)), stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(DEADLINE_S):
            assert process.stdout is not None
            line = shlex.split((await process.stdout.readline()).decode())
            assert line[:3] == ["headrace", "serve", "--kafka"]
            assert line[4] == "--mongo"
            yield Started(line[3], line[5])
            for _ in range(2):
                process.send_signal(end_by)
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def topics(servers: str, *new: str) -> set[str]:
    """The broker's topics, after these were made."""
    admin = Cluster(servers=servers).admin()
    try:
        await admin.start()
        if new:
            await admin.create_topics([new_topic(each, 1, 1, {}) for each in new])
        return set(await admin.list_topics())
    finally:
        await admin.close()


def documents(uri: str, *new: dict[str, Any]) -> list[dict[str, Any]]:
    """The documents in the database that the URI names, after these were written."""
    with MongoClient[dict[str, Any]](uri) as client:
        collection = client.get_default_database().kept
        if new:
            collection.insert_many(new)
        return list(collection.find())


def is_listening(address: str) -> bool:
    host, _, port = address.partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


async def test_both_servers_stop_when_told_to_and_find_their_data_again(tmp_path: Path) -> None:
    async with started(tmp_path, signal.SIGINT) as first:
        await topics(first.kafka, "kept")
        documents(first.mongo, {"_id": 1})
    assert not is_listening(first.kafka)
    assert not is_listening(first.mongo.split("/")[2])
    async with started(tmp_path, signal.SIGTERM) as second:
        assert "kept" in await topics(second.kafka)
        assert documents(second.mongo) == [{"_id": 1}]
