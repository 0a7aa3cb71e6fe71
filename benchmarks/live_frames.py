"""The second limit of live queries: a frame built once, written straight to every transport.

It speaks just as much of HTTP, WebSocket and graphql-transport-ws as its clients need. A change is
a request that it answers at once, and then it writes; what a client does not read grows here.
"""

import asyncio
import base64
import gc
import hashlib
import struct
import sys
from pathlib import Path

import uvloop

from benchmarks.live_bare import ANSWER

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY = b"sec-websocket-key:"
_ACCEPTED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(ANSWER),
    ANSWER,
)


class Board:
    """The frame, and whom it is sent to."""

    def __init__(self, text: str) -> None:
        self.frame = frame(text.encode())
        self.watching: set[asyncio.WriteTransport] = set()

    def broadcast(self) -> None:
        """Send it to all."""
        for each in self.watching:
            each.write(self.frame)


class Connection(asyncio.Protocol):
    """A socket that watches, or a connection that makes changes."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._is_socket = False
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a connection's is one that writes

    def connection_lost(self, exc: Exception | None) -> None:
        assert self._transport is not None
        self._board.watching.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._received += data
        if self._is_socket:
            self._read_frames(self._transport)
        elif self._received.startswith(b"POST"):
            if _is_whole(self._received):
                self._received = b""
                self._transport.write(_ACCEPTED)
                asyncio.get_running_loop().call_soon(self._board.broadcast)
        elif self._received.endswith(b"\r\n\r\n"):
            self._transport.write(_handshake(self._received))
            self._received, self._is_socket = b"", True

    def _read_frames(self, transport: asyncio.WriteTransport) -> None:
        texts, self._received = _frames(self._received)
        for each in texts:
            if b'"connection_init"' in each:
                transport.write(frame(b'{"type":"connection_ack"}'))
            elif b'"subscribe"' in each:
                self._board.watching.add(transport)
                transport.write(self._board.frame)


def frame(text: bytes) -> bytes:
    """A server's text frame."""
    size = len(text)
    if size < 126:
        return struct.pack("!BB", 0x81, size) + text
    if size < 1 << 16:
        return struct.pack("!BBH", 0x81, 126, size) + text
    return struct.pack("!BBQ", 0x81, 127, size) + text


def _frames(received: bytes) -> tuple[list[bytes], bytes]:
    """The texts of whole frames, and what is left; none of its clients sends one of 64 KiB."""
    texts: list[bytes] = []
    at = 0
    while len(received) >= at + 8:
        size, start = received[at + 1] & 0x7F, at + 2
        if size == 126:
            size, start = int.from_bytes(received[start : start + 2], "big"), start + 2
        mask, end = received[start : start + 4], start + 4 + size
        if len(received) < end:
            break
        masked = received[start + 4 : end]
        texts.append(bytes(byte ^ mask[i % 4] for i, byte in enumerate(masked)))
        at = end
    return texts, received[at:]


def _is_whole(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    length = _header(head, b"content-length:")
    return bool(end) and len(body) >= int(length)


def _handshake(request: bytes) -> bytes:
    digest = hashlib.sha1(_header(request, _KEY) + _GUID, usedforsecurity=False).digest()
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
    )


def _header(head: bytes, name: bytes) -> bytes:
    lines = [each for each in head.split(b"\r\n") if each.lower().startswith(name)]
    return lines[0][len(name) :].strip()


async def _main(text: str) -> None:
    board = Board(text)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(board), "127.0.0.1", 0, backlog=2048)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    gc.collect()
    gc.freeze()
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main(Path(sys.argv[1]).read_text("utf-8")))
