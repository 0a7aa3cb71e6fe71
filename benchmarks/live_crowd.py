"""A crowd of clients in one process, which also makes the changes that they see.

It reads its orders from standard input and answers each on standard output, a line of JSON each.
One process makes a change and sees it arrive, so that both are on one clock.
"""

import asyncio
import gc
import sys
from collections.abc import Iterator
from time import perf_counter
from urllib.parse import urlsplit

import msgspec
import uvloop

from benchmarks.live_client import Client, Crowd, subscription_id, subscriptions
from benchmarks.live_orders import (
    WAIT_S_MAX,
    Changes,
    Check,
    Connect,
    Flood,
    InTurn,
    Order,
    Paced,
    Seen,
    Watch,
)
from benchmarks.live_writer import Writer, address_of, changes

CONNECTING = 100
"""How many sockets open at once."""
_SETTLED_S = 2.0
"""How long nothing comes before no more is waited for: a slow server pauses between changes."""
_POLL_S = 0.02
_RESULTS_MAX = 3


class Acting:
    """What a crowd does with its orders."""

    def __init__(self) -> None:
        self._crowd = Crowd()
        self._clients: list[Client] = []
        self._has_own_ids = True
        self._writers: list[Writer] = []
        self._url = ""
        self._changes: Iterator[bytes] = iter(())
        self._per_change = 0

    async def do(self, order: Order) -> Seen:
        """Carry it out to its end. Raises RuntimeError where what it gives counts for nothing."""
        match order:
            case Connect():
                return await self._connect(order)
            case Watch():
                return await self._watch(order)
            case Changes():
                return self._prepare(order)
            case Check():
                return await self._check()
            case Paced():
                return await self._one_by_one(order.seconds, 1 / order.rate)
            case InTurn():
                return await self._one_by_one(order.seconds, 0.0)
            case Flood():
                return await self._flood(order)

    async def _connect(self, order: Connect) -> Seen:
        address, clients = address_of(order.url), order.clients
        host = urlsplit(order.url).netloc
        self._has_own_ids = order.has_own_ids
        loop = asyncio.get_running_loop()
        started = perf_counter()
        acknowledged = self._crowd.messages
        for at in range(0, clients, CONNECTING):
            for _ in range(at, min(at + CONNECTING, clients)):
                _, client = await loop.create_connection(
                    lambda: Client(self._crowd, host), *address
                )
                self._clients.append(client)
                acknowledged += 1
            await self._until(acknowledged)
        return Seen(seconds=perf_counter() - started, messages=clients)

    async def _watch(self, order: Watch) -> Seen:
        started = perf_counter()
        self._crowd.keeps = True
        target = self._crowd.messages
        for at in range(0, len(order.variables), CONNECTING):
            for client in range(at, min(at + CONNECTING, len(order.variables))):
                wanted = order.variables[client]
                self._clients[client].subscribe(subscriptions(client, order.text, wanted))
                target += len(wanted)
            await self._until(target)
        seen = self._decoded()
        seen.seconds = perf_counter() - started
        return seen

    def _prepare(self, order: Changes) -> Seen:
        self._url, self._per_change = order.url, order.per_change
        self._changes = changes(order.url, order.bodies)
        return Seen()

    async def _check(self) -> Seen:
        self._crowd.keeps = True
        for each in self._clients:
            each.kept = b""
        await self._change()
        seen = self._decoded()
        if seen.decoded != self._per_change:
            raise RuntimeError(f"a change came to {seen.decoded} clients of {self._per_change}")
        return seen

    def _decoded(self) -> Seen:
        """What everybody has kept, decoded; and no message is kept from now on."""
        self._crowd.keeps = False
        seen = Seen()
        for number, client in enumerate(self._clients):
            if not client.kept:
                continue
            message = msgspec.json.decode(client.kept)
            text = client.kept.decode()
            is_own = message.get("id", "")[:8] == subscription_id(number, 0)[:8]
            is_next = message["type"] == "next" and (is_own or not self._has_own_ids)
            if not is_next or '"errors"' in text:
                raise RuntimeError(text[:1_000])
            if message["payload"] not in seen.results and len(seen.results) < _RESULTS_MAX:
                seen.results.append(message["payload"])
            seen.decoded += 1
            seen.frame = text
            client.kept = b""
        return seen

    async def _one_by_one(self, seconds: float, interval_s: float) -> Seen:
        seen = Seen()
        before, started = self._crowd.messages, perf_counter()
        due, end = started, started + seconds
        while (now := max(due, perf_counter())) < end:
            if now == due:
                await asyncio.sleep(due - perf_counter())
            sent, answered, arrived = await self._change()
            seen.from_sending_s.append(arrived - sent)
            seen.from_answer_s.append(max(arrived - answered, 0.0))
            due += interval_s
        seen.seconds = perf_counter() - started
        seen.changes = len(seen.from_sending_s)
        seen.messages = self._crowd.messages - before
        return seen

    async def _change(self) -> tuple[float, float, float]:
        """When one change was sent, answered, and with everybody."""
        (writer,) = await self._open(1)
        arrived = self._crowd.until(self._crowd.messages + self._per_change)
        sent = perf_counter()
        answered = writer.send(next(self._changes), sent)
        async with asyncio.timeout(WAIT_S_MAX):
            return sent, await answered, await arrived

    async def _flood(self, order: Flood) -> Seen:
        writers = await self._open(order.writers)
        before, started = self._crowd.messages, perf_counter()
        end = started + order.seconds
        async with asyncio.timeout(order.seconds + WAIT_S_MAX), asyncio.TaskGroup() as group:
            made = [group.create_task(self._eager(each, end)) for each in writers]
        changes = sum(each.result() for each in made)
        await self._settle(before + changes * self._per_change)
        return Seen(
            seconds=max(self._crowd.latest_at, end) - started,
            changes=changes,
            messages=self._crowd.messages - before,
        )

    async def _eager(self, writer: Writer, end: float) -> int:
        changes = 0
        while (now := perf_counter()) < end:
            await writer.send(next(self._changes), now)
            changes += 1
        return changes

    async def _settle(self, messages: int) -> None:
        """Until that many have come, or no more come."""
        since = perf_counter()
        while self._crowd.messages < messages:
            await asyncio.sleep(_POLL_S)
            if perf_counter() - max(self._crowd.latest_at, since) > _SETTLED_S:
                break
        self._crowd.check()

    async def _open(self, writers: int) -> list[Writer]:
        self._writers = [each for each in self._writers if each.is_open]
        while len(self._writers) < writers:
            writer = Writer()
            await writer.connect(self._url)
            self._writers.append(writer)
        return self._writers[:writers]

    async def _until(self, messages: int) -> None:
        async with asyncio.timeout(WAIT_S_MAX):
            await self._crowd.until(messages)


async def _main() -> None:
    acting = Acting()
    decoder: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order)
    while order := await asyncio.to_thread(sys.stdin.readline):
        try:
            seen = await acting.do(decoder.decode(order))
        except* (RuntimeError, OSError) as faults:  # TimeoutError is an OSError
            seen = Seen(fault=str(faults.exceptions[0]) or "not everybody had it in time")
        print(msgspec.json.encode(seen).decode(), flush=True)


if __name__ == "__main__":
    gc.disable()  # what a crowd holds is nobody's to search for garbage
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main())
