"""The contract of following a log: everything once, in order, from anywhere, for ever."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from eventlog.envelope import Recorded
from eventlog.log import Log, Unappendable
from tests.contracts.logs import (
    DEADLINE_S,
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

STREAMS = [stream_in(partition) for partition in range(PARTITIONS)]


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


async def filled(log: Log, rounds: int) -> list[Recorded]:
    """Some events of every partition, in as many batches as there are rounds."""
    recorded: list[Recorded] = []
    for version in range(1, rounds + 1):
        recorded += await append(log, *(draft(stream, version) for stream in STREAMS))
    return recorded


def of(partition: int, events: list[Recorded]) -> list[Recorded]:
    return [each for each in events if each.partition == partition]


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_a_follower_from_nothing_sees_everything_once_in_order(log: Log, limit: int) -> None:
    recorded = await filled(log, 5)
    found = await taken(log, len(recorded), limit=limit)
    assert is_in_order(found)
    assert sorted(positions(found)) == sorted(positions(recorded))


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_a_follower_goes_on_from_its_place_in_each_partition(log: Log, limit: int) -> None:
    recorded = await filled(log, 4)
    # One partition seen to the middle, one to its end, one not at all, one to its first event.
    after = {
        0: of(0, recorded)[1].offset,
        1: of(1, recorded)[-1].offset,
        3: of(3, recorded)[0].offset,
    }
    due = [each for each in recorded if each.offset > after.get(each.partition, -1)]
    more = await append(log, draft(STREAMS[1], 5))
    found = await taken(log, len(due) + 1, after, limit)
    assert is_in_order(found)
    assert sorted(positions(found)) == sorted(positions(due + more))


@pytest.mark.parametrize("behind", range(1, 9))
async def test_a_follower_from_the_middle_sees_what_comes_after(log: Log, behind: int) -> None:
    stream = STREAMS[0]
    recorded = [(await append(log, draft(stream, version)))[0] for version in range(1, 10)]
    found = await taken(log, behind, {0: recorded[-1 - behind].offset}, limit=2)
    assert found == recorded[-behind:]


async def test_a_follower_at_the_end_waits_and_then_sees_what_comes(log: Log) -> None:
    recorded = await filled(log, 1)
    async with aclosing(log.follow(await log.ends(), 10)) as batches:
        waiting = asyncio.ensure_future(anext(batches))
        for version in range(2, 5):
            new = await append(log, draft(STREAMS[0], version))
            async with asyncio.timeout(DEADLINE_S):
                assert await waiting == new
            waiting = asyncio.ensure_future(anext(batches))
        assert not waiting.done()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert len(recorded) == PARTITIONS


async def test_a_follower_of_an_empty_log_waits_for_the_first_event(log: Log) -> None:
    first = asyncio.ensure_future(taken(log, 1))
    await asyncio.sleep(0)
    recorded = await append(log, draft(STREAMS[0], 1))
    assert await first == recorded


async def test_a_refused_batch_is_seen_by_no_follower(log: Log) -> None:
    recorded = await append(log, draft(STREAMS[0], 1))
    with pytest.raises(Unappendable):
        await append(log, draft(STREAMS[1], 1), draft(STREAMS[0], 1))
    recorded += await append(log, draft(STREAMS[0], 2))
    assert await taken(log, 2) == recorded


async def test_followers_that_start_at_any_time_all_see_all(log: Log) -> None:
    rounds = 12
    followers = [asyncio.ensure_future(taken(log, rounds * PARTITIONS, limit=3))]
    recorded: list[Recorded] = []
    for version in range(1, rounds + 1):
        followers.append(asyncio.ensure_future(taken(log, rounds * PARTITIONS, limit=version)))
        recorded += await append(log, *(draft(stream, version) for stream in STREAMS))
    for found in await asyncio.gather(*followers):
        assert is_in_order(found)
        assert sorted(positions(found)) == sorted(positions(recorded))


async def test_a_slow_follower_misses_nothing_while_the_log_grows(log: Log) -> None:
    recorded = await filled(log, 2)
    found: list[Recorded] = []
    async with asyncio.timeout(DEADLINE_S), aclosing(log.follow({}, 3)) as batches:
        async for batch in batches:
            found += batch
            if len(recorded) < 40:
                version = len(recorded) // PARTITIONS + 1
                recorded += await append(log, *(draft(each, version) for each in STREAMS))
            if len(found) == len(recorded):
                break
    assert is_in_order(found)
    assert sorted(positions(found)) == sorted(positions(recorded))


async def test_a_cancelled_follower_leaves_nothing_behind(log: Log) -> None:
    await filled(log, 1)
    before = asyncio.all_tasks()
    followers = [asyncio.ensure_future(taken(log, 10**6)) for _ in range(50)]
    for _ in range(20):
        await asyncio.sleep(0)
    for each in followers[:-1]:
        each.cancel()
    outcomes = await asyncio.gather(*followers[:-1], return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in outcomes)
    # The others and the log go on.
    more = await append(log, draft(STREAMS[0], 2))
    assert not followers[-1].done()
    followers[-1].cancel()
    await asyncio.gather(followers[-1], return_exceptions=True)
    assert asyncio.all_tasks() == before
    assert more[0] in await taken(log, PARTITIONS + 1)


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8, 13])
async def test_an_append_whose_caller_is_cancelled_is_whole_or_absent(log: Log, turns: int) -> None:
    one, other, third, _ = STREAMS
    following = asyncio.ensure_future(taken(log, 2))
    first = await append(log, draft(one, 1))
    appending = asyncio.ensure_future(append(log, draft(one, 2), draft(other, 1)))
    for _ in range(turns):
        await asyncio.sleep(0)
    appending.cancel()
    await asyncio.gather(appending, return_exceptions=True)
    last = await append(log, draft(third, 1))
    kept = await log.history(one, 1, 1) + await log.history(other, 0, 1)
    assert len(kept) in (0, 2)
    assert sorted(positions(await taken(log, 2 + len(kept)))) == sorted(
        positions(first + kept + last)
    )
    assert is_in_order(await following)


async def test_appends_at_the_same_time_do_not_get_into_each_others_way(log: Log) -> None:
    batches = await asyncio.gather(*(append(log, draft(stream, 1)) for stream in STREAMS))
    recorded = [each for batch in batches for each in batch]
    assert len(set(positions(recorded))) == PARTITIONS
    found = await taken(log, PARTITIONS)
    assert is_in_order(found)
    assert sorted(positions(found)) == sorted(positions(recorded))


async def test_a_follower_of_some_partitions_sees_theirs_alone(log: Log) -> None:
    recorded = await filled(log, 3)
    wanted = {1, 3}
    mine = [each for each in recorded if each.partition in wanted]
    found: list[Recorded] = []
    async with asyncio.timeout(DEADLINE_S):
        following = log.follow({1: mine[0].offset}, 2, wanted)
        async with aclosing(following) as batches:
            while len(found) < len(mine) - 1:
                found += await anext(batches)
            more = await append(log, *(draft(stream, 4) for stream in STREAMS))
            while len(found) < len(mine) + 1:
                found += await anext(batches)
    expected = [*mine[1:], *(each for each in more if each.partition in wanted)]
    assert sorted(positions(found)) == sorted(positions(expected))
    assert is_in_order(found)
