"""The long-lived connections of a server: so many at once, and all told to leave at its end."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager

from api.errors import LIMIT_EXCEEDED, UNAVAILABLE, Fault
from api.metrics import Metrics

__all__ = ["Connections"]


class Connections:
    """WebSockets and event streams that are open; a place is taken before one is served."""

    def __init__(self, at_most: int, metrics: Metrics) -> None:
        self._at_most = at_most
        self._metrics = metrics
        self._leave: dict[object, Callable[[], None]] = {}
        self._draining = False
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._leave)

    @contextmanager
    def place(self, kind: str, leave: Callable[[], None]) -> Generator[None, None, None]:
        """A place for a connection, which `leave` asks to end.

        Raises `Fault` LIMIT_EXCEEDED where all are taken, UNAVAILABLE where the server stops.
        """
        if self._draining:
            raise Fault(UNAVAILABLE, "The server is stopping; connect again")
        if len(self._leave) >= self._at_most:
            message = f"All {self._at_most} connections are taken (connections_max); try later"
            raise Fault(LIMIT_EXCEEDED, message, limit="connections_max", max=self._at_most)
        key = object()
        self._leave[key] = leave
        self._empty.clear()
        gauge = self._metrics.connections.labels(kind)
        gauge.inc()
        try:
            yield
        finally:
            gauge.dec()
            del self._leave[key]
            if not self._leave:
                self._empty.set()

    async def drain(self, wait_s_max: float) -> int:
        """Takes no more, asks all to leave and waits for them; how many have not left in time."""
        self._draining = True
        for leave in list(self._leave.values()):
            leave()
        try:
            async with asyncio.timeout(wait_s_max):
                await self._empty.wait()
        except TimeoutError:
            pass
        return len(self._leave)
