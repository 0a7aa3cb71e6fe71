"""Steady clients of one server: a mutation each after a pause, and when its answer came."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from itertools import count, pairwise
from urllib.parse import urlsplit

from benchmarks.load import answered, request
from eventlog.envelope import PARTITIONS, partition_of, stream_of

PAUSE_S = 0.05


class Steady:
    """The clients, one for each partition, so that each partition that stands still is seen."""

    def __init__(self, url: str, token: str, serial: str, aggregate: str) -> None:
        parts = urlsplit(url)
        self._address = parts.hostname, parts.port
        self._token = token
        self._serial = serial
        self._aggregate = aggregate
        self.answers: list[list[float]] = [[] for _ in range(PARTITIONS)]
        """When each client had an accepted answer."""
        self.refused = 0
        """How many answers said to send the command again, which was done."""

    async def ask(self, client: int) -> None:
        """Send mutations of the client's partition, one after another, until cancelled."""
        reader, writer = await asyncio.open_connection(*self._address)
        try:
            for product in self._products(client):
                await self._list(product, reader, writer)
                self.answers[client].append(time.monotonic())
                await asyncio.sleep(PAUSE_S)
        finally:
            writer.close()

    async def _list(
        self, product: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while True:
            _, body = await answered(request(self._token, product), reader, writer)
            # One that is there already was accepted when the answer said that nobody knows.
            if b'"Accepted"' in body or b"ALREADY_LISTED" in body:
                return
            if b"UNAVAILABLE" not in body and b"OVERDUE" not in body:
                raise RuntimeError(body.decode())
            self.refused += 1

    def _products(self, client: int) -> Iterator[str]:
        for n in count():
            product = f"{self._serial}-{n}"
            if partition_of(stream_of(self._aggregate, product), PARTITIONS) == client:
                yield product

    def longest_gap_s(self, start: float, end: float) -> float:
        """The longest time without an answer that any of them saw between two instants."""
        return max(_longest_gap(each, start, end) for each in self.answers)


def _longest_gap(answers: list[float], start: float, end: float) -> float:
    within = [start, *(each for each in answers if start < each < end), end]
    return max(after - before for before, after in pairwise(within))


@asynccontextmanager
async def steady(url: str, token: str, serial: str, aggregate: str) -> AsyncGenerator[Steady]:
    """The clients at work until the end."""
    clients = Steady(url, token, serial, aggregate)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(clients.ask(each)) for each in range(PARTITIONS)]
        yield clients
        for task in tasks:
            task.cancel()
