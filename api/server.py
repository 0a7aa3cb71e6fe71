"""Uvicorn as Headrace runs it: bounded in what it waits for, and drained before it stops."""

import signal
import socket
from functools import partial
from types import FrameType
from typing import Any, cast

import uvicorn
from starlette.applications import Starlette

from api.connections import Connections
from api.protocols import HttpProtocol, WebSocketProtocol
from api.settings import Settings

__all__ = ["Server", "create_server"]


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
    stall_s = settings.send_timeout_s
    http = partial(HttpProtocol, stall_s=stall_s, header_s=settings.receive_timeout_s)
    ws = partial(WebSocketProtocol, stall_s=stall_s)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=cast(Any, http),
        ws=cast(Any, ws),
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
