"""Commands on their way in: what is filled, what is derived, and what comes too late."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from domain.model import Actor, Aggregate, NewId, Now, Public, Roles, command, event, value
from eventlog.codec import Codec
from eventlog.dispatcher import Sender, filled_fields
from eventlog.outcome import Overdue
from readmodels.composition import build
from tests.eventlog.bank import NOW, TELLER, Bank, accepted, bank
from tests.sample import OpenAccount, OpenNamed


@event("note.Written")
class Written:
    """A note was written down."""

    note: str
    other: str
    at: datetime
    by: str
    roles: frozenset[str]


@value
class Blank:
    """Nothing yet."""


@command(allow=Public())
class Write:
    """Write a note."""

    note: NewId
    other: NewId
    text: str
    at: Now
    by: Actor
    roles: Roles


def decide(command: Write, state: Blank) -> list[Written]:
    return [
        Written(
            note=command.note,
            other=command.other,
            at=command.at,
            by=command.by,
            roles=command.roles,
        )
    ]


def evolve(state: Blank, event: Written) -> Blank:
    return state


notes = Aggregate(
    name="note", key=lambda command: command.note, initial=Blank, decide=decide, evolve=evolve
)
MODEL = build(aggregates=[notes])
CODEC = Codec(MODEL.domain)
CLERK = Sender(actor="cleo", roles=frozenset({"clerk", "admin"}))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Bank]:
    async with bank(tmp_path, model=MODEL) as opened:
        yield opened


async def written(desk: Bank, **how: Any) -> Written:
    outcome = accepted(await desk.send(Write, {"text": "hello"}, **how))
    (recorded,) = outcome.events
    return cast("Written", CODEC.event(recorded))


def test_the_fields_that_are_filled_are_known_by_their_types() -> None:
    assert filled_fields(Write) == {
        "note": "new_id",
        "other": "new_id",
        "at": "now",
        "by": "actor",
        "roles": "roles",
    }
    assert filled_fields(OpenNamed) == {"at": "now"}


async def test_time_actor_and_roles_are_filled_in(desk: Bank) -> None:
    note = await written(desk, sender=CLERK)
    assert (note.at, note.by, note.roles) == (NOW, "cleo", CLERK.roles)
    then = NOW - timedelta(days=9000)
    assert (await written(desk, at=then)).at == then
    assert (await written(desk, sender=Sender(actor=None))).by == ""


async def test_new_ids_are_the_same_for_the_same_command_id_and_actor(desk: Bank) -> None:
    first = await written(desk, command_id="one")
    assert await written(desk, command_id="one") == first
    assert first.note != first.other
    others = [
        await written(desk, command_id="two"),
        await written(desk, command_id="one", sender=CLERK),
        await written(desk),
        await written(desk),
    ]
    ids = [each.note for each in (first, *others)]
    assert len(set(ids)) == len(ids)


async def test_an_id_carries_the_time_of_its_command_id(desk: Bank) -> None:
    command_id = "0190a0b0-c0d0-7abc-8def-0123456789ab"
    note = await written(desk, command_id=command_id)
    assert note.note[:13] == command_id[:13]


async def test_a_field_that_is_filled_cannot_be_given(desk: Bank) -> None:
    with pytest.raises(TypeError, match="note"):
        await desk.send(Write, {"text": "hello", "note": "mine"})


async def test_the_envelope_tells_who_sent_the_command_and_why(desk: Bank) -> None:
    begun = accepted(await desk.send(Write, {"text": "a"}, command_id="one")).events[0]
    assert (begun.actor, begun.command_id) == ("tess", "one")
    assert (begun.correlation_id, begun.causation_id, begun.trace) == ("one", "one", None)
    sender = Sender(actor=None, correlation_id="course", causation_id="cause", trace="00-ab-cd-01")
    caused = accepted(await desk.send(Write, {"text": "a"}, sender=sender)).events[0]
    assert (caused.correlation_id, caused.causation_id) == ("course", "cause")
    assert (caused.actor, caused.trace) == (None, "00-ab-cd-01")


async def test_a_command_that_takes_too_long_is_overdue_and_can_be_retried(tmp_path: Path) -> None:
    async with bank(tmp_path, deadline_s=0.01) as shop:
        shop.log.held.clear()
        with pytest.raises(Overdue, match="send it again with the command id") as late:
            await shop.send(OpenAccount, {})
        assert late.value.command_id in str(late.value)
        shop.log.held.set()
    async with bank(tmp_path) as shop:
        again = accepted(await shop.send(OpenAccount, {}, command_id=late.value.command_id))
        # It had been accepted meanwhile; a first attempt gives the id that the retry finds.
        assert again.version == 1
        assert len(await shop.types(again.id)) == 1


async def test_whoever_stops_waiting_does_not_stop_the_command(tmp_path: Path) -> None:
    async with bank(tmp_path) as shop:
        shop.log.held.clear()
        sending = asyncio.ensure_future(shop.open())
        await asyncio.sleep(0)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        shop.log.held.set()
        assert accepted(await shop.deposit(1)).version == 2


async def test_a_streams_history_is_read_in_pages(tmp_path: Path) -> None:
    async with bank(tmp_path) as shop:
        await shop.open()
        for _ in range(4):
            await shop.deposit(1)
        page = await shop.dispatcher.history("account-a", 1, 2)
        assert [each.version for each in page] == [2, 3]


async def test_the_clock_is_that_of_the_composition(tmp_path: Path) -> None:
    then = datetime(2001, 1, 1, tzinfo=UTC)
    async with bank(tmp_path, clock=lambda: then) as shop:
        assert accepted(await shop.open(sender=TELLER)).events[0].at == then
