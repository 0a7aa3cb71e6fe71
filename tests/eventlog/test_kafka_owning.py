"""Partitions shared out by a group: commands find their owner, wherever they are sent."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from eventlog import kafka_messages
from eventlog.codec import Codec
from eventlog.envelope import partition_of
from eventlog.kafka import Cluster
from eventlog.kafka_client import Message
from eventlog.kafka_messages import FailedElsewhere
from eventlog.kafka_sending import Correspondent
from eventlog.kafka_topics import Topics
from eventlog.outcome import Overdue, Refused, Unavailable
from tests.eventlog.bank import MODEL, accepted, refusal, told, versions
from tests.eventlog.nodes import PARTITIONS, Branch, branch
from tests.servers.process import free_port

WAIT_S = 30
Opening = Callable[..., Coroutine[Any, Any, Branch]]
ACCOUNTS = [
    next(a for a in map(str, range(99)) if partition_of(f"account-{a}", PARTITIONS) == each)
    for each in range(PARTITIONS)
]
"""An account of each partition."""


@pytest.fixture
def prefix() -> str:
    return f"test-{uuid4().hex[:12]}"


@pytest.fixture
async def opening(prefix: str, tmp_path: Path) -> AsyncGenerator[Opening]:
    """Opens processes of one bank, each named by its folder."""
    async with AsyncExitStack() as opened:

        async def open_as(name: str, **how: Any) -> Branch:
            return await opened.enter_async_context(branch(prefix, tmp_path / name, **how))

        yield open_as


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not holds():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def all_served(*branches: Branch) -> None:
    """Every partition is decided by just one of them."""
    await until(
        lambda: sorted(p for each in branches for p in each.serves) == list(range(PARTITIONS))
    )


async def test_a_command_is_decided_by_its_owner_wherever_it_is_sent(opening: Opening) -> None:
    owner, counter = await opening("owner"), await opening("counter", owns=False)
    await all_served(owner)
    for account in ACCOUNTS:
        first = accepted(await counter.open(account))
        assert told(first)[-1] == [
            (each.id, each.type, each.version, each.data)
            for each in await counter.log.history(f"account-{account}", 0, 10)
        ]
        assert accepted(await owner.deposit(5, account)).version == 2
        assert accepted(await counter.withdraw(3, account)).version == 3
        assert refusal(await counter.withdraw(3, account)) == "INSUFFICIENT_FUNDS"
    assert refusal(await counter.deposit(expected_version=1, account=ACCOUNTS[0])) == "CONFLICT"


async def test_a_retry_by_another_way_gives_the_first_outcome(opening: Opening) -> None:
    owner, counter = await opening("owner"), await opening("counter", owns=False)
    await all_served(owner)
    await counter.open()
    first = await counter.deposit(command_id="once")
    for each in (owner, counter, owner, counter):
        assert told(await each.deposit(command_id="once")) == told(first)
    assert await counter.types() == ["Opened", "Deposited"]


async def test_two_owners_share_the_partitions_and_each_others_commands(opening: Opening) -> None:
    one, two = await opening("one"), await opening("two")
    await until(lambda: len(one.serves) == len(two.serves) == PARTITIONS // 2)
    await all_served(one, two)
    for account in ACCOUNTS:
        await one.open(account)
    outcomes = await asyncio.gather(
        *(each.deposit(1, account) for each in (one, two) * 20 for account in ACCOUNTS)
    )
    assert sorted(versions(outcomes)) == sorted(list(range(2, 42)) * PARTITIONS)


async def test_partitions_move_under_load_and_no_command_is_lost_or_doubled(
    opening: Opening, prefix: str, tmp_path: Path
) -> None:
    one, counter = await opening("one"), await opening("counter", owns=False)
    await all_served(one)
    for account in ACCOUNTS:
        await counter.open(account)
    is_over = False

    async def customer(number: int) -> list[int]:
        done: list[int] = []
        while not is_over:
            account = ACCOUNTS[number % PARTITIONS]
            at = one if number % 2 else counter
            done.append(accepted(await at.deposit(1, account)).version)
        return done

    customers = [asyncio.ensure_future(customer(each)) for each in range(2 * PARTITIONS)]
    for _ in range(2):
        async with branch(prefix, tmp_path / "two") as two:
            await until(lambda: len(two.serves) == PARTITIONS // 2)
            await all_served(one, two)
            await asyncio.sleep(0.2)
        await all_served(one)
    is_over = True
    done = await asyncio.gather(*customers)
    for partition, account in enumerate(ACCOUNTS):
        seen = [v for n, each in enumerate(done) if n % PARTITIONS == partition for v in each]
        assert sorted(seen) == list(range(2, len(seen) + 2))
        assert len(await counter.types(account)) == len(seen) + 1


async def test_an_owner_that_was_fenced_refuses_nothing_from_what_it_knew(
    opening: Opening, prefix: str, tmp_path: Path
) -> None:
    owner = await opening("owner")
    await all_served(owner)
    await owner.open()
    assert refusal(await owner.withdraw(5)) == "INSUFFICIENT_FUNDS"
    zombie_of = partition_of("account-a", PARTITIONS)
    async with branch(prefix, tmp_path / "other", owns=False):
        pass  # its topics are there
    other = await opening("other")
    await all_served(owner, other)
    here, there = (owner, other) if zombie_of in owner.serves else (other, owner)
    # As if the group had given it away, and its owner had not heard of that.
    await there.node.log.take(zombie_of)
    with pytest.raises(Unavailable, match="was taken by another owner"):
        await here.withdraw(5, command_id="x")
    # It has the partition by the group's word, so it takes it back in the end.
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                assert refusal(await here.withdraw(5)) == "INSUFFICIENT_FUNDS"
                break
            except Unavailable:
                await asyncio.sleep(0.1)
    assert await here.types() == ["Opened"]


async def test_a_command_that_nobody_waits_for_any_more_is_left_alone(opening: Opening) -> None:
    counter = await opening("counter", owns=False, deadline_s=1)
    with pytest.raises(Overdue) as raised:
        await counter.open("late", command_id="late")
    assert raised.value.command_id == "late"
    owner = await opening("owner")
    await all_served(owner)
    # What comes behind it in its partition is decided, so it was read.
    assert accepted(await counter.open("late", command_id="in time")).version == 1


async def test_a_long_history_comes_in_parts(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_messages, "EVENTS_BYTES_MAX", 300)
    owner, counter = await opening("owner"), await opening("counter", owns=False)
    await all_served(owner)
    await counter.open()
    for _ in range(20):
        await owner.deposit()
    events = await counter.log.history("account-a", 0, 100)
    assert [each.version for each in events] == list(range(1, 22))
    assert [e.version for e in await counter.log.history("account-a", 5, 3)] == [6, 7, 8]
    assert await counter.log.history("account-nobody", 0, 10) == []


async def test_events_too_large_for_a_reply_are_asked_for(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_messages, "EVENTS_BYTES_MAX", 10)
    owner, counter = await opening("owner"), await opening("counter", owns=False)
    await all_served(owner)
    first = accepted(await counter.open())
    assert list(first.events) == await owner.log.history("account-a", 0, 10)


async def test_a_command_that_its_owner_does_not_know_is_a_fault_and_stops_nothing(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, counter = await opening("owner"), await opening("counter", owns=False)
    await all_served(owner)
    sent = kafka_messages.sent_message

    def newer(*given: Any) -> Message:
        message = sent(*given)
        assert message.value is not None
        return message._replace(value=message.value.replace(b'"OpenNamed"', b'"OpenNewly"'))

    monkeypatch.setattr("eventlog.kafka_sending.sent_message", newer)
    with pytest.raises(FailedElsewhere, match="OpenNewly"):
        await counter.open()
    monkeypatch.undo()
    assert accepted(await counter.open()).version == 1


async def test_what_is_no_request_is_passed_over(opening: Opening) -> None:
    owner, counter = await opening("owner"), await opening("counter", owns=False)
    await all_served(owner)
    partition = partition_of("account-a", PARTITIONS)
    for value in (b"", b"{}", b"\xff", b'{"type":"from the future"}'):
        await counter.node.sending.outbox.send(
            counter.node.topics.commands, partition, Message(b"", value, [])
        )
        await counter.node.sending.outbox.send(
            owner.node.topics.replies, partition, Message(b"", value, [])
        )
    assert accepted(await counter.open()).version == 1


async def test_a_restart_goes_on_behind_the_commands_that_were_answered(
    prefix: str, tmp_path: Path, opening: Opening
) -> None:
    counter = await opening("counter", owns=False)
    for _ in range(2):
        async with branch(prefix, tmp_path / "owner") as owner:
            await all_served(owner)
            # A refusal that was told stays one: it is not decided anew when the owner comes back.
            outcome = await counter.withdraw(1)
            assert isinstance(outcome, Refused)
            await owner.open()
            await owner.deposit()
            assert accepted(await owner.close()).version >= 1
            break
    async with branch(prefix, tmp_path / "owner") as owner:
        await all_served(owner)
        await asyncio.sleep(0.5)
        assert await owner.types() == ["Opened", "Deposited", "Closed"]


async def test_a_question_without_a_broker_is_unavailable() -> None:
    nowhere = Cluster(servers=f"127.0.0.1:{free_port()}")
    counter = Correspondent(nowhere, Topics("none"), PARTITIONS, Codec(MODEL.domain), "counter")
    with pytest.raises(Unavailable, match="did not answer"):
        await counter.history("account-1", 0, 10)
