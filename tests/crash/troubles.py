"""What befalls a fleet: one trouble after the other, and after each of them work goes on."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from random import Random

from tests.crash.fleet import SESSION_S, Fleet, Member
from tests.crash.people import Books

__all__ = [
    "TROUBLES",
    "Trouble",
    "a_broker_dies",
    "a_broker_dies_under_a_frozen_server",
    "a_broker_freezes",
    "a_database_dies",
    "a_database_freezes",
    "a_server_freezes",
    "a_server_is_killed",
    "a_server_is_replaced",
    "a_server_more",
    "all_are_killed",
    "all_that_is_kept_is_away",
    "befall",
    "goes_on",
    "two_are_killed",
]

BETWEEN_S = 1.5
"""How long a fleet works at most, before something befalls it."""
DOWN_S = 3.0
"""How long what was killed stays away at most: less, or more, than a session."""
FROZEN_S = 12.0
"""How long Kafka or MongoDB is frozen at most: less, or more, than anybody waits for an answer."""
PROGRESS_S = 120.0
PROGRESS = 25
"""How many commands are to be answered after a trouble."""

Trouble = Callable[[Fleet, Random], Awaitable[None]]


async def a_server_is_killed(fleet: Fleet, random: Random) -> None:
    """And comes again, at once or when it was given up, with what it kept for itself or without."""
    await _killed(fleet, random, [random.choice(fleet.members)])


async def two_are_killed(fleet: Fleet, random: Random) -> None:
    """At once, so that what one has to take over the other may have been about to."""
    await _killed(fleet, random, random.sample(fleet.members, 2))


async def all_are_killed(fleet: Fleet, random: Random) -> None:
    """And all begin from what Kafka and MongoDB have."""
    await _killed(fleet, random, [*fleet.members])


async def _killed(fleet: Fleet, random: Random, members: Sequence[Member]) -> None:
    for each in members:
        await fleet.kill(each)
    await asyncio.sleep(random.uniform(0, DOWN_S))
    for each in members:
        if random.random() < 0.3:
            fleet.forget(each)
    await asyncio.gather(*(fleet.start(each) for each in members))


async def a_server_freezes(fleet: Fleet, random: Random) -> None:
    """For longer than its session: others take its place, and it does not know."""
    await fleet.freeze(random.choice(fleet.members), random.uniform(1.5, 3) * SESSION_S)


async def a_server_is_replaced(fleet: Fleet, random: Random) -> None:
    """It is asked to go, and a new one comes, before or after."""
    member = random.choice(fleet.members)
    if random.random() < 0.5:
        await fleet.leave(member)
        await fleet.join(member.parts)
    else:
        await asyncio.gather(fleet.join(member.parts), fleet.leave(member))


async def a_server_more(fleet: Fleet, random: Random) -> None:
    """Where there is one more than usual already, one less, of those of which there are most."""
    if len(fleet.members) <= fleet.usual:
        await fleet.join(random.choice(fleet.members).parts)
    else:
        count = Counter(each.parts for each in fleet.members)
        most = max(count.values())
        await fleet.leave(random.choice([e for e in fleet.members if count[e.parts] == most]))


async def a_broker_dies(fleet: Fleet, random: Random) -> None:
    """Where it is the only one, nothing can be decided until it is back."""
    await fleet.ground.kill_kafka(random, random.uniform(0, DOWN_S))


async def a_database_dies(fleet: Fleet, random: Random) -> None:
    """Commands are decided all the same; until there is one again, nobody can ask."""
    await fleet.ground.kill_mongo(random.uniform(0, DOWN_S))


async def a_broker_freezes(fleet: Fleet, random: Random) -> None:
    """What was given up in doubt may be appended when it thaws."""
    await fleet.ground.freeze_kafka(random, random.uniform(0, FROZEN_S))


async def a_database_freezes(fleet: Fleet, random: Random) -> None:
    """What was given up in doubt may be written when it thaws."""
    await fleet.ground.freeze_mongo(random.uniform(0, FROZEN_S))


async def a_broker_dies_under_a_frozen_server(fleet: Fleet, random: Random) -> None:
    """It wakes up to a broker that it does not know, before or after the broker is back."""
    await asyncio.gather(a_broker_dies(fleet, random), a_server_freezes(fleet, random))


async def all_that_is_kept_is_away(fleet: Fleet, random: Random) -> None:
    """Kafka and MongoDB at once, and they come back one after the other."""
    await asyncio.gather(a_broker_dies(fleet, random), a_database_dies(fleet, random))


TROUBLES: Sequence[Trouble] = (
    a_server_is_killed,
    a_server_freezes,
    a_server_is_replaced,
    a_server_more,
    a_broker_dies,
    a_database_dies,
    two_are_killed,
    all_are_killed,
    a_broker_freezes,
    a_database_freezes,
    a_broker_dies_under_a_frozen_server,
    all_that_is_kept_is_away,
)


async def befall(fleet: Fleet, books: Books, troubles: Sequence[Trouble], random: Random) -> None:
    """One trouble after the other, each with some time at work before and after it."""
    for number, trouble in enumerate(troubles, 1):
        await asyncio.sleep(random.uniform(0, BETWEEN_S))
        print(f"round {number}: {trouble.__name__}")
        await trouble(fleet, random)
        await goes_on(books, trouble.__name__)


async def goes_on(books: Books, after: str) -> None:
    """Commands are answered again, some of them accepted."""
    begin = len(books.sent)
    try:
        async with asyncio.timeout(PROGRESS_S):
            while not _is_progress(books, begin):  # noqa: ASYNC110 - people have no event of ours
                await asyncio.sleep(0.05)
    except TimeoutError:
        new = books.sent[begin:]
        raise AssertionError(f"after {after} only {len(new)} were answered: {new}") from None


def _is_progress(books: Books, begin: int) -> bool:
    new = books.sent[begin:]
    return len(new) >= PROGRESS and any(each.is_accepted for each in new)
