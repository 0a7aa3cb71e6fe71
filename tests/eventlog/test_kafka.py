"""What the log on Kafka does beyond the contract: fencing, ownership, topics, large events."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from uuid import uuid4

import pytest

from eventlog import kafka_client, kafka_restore, kafka_topics
from eventlog.kafka import Cluster, Fenced, InDoubt, KafkaLog, NotOwned, WrongTopic
from eventlog.kafka_client import Message, Reader, new_topic
from eventlog.kafka_follow import reading
from eventlog.kafka_producers import Transactions
from eventlog.kafka_topics import Topics
from eventlog.log import Batch, NoOp, Snapshot, Unappendable
from tests.contracts.logs import DEADLINE_S, PARTITIONS, append, draft, positions, stream_in, taken
from tests.servers.kafka_shared import kafka_bootstrap
from tests.servers.process import free_port

STREAM, OTHER = stream_in(0), stream_in(1)
Place = tuple[str, int]


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    return Cluster(servers=kafka_bootstrap())


@pytest.fixture
def prefix() -> str:
    return f"test-{uuid4().hex[:12]}"


Opening = Callable[[str], Awaitable[KafkaLog]]


@pytest.fixture
async def opening(cluster: Cluster, prefix: str, tmp_path: Path) -> AsyncGenerator[Opening]:
    """Opens a log over the same topics as a process of its own, named by its folder."""
    async with AsyncExitStack() as opened:

        async def open_as(name: str) -> KafkaLog:
            log = await KafkaLog.open(cluster, prefix, tmp_path / name, partitions=PARTITIONS)
            opened.push_async_callback(log.close)
            return log

        yield open_as


async def followed(log: KafkaLog, count: int) -> list[tuple[str, int]]:
    """Stream and version of everything there is, which is so many events and no more."""
    found = await taken(log, count)
    async with aclosing(log.follow({e.partition: e.offset for e in found}, 10)) as more:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await anext(more)
    return sorted((each.stream, each.version) for each in found)


async def test_a_zombie_is_refused_by_the_broker_and_stays_refused(opening: Opening) -> None:
    zombie = await opening("zombie")
    await append(zombie, draft(STREAM, 1))
    owner = await opening("owner")
    with pytest.raises(Fenced, match="another owner"):
        await append(zombie, draft(STREAM, 2, id="the zombie's"))
    await append(owner, draft(STREAM, 2, id="the owner's"))
    for _ in range(2):
        with pytest.raises(Fenced, match=owner.owner):
            await append(zombie, draft(STREAM, 3))
    # It decides nothing from what it knew either.
    with pytest.raises(Fenced):
        await zombie.past({STREAM: "code"})
    with pytest.raises(Fenced):
        await zombie.outcomes([(STREAM, "command")])
    # Whatever it tried, the owner is still the owner.
    await append(owner, draft(STREAM, 3))
    assert await followed(owner, 3) == [(STREAM, 1), (STREAM, 2), (STREAM, 3)]
    assert [each.id for each in await owner.history(STREAM, 1, 1)] == ["the owner's"]


async def test_a_zombie_that_wrote_before_the_fence_cannot_commit_after_it(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    zombie = await opening("zombie")
    written, taken_over = asyncio.Event(), asyncio.Event()
    commit = Transactions.commit

    async def paused(transactions: Transactions) -> None:
        monkeypatch.setattr(Transactions, "commit", commit)
        written.set()
        await taken_over.wait()
        await commit(transactions)

    monkeypatch.setattr(Transactions, "commit", paused)
    appending = asyncio.ensure_future(append(zombie, draft(STREAM, 1, id="the zombie's")))
    await written.wait()
    owner = await opening("owner")
    taken_over.set()
    with pytest.raises(InDoubt):
        await appending
    with pytest.raises(Fenced, match=owner.owner):
        await append(zombie, draft(STREAM, 1))
    await append(owner, draft(STREAM, 1, id="the owner's"))
    assert await followed(owner, 1) == [(STREAM, 1)]


async def test_a_fenced_partition_can_be_taken_back_and_then_knows_what_was_done_meanwhile(
    opening: Opening,
) -> None:
    first, second = await opening("first"), await opening("second")
    theirs = await append(second, draft(STREAM, 1))
    with pytest.raises(Fenced):
        await append(first, draft(STREAM, 1))
    await first.take(0)
    assert (await first.past({STREAM: "code"}))[STREAM].events == theirs
    await append(first, draft(STREAM, 2))
    with pytest.raises(Fenced):
        await append(second, draft(STREAM, 2))
    # Each partition has an owner of its own.
    await append(second, draft(OTHER, 1))


async def test_a_process_appends_to_its_partitions_and_follows_all(
    cluster: Cluster, prefix: str, tmp_path: Path
) -> None:
    async with AsyncExitStack() as opened:
        logs: list[KafkaLog] = []
        for name, own in (("even", (0, 2)), ("odd", (1, 3))):
            log = await KafkaLog.open(
                cluster, prefix, tmp_path / name, partitions=PARTITIONS, own=own
            )
            opened.push_async_callback(log.close)
            logs.append(log)
        even, odd = logs
        await append(even, draft(STREAM, 1))
        await append(odd, draft(OTHER, 1))
        for use in (append(even, draft(OTHER, 2)), even.past({OTHER: "code"})):
            with pytest.raises(NotOwned, match=r"partition 1 of .* not owned"):
                await use
        expected = sorted([(STREAM, 1), (OTHER, 1)])
        assert await followed(even, 2) == await followed(odd, 2) == expected


async def test_a_log_that_ends_in_an_aborted_transaction_is_opened_and_followed(
    opening: Opening, cluster: Cluster, prefix: str
) -> None:
    log = await opening("first")
    recorded = await append(log, draft(STREAM, 1))
    await log.close()
    transactions = Transactions(cluster, f"{prefix}-0")
    await transactions.start()
    await transactions.begin()
    await transactions.write({(f"{prefix}.events", 0): [Message(b"key", b"aborted", [])]})
    await transactions.abort()
    await transactions.stop()
    async with asyncio.timeout(DEADLINE_S):
        log = await opening("second")
        assert await log.ends() == {0: recorded[0].offset}
        recorded += await append(log, draft(STREAM, 2))
    assert positions(await taken(log, 2)) == positions(recorded)


async def test_an_owner_that_left_a_transaction_open_holds_nobody_up(
    opening: Opening, cluster: Cluster, prefix: str
) -> None:
    await (await opening("first")).close()
    crashed = Transactions(cluster, f"{prefix}-0")
    await crashed.start()
    await crashed.begin()
    await crashed.write({(f"{prefix}.events", 0): [Message(b"key", b"never committed", [])]})
    async with asyncio.timeout(DEADLINE_S):
        log = await opening("second")
        assert await log.ends() == {}
        recorded = await append(log, draft(STREAM, 1))
        assert await taken(log, 1) == recorded
    await crashed.abandon()


async def test_a_new_owner_without_a_cache_knows_states_repeats_and_events(
    opening: Opening,
) -> None:
    first = await opening("first")
    recorded = await append(first, draft(STREAM, 1, command_id="one"))
    no_op = NoOp(
        stream=STREAM, command_id="two", actor="ann", version=2, position=recorded[0].position
    )
    state = Snapshot(
        stream=STREAM, version=1, position=recorded[0].position, code="code", state=b"{}"
    )
    recorded += await first.append(
        Batch(drafts=[draft(STREAM, 2)], no_ops=[no_op], snapshots=[state])
    )
    second = await opening("second")
    past = (await second.past({STREAM: "code"}))[STREAM]
    assert (past.snapshot, past.events) == (state, recorded[1:])
    outcomes = await second.outcomes([(STREAM, "one"), (STREAM, "two")])
    assert outcomes[STREAM, "one"] == recorded[:1]
    repeat = outcomes[STREAM, "two"]
    assert isinstance(repeat, NoOp)
    assert repeat.position == recorded[1].position


async def test_a_cache_of_another_log_is_not_believed(
    cluster: Cluster, prefix: str, tmp_path: Path
) -> None:
    # As when the topics were deleted and made again.
    for name, ids in (("lost", ("a", "b")), ("new", ("c",))):
        topics = prefix if name == "new" else f"{prefix}-lost"
        log = await KafkaLog.open(cluster, topics, tmp_path / name, partitions=PARTITIONS)
        for version, id in enumerate(ids, 1):
            await append(log, draft(STREAM, version, id=id))
        await log.close()
    shutil.rmtree(tmp_path / "new" / prefix)
    shutil.copytree(tmp_path / "lost" / f"{prefix}-lost", tmp_path / "new" / prefix)
    log = await KafkaLog.open(cluster, prefix, tmp_path / "new", partitions=PARTITIONS)
    (last,) = await log.history(STREAM, 0, 10)
    assert last.id == "c"
    assert await log.ends() == {0: last.offset}
    await log.close()


Deposed = Callable[[Mapping[str, int], int], None]


@pytest.fixture
def deposed(monkeypatch: pytest.MonkeyPatch) -> Deposed:
    """Readers that ask who led the partitions before: one does not know, and tells its old ends."""
    current = Reader.ends

    def depose(ends: Mapping[str, int], readers: int) -> None:
        deceived: list[Reader] = []

        async def old(
            self: Reader, places: Iterable[tuple[str, int]]
        ) -> dict[tuple[str, int], int]:
            found = await current(self, places)
            if self not in deceived and len(deceived) == readers:
                return found
            deceived.append(self)
            return {at: min(end, ends.get(at[0], end)) for at, end in found.items()}

        monkeypatch.setattr(Reader, "ends", old)

    return depose


@pytest.mark.parametrize("topic", ["events", "states"])
async def test_a_new_owner_believes_no_leader_that_was_deposed(
    opening: Opening, cluster: Cluster, prefix: str, tmp_path: Path, deposed: Deposed, topic: str
) -> None:
    one = await opening("one")
    (event,) = await append(one, draft(STREAM, 1))
    two = await KafkaLog.open(cluster, prefix, tmp_path / "two", partitions=PARTITIONS, own=())
    await two.warm(0)
    place = (f"{prefix}.{topic}", 0)
    async with reading(cluster) as reader:
        end = (await reader.ends([place]))[place]
    nothing = NoOp(
        stream=STREAM, command_id="nothing", actor=None, version=2, position=event.position
    )
    await one.append(Batch(drafts=[draft(STREAM, 2)], no_ops=[nothing]))
    deposed({f"{prefix}.{topic}": end}, 2)
    await two.take(0)
    assert [each.version for each in await two.history(STREAM, 0, 10)] == [1, 2]
    assert set(await two.outcomes([(STREAM, "nothing")])) == {(STREAM, "nothing")}
    await two.close()


async def test_a_partition_is_not_served_where_only_a_deposed_leader_answers(
    opening: Opening,
    cluster: Cluster,
    prefix: str,
    tmp_path: Path,
    deposed: Deposed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kafka_restore, "STALE_S_MAX", 0.2)
    await append(await opening("one"), draft(STREAM, 1))
    two = await KafkaLog.open(cluster, prefix, tmp_path / "two", partitions=PARTITIONS, own=())
    await two.warm(0)
    deposed({f"{prefix}.events": 0}, 1000)
    # Nor is what is known taken for another log's.
    assert (await two.warm(0)).last is not None
    with pytest.raises(TimeoutError, match="ends that were"):
        await two.take(0)
    assert 0 not in two.owned()
    await two.close()


async def test_topics_are_not_made_for_fewer_brokers_than_are_named(
    cluster: Cluster, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_client, "PATIENCE_S", 0.2)
    named = Cluster(servers=f"{cluster.servers},127.0.0.1:{free_port()}")
    with pytest.raises(WrongTopic, match="2 brokers are named and 1 can be found"):
        await kafka_topics.ready(named, Topics(prefix), PARTITIONS)
    await kafka_topics.ready(cluster, Topics(prefix), PARTITIONS)
    await kafka_topics.ready(named, Topics(prefix), PARTITIONS)  # they are there


@pytest.mark.parametrize(
    ("topic", "settings", "says"),
    [
        ("events", {"retention.ms": "604800000"}, "retention.ms=604800000.*would be lost.*=-1"),
        ("events", {"retention.ms": "-1", "cleanup.policy": "compact"}, "cleanup.policy=compact"),
        ("states", {"cleanup.policy": "delete"}, "cleanup.policy=delete.*for ever.*=compact"),
    ],
)
async def test_a_topic_that_would_lose_something_is_not_opened(
    cluster: Cluster,
    prefix: str,
    tmp_path: Path,
    topic: str,
    settings: dict[str, str],
    says: str,
) -> None:
    admin = cluster.admin()
    await admin.start()
    await admin.create_topics([new_topic(f"{prefix}.{topic}", PARTITIONS, 1, settings)])
    await admin.close()
    with pytest.raises(WrongTopic, match=f"{prefix}.{topic} has {says}"):
        await KafkaLog.open(cluster, prefix, tmp_path, partitions=PARTITIONS)


async def test_an_event_too_large_for_the_topic_is_refused_and_the_next_one_goes_in(
    opening: Opening,
) -> None:
    log = await opening("only")
    with pytest.raises(Unappendable):
        await append(log, draft(STREAM, 1, data=b"1" * 9_000_000), draft(STREAM, 2))
    recorded = await append(log, draft(STREAM, 1))
    assert await log.history(STREAM, 0, 10) == recorded
    assert await followed(log, 1) == [(STREAM, 1)]


async def test_a_batch_larger_than_a_request_is_one_transaction(opening: Opening) -> None:
    log = await opening("only")
    drafts = [draft(STREAM, version, data=b"1" * 300_000) for version in range(1, 8)]
    recorded = await append(log, *drafts)
    assert [each.version for each in recorded] == list(range(1, 8))
    assert await taken(log, 7) == recorded
