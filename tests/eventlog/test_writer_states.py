"""The states that the writer holds and keeps: snapshots, bounded memory, and faulty deciders."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import pytest

from domain.model import Aggregate, Now, Public, command, event, value
from eventlog import codec
from eventlog import writer as writing
from eventlog.outcome import Accepted
from readmodels.composition import Model, build
from tests.eventlog.bank import NOW, Bank, accepted, bank, refusal
from tests.sample import Opened, accounts


def sample_with(**changed: Any) -> Model:
    """The sample bank with other functions in its aggregate."""
    return build(aggregates=[replace(accounts, **changed)])


def like(function: Callable[..., Any], other: Callable[..., Any]) -> Callable[..., Any]:
    """The other function in the place of the first, with its annotations, from its module."""
    other.__annotations__ = function.__annotations__
    other.__module__ = function.__module__
    return other


# Snapshots


async def busy(shop: Bank, deposits: int) -> None:
    await shop.open()
    for _ in range(deposits):
        await shop.deposit(1)


@pytest.fixture
def folded(monkeypatch: pytest.MonkeyPatch) -> Callable[[], tuple[Model, list[object]]]:
    """The sample bank, and the events that its fold has seen."""
    monkeypatch.setattr(writing, "SNAPSHOT_EVERY_EVENTS", 10)

    def made() -> tuple[Model, list[object]]:
        seen: list[object] = []

        def evolve(state: Any, event: Any) -> Any:
            seen.append(event)
            return accounts.evolve(state, event)

        return sample_with(evolve=like(accounts.evolve, evolve)), seen

    return made


async def test_a_long_stream_is_folded_from_its_last_snapshot(
    tmp_path: Path, folded: Callable[[], tuple[Model, list[object]]]
) -> None:
    async with bank(tmp_path) as shop:
        await busy(shop, 35)
        assert sum(len(each.snapshots) for each in shop.log.batches) == 3
    model, seen = folded()
    async with bank(tmp_path, model=model) as shop:
        assert refusal(await shop.withdraw(36)) == "INSUFFICIENT_FUNDS"
        assert len(seen) < 10
        assert accepted(await shop.withdraw(35)).version == 37


def yesterday(aggregate: object) -> str:
    return "the code of yesterday, which counted otherwise"


async def test_a_snapshot_made_by_other_code_is_not_trusted(
    tmp_path: Path,
    folded: Callable[[], tuple[Model, list[object]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(codec, "fingerprint", yesterday)
        async with bank(tmp_path) as shop:
            await busy(shop, 35)
            assert any(each.snapshots for each in shop.log.batches)
    model, seen = folded()
    async with bank(tmp_path, model=model) as shop:
        assert refusal(await shop.withdraw(36)) == "INSUFFICIENT_FUNDS"
        assert len(seen) == 36
        # From now on there are snapshots of the code of today.
        await shop.withdraw(35)
    model, seen = folded()
    async with bank(tmp_path, model=model) as shop:
        await shop.deposit(1)
        assert len(seen) < 10


async def test_a_snapshot_is_of_what_is_durable(
    tmp_path: Path, folded: Callable[[], tuple[Model, list[object]]]
) -> None:
    async with bank(tmp_path) as shop:
        await busy(shop, 9)
        shop.log.refusing = True
        with pytest.raises(Exception, match="the disk is full"):
            await shop.deposit(1000)
        shop.log.refusing = False
        await busy(shop, 25)
    async with bank(tmp_path) as shop:
        assert refusal(await shop.withdraw(35)) == "INSUFFICIENT_FUNDS"
        await shop.withdraw(34)


@value
class Tally:
    """A state that has no JSON: the keys of its mapping are no text."""

    marks: object


@event("odd.Marked")
class Marked:
    """A mark was made."""

    sheet: str


@command(allow=Public())
class Mark:
    """Make a mark."""

    sheet: str
    at: Now


def decide(command: Mark, state: Tally) -> list[Marked]:
    return [Marked(sheet=command.sheet)]


def evolve(state: Tally, event: Marked) -> Tally:
    return Tally(marks=object())


tallies = Aggregate(
    name="tally",
    key=lambda command: command.sheet,
    initial=lambda: Tally(marks=object()),
    decide=decide,
    evolve=evolve,
)


async def test_a_state_that_cannot_be_kept_goes_without_snapshots_and_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(writing, "SNAPSHOT_EVERY_EVENTS", 5)
    async with bank(tmp_path, model=build(aggregates=[tallies])) as shop:
        for version in range(1, 20):
            assert accepted(await shop.send(Mark, {"sheet": "a"})).version == version
    assert "no snapshot of tally-a" in caplog.text


# Memory


async def test_ten_thousand_accounts_do_not_stay_in_memory(tmp_path: Path) -> None:
    async with bank(tmp_path, states_max=50) as shop:
        for start in range(0, 10_000, 1000):
            await asyncio.gather(*(shop.open(str(n)) for n in range(start, start + 1000)))
            assert shop.writer.states_held <= 50
        # The first ones left memory long ago, and are as they were.
        await shop.deposit(5, "0")
        assert refusal(await shop.withdraw(6, "0")) == "INSUFFICIENT_FUNDS"
        assert accepted(await shop.withdraw(5, "0")).version == 3


async def test_the_aggregate_that_was_in_use_last_stays(
    tmp_path: Path, folded: Callable[[], tuple[Model, list[object]]]
) -> None:
    model, seen = folded()
    async with bank(tmp_path, model=model, states_max=2) as shop:
        for account in ("a", "b", "a", "c", "a", "d"):
            await shop.open(account)
        before = len(seen)
        await shop.open("a")
        assert len(seen) == before  # held, so not folded again
        await shop.open("b")
        assert len(seen) == before + 1


# Faulty code


async def test_a_decider_that_breaks_fails_its_command_alone(tmp_path: Path) -> None:
    def breaking(command: Any, state: Any) -> Any:
        if getattr(command, "amount", 0) == 13:
            raise ZeroDivisionError("thirteen")
        return accounts.decide(command, state)

    model = sample_with(decide=like(accounts.decide, breaking))
    async with bank(tmp_path, model=model) as shop:
        await shop.open()
        outcomes = await asyncio.gather(
            *(shop.deposit(amount) for amount in (1, 13, 2)), return_exceptions=True
        )
        assert [type(each) for each in outcomes] == [Accepted, ZeroDivisionError, Accepted]
        assert accepted(await shop.withdraw(3)).version == 4


async def test_an_event_that_could_not_be_read_back_is_not_written(tmp_path: Path) -> None:
    def careless(command: Any, state: Any) -> Any:
        events: Any = accounts.decide(command, state)
        return [
            replace(each, owner=cast("str", 5)) if isinstance(each, Opened) else each
            for each in events
        ]

    model = sample_with(decide=like(accounts.decide, careless))
    async with bank(tmp_path, model=model) as shop:
        with pytest.raises(ValueError, match="Opened cannot be kept"):
            await shop.open()
    async with bank(tmp_path) as shop:
        assert accepted(await shop.open()).version == 1


async def test_a_stream_that_cannot_be_folded_fails_its_commands_alone(tmp_path: Path) -> None:
    async with bank(tmp_path) as shop:
        await shop.open("a")
        await shop.open("b")
        await shop.deposit(13, "a")

    def breaking(state: Any, event: Any) -> Any:
        if getattr(event, "amount", 0) == 13:
            raise ZeroDivisionError("thirteen")
        return accounts.evolve(state, event)

    model = sample_with(evolve=like(accounts.evolve, breaking))
    async with bank(tmp_path, model=model) as shop:
        with pytest.raises(ZeroDivisionError):
            await shop.deposit(1, "a")
        assert accepted(await shop.deposit(1, "b")).version == 2


async def test_the_time_of_a_command_is_that_of_its_events(tmp_path: Path) -> None:
    at = datetime.fromisoformat("1997-01-01T12:00:00+01:00")
    async with bank(tmp_path) as shop:
        (opened,) = accepted(await shop.open(at=at)).events
        (deposited,) = accepted(await shop.deposit(1)).events
    assert (opened.at, deposited.at) == (at, NOW)
