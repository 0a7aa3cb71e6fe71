"""Followers of a process share one consumer, and none holds up the others for good."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from uuid import uuid4

import pytest

from eventlog import kafka_tail
from eventlog.envelope import Recorded
from eventlog.kafka import Cluster, KafkaLog
from eventlog.kafka_client import Message, Reader
from eventlog.kafka_events import EventReader
from eventlog.kafka_producers import Transactions
from tests.contracts.logs import DEADLINE_S, PARTITIONS, append, draft, is_in_order, stream_in
from tests.servers.kafka_shared import kafka_bootstrap

STREAMS = [stream_in(partition) for partition in range(PARTITIONS)]
ROUNDS = 30


@pytest.fixture
async def log(tmp_path: Path) -> AsyncGenerator[KafkaLog]:
    cluster = Cluster(servers=kafka_bootstrap())
    prefix = f"test-{uuid4().hex[:12]}"
    log = await KafkaLog.open(cluster, prefix, tmp_path, partitions=PARTITIONS)
    yield log
    await log.close()


@pytest.fixture
def assigned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The topics of each consumer that is told what to read."""
    topics: list[str] = []
    assign = Reader.assign

    def noted(reader: Reader, topic: str, offsets: dict[int, int]) -> None:
        topics.append(topic.rpartition(".")[2])
        assign(reader, topic, offsets)

    monkeypatch.setattr(Reader, "assign", noted)
    return topics


async def rounds(log: KafkaLog, first: int, count: int) -> None:
    for version in range(first, first + count):
        await append(log, *(draft(stream, version) for stream in STREAMS))


async def taken(log: KafkaLog, count: int, pause_s: float = 0) -> list[Recorded]:
    found: list[Recorded] = []
    async with asyncio.timeout(DEADLINE_S), aclosing(log.follow({}, 10)) as batches:
        while len(found) < count:
            found += await anext(batches)
            await asyncio.sleep(pause_s)
    assert is_in_order(found)
    return found


async def test_many_followers_share_one_consumer(log: KafkaLog, assigned: list[str]) -> None:
    followers = [asyncio.ensure_future(taken(log, 4 * ROUNDS)) for _ in range(9)]
    await asyncio.sleep(0)
    await rounds(log, 1, ROUNDS)
    for each in followers:
        assert len(await each) == 4 * ROUNDS
    assert assigned.count("events") == 1


async def test_one_that_begins_late_or_stands_still_catches_up_alone(
    log: KafkaLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_tail, "TAIL_EVENTS_MAX", 12)
    monkeypatch.setattr(kafka_tail, "CHUNK_EVENTS_MAX", 5)
    monkeypatch.setattr(kafka_tail, "HOLD_S_MAX", 0.05)
    quick = asyncio.ensure_future(taken(log, 4 * ROUNDS))
    slow = asyncio.ensure_future(taken(log, 4 * ROUNDS, pause_s=0.1))
    await asyncio.sleep(0)
    await rounds(log, 1, ROUNDS // 2)
    late = asyncio.ensure_future(taken(log, 4 * ROUNDS))
    await rounds(log, ROUNDS // 2 + 1, ROUNDS // 2)
    for each in (quick, slow, late):
        assert len(await each) == 4 * ROUNDS


async def test_whoever_follows_while_the_last_one_leaves_misses_nothing(log: KafkaLog) -> None:
    await rounds(log, 1, 2)
    for _ in range(10):
        following = log.follow({}, 10)
        await anext(following)
        leaving = asyncio.ensure_future(following.aclose())
        await asyncio.sleep(0)
        assert len(await taken(log, 8)) == 8
        await leaving


async def test_what_ends_the_reading_is_told_to_all_and_the_next_begins_anew(
    log: KafkaLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = EventReader.read

    async def broken(reader: EventReader, limit: int, timeout_ms: int) -> object:
        raise RuntimeError("the consumer has stopped")

    monkeypatch.setattr(EventReader, "read", broken)
    followers = [asyncio.ensure_future(taken(log, 1)) for _ in range(3)]
    for each in followers:
        with pytest.raises(RuntimeError, match="has stopped"):
            await each
    monkeypatch.setattr(EventReader, "read", read)
    await rounds(log, 1, 1)
    assert len(await taken(log, 4)) == 4


async def test_a_record_of_another_program_ends_the_reading_and_is_named(tmp_path: Path) -> None:
    cluster, prefix = Cluster(servers=kafka_bootstrap()), f"test-{uuid4().hex[:12]}"
    log = await KafkaLog.open(cluster, prefix, tmp_path, partitions=PARTITIONS)
    (before,) = await append(log, draft(STREAMS[1], 1))
    await log.close()
    stranger = Transactions(cluster, f"{prefix}-1")
    await stranger.start()
    await stranger.begin()
    await stranger.write({(f"{prefix}.events", 1): [Message(b"key", b"{}", [])]})
    await stranger.commit()
    await stranger.stop()
    log = await KafkaLog.open(cluster, prefix, tmp_path, partitions=PARTITIONS, own=())
    with pytest.raises(ValueError, match=rf"record at 1:{before.offset + 2} of {prefix}.events"):
        await taken(log, 2)
    await log.close()
