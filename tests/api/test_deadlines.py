"""One timer for many deadlines: each ends what is late, and nothing else."""

import asyncio

import pytest

from api.deadlines import Deadlines


async def test_what_is_in_time_goes_on() -> None:
    deadlines = Deadlines(30)
    with deadlines.begin():
        await asyncio.sleep(0)
    with deadlines.begin():
        await asyncio.sleep(0.001)


async def test_what_is_late_is_ended_and_the_task_is_not() -> None:
    deadlines = Deadlines(0.01)
    for _ in range(2):
        with pytest.raises(TimeoutError), deadlines.begin():
            await asyncio.sleep(60)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_each_of_many_is_ended_at_its_own_time() -> None:
    deadlines = Deadlines(0.05)
    ended: list[int] = []

    async def late(number: int) -> None:
        try:
            with deadlines.begin():
                await asyncio.sleep(60 if number % 2 else 0)
        except TimeoutError:
            ended.append(number)

    async with asyncio.TaskGroup() as group:
        for number in range(10):
            group.create_task(late(number))
            await asyncio.sleep(0.002)
    assert ended == [1, 3, 5, 7, 9]


async def test_a_cancelled_task_is_cancelled_not_late() -> None:
    deadlines = Deadlines(60)

    async def work() -> None:
        with deadlines.begin():
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_one_that_is_over_and_cancelled_at_once_is_cancelled() -> None:
    deadlines = Deadlines(60)

    async def work() -> None:
        deadline = deadlines.begin()
        with deadline:
            deadline.end()
            asyncio.current_task().cancel()  # type: ignore[union-attr]  # a task runs this
            await asyncio.sleep(60)

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(work())


async def test_another_error_stays_what_it_is() -> None:
    deadlines = Deadlines(60)
    with pytest.raises(ValueError, match="wrong"), deadlines.begin():
        raise ValueError("wrong")


async def test_one_within_another_is_ended_alone() -> None:
    outer, inner = Deadlines(60), Deadlines(0.01)
    with outer.begin():
        with pytest.raises(TimeoutError), inner.begin():
            await asyncio.sleep(60)
        await asyncio.sleep(0)


async def test_both_that_are_over_end_the_outer_one() -> None:
    outer, inner = Deadlines(60), Deadlines(60)
    late, also_late = outer.begin(), inner.begin()
    asyncio.get_running_loop().call_soon(late.end)
    asyncio.get_running_loop().call_soon(also_late.end)
    with pytest.raises(TimeoutError), late, also_late:
        await asyncio.sleep(60)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_what_a_cancelled_task_still_does_may_be_late() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            try:
                with Deadlines(0.01).begin():
                    await asyncio.sleep(60)
            except TimeoutError:
                ended.append("late")

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["late"]
