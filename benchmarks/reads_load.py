"""A load that costs little: requests whose bytes are made before, one at a time a connection.

Its arguments are the server's address, a file with the bodies to send, how many connections, for
how many seconds, `again` or `once` for the bodies, and a rate. Without a rate (0) a connection asks
again once it is answered. With one, requests are due at random instants of that rate, whether or
not the server keeps up, and a wait counts from then.
"""

import asyncio
import json
import random
import selectors
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import cycle
from pathlib import Path
from urllib.parse import urlsplit

import uvloop

from benchmarks.measuring import Tail
from benchmarks.reads_connection import Connection, request

BEHIND_S_MAX = 30.0
"""How long after the last request of a rate its answers are waited for."""
_POLL_S = 0.005


class Eager:
    """Connections that ask again once they are answered, until the end or the last request."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self._requests = requests
        self._end = 0.0
        self._asking = 0
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waits: list[float] = []
        """How long each answer took, in seconds."""

    def failed(self, why: str) -> None:
        """The load is worth nothing: not every request is answered."""
        if not self._ended.done():
            self._ended.set_exception(RuntimeError(why))

    def answered(self, connection: Connection) -> None:
        """Note how long it took, and ask for the next."""
        now = time.perf_counter()
        self.waits.append(now - connection.since)
        self._ask(connection, now)

    async def run(self, connections: list[Connection], seconds: float) -> None:
        """Ask until the end. Raises RuntimeError where an answer is none."""
        started = time.perf_counter()
        self._end = started + seconds
        self._asking = len(connections)
        for each in connections:
            self._ask(each, started)
        await self._ended

    def _ask(self, connection: Connection, now: float) -> None:
        body = next(self._requests, None) if now < self._end else None
        if body is not None:
            connection.send(body, now)
            return
        self._asking -= 1
        if not (self._asking or self._ended.done()):
            self._ended.set_result(None)


class Paced:
    """Connections that share requests which are due at random instants of a rate."""

    def __init__(self, requests: Iterator[bytes], rate: float) -> None:
        self._requests = requests
        self._rate = rate
        self._idle: deque[Connection] = deque()  # used in turn: none is closed for its silence
        self._due: deque[float] = deque()
        self._fault = ""
        self.waits: list[float] = []
        """How long each answer took from when its request was due, in seconds."""

    def failed(self, why: str) -> None:
        """The load is worth nothing: not every request is answered."""
        self._fault = self._fault or why

    def answered(self, connection: Connection) -> None:
        """Note how long it took, and send the next that is due, now or later."""
        self.waits.append(time.perf_counter() - connection.since)
        self._idle.append(connection)
        if self._due:
            self._send()

    async def run(self, connections: list[Connection], seconds: float) -> None:
        """Send what is due until the end, and wait for all answers. Raises RuntimeError."""
        self._idle.extend(connections)
        chance = random.Random(1)
        due = time.perf_counter()
        end = due + seconds
        while due < end and not self._fault:
            due += chance.expovariate(self._rate)
            early_s = due - time.perf_counter()
            if early_s > 0 or not self._idle:
                await asyncio.sleep(max(early_s, 0))
            self._due.append(due)
            self._send()
        end += BEHIND_S_MAX
        while any(each.is_asking for each in connections) and not self._fault:
            await asyncio.sleep(_POLL_S)
            if time.perf_counter() > end:
                self.failed(f"{BEHIND_S_MAX:g} s behind {self._rate:,.0f} requests a second")
        if self._fault:
            raise RuntimeError(self._fault)

    def _send(self) -> None:
        """Send what is due for the longest, where a connection is free."""
        while self._idle:
            connection = self._idle.popleft()
            if connection.is_open:
                body = next(self._requests, None)
                if body is None:
                    self.failed("more requests are due than there are")
                else:
                    connection.send(body, self._due.popleft())
                return


async def _main(
    url: str, bodies: list[str], connections: int, seconds: float, again: bool, rate: float
) -> dict[str, float]:
    address = urlsplit(url)
    prepared = [request(each, address.netloc) for each in bodies]
    requests = cycle(prepared) if again else iter(prepared)
    load = Paced(requests, rate) if rate else Eager(requests)
    assert address.hostname is not None
    assert address.port is not None
    loop = asyncio.get_running_loop()
    made: list[Connection] = []
    for _ in range(connections):
        _, each = await loop.create_connection(
            lambda: Connection(load.answered, load.failed), address.hostname, address.port
        )
        made.append(each)
    started = time.perf_counter()
    await load.run(made, seconds)
    elapsed = time.perf_counter() - started
    answers = len(load.waits)
    return {"answers": answers, "per_second": answers / elapsed, **asdict(Tail.of(load.waits))}


def _precise() -> asyncio.AbstractEventLoop:
    """A loop that wakes within microseconds, where uvloop counts milliseconds."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


def _told(url: str, file: str, connections: str, seconds: str, times: str, rate: str) -> str:
    bodies: list[str] = json.loads(Path(file).read_text("utf-8"))
    loop: Callable[[], asyncio.AbstractEventLoop] = (
        _precise if float(rate) else uvloop.new_event_loop
    )
    with asyncio.Runner(loop_factory=loop) as runner:
        try:
            seen = runner.run(
                _main(url, bodies, int(connections), float(seconds), times == "again", float(rate))
            )
        except (RuntimeError, OSError) as fault:
            return json.dumps({"fault": str(fault)})
    return json.dumps(seen)


if __name__ == "__main__":
    print(_told(*sys.argv[1:]))
