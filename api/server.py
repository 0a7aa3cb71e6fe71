"""Uvicorn as Headrace runs it: bounded in what it waits for, and drained before it stops."""

import asyncio
import signal
import socket
from types import FrameType
from typing import Any, cast

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from api.aborting import ABORT
from api.connections import Connections
from api.settings import Settings

__all__ = ["Server", "create_server"]

HEADER_BYTES_MAX = 65536
HEADERS_S = 20.0
CUT_AFTER_S = 15.0
"""Longer than uvicorn waits for a close frame; then a client that reads nothing is cut."""


class Server(uvicorn.Server):
    """Lets every long-lived connection leave before it waits for the rest."""

    def __init__(self, config: uvicorn.Config, connections: Connections, drain_s: float) -> None:
        super().__init__(config)
        self._connections = connections
        self._drain_s = drain_s

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop at a signal, and let whoever runs the server go on to close what it opened.

        Uvicorn would raise the signal once more at the end, and so end the process there.
        """
        del frame
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    @property
    def addresses(self) -> list[str]:
        """Where the server listens, once it has started: `http://127.0.0.1:8000`."""
        names = [each.getsockname() for server in self.servers for each in server.sockets]
        return [
            f"http://[{name[0]}]:{name[1]}" if ":" in name[0] else f"http://{name[0]}:{name[1]}"
            for name in names
        ]

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Takes no new connections, closes the sockets and streams, then stops as uvicorn does."""
        for each in self.servers:
            each.close()
        await self._connections.drain(self._drain_s)
        await super().shutdown(sockets)


def create_server(app: Starlette, settings: Settings) -> Server:
    """The server of an application on the host and port of the settings."""
    ping_s = settings.ping_interval_s or None
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=HttpProtocol,
        ws=WebSocketProtocol,
        ws_max_size=settings.body_bytes_max,
        ws_ping_interval=ping_s,
        ws_ping_timeout=ping_s,
        ws_per_message_deflate=False,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=settings.connections_max + settings.requests_max,
        timeout_graceful_shutdown=max(1, round(settings.drain_s_max)),
    )
    connections = cast(Connections, app.state.connections)
    return Server(config, connections, settings.drain_s_max)


class HttpProtocol(HttpToolsProtocol):
    """HTTP/1.1 where a client must send its header in time and within a size."""

    _waiting: asyncio.TimerHandle | None = None
    _header_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        super().connection_made(transport)
        self._await_header()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._header_bytes = 0
        scope = cast(dict[str, Any], self.scope)
        scope["extensions"] = {ABORT: {"abort": self.transport.abort}}
        self._await_header()

    def on_url(self, url: bytes) -> None:
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(name + value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    def _count(self, data: bytes) -> None:
        self._header_bytes += len(data)
        if self._header_bytes > HEADER_BYTES_MAX:
            raise ValueError("The header is too long")  # the parser turns it into a 400

    def _await_header(self) -> None:
        self._stop_waiting()
        self._waiting = self.loop.call_later(HEADERS_S, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """WebSockets whose handler may cut them, and that do not wait for ever to be read out."""

    _cut: asyncio.TimerHandle | None = None

    async def run_asgi(self) -> None:
        scope = cast(dict[str, Any], self.scope)
        scope["extensions"][ABORT] = {"abort": self.transport.abort}
        await super().run_asgi()
        if not self.disconnected:
            self._cut = self.loop.call_later(CUT_AFTER_S, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._cut is not None:
            self._cut.cancel()
        super().connection_lost(exc)
