"""Servers over one Kafka and one MongoDB: whatever dies, nothing is lost, doubled or untrue."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from tests.alone import commerce_alone
from tests.crash.documents import check_store
from tests.crash.fleet import EVERYTHING, fleet
from tests.crash.ground import ground
from tests.crash.living import check_events, check_told, living
from tests.crash.troubles import (
    TROUBLES,
    Trouble,
    a_broker_dies,
    a_broker_dies_under_a_frozen_server,
    a_broker_freezes,
    a_database_dies,
    a_database_freezes,
    a_server_freezes,
    a_server_is_killed,
    a_server_is_replaced,
    a_server_more,
    all_that_is_kept_is_away,
    befall,
    goes_on,
)

REQUEST_S = 4.0
"""Clients give a server up that does not answer so long, and ask another."""

WHOLE = (EVERYTHING,) * 3
APART = ("api", "writer", "projector") * 2

EACH_ONCE = (
    a_server_is_killed,
    a_server_freezes,
    a_server_is_replaced,
    a_server_more,
    a_broker_dies,
    a_database_dies,
)

OF_A_NODE = (
    a_broker_dies,
    a_database_dies,
    a_broker_freezes,
    a_database_freezes,
    a_broker_dies_under_a_frozen_server,
    all_that_is_kept_is_away,
)
"""Others of its kind take over, where there are three."""


async def survive(
    directory: Path,
    parts: Sequence[str],
    troubles: Sequence[Trouble],
    seed: int,
    *,
    is_threefold: bool = False,
) -> None:
    """A life under troubles; then everything is checked."""
    random = Random(seed)
    async with ground(directory, is_threefold=is_threefold) as stand:
        async with (
            living(seed, request_s=REQUEST_S) as life,
            fleet(stand, directory, life.world, parts) as servers,
        ):
            await goes_on(life.books, "the start")
            await befall(servers, life.books, troubles, random)
            async with stand.documents() as store:
                await life.ends(servers.work(store))
                events = await stand.events()
                check_events(events)
                await check_store(store, events, commerce_alone())
                await check_told(events, life.books)
            await servers.end()
        assert await stand.events() == events, "servers that have ended have appended"
    print(Counter(each.name for each in life.books.sent if each.is_accepted))


async def test_servers_that_share_all_lose_and_double_nothing(tmp_path: Path, seed: int) -> None:
    troubles = Random(seed).sample(EACH_ONCE, k=4)  # another four each time
    await survive(tmp_path, WHOLE, troubles, seed)


@pytest.mark.soak
@pytest.mark.parametrize("parts", [WHOLE, APART], ids=["whole", "apart"])
async def test_many_troubles_lose_and_double_nothing(
    parts: Sequence[str], tmp_path: Path, seed: int
) -> None:
    await survive(tmp_path, parts, Random(seed).choices(TROUBLES, k=40), seed)


@pytest.mark.soak
async def test_brokers_and_primaries_that_die_one_by_one_lose_and_double_nothing(
    tmp_path: Path, seed: int
) -> None:
    troubles = Random(seed).choices(OF_A_NODE, k=20)
    await survive(tmp_path, WHOLE, troubles, seed, is_threefold=True)
