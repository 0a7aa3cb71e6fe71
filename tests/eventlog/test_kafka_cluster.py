"""The log on a cluster of three nodes, each of which may be killed while it leads."""

import asyncio
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from eventlog import kafka_topics
from eventlog.kafka import Cluster, KafkaLog
from eventlog.kafka_client import KafkaError
from eventlog.kafka_group import Membership
from eventlog.kafka_topics import Topics
from eventlog.log import Unappendable
from tests.contracts.logs import PARTITIONS, append, draft, is_in_order, stream_in, taken
from tests.servers.kafka_cluster import NODES, KafkaCluster
from tests.servers.kafka_shared import kafka_cluster

STREAMS = [stream_in(partition) for partition in range(PARTITIONS)]
RECOVERY_S_MAX = 60
"""No wait for a partition to be of use again is as long; one that would be is at fault."""


@pytest.fixture
def cluster() -> KafkaCluster:
    return kafka_cluster()


@asynccontextmanager
async def opened(cluster: KafkaCluster, prefix: str, directory: Path) -> AsyncGenerator[KafkaLog]:
    at = Cluster(servers=cluster.bootstrap)
    log = await KafkaLog.open(at, prefix, directory, partitions=PARTITIONS)
    try:
        yield log
    finally:
        async with asyncio.timeout(RECOVERY_S_MAX):
            await log.close()


async def partitions(cluster: KafkaCluster, prefix: str) -> list[dict[str, Any]]:
    """The partitions of the log's own topics as Kafka describes them, those of the events first."""
    admin = Cluster(servers=cluster.bootstrap).admin()
    try:
        await admin.start()
        events, states = await admin.describe_topics([f"{prefix}.events", f"{prefix}.states"])
        return [*events["partitions"], *states["partitions"]]
    finally:
        await admin.close()


async def until_in_sync(cluster: KafkaCluster, prefix: str) -> None:
    async with asyncio.timeout(RECOVERY_S_MAX):
        while True:
            found = await partitions(cluster, prefix)
            if all(len(each["isr"]) == NODES for each in found):
                return
            await asyncio.sleep(0.1)


async def until_appended(log: KafkaLog, stream: str, version: int) -> None:
    """Sent again as a client does: what was appended without an answer is found as such."""
    wanted = draft(stream, version)
    async with asyncio.timeout(RECOVERY_S_MAX):
        while True:
            try:
                if not await log.outcomes([(stream, wanted.command_id)]):
                    await append(log, wanted)
                return
            except Unappendable:
                await asyncio.sleep(0.1)


async def test_topics_are_made_though_not_every_node_knows_each_at_once(
    cluster: KafkaCluster,
) -> None:
    at = Cluster(servers=cluster.bootstrap)
    prefixes = [f"test-{uuid4().hex[:12]}" for _ in range(8)]
    # Twice each: processes that are started together make them together.
    await asyncio.gather(
        *(kafka_topics.ready(at, Topics(prefix), PARTITIONS) for prefix in 2 * prefixes)
    )


async def test_who_is_in_a_group_is_never_said_to_be_gone_while_its_coordinator_moves(
    cluster: KafkaCluster,
) -> None:
    at, prefix = Cluster(servers=cluster.bootstrap), f"test-{uuid4().hex[:12]}"
    topics = Topics(prefix)
    await kafka_topics.ready(at, topics, PARTITIONS)
    one, other = (
        Membership(at, f"{prefix}-group", topics.commands, name, session_s=20)
        for name in ("one", "other")
    )
    joined = [asyncio.create_task(each.run()) for each in (one, other)]
    await one.until(lambda assigned: len(assigned) == PARTITIONS // 2)
    admin = at.admin()
    await admin.start()
    coordinator: int = await admin.find_coordinator(f"{prefix}-group")
    await admin.close()
    try:
        cluster.nodes[coordinator].kill()
        assert await is_always_there(one, "other")
    finally:
        for each in joined:
            each.cancel()
        await asyncio.wait(joined)


async def is_always_there(member: Membership, name: str) -> bool:
    """What each answer says, from the end of a node until the others have its work."""
    said: list[bool] = []
    async with asyncio.timeout(RECOVERY_S_MAX):
        while len(said) < 100:
            try:
                said.append(await member.has(name))
            except (KafkaError, OSError, TimeoutError):
                await asyncio.sleep(0.01)
    return all(said)


async def test_nodes_that_die_in_turn_with_their_disks_lose_nothing(
    cluster: KafkaCluster, tmp_path: Path
) -> None:
    prefix = f"test-{uuid4().hex[:12]}"
    async with opened(cluster, prefix, tmp_path / "first") as log:
        of_log = await partitions(cluster, prefix)
        assert {len(each["replicas"]) for each in of_log} == {NODES}
        await append(log, *(draft(stream, 1) for stream in STREAMS))
        # With the second one down, all that is appended is also held by the one that came back.
        killed: set[int] = set()
        for version in (2, 3):
            first, *_ = await partitions(cluster, prefix)
            killed.add(first["leader"])
            leader = cluster.nodes[first["leader"]]
            leader.kill()
            shutil.rmtree(leader.directory / "data")
            # Whoever starts now asks brokers of which one is gone, and may not be known to be.
            await kafka_topics.ready(Cluster(servers=cluster.bootstrap), Topics(prefix), PARTITIONS)
            for stream in STREAMS:
                await until_appended(log, stream, version)
            cluster.launch()
            await asyncio.to_thread(cluster.until_whole)
            await until_in_sync(cluster, prefix)
        assert len(killed) == 2
    # Restored by a process that knows nothing.
    async with opened(cluster, prefix, tmp_path / "second") as log:
        for stream in STREAMS:
            assert [each.version for each in await log.history(stream, 0, 10)] == [1, 2, 3]
        followed = await taken(log, 3 * PARTITIONS)
        assert is_in_order(followed)
        assert {(each.stream, each.version) for each in followed} == {
            (stream, version) for stream in STREAMS for version in (1, 2, 3)
        }
