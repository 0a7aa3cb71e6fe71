"""A crowd of clients, seen from the benchmark: told what to do, asked what it has seen."""

import resource
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec

from benchmarks.live_operations import Watching
from benchmarks.live_orders import Changes, Check, Connect, Order, Seen, Watch
from benchmarks.processes import process
from benchmarks.reads_servers import Server
from benchmarks.usage import cpu_s

FILES_BESIDE = 200
"""How many files a server or a crowd may have open besides its sockets."""


@dataclass(frozen=True, kw_only=True)
class Took:
    """What was seen of an order, and the processor time that it took server and crowd."""

    seen: Seen
    server_s: float
    crowd_s: float

    @property
    def per_second(self) -> float:
        """Messages a second."""
        return self.seen.messages / self.seen.seconds

    @property
    def cpu_us(self) -> float:
        """The server's processor time for a message."""
        return 1e6 * self.server_s / max(self.seen.messages, 1)


class Crowd:
    """The clients of one server, in a process of their own."""

    def __init__(self, server: Server, started: Process) -> None:
        self.server = server
        self._process = started

    async def do(self, order: Order) -> Took:
        """Have it carried out. Raises RuntimeError where what it gives counts for nothing."""
        pids = self.server.pid, self._process.pid
        before = [cpu_s(each) for each in pids]
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(order) + b"\n")
        await self._process.stdin.drain()
        answer = await self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.server.name}: its clients have ended")
        seen = msgspec.json.decode(answer, type=Seen)
        if seen.fault:
            raise RuntimeError(f"{self.server.name}: {seen.fault}")
        server_s, crowd_s = (
            cpu_s(each) - earlier for each, earlier in zip(pids, before, strict=True)
        )
        return Took(seen=seen, server_s=server_s, crowd_s=crowd_s)

    async def connect(self, clients: int, *, has_own_ids: bool = True) -> None:
        """So many more sockets."""
        url = self.server.url
        await self.do(Connect(url=url, clients=clients, has_own_ids=has_own_ids))

    async def watch(self, watching: Watching) -> Seen:
        """Subscribe on every socket, and make one change, which everybody decodes."""
        first = await self.do(Watch(text=watching.text, variables=watching.variables))
        if not watching.changes:
            return first.seen
        url, bodies = self.server.url, watching.changes
        await self.do(Changes(url=url, bodies=bodies, per_change=watching.per_change))
        return (await self.do(Check())).seen


@asynccontextmanager
async def crowd_of(server: Server) -> AsyncGenerator[Crowd]:
    """The clients' process, without a client yet."""
    async with process("benchmarks.live_crowd") as started:
        yield Crowd(server, started)


def allow_files(sockets: int) -> None:
    """Raise the limit of open files for every process that is started from now on.

    Raises RuntimeError where the machine does not let so many be open.
    """
    wanted = sockets + FILES_BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        if hard != resource.RLIM_INFINITY and hard < wanted:
            raise RuntimeError(f"{wanted:,} files must be open at once, and {hard:,} may: ulimit")
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
