"""Processes at work: what they send arrives once, in order and on time, whatever stops them."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from readmodels import processes
from readmodels.store import Write
from tests.readmodels.office import Clock, PowerCut, office
from tests.sample import INTEREST

PAUSE = processes.PAUSE_AFTER_FAULT
NO_INTEREST = INTEREST - timedelta(seconds=1)


def to(account: str, fault: Exception) -> Any:
    """A switchboard that cannot reach one account."""

    def of(fields: Mapping[str, Any]) -> Exception | None:
        return fault if fields["account"] == account else None

    return of


# Sent


async def test_a_transfer_arrives(tmp_path: Path) -> None:
    async with office(tmp_path, sends=True) as desk:
        await desk.open("a", "b")
        await desk.transfer("a", "b", 30)
        await desk.arrived("b", 3)
        assert await desk.movements("b") == ["30"]
        async with asyncio.timeout(10):
            while desk.sender.sent != 1:  # it counts once it has heard  # noqa: ASYNC110
                await asyncio.sleep(0.001)


async def test_what_a_process_sends_tells_what_caused_it(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        await desk.open("a", "b")
        withdrawn = (await desk.transfer("a", "b", 30)).events[0]
        await desk.settled()
        arrived = (await desk.events("b"))[-1]
        assert arrived.actor == "process:transfer"
        assert arrived.causation_id == withdrawn.id
        assert arrived.correlation_id == withdrawn.correlation_id
        assert arrived.at == withdrawn.at


async def test_an_event_that_is_nobodys_business_sends_nothing(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        await desk.open("a")
        await desk.transfer("a", None, 5)
        await desk.settled()
        assert desk.switchboard.sent == []
        assert (await desk.instances())["a"].pending == ()


# Time


async def test_a_timer_fires_at_its_time_and_not_before(tmp_path: Path) -> None:
    clock = Clock()
    async with office(tmp_path, clock=clock) as desk:
        await desk.open("a", "b")
        withdrawn = (await desk.transfer("a", "b", 30)).events[0]
        await desk.settled()
        clock.forward(NO_INTEREST)
        await desk.settled()
        assert await desk.movements("a") == ["30"]
        assert await desk.sender.next_due() == withdrawn.at + INTEREST
        clock.forward(timedelta(seconds=1))
        await desk.settled()
        assert await desk.movements("a") == ["30", "0.01"]
        assert (await desk.events("a"))[-1].at == withdrawn.at + INTEREST
        assert await desk.sender.next_due() is None


async def test_a_timer_that_comes_late_has_the_time_it_was_due_at(tmp_path: Path) -> None:
    clock = Clock()
    async with office(tmp_path, clock=clock) as desk:
        await desk.open("a", "b")
        withdrawn = (await desk.transfer("a", "b", 30)).events[0]
        clock.forward(3 * INTEREST)
        await desk.settled()
        assert (await desk.events("a"))[-1].at == withdrawn.at + INTEREST


async def test_the_sender_sleeps_until_the_next_timer_and_no_longer(tmp_path: Path) -> None:
    clock = Clock()
    async with office(tmp_path, clock=clock) as desk:
        assert await desk.sender.send_due() == processes.POLL_S_MAX
        await desk.open("a", "b")
        await desk.transfer("a", "b", 30)
        await desk.settled()
        assert await desk.sender.send_due() == processes.POLL_S_MAX
        clock.forward(NO_INTEREST)
        assert await desk.sender.send_due() == 1


# Stopped and started again


async def test_reactions_survive_a_stop_between_the_fold_and_the_sending(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        await desk.open("a", "b")
        await desk.transfer("a", "b", 30)
        await desk.folded()
    async with office(tmp_path) as desk:
        await desk.settled()
        assert await desk.movements("b") == ["30"]


async def test_what_was_not_even_folded_is_reacted_to_after_the_start(tmp_path: Path) -> None:
    async with office(tmp_path, folds=False) as desk:
        await desk.open("a", "b")
        await desk.transfer("a", "b", 30)
    async with office(tmp_path) as desk:
        await desk.settled()
        assert await desk.movements("b") == ["30"]


async def test_timers_survive_a_stop(tmp_path: Path) -> None:
    clock = Clock()
    async with office(tmp_path, clock=clock) as desk:
        await desk.open("a", "b")
        await desk.transfer("a", "b", 30)
        await desk.settled()
    clock.forward(INTEREST)
    async with office(tmp_path, clock=clock) as desk:
        await desk.settled()
        assert await desk.movements("a") == ["30", "0.01"]


async def test_a_crash_after_sending_sends_again_and_nothing_arrives_twice(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        await desk.open("a", "b")
        await desk.transfer("a", "b", 30)
        await desk.folded()
        desk.switchboard.loses_answers = True
        with pytest.raises(PowerCut):
            await desk.sender.send_due()
        assert await desk.movements("b") == ["30"]
    async with office(tmp_path) as desk:
        await desk.settled()
        assert len(desk.switchboard.sent) == 1
        assert await desk.movements("b") == ["30"]
        assert len((await desk.instances())["a"].pending) == 1  # the interest


async def test_a_rebuild_of_the_documents_sends_nothing_twice_into_the_log(tmp_path: Path) -> None:
    clock = Clock()
    async with office(tmp_path, clock=clock) as desk:
        await desk.open("a", "b")
        for amount in (1, 2, 3):
            await desk.transfer("a", "b", amount)
        await desk.settled()
        clock.forward(INTEREST)
        await desk.settled()
        before = await desk.log.ends()
    for each in tmp_path.glob("documents.sqlite*"):  # noqa: ASYNC240 - a few names
        each.unlink()
    async with office(tmp_path, clock=clock) as desk:
        await desk.settled()
        assert await desk.log.ends() == before
        assert await desk.movements("b") == ["1", "2", "3"]


async def test_nothing_is_sent_while_the_instances_are_built_from_the_past(tmp_path: Path) -> None:
    async with office(tmp_path, folds=False) as desk:
        await desk.open("a", "b")
        await desk.transfer("a", "b", 30)
    async with office(tmp_path, folds=False, sends=True) as desk:
        building = desk.projector.collection
        await desk.store.commit(building, [], checkpoint={0: 0}, is_built=False)
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert desk.switchboard.sent == []


async def test_two_senders_of_one_process_do_no_harm(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        await desk.open("a", "b")
        for amount in range(1, 8):
            await desk.transfer("a", "b", amount)
        await desk.folded()
        await asyncio.gather(*(desk.sender.send_due() for _ in range(3)))
        await desk.settled()
        assert await desk.movements("b") == [str(amount) for amount in range(1, 8)]


class Busy:
    """A store in which somebody else always writes the instance first, for a while."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.left = 5

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, collection: Any, writes: Sequence[Write[Any]], **others: Any) -> Any:
        if self.left:
            self.left -= 1
            (write,) = writes
            same = Write(write.id, write.before, write.before.document, write.before.positions)
            assert await self._store.commit(collection, [same]) == []
        return await self._store.commit(collection, writes, **others)


async def test_an_instance_that_is_folded_on_meanwhile_is_settled_all_the_same(
    tmp_path: Path,
) -> None:
    async with office(tmp_path, wrap=Busy) as desk:
        await desk.open("a", "b")
        await desk.transfer("a", "b", 30)
        await desk.settled()
        assert await desk.movements("b") == ["30"]
        assert [each.command for each in (await desk.instances())["a"].pending] == ["Deposit"]
