"""The log on Kafka while its broker dies, hangs and comes back: a broker of its own."""

import asyncio
import gc
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from eventlog import kafka_group, kafka_topics
from eventlog.envelope import Recorded
from eventlog.kafka import Cluster, InDoubt, KafkaLog
from eventlog.kafka_group import Membership
from eventlog.kafka_producers import Transactions
from eventlog.kafka_topics import Topics
from eventlog.log import Unappendable
from tests.contracts.logs import PARTITIONS, append, draft, is_in_order, positions, stream_in, taken
from tests.servers.kafka import KafkaServer
from tests.servers.kafka_shared import kafka_bootstrap

STREAM, OTHER = stream_in(0), stream_in(1)
DEADLINE_S = 1.5
RECOVERY_S_MAX = 60
"""No wait for the broker to be of use again is as long; one that would be is at fault."""


@pytest.fixture(scope="module")
def broker() -> Generator[KafkaServer]:
    kafka_bootstrap()  # skips, or fails, where there is no Kafka
    server = KafkaServer().start()
    yield server
    server.stop()


@asynccontextmanager
async def opened(broker: KafkaServer, directory: Path) -> AsyncGenerator[KafkaLog]:
    log = await KafkaLog.open(
        Cluster(servers=broker.bootstrap),
        f"test-{uuid4().hex[:12]}",
        directory,
        partitions=PARTITIONS,
        deadline_s=DEADLINE_S,
    )
    try:
        yield log
    finally:
        async with asyncio.timeout(RECOVERY_S_MAX):
            await log.close()


async def comes_back(broker: KafkaServer) -> None:
    broker.launch()
    await asyncio.to_thread(broker.until_it_serves)


async def until_appended(log: KafkaLog, stream: str, version: int) -> list[Recorded]:
    async with asyncio.timeout(RECOVERY_S_MAX):
        while True:
            try:
                return await append(log, draft(stream, version))
            except Unappendable:
                await asyncio.sleep(0.1)


async def test_a_broker_that_is_killed_and_comes_back(broker: KafkaServer, tmp_path: Path) -> None:
    async with opened(broker, tmp_path) as log:
        recorded = await append(log, draft(STREAM, 1), draft(OTHER, 1))
        async with aclosing(log.follow({}, 10)) as batches:
            seen: list[Recorded] = []
            while len(seen) < 2:
                seen += await anext(batches)
            broker.kill()
            waiting = asyncio.ensure_future(anext(batches))
            # Nothing can be appended, and whoever asks hears it in time.
            for _ in range(2):
                async with asyncio.timeout(4 * DEADLINE_S):
                    with pytest.raises(Unappendable) as refused:
                        await append(log, draft(STREAM, 2))
                    assert not isinstance(refused.value, InDoubt)
            # What was known can be looked up all the same.
            assert await log.history(STREAM, 0, 10) == recorded[:1]
            assert not waiting.done()
            await comes_back(broker)
            recorded += await until_appended(log, STREAM, 2)
            recorded += await until_appended(log, OTHER, 2)
            async with asyncio.timeout(RECOVERY_S_MAX):
                seen += await waiting
                while len(seen) < 4:
                    seen += await anext(batches)
        assert is_in_order(seen)
        assert sorted(positions(seen)) == sorted(positions(recorded))


async def test_a_follower_that_starts_without_a_broker_waits_for_it(
    broker: KafkaServer, tmp_path: Path
) -> None:
    async with opened(broker, tmp_path) as log:
        recorded = await append(log, draft(STREAM, 1))
        # A broker writes the marker of a commit after it has answered, and may die in between: how
        # soon it then does so when it is back is its own business.
        assert await taken(log, 1) == recorded
        broker.kill()
        async with aclosing(log.follow({}, 10)) as batches:
            following = asyncio.ensure_future(anext(batches))
            await asyncio.sleep(1)
            assert not following.done()
            await comes_back(broker)
            async with asyncio.timeout(RECOVERY_S_MAX):
                assert await following == recorded


async def test_a_commit_without_an_answer_is_in_doubt_until_the_log_is_read_again(
    broker: KafkaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = Transactions.commit

    async def hanging(transactions: Transactions) -> None:
        monkeypatch.setattr(Transactions, "commit", commit)
        broker.freeze()
        await commit(transactions)

    async with opened(broker, tmp_path) as log:
        await append(log, draft(STREAM, 1))
        monkeypatch.setattr(Transactions, "commit", hanging)
        try:
            with pytest.raises(InDoubt, match="may have taken the events"):
                await append(log, draft(STREAM, 2, command_id="in doubt"))
            # As long as it is not known, nothing is decided from what may be old.
            with pytest.raises(Unappendable):
                await log.past({STREAM: "code"})
        finally:
            broker.thaw()
        async with asyncio.timeout(RECOVERY_S_MAX):
            while True:
                try:
                    found = await log.outcomes([(STREAM, "in doubt")])
                    break
                except Unappendable:
                    await asyncio.sleep(0.1)
        # Whichever it is, all sides agree, and the stream goes on above it.
        versions = [1, 2] if found else [1]
        assert [each.version for each in await log.history(STREAM, 0, 10)] == versions
        await append(log, draft(STREAM, len(versions) + 1))
        followed = await taken(log, len(versions) + 1)
        assert [each.version for each in followed] == [*versions, len(versions) + 1]


async def test_who_leaves_a_group_that_does_not_answer_leaves_nothing_behind(
    broker: KafkaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_group, "LEAVE_S_MAX", 0.2)
    at, topics = Cluster(servers=broker.bootstrap), Topics(f"test-{uuid4().hex[:12]}")
    await kafka_topics.ready(at, topics, PARTITIONS)
    member = Membership(at, topics.prefix, topics.commands, "only", session_s=2)
    before = asyncio.all_tasks()
    joined = asyncio.create_task(member.run())
    await member.until(lambda assigned: len(assigned) == PARTITIONS)
    broker.freeze()
    try:
        joined.cancel()
        await asyncio.wait([joined])
        assert asyncio.all_tasks() <= before
    finally:
        broker.thaw()
    gc.collect()  # a connection that is left says so
