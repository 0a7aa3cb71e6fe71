"""The writer as those who send it commands notice it: retries, conflicts, faults, and stopping."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from eventlog import deciding
from eventlog import writer as writing
from eventlog.dispatcher import Sender
from eventlog.outcome import Accepted, Unavailable
from readmodels.composition import build
from tests.eventlog.bank import NOW, Bank, accepted, bank, refusal, told, versions
from tests.sample import (
    Command,
    Deposited,
    Event,
    Opened,
    OpenNamed,
    State,
    Withdrawn,
    accounts,
)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Bank]:
    async with bank(tmp_path) as opened:
        yield opened


# Group commit


async def test_commands_that_come_together_are_committed_together(shop: Bank) -> None:
    await shop.open()
    shop.log.batches.clear()
    outcomes = await asyncio.gather(*(shop.deposit(1) for _ in range(100)))
    assert sorted(versions(outcomes)) == list(range(2, 102))
    assert len(shop.log.batches) == 1
    assert len(await shop.types()) == 101


async def test_each_command_sees_what_the_ones_before_it_in_the_batch_did(shop: Bank) -> None:
    opened, deposited, first, second = await asyncio.gather(
        shop.open(), shop.deposit(10), shop.withdraw(7), shop.withdraw(7)
    )
    assert versions([opened, deposited, first]) == [1, 2, 3]
    assert refusal(second) == "INSUFFICIENT_FUNDS"
    assert len(shop.log.batches) == 1


async def test_a_batch_is_bounded_and_what_waits_longer_comes_next(
    shop: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "BATCH_COMMANDS_MAX", 10)
    await shop.open()
    shop.log.batches.clear()
    outcomes = await asyncio.gather(*(shop.deposit(1) for _ in range(35)))
    assert versions(outcomes) == list(range(2, 37))
    assert [len(each.drafts) for each in shop.log.batches] == [10, 10, 10, 5]


async def test_the_answer_tells_the_version_and_place_of_each_command(shop: Bank) -> None:
    outcomes = await asyncio.gather(shop.open(), shop.deposit(1), shop.open(), shop.deposit(2))
    assert versions(outcomes) == [1, 2, 2, 3]
    history = await shop.log.history("account-a", 0, 10)
    for outcome in map(accepted, outcomes):
        assert outcome.position == history[outcome.version - 1].position
        mine = [each.id for each in history if each.command_id == outcome.command_id]
        assert (outcome.id, [each.id for each in outcome.events]) == ("a", mine)


# Retries


async def test_a_retry_gives_the_first_outcome_and_appends_nothing(shop: Bank) -> None:
    await shop.open()
    first = await shop.deposit(5, command_id="once")
    await shop.deposit(1)
    assert told(await shop.deposit(5, command_id="once")) == told(first)
    assert await shop.types() == ["Opened", "Deposited", "Deposited"]


async def test_a_retry_after_a_restart_gives_the_first_outcome(tmp_path: Path) -> None:
    async with bank(tmp_path) as shop:
        await shop.open()
        first = await shop.deposit(5, command_id="once")
        nothing = await shop.open(command_id="nothing to do")
    async with bank(tmp_path) as shop:
        await shop.deposit(1)
        assert told(await shop.deposit(5, command_id="once")) == told(first)
        assert await shop.open(command_id="nothing to do") == nothing
        assert await shop.types() == ["Opened", "Deposited", "Deposited"]


async def test_a_command_with_nothing_to_do_is_retried_into_its_first_answer(shop: Bank) -> None:
    await shop.open()
    first = accepted(await shop.open(command_id="again"))
    assert (first.version, first.events) == (1, ())
    await shop.close()
    assert await shop.open(command_id="again") == first


async def test_repeats_within_one_batch_are_answered_alike(shop: Bank) -> None:
    opened = accepted(await shop.open())
    shop.log.batches.clear()
    outcomes = await asyncio.gather(*(shop.deposit(5, command_id="once") for _ in range(300)))
    assert set(versions(outcomes)) == {opened.version + 1}
    assert len({accepted(each).position for each in outcomes}) == 1
    assert await shop.types() == ["Opened", "Deposited"]


async def test_a_repeat_of_a_no_op_within_its_batch_stands_where_the_first_does(
    shop: Bank,
) -> None:
    _, first, again = await asyncio.gather(
        shop.open(), shop.open(command_id="again"), shop.open(command_id="again")
    )
    assert accepted(first).position == accepted(again).position
    assert again == await shop.open(command_id="again")


async def test_many_repeats_of_one_command_do_not_take_a_batch_each(shop: Bank) -> None:
    await shop.open()
    asked = 0
    outcomes = shop.log.outcomes

    async def counted(commands: object) -> object:
        nonlocal asked
        asked += 1
        return await outcomes(commands)

    shop.log.outcomes = counted  # type: ignore[attr-defined]  # the log as the writer sees it
    await asyncio.gather(*(shop.deposit(5, command_id="once") for _ in range(400)))
    assert asked <= 3


async def test_somebody_elses_command_id_is_refused(shop: Bank) -> None:
    await shop.open()
    await shop.deposit(5, command_id="taken")
    await shop.open(command_id="nothing to do")
    other = Sender(actor="eve")
    assert refusal(await shop.deposit(5, command_id="taken", sender=other)) == "COMMAND_ID_TAKEN"
    # Not even where nothing was appended: else a command of hers would pass for done.
    stolen = await shop.deposit(5, command_id="nothing to do", sender=other)
    assert refusal(stolen) == "COMMAND_ID_TAKEN"
    assert await shop.types() == ["Opened", "Deposited"]


async def test_the_same_command_id_for_another_account_is_another_command(shop: Bank) -> None:
    await shop.open("a", command_id="one")
    await shop.open("b", command_id="one")
    assert await shop.types("b") == ["Opened"]


async def test_a_refused_command_may_be_sent_again_and_be_accepted(shop: Bank) -> None:
    await shop.open()
    assert refusal(await shop.withdraw(5, command_id="one")) == "INSUFFICIENT_FUNDS"
    await shop.deposit(5)
    assert accepted(await shop.withdraw(5, command_id="one")).version == 3


# Conflicts


async def test_an_expected_version_that_holds_is_no_obstacle(shop: Bank) -> None:
    await shop.open(expected_version=0)
    assert accepted(await shop.deposit(1, expected_version=1)).version == 2


async def test_an_expected_version_that_does_not_hold_is_a_conflict(shop: Bank) -> None:
    await shop.open()
    assert refusal(await shop.deposit(1, expected_version=0)) == "CONFLICT"
    assert refusal(await shop.open(expected_version=7)) == "CONFLICT"
    assert await shop.types() == ["Opened"]


async def test_of_many_that_expect_one_version_one_is_accepted(shop: Bank) -> None:
    await shop.open()
    outcomes = await asyncio.gather(*(shop.deposit(1, expected_version=1) for _ in range(20)))
    assert [isinstance(each, Accepted) for each in outcomes].count(True) == 1
    assert await shop.types() == ["Opened", "Deposited"]


async def test_a_retry_is_not_held_to_its_expected_version(shop: Bank) -> None:
    await shop.open()
    first = await shop.deposit(1, expected_version=1, command_id="once")
    assert told(await shop.deposit(1, expected_version=1, command_id="once")) == told(first)


# When the log does not take it


async def test_a_batch_that_is_not_appended_fails_whole_and_the_next_one_works(
    shop: Bank,
) -> None:
    await shop.open()
    await shop.deposit(10)
    shop.log.refusing = True
    sending = [shop.withdraw(10, command_id="one"), shop.withdraw(10), shop.open("b"), shop.open()]
    outcomes = await asyncio.gather(*sending, return_exceptions=True)
    # The second was refused only since the first had taken the money, which it has not.
    for outcome in outcomes:
        assert isinstance(outcome, Unavailable)
        assert "the disk is full" in str(outcome)
        assert outcome.command_id
    shop.log.refusing = False
    assert accepted(await shop.withdraw(10, command_id="one")).version == 3
    assert refusal(await shop.deposit(1, "b")) == "NO_SUCH_ACCOUNT"
    assert await shop.types() == ["Opened", "Deposited", "Withdrawn"]


async def test_repeats_of_a_command_whose_batch_failed_are_decided_anew(shop: Bank) -> None:
    await shop.open()
    shop.log.held.clear()
    sending = asyncio.gather(
        *(shop.deposit(1, command_id="once") for _ in range(3)), return_exceptions=True
    )
    await asyncio.sleep(0)
    shop.log.refusing = True
    shop.log.held.set()
    outcomes = await sending
    shop.log.refusing = False
    assert isinstance(outcomes[0], Unavailable)
    assert accepted(await shop.deposit(1, command_id="once")).version == 2
    assert await shop.types() == ["Opened", "Deposited"]


async def test_a_log_that_cannot_be_read_fails_the_commands_that_need_it(shop: Bank) -> None:
    shop.log.unreadable = True
    with pytest.raises(Unavailable, match="cannot be read: the disk is gone"):
        await shop.open()
    shop.log.unreadable = False
    assert accepted(await shop.open()).version == 1


async def test_text_that_cannot_be_kept_fails_its_command_alone(shop: Bank) -> None:
    half = "\ud800"
    await shop.open()
    outcomes = await asyncio.gather(
        shop.deposit(1),
        shop.open(half),
        shop.deposit(1, command_id=half),
        shop.deposit(1),
        return_exceptions=True,
    )
    assert [isinstance(each, Accepted) for each in outcomes] == [True, False, False, True]


# Stopping, and too much


async def test_what_was_taken_in_is_finished_before_the_writer_stops(tmp_path: Path) -> None:
    async with bank(tmp_path) as shop:
        await shop.open()
        shop.log.held.clear()
        sending = [asyncio.ensure_future(shop.deposit(1)) for _ in range(20)]
        await asyncio.sleep(0)
        draining = asyncio.ensure_future(shop.writer.drain())
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="stopping"):
            await shop.deposit(1)
        shop.log.held.set()
        await draining
        assert len(versions(await asyncio.gather(*sending))) == 20


async def test_a_writer_may_be_drained_twice_and_with_nothing_to_do(tmp_path: Path) -> None:
    async with bank(tmp_path) as shop:
        await shop.writer.drain()
        await shop.writer.drain()


async def test_commands_beyond_the_queue_are_turned_away_at_once(
    shop: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "QUEUE_COMMANDS_MAX", 5)
    await shop.open()
    outcomes = await asyncio.gather(*(shop.deposit(1) for _ in range(8)), return_exceptions=True)
    turned_away = [each for each in outcomes if isinstance(each, Unavailable)]
    assert [str(each) for each in turned_away] == [
        "5 commands wait already: send this one again in a moment"
    ] * 3
    assert await shop.types() == ["Opened"] + ["Deposited"] * 5
    assert accepted(await shop.deposit(1)).version == 7


async def test_a_command_whose_second_event_cannot_be_kept_leaves_nothing_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decide(command: Command, state: State) -> list[Event]:
        if isinstance(command, OpenNamed):
            opened = Opened(account=command.account, owner=command.owner, at=command.at)
            note = "x" * 500
            return [opened, Withdrawn(account=note, amount=Decimal(0), to=None, at=command.at)]
        return [Deposited(account=command.account, amount=Decimal(1), at=NOW)]

    monkeypatch.setattr(deciding, "EVENT_BYTES_MAX", 400)
    strange = build(aggregates=[replace(accounts, decide=decide)])
    async with bank(tmp_path, model=strange) as shop:
        fields = {"account": "a", "owner": "ann"}
        with pytest.raises(ValueError, match=r"sample\.Withdrawn has .* bytes, more than 400"):
            await shop.send(OpenNamed, fields)
        assert await shop.types() == []
        assert accepted(await shop.deposit()).version == 1
        assert await shop.types() == ["Deposited"]
