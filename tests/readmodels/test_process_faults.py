"""What a process sends, when it cannot be sent: in order, again, and holding up nobody else."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from eventlog.outcome import Overdue, Unavailable
from readmodels import processes
from readmodels.sqlite import SqliteStore
from tests.readmodels.office import NOON, Clock, Office, office
from tests.sample import INTEREST, Close

PAUSE = processes.PAUSE_AFTER_FAULT
NO_INTEREST = INTEREST - timedelta(seconds=1)


def to(account: str, fault: Exception) -> Any:
    """A switchboard that cannot reach one account."""

    def of(fields: Mapping[str, Any]) -> Exception | None:
        return fault if fields["account"] == account else None

    return of


# Order, refusals and faults


async def test_commands_of_one_instance_are_sent_in_the_order_of_its_events(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        await desk.open("a", "b")
        for amount in range(1, 30):
            await desk.transfer("a", "b", 1 if amount % 2 else 2)
        await desk.settled()
        assert await desk.movements("b") == ["1", "2"] * 14 + ["1"]


async def both_transfer(desk: Office) -> None:
    await desk.open("a", "b", "c", "d")
    await desk.transfer("a", "b", 1)
    await desk.transfer("a", "c", 2)
    await desk.transfer("d", "c", 3)


@pytest.mark.parametrize(
    "fault",
    [
        Unavailable("the log is busy"),
        Overdue("too late", command_id="x"),
        ZeroDivisionError("a defect"),
    ],
    ids=lambda fault: type(fault).__name__,
)
async def test_a_failing_command_waits_with_those_behind_it_and_holds_up_nobody_else(
    tmp_path: Path, fault: Exception
) -> None:
    clock = Clock()
    async with office(tmp_path, clock=clock) as desk:
        await both_transfer(desk)
        desk.switchboard.fault = to("b", fault)
        await desk.settled()
        assert await desk.movements("b") == []
        assert await desk.movements("c") == ["3"]
        assert str(fault) in desk.sender.last_error
        waiting = (await desk.instances())["a"].pending
        assert str(fault) in str(waiting[0].error)
        # Not tried again at once, nor overtaken by what is behind it.
        tried = len(desk.switchboard.sent)
        await desk.settled()
        assert len(desk.switchboard.sent) == tried
        clock.forward(PAUSE)
        await desk.settled()
        assert len(desk.switchboard.sent) == tried + 1
        clock.forward(PAUSE)
        desk.switchboard.fault = lambda fields: None
        await desk.settled()
        assert await desk.movements("b") == ["1"]
        assert sorted(await desk.movements("c")) == ["2", "3"]
        # It was the same command all the time.
        assert len(set(desk.switchboard.command_ids)) == 3


async def test_an_instance_out_of_reach_holds_up_no_other_and_the_sender_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = SqliteStore.load

    async def loaded(self: SqliteStore, collection: Any, ids: Sequence[str]) -> Any:
        if "a" in ids:
            raise ZeroDivisionError("a defect")
        return await load(self, collection, ids)

    async with office(tmp_path) as desk:
        await both_transfer(desk)
        await desk.folded()
        with monkeypatch.context() as patch:
            patch.setattr(SqliteStore, "load", loaded)
            with pytest.raises(ZeroDivisionError):
                await desk.sender.send_due()
        sending = asyncio.current_task()
        assert sending is not None
        assert not sending.cancelling()
        assert [each for each in (await desk.instances())["d"].pending if each.due <= NOON] == []
        await desk.settled()
        assert sorted(await desk.movements("c")) == ["2", "3"]


async def test_a_failing_command_is_tried_again_after_a_restart_too(tmp_path: Path) -> None:
    clock = Clock()
    async with office(tmp_path, clock=clock) as desk:
        await both_transfer(desk)
        desk.switchboard.fault = to("b", Unavailable("the log is busy"))
        await desk.settled()
    clock.forward(PAUSE)
    async with office(tmp_path, clock=clock) as desk:
        await desk.settled()
        assert await desk.movements("b") == ["1"]


async def test_a_refusal_is_the_answer_and_the_next_command_goes_on(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        await desk.open("a", "b", "c")
        await desk.command(Close, account="b")
        await desk.transfer("a", "b", 1)
        await desk.transfer("a", "c", 2)
        await desk.settled()
        assert await desk.movements("c") == ["2"]
        assert [each.due > desk.clock.now for each in (await desk.instances())["a"].pending] == [
            True,
            True,
        ]
        tried = len(desk.switchboard.sent)
        await desk.settled()
        assert len(desk.switchboard.sent) == tried


async def test_a_store_that_is_down_is_seen_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Down:
        calls = 0

        def __init__(self, store: Any) -> None:
            self._store = store

        def __getattr__(self, name: str) -> Any:
            return getattr(self._store, name)

        async def find(self, *given: Any) -> Any:
            self.calls += 1
            if self.calls == 1:
                raise OSError("the store is out of reach")
            return await self._store.find(*given)

    async with office(tmp_path, wrap=Down, sends=True) as desk:
        await desk.open("a", "b")
        await desk.transfer("a", "b", 30)
        await desk.arrived("b", 3)
        assert desk.sender.last_error == "OSError: the store is out of reach"
