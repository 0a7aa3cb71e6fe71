"""The contract of the log: what is appended, what is read back, and what a reopened log knows."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from eventlog.envelope import Position, Recorded
from eventlog.log import Batch, Log, NoOp, Snapshot, Unappendable
from tests.contracts.logs import (
    ENGINES,
    PARTITIONS,
    Engine,
    append,
    draft,
    is_in_order,
    opened,
    positions,
    stream_in,
    taken,
)

A, B = "account-a", "account-b"
NOWHERE = Position(0, -1)


@pytest.fixture(params=ENGINES)
async def both(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Engine, Log]]:
    async for pair in opened(request.param, tmp_path, monkeypatch):
        yield pair


@pytest.fixture
def engine(both: tuple[Engine, Log]) -> Engine:
    return both[0]


@pytest.fixture
def log(both: tuple[Engine, Log]) -> Log:
    return both[1]


async def versions(log: Log, stream: str) -> list[int]:
    return [each.version for each in await log.history(stream, 0, 1000)]


def no_op_of(stream: str, command_id: str, version: int, position: Position = NOWHERE) -> NoOp:
    return NoOp(
        stream=stream, command_id=command_id, actor="ann", version=version, position=position
    )


def snapshot(stream: str, version: int, code: str = "code", state: bytes = b"{}") -> Snapshot:
    return Snapshot(stream=stream, version=version, position=Position(1, 5), code=code, state=state)


async def test_what_is_appended_is_returned_with_its_places_and_read_back(log: Log) -> None:
    recorded = await append(log, draft(A, 1), draft(A, 2), draft(B, 1))
    assert [(each.stream, each.version) for each in recorded] == [(A, 1), (A, 2), (B, 1)]
    assert is_in_order(recorded)
    assert await log.history(A, 0, 10) == recorded[:2]
    assert await log.at(positions(recorded)) == recorded


async def test_offsets_of_a_partition_ascend_from_batch_to_batch(log: Log) -> None:
    streams = [stream_in(partition) for partition in range(PARTITIONS)]
    recorded: list[Recorded] = []
    for version in range(1, 6):
        recorded += await append(log, *(draft(stream, version) for stream in streams))
    assert is_in_order(recorded)
    assert is_in_order(await taken(log, len(recorded)))


@pytest.mark.parametrize(
    "field",
    [
        {"actor": None},
        {"actor": "Ünï ☃ 🜂"},
        {"actor": ""},
        {"trace": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
        {
            "correlation_id": "the command",
            "causation_id": "the command",
            "command_id": "the command",
        },
        {"correlation_id": "", "causation_id": ""},
        {"at": datetime(1997, 1, 1, tzinfo=UTC)},
        {"at": datetime(2026, 1, 1, 12, 0, 0, 1, tzinfo=timezone(timedelta(hours=5, minutes=30)))},
        {"data": '{"text":"☃ 🜂 %_\'\\""}'.encode()},
        {"data": b"{" + b" " * 1_000_000 + b"}"},
        {"schema": 1_000_000, "type": "clinical.Gemessen.ß"},
    ],
    ids=lambda field: " and ".join(field),
)
async def test_an_envelope_comes_back_field_for_field(log: Log, field: dict[str, Any]) -> None:
    given = draft(A, 1, **field)
    (recorded,) = await append(log, given)
    for found in [recorded, *await log.history(A, 0, 1), *await taken(log, 1)]:
        for name in given.__struct_fields__:
            assert getattr(found, name) == getattr(given, name), name
        assert found.at.utcoffset() == given.at.utcoffset()


async def test_a_batch_is_appended_whole_or_not_at_all(engine: Engine, log: Log) -> None:
    await append(log, draft(A, 1))
    with pytest.raises(Unappendable):
        await log.append(
            Batch(
                drafts=[draft(B, 1), draft(A, 1)],
                no_ops=[no_op_of(B, "repeated", 0)],
                snapshots=[snapshot(B, 1)],
            )
        )
    assert await knows_nothing_of_b(log)
    assert await knows_nothing_of_b(await reopened(engine))


async def knows_nothing_of_b(log: Log) -> bool:
    past = (await log.past({B: "code"}))[B]
    return past.snapshot is None and not past.events and not await log.outcomes([(B, "repeated")])


async def test_a_stream_has_each_version_once(log: Log) -> None:
    await append(log, draft(A, 1))
    with pytest.raises(Unappendable):
        await append(log, draft(A, 2), draft(A, 2))
    assert await versions(log, A) == [1]


async def test_a_batch_that_cannot_be_written_down_is_refused_and_the_next_one_goes_in(
    log: Log,
) -> None:
    with pytest.raises(Unappendable):
        await append(log, draft(A, 1, actor="half a surrogate pair: \ud800"))
    recorded = await append(log, draft(A, 1))
    assert await taken(log, 1) == recorded


async def test_a_batch_of_nothing_but_no_ops_takes_no_place(log: Log) -> None:
    (recorded,) = await append(log, draft(A, 1))
    no_op = no_op_of(A, "again", 1, recorded.position)
    assert await log.append(Batch(drafts=[], no_ops=[no_op])) == []
    assert await log.ends() == {recorded.partition: recorded.offset}
    assert await log.outcomes([(A, "again")]) == {(A, "again"): no_op}


async def test_the_past_of_a_stream_is_all_of_its_events(log: Log) -> None:
    recorded = await append(log, draft(A, 1), draft(B, 1), draft(A, 2))
    past = await log.past({A: "code", "account-unknown": "code"})
    assert past[A].snapshot is None
    assert past[A].events == [recorded[0], recorded[2]]
    assert past["account-unknown"].snapshot is None
    assert past["account-unknown"].events == []


async def test_the_past_begins_with_the_snapshot_where_the_same_code_made_it(log: Log) -> None:
    recorded = await append(log, draft(A, 1), draft(A, 2))
    taken_at_1 = snapshot(A, 1)
    more = await log.append(Batch(drafts=[draft(A, 3)], snapshots=[taken_at_1]))
    past = (await log.past({A: "code"}))[A]
    assert past.snapshot == taken_at_1
    assert past.events == [recorded[1], *more]


async def test_a_snapshot_of_other_code_is_left_out(log: Log) -> None:
    recorded = await append(log, draft(A, 1), draft(A, 2))
    more = await log.append(Batch(drafts=[draft(A, 3)], snapshots=[snapshot(A, 2)]))
    past = (await log.past({A: "mended code"}))[A]
    assert past.snapshot is None
    assert past.events == [*recorded, *more]


async def test_a_newer_snapshot_takes_the_place_of_the_one_before(log: Log) -> None:
    await log.append(Batch(drafts=[draft(A, 1)], snapshots=[snapshot(A, 0, state=b"old")]))
    newer = snapshot(A, 1, state=b'{"new":1}')
    await log.append(Batch(drafts=[draft(A, 2)], snapshots=[newer]))
    past = (await log.past({A: "code"}))[A]
    assert past.snapshot == newer
    assert [each.version for each in past.events] == [2]


async def test_the_outcome_of_a_command_is_its_events_in_order(log: Log) -> None:
    recorded = await append(
        log, draft(A, 1, command_id="one"), draft(A, 2, command_id="one"), draft(A, 3)
    )
    assert await log.outcomes([(A, "one")]) == {(A, "one"): recorded[:2]}


async def test_a_command_that_had_nothing_to_do_is_known_by_its_no_op(log: Log) -> None:
    await append(log, draft(A, 1))
    no_op = no_op_of(A, "nothing", 1, Position(3, 77))
    await log.append(Batch(drafts=[draft(B, 1)], no_ops=[no_op]))
    assert await log.outcomes([(A, "nothing")]) == {(A, "nothing"): no_op}


async def test_a_no_op_after_events_of_its_own_batch_stands_where_they_came_to_stand(
    log: Log,
) -> None:
    # Whoever makes the batch cannot know the places that its events will take.
    no_op = no_op_of(A, "nothing", 2)
    recorded = await log.append(Batch(drafts=[draft(A, 1), draft(A, 2)], no_ops=[no_op]))
    found = (await log.outcomes([(A, "nothing")]))[A, "nothing"]
    assert isinstance(found, NoOp)
    assert found.position == recorded[1].position


async def test_a_command_that_was_never_accepted_has_no_outcome(log: Log) -> None:
    await append(log, draft(A, 1, command_id="one"))
    # The same command id for another stream is another command.
    assert await log.outcomes([(A, "two"), (B, "one")]) == {}
    assert await log.outcomes([]) == {}


async def test_a_history_is_read_page_by_page_oldest_first(log: Log) -> None:
    recorded = await append(log, *(draft(A, version) for version in range(1, 8)), draft(B, 1))
    pages: list[list[Recorded]] = []
    after = 0
    while page := await log.history(A, after, 3):
        pages.append(page)
        after = page[-1].version
    assert pages == [recorded[0:3], recorded[3:6], recorded[6:7]]
    assert await log.history("account-unknown", 0, 3) == []


async def test_events_are_found_at_their_positions_in_the_order_asked_for(log: Log) -> None:
    recorded = await append(log, draft(A, 1), draft(B, 1), draft(A, 2))
    asked = [recorded[2], recorded[0]]
    elsewhere = Position((recorded[0].partition + 1) % PARTITIONS, recorded[0].offset)
    assert await log.at([*positions(asked), elsewhere, Position(0, 10**6)]) == asked
    assert await log.at([]) == []


async def test_the_ends_are_the_last_offsets_of_partitions_that_have_any(log: Log) -> None:
    assert await log.ends() == {}
    one, other = stream_in(0), stream_in(2)
    recorded = await append(log, draft(one, 1), draft(other, 1), draft(one, 2))
    assert await log.ends() == {0: recorded[2].offset, 2: recorded[1].offset}


async def reopened(engine: Engine) -> Log:
    await engine.close()
    return await engine.open()


async def test_a_reopened_log_knows_everything(engine: Engine, log: Log) -> None:
    recorded = await append(log, draft(A, 1, command_id="one"), draft(B, 1))
    no_op = no_op_of(A, "nothing", 1, recorded[0].position)
    kept = snapshot(A, 1)
    recorded += await log.append(Batch(drafts=[draft(A, 2)], no_ops=[no_op], snapshots=[kept]))
    ends = await log.ends()
    log = await reopened(engine)
    assert log.partitions == PARTITIONS
    assert await log.ends() == ends
    assert await log.history(A, 0, 10) == [recorded[0], recorded[2]]
    assert await log.at(positions(recorded)) == recorded
    assert await log.outcomes([(A, "one"), (A, "nothing")]) == {
        (A, "one"): recorded[:1],
        (A, "nothing"): no_op,
    }
    assert (await log.past({A: "code"}))[A].snapshot == kept
    followed = await taken(log, 3)
    assert is_in_order(followed)
    assert sorted(positions(followed)) == sorted(positions(recorded))


async def test_a_reopened_log_goes_on_above_what_it_has(engine: Engine, log: Log) -> None:
    before = await append(log, draft(A, 1), draft(B, 1))
    log = await reopened(engine)
    after = await append(log, draft(A, 2), draft(B, 2))
    assert is_in_order(before + after)
    followed = await taken(log, 4)
    assert is_in_order(followed)
    assert sorted(positions(followed)) == sorted(positions(before + after))


async def test_a_log_is_not_opened_with_another_number_of_partitions(engine: Engine) -> None:
    await engine.close()
    with pytest.raises(ValueError, match=f"{PARTITIONS} partitions.*fixed for ever"):
        await engine.open(PARTITIONS + 1)
    assert (await engine.open(PARTITIONS)).partitions == PARTITIONS


async def test_a_batch_of_nothing_but_what_it_rests_on_appends_nothing(log: Log) -> None:
    (first,) = await append(log, draft("account-1", 1))
    assert await log.append(Batch(drafts=(), partitions={first.partition})) == []
    assert await log.ends() == {first.partition: first.offset}
    (second,) = await append(log, draft("account-1", 2))
    assert second.offset > first.offset
