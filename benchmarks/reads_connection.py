"""A connection of the load: a request at a time, and no more work on its answer than it takes."""

import asyncio
import re
from collections.abc import Callable

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_LAST_CHUNK = b"\r\n0\r\n\r\n"
_SHOWN_MAX = 1_000


class Connection(asyncio.Protocol):
    """Sends a request, and tells when it is answered, or why it is not."""

    def __init__(
        self, answered: Callable[["Connection"], None], failed: Callable[[str], None]
    ) -> None:
        self._answered = answered
        self._failed = failed
        self._received = b""
        self._whole: int | None = None
        self._transport: asyncio.WriteTransport | None = None
        self.since = 0.0
        """Since when its request waits."""
        self.is_asking = False
        self.is_open = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a connection's is one that writes

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self.is_asking:
            self._failed(f"the server has closed a connection: {exc}")

    def send(self, request: bytes, since: float) -> None:
        """Send it; it waits since then."""
        assert self._transport is not None
        self.since, self.is_asking = since, True
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received = received = self._received + data if self._received else data
        if self._whole is None:
            self._whole = _whole(received)
        if self._is_whole(received):
            self._received, self._whole, self.is_asking = b"", None, False
            if not received.startswith(b"HTTP/1.1 200"):
                self._failed(received[:_SHOWN_MAX].decode("utf-8", "replace"))
            elif b'"errors"' in received or b'"Rejected"' in received:
                self._failed(received[-_SHOWN_MAX:].decode("utf-8", "replace"))
            else:
                self._answered(self)

    def _is_whole(self, received: bytes) -> bool:
        if self._whole is None:
            return False
        return len(received) >= self._whole if self._whole else received.endswith(_LAST_CHUNK)


def _whole(received: bytes) -> int | None:
    """The bytes of the whole answer; None without its head, 0 where it comes in chunks."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    found = _LENGTH.search(received, 0, end)
    return end + 4 + int(found[1]) if found else 0


def request(body: str, host: str) -> bytes:
    """The bytes of a request with this body."""
    encoded = body.encode()
    return (
        f"POST /graphql HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Accept: application/json\r\nContent-Length: {len(encoded)}\r\n\r\n"
    ).encode() + encoded
