"""Uvicorn's protocols with an end to every wait: for a header, for a reader, for a dead peer."""

import asyncio
import socket
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from api.aborting import ABORT
from api.frames import FRAMES
from api.whole import WHOLE

__all__ = ["HttpProtocol", "Stall", "WebSocketProtocol"]

HEADER_BYTES_MAX = 65536
_OK = b"HTTP/1.1 200 OK\r\n"
UNSENT_BYTES_MAX = 65536
"""What the kernel takes ahead of a client. Left alone it takes megabytes: a slow client would be
shown what was true a minute ago, and not be seen to read until a third of that was gone."""


class Stall:
    """Watches a connection that has more to send than its client takes.

    A client that takes nothing at all for so long is cut; a slow one that goes on is left alone.
    """

    def __init__(self, transport: asyncio.Transport, timeout_s: float) -> None:
        self._transport = transport
        self._timeout_s = timeout_s
        self._timer: asyncio.TimerHandle | None = None
        self._left = 0

    def begin(self) -> None:
        """The client falls behind: from now on it must take something."""
        if self._timer is None:
            self._left = self._transport.get_write_buffer_size()
            self._arm()

    def end(self) -> None:
        """The client has caught up, or is gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._timeout_s, self._check)

    def _check(self) -> None:
        self._timer = None
        left = self._transport.get_write_buffer_size()
        if left >= self._left > 0:
            self._transport.abort()
        elif left > 0:
            self._left = left
            self._arm()


class HttpProtocol(HttpToolsProtocol):
    """HTTP/1.1 where a client must send its header in time and within a size, and must read."""

    _stall: Stall
    _waiting: asyncio.TimerHandle | None = None
    _is_in_header = False
    _header_bytes = 0
    _common: Sequence[tuple[bytes, bytes]] = ()
    _common_lines = b""

    def __init__(self, *, stall_s: float, header_s: float, **given: Any) -> None:
        super().__init__(**given)
        self._stall_s = stall_s
        self._header_s = header_s

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        super().connection_made(transport)
        _keep_little_unsent(transport)
        self._stall = Stall(transport, self._stall_s)
        self._await_header()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._stall.end()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall.begin()

    def resume_writing(self) -> None:
        self._stall.end()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_in_header and self._waiting is None:
            self._await_header()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_header = True
        self._header_bytes = 0
        scope = cast(dict[str, Any], self.scope)
        scope["extensions"] = {ABORT: {"abort": self.transport.abort}, WHOLE: self}

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._is_in_header = False
        self._stop_waiting()
        super().on_headers_complete()

    def body(self, scope: MutableMapping[str, Any]) -> bytes | bytearray | None:
        """Take the request's body where all of it has come, and nobody has taken of it before."""
        cycle = self.cycle
        if cycle.scope is not scope or cycle.more_body or cycle.disconnected:
            return None
        body, cycle.body = cycle.body, bytearray()
        cycle.message_event.clear()
        self.flow.resume_reading()
        return body

    def answer(self, scope: MutableMapping[str, Any], head: bytes, body: bytes) -> bool:
        """Answer by 200 in one write; False where ASGI's way has to be gone, step by step."""
        cycle = self.cycle
        is_plain = cycle.scope is scope and cycle.keep_alive and not cycle.response_started
        if not is_plain or cycle.disconnected or self.flow.write_paused:
            return False
        if self._common is not self.server_state.default_headers:  # made anew with each second
            self._common = self.server_state.default_headers
            self._common_lines = b"".join(b"%s: %s\r\n" % each for each in self._common)
        length = b"content-length: %d\r\n\r\n" % len(body)
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        self.transport.write(b"".join((_OK, self._common_lines, head, length, body)))
        cycle.message_event.set()
        cycle.on_response()
        return True

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch_the_rest()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._watch_the_rest()

    def handle_websocket_upgrade(self) -> None:
        self._stall.end()
        super().handle_websocket_upgrade()

    def _watch_the_rest(self) -> None:
        """A transport that closes waits for ever for its last bytes to be taken."""
        if self.transport.is_closing():
            self._stall.begin()

    def _count(self, length: int) -> None:
        self._header_bytes += length
        if self._header_bytes > HEADER_BYTES_MAX:
            raise ValueError("The header is too long")  # the parser turns it into a 400

    def _await_header(self) -> None:
        self._stop_waiting()
        self._waiting = self.loop.call_later(self._header_s, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """WebSockets whose clients must read, and that are cut where no closing handshake comes."""

    _stall: Stall
    _cut: asyncio.TimerHandle | None = None

    def __init__(self, *, stall_s: float, **given: Any) -> None:
        super().__init__(**given)
        self._stall_s = stall_s
        self._to_call: dict[Callable[[], None], None] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._stall = Stall(self.transport, self._stall_s)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stall.end()
        self._to_call.clear()
        if self._cut is not None:
            self._cut.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall.begin()

    def resume_writing(self) -> None:
        self._stall.end()
        super().resume_writing()
        to_call, self._to_call = self._to_call, {}
        for call in to_call:
            self.loop.call_soon(call)

    def keepalive_timeout(self) -> None:
        """Cuts a client that answers no ping. Uvicorn's 1011 would tell one that wakes up later,
        as a frozen tab does, not to come again."""
        self.transport.abort()

    @property
    def is_writable(self) -> bool:
        """Whether the client has taken most of what was sent before."""
        return self.writable.is_set()

    def write(self, frame: bytes) -> None:
        """Send a whole frame; nothing where the socket is closing."""
        if not (self.close_sent or self.disconnected or self.transport.is_closing()):
            self.transport.write(frame)

    def once_writable(self, call: Callable[[], None]) -> None:
        """Call this when the client has taken most of what was sent."""
        self._to_call[call] = None

    def never_mind(self, call: Callable[[], None]) -> None:
        """Do not call this, if it was to be called."""
        self._to_call.pop(call, None)

    async def run_asgi(self) -> None:
        scope = cast(dict[str, Any], self.scope)
        scope["extensions"][ABORT] = {"abort": self.transport.abort}
        scope["extensions"][FRAMES] = self
        await super().run_asgi()
        if not self.disconnected:
            self._cut = self.loop.call_later(self.close_timeout + 1, self.transport.abort)

    async def send(self, message: Any) -> None:
        """As uvicorn's; a socket that the other side has ended is gone, not a mistake here."""
        try:
            await super().send(message)
        except RuntimeError:
            if self.close_sent:
                raise ClientDisconnected from None
            raise


def _keep_little_unsent(transport: asyncio.Transport) -> None:
    """Where the system can: a TCP connection takes more only when little is left to be sent."""
    connection = transport.get_extra_info("socket")
    if connection is None or connection.family not in (socket.AF_INET, socket.AF_INET6):
        return
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES_MAX)
