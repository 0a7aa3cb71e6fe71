"""Who makes the changes: requests made before, each with a number of its own."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import count, cycle
from time import perf_counter
from urllib.parse import urlsplit

from benchmarks.live_operations import VOLUME
from benchmarks.reads_connection import Connection, request


class Writer:
    """A connection that makes changes, one at a time."""

    def __init__(self) -> None:
        self._answered: asyncio.Future[float] | None = None
        self._connection = Connection(self._answer, self._fail)

    async def connect(self, url: str) -> None:
        """Open it."""
        await asyncio.get_running_loop().create_connection(
            lambda: self._connection, *address_of(url)
        )

    @property
    def is_open(self) -> bool:
        """Whether the server has not closed it for its silence."""
        return self._connection.is_open

    def send(self, change: bytes, now: float) -> asyncio.Future[float]:
        """When its answer came. Raises RuntimeError where that is a fault."""
        self._answered = asyncio.get_running_loop().create_future()
        self._connection.send(change, now)
        return self._answered

    def _answer(self, connection: Connection) -> None:
        assert self._answered is not None
        self._answered.set_result(perf_counter())

    def _fail(self, why: str) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(RuntimeError(why))


def changes(url: str, bodies: Sequence[str]) -> Iterator[bytes]:
    """The requests in turn, again and again, each with the next volume."""
    first = str(VOLUME).encode()
    prepared = [request(each, urlsplit(url).netloc) for each in bodies]
    for each, volume in zip(cycle(prepared), count(VOLUME + 1), strict=False):
        yield each.replace(first, b"%d" % volume)


def address_of(url: str) -> tuple[str, int]:
    """Where a server listens."""
    address = urlsplit(url)
    assert address.hostname is not None
    assert address.port is not None
    return address.hostname, address.port
