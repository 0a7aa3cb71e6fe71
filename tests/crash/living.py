"""The life of a shop over one server or many: people at work, subscribers, and the last check."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import httpx

from eventlog.envelope import Recorded
from tests.alone import commerce_alone
from tests.crash.documents import check_documents
from tests.crash.learning import check_learnt
from tests.crash.ledger import check_commands, check_money, check_stock, check_streams, read_log
from tests.crash.people import Books, Person
from tests.crash.quiet import Look, until_quiet
from tests.crash.testimony import check_order
from tests.crash.watchers import Watcher
from tests.crash.world import REQUEST_S, Client, World
from tests.serving import ProcessServer
from tests.shop import ORDER, PRODUCT

__all__ = ["Life", "check", "check_all", "check_events", "check_told", "come_back", "living"]

PEOPLE = 10
SHOW_S = 30.0


def watchers() -> list[Watcher]:
    """Subscribers of several kinds: of all, of sets that things enter and leave, of their own."""
    return [
        Watcher("product", PRODUCT, {}, "eve"),
        Watcher("product", PRODUCT, {"available": {"lt": 20}}, "eve"),
        Watcher("order", ORDER, {}, "clerk-1", "clerk"),
        Watcher("order", ORDER, {"status": {"in": ["CONFIRMED", "PAID"]}}, "clerk-1", "clerk"),
        Watcher("order", ORDER, {}, "ada", "customer"),
        Watcher("salesDay", "id orders units revenue refunded", {}, "ann", "analyst"),
    ]


@dataclass
class Life:
    """People at work and subscribers, wherever the server is."""

    world: World
    books: Books
    watching: list[Watcher]
    working: Sequence[asyncio.Task[None]]
    subscribed: Sequence[asyncio.Task[None]]

    async def ends(self, look: Look) -> None:
        """Everyone finishes; then all comes to rest, and subscribers have what every server has."""
        self.world.is_over = True
        await asyncio.wait(self.working)
        await until_quiet(look)
        await show_what_is_asked(self.watching, self.world)
        for task in self.subscribed:
            task.cancel()
        await asyncio.wait(self.subscribed)
        returning = [one for each in self.watching for one in each.returning()]
        await come_back(self.world, returning, look)


@asynccontextmanager
async def living(seed: int, *, request_s: float = REQUEST_S) -> AsyncGenerator[Life]:
    """A life that lasts until `ends`; servers come and go in it by its `world`."""
    world, books, watching = World(Random(f"{seed} world")), Books(), watchers()
    async with httpx.AsyncClient() as http, asyncio.TaskGroup() as group:
        client = Client(world, http, request_s)
        persons = [Person(n, client, books, Random(f"{seed} {n}")) for n in range(PEOPLE)]
        working = [group.create_task(each.work()) for each in persons]
        subscribed = [group.create_task(each.watch(world)) for each in watching]
        yield Life(world, books, watching, working, subscribed)


async def come_back(world: World, watching: Sequence[Watcher], look: Look) -> None:
    """Subscribers go on with the cursors they have, and get to the query's answer."""
    async with asyncio.TaskGroup() as group:
        subscribed = [group.create_task(each.watch(world)) for each in watching]
        await until_quiet(look)
        await show_what_is_asked(watching, world)
        for task in subscribed:
            task.cancel()


async def show_what_is_asked(watching: Sequence[Watcher], world: World) -> None:
    """The subscribers' sets become the answers of the queries, whomever one asks."""
    for each in watching:
        for server in world.servers:
            await shows_what_is_asked(each, server)


async def shows_what_is_asked(watcher: Watcher, server: ProcessServer) -> None:
    """The subscriber's set becomes the query's answer."""
    asked = await watcher.asked(server)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SHOW_S):
            while watcher.map.documents != asked:  # noqa: ASYNC110 - another task takes messages
                await asyncio.sleep(0.05)
    assert watcher.map.documents == asked, watcher.name
    assert watcher.map.is_whole, watcher.name
    assert watcher.map.oddities == [], watcher.name


async def check_all(directory: Path) -> list[Recorded]:
    """What must hold of the log of a server that has come to rest and ended, and its documents."""
    events = await read_log(directory)
    check_events(events)
    await check_documents(directory, events, commerce_alone())
    return events


async def check(directory: Path, books: Books) -> None:
    """That, and that the log has what people did and were told, and nothing else."""
    await check_told(await check_all(directory), books)


def check_events(events: Sequence[Recorded]) -> None:
    """What must hold of any log of a shop that has come to rest."""
    check_streams(events)
    check_stock(events)
    check_money(events)
    check_learnt(events)


async def check_told(events: Sequence[Recorded], books: Books) -> None:
    """The log has what people did and were told, and nothing else, in an order that they saw."""
    check_commands(events, books.sent)
    await check_order(events, books.sent)
