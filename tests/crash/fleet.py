"""Servers that share one log and one store of documents: started, killed, frozen, sent away."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eventlog.codec import Codec
from readmodels.composition import Collection
from readmodels.processes import ProcessFold
from readmodels.query import By, Compare, Query
from readmodels.store import Store
from tests.alone import COMMERCE, commerce_alone
from tests.crash.ground import Ground
from tests.crash.quiet import Look, behind, due_of
from tests.crash.world import World
from tests.serving import ProcessServer, running_server

__all__ = ["EVERYTHING", "Fleet", "Member", "fleet"]

EVERYTHING = "api,writer,projector"
SECRET = "a secret that all of the fleet's servers know"
SESSION_S = 2.0
"""After how long without a sign of life a server is taken for dead."""
COMMAND_S = 5.0
RUSH_S = 0.5
DUE_MAX = 10_000


@dataclass(eq=False)
class Member:
    """One server of the fleet, by the parts that it has; it may be down, or frozen."""

    directory: Path
    parts: str
    server: ProcessServer | None = None
    ends: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def name(self) -> str:
        return f"{self.directory.name} ({self.parts})"

    @property
    def is_asked(self) -> bool:
        """Whether clients can ask it anything."""
        return "api" in self.parts.split(",")


class Fleet:
    """The servers there are. Clients know of those that are up, by the `world`."""

    def __init__(self, ground: Ground, directory: Path, world: World, usual: int) -> None:
        self.ground = ground
        self.usual = usual
        """How many servers there are in quiet times."""
        self.members: list[Member] = []
        self._directory = directory
        self._world = world
        self._count = 0

    async def join(self, parts: str = EVERYTHING) -> Member:
        """A new server, ready."""
        self._count += 1
        member = Member(self._directory / f"server-{self._count}", parts)
        self.members.append(member)
        await self.start(member)
        return member

    async def start(self, member: Member) -> None:
        """A server that is down comes up, and is ready."""
        running = running_server(
            member.directory,
            **self.ground.env,
            PARTS=member.parts,
            KAFKA_SESSION_S=str(SESSION_S),
            COMMAND_DEADLINE_S=str(COMMAND_S),
            JWT_SECRET=SECRET,
            MODEL=COMMERCE,
        )
        member.server = await member.ends.enter_async_context(running)
        self._rises(member)

    async def kill(self, member: Member) -> None:
        """It is gone at once, and clients notice."""
        server = self._down(member)
        await server.kill()
        await member.ends.aclose()

    async def leave(self, member: Member) -> None:
        """It is asked to go, and goes in order, for good."""
        server = self._down(member)
        assert await server.terminate() == 0, server.printed()
        await member.ends.aclose()
        self.members.remove(member)

    def forget(self, member: Member) -> None:
        """What it kept for itself is lost, while it is down."""
        assert member.server is None
        shutil.rmtree(member.directory, ignore_errors=True)

    async def freeze(self, member: Member, for_s: float) -> None:
        """It does nothing for a while, then goes on as if nothing had been.

        Clients have asked it things, then ask others; and when it is back, all ask it at once.
        """
        assert member.server is not None
        process = member.server.process
        os.kill(process.pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(for_s / 4)
            self._falls(member)
            await asyncio.sleep(3 * for_s / 4)
        finally:
            os.kill(process.pid, signal.SIGCONT)
        self._rises(member)
        if member.is_asked:
            self._world.favourite = member.server
            await asyncio.sleep(RUSH_S)
            self._world.favourite = None

    def _down(self, member: Member) -> ProcessServer:
        server = member.server
        assert server is not None
        self._falls(member)
        member.server = None
        return server

    def _rises(self, member: Member) -> None:
        if member.is_asked and member.server is not None:
            self._world.rises(member.server)

    def _falls(self, member: Member) -> None:
        if member.is_asked and member.server is not None:
            self._world.falls(member.server)

    async def end(self) -> None:
        """All go in order."""
        await asyncio.gather(*(self.leave(each) for each in [*self.members]))

    async def abandon(self) -> None:
        """All are ended, whatever they are at."""
        ending = [each.ends.aclose() for each in self.members]
        await asyncio.gather(*ending, return_exceptions=True)

    def work(self, store: Store) -> Look:
        """What the servers say that they have to do, and what of the log is not in the documents.

        What a server does not know of yet it cannot name, so both are asked.
        """
        model = commerce_alone()
        codec = Codec(model.domain)
        processes = [ProcessFold(each, codec) for each in model.domain.processes]
        collections: list[Collection[Any]] = [each.collection for each in model.shown.values()]
        collections += [each.collection for each in processes]

        async def unfolded() -> list[str]:
            ends = {each.partition: each.offset for each in await self.ground.events()}
            found: list[str] = []
            for each in collections:
                at = (await store.prepare(each)).checkpoint
                late = {p: end for p, end in ends.items() if at.get(p, -1) < end}
                if late:
                    found.append(f"{each.name} is at {at}, and the log at {late}")
            return found

        async def due() -> list[str]:
            query = Query(where=Compare("due", "isNull", False), order=(By("due"),), first=DUE_MAX)
            found = [await store.find(each.collection, query) for each in processes]
            return due_of(instance for instances in found for instance in instances)

        async def look() -> list[str]:
            return (
                await unfolded() or await due() or await unfolded() or await _behind(self.members)
            )

        return look


async def _behind(members: Sequence[Member]) -> list[str]:
    found: list[str] = []
    for each in members:
        if each.server is not None:
            found += [f"{each.name}: {what}" for what in await behind(each.server)]
    return found


@asynccontextmanager
async def fleet(
    ground: Ground, directory: Path, world: World, parts: Sequence[str]
) -> AsyncGenerator[Fleet]:
    """A fleet of one server for each of `parts`, all of them ready; ended in any case."""
    found = Fleet(ground, directory, world, usual=len(parts))
    try:
        await asyncio.gather(*(found.join(each) for each in parts))
        yield found
    except Exception as fault:
        for each in found.members:
            if each.server is not None:
                fault.add_note(f"{each.name} printed:\n{each.server.printed()}")
        raise
    finally:
        await found.abandon()
