"""A client of graphql-transport-ws without a task: it counts frames by their length alone."""

import asyncio
import json
import struct
from collections.abc import Sequence
from time import perf_counter
from typing import Any

SUBPROTOCOL = "graphql-transport-ws"
_TEXT = 0x81
_SHOWN_MAX = 300


class Crowd:
    """Clients together: what has come to all of them, and what is waited for."""

    def __init__(self) -> None:
        self.messages = 0
        self.latest_at = 0.0
        """When the latest message came."""
        self.keeps = False
        """Whether each client keeps its latest message, to have it decoded."""
        self._target = 0
        self._reached: asyncio.Future[float] | None = None
        self._fault = ""

    def came(self, messages: int) -> None:
        """So many more have come."""
        self.messages += messages
        self.latest_at = perf_counter()
        if self._reached is not None and self.messages >= self._target:
            self._reached.set_result(self.latest_at)
            self._reached = None

    def failed(self, why: str) -> None:
        """What is counted is worth nothing."""
        self._fault = self._fault or why
        if self._reached is not None:
            self._reached.set_exception(RuntimeError(why))
            self._reached = None

    def until(self, messages: int) -> asyncio.Future[float]:
        """When that many have come in all. Raises RuntimeError where a client fails before."""
        reached: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        if self._fault:
            reached.set_exception(RuntimeError(self._fault))
        elif self.messages >= messages:
            reached.set_result(self.latest_at)
        else:
            self._target, self._reached = messages, reached
        return reached

    def check(self) -> None:
        """Raise RuntimeError where a client has failed."""
        if self._fault:
            raise RuntimeError(self._fault)


class Client(asyncio.Protocol):
    """One socket: the handshake, `connection_init`, then what comes is counted."""

    __slots__ = ("_crowd", "_host", "_is_open", "_kept", "_transport", "kept")

    def __init__(self, crowd: Crowd, host: str) -> None:
        self._crowd = crowd
        self._host = host
        self._is_open = False
        self._kept = b""
        self._transport: asyncio.WriteTransport | None = None
        self.kept = b""
        """Its latest message, where the crowd keeps them."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a connection's is one that writes
        # The key is the same for all: nothing here depends on it, and the server answers it alike.
        head = (
            f"GET /graphql HTTP/1.1\r\nHost: {self._host}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n"
        )
        self._write(head.encode())

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.failed(f"the server has closed a socket: {exc}")

    def subscribe(self, frames: bytes) -> None:
        """Send what `subscriptions` made."""
        self._write(frames)

    def data_received(self, data: bytes) -> None:
        if self._kept:
            data = self._kept + data
            self._kept = b""
        if not self._is_open:
            data = self._opened(data)
        at, size, messages = 0, len(data), 0
        while size - at >= 2:
            length, start = data[at + 1], at + 2
            if length > 125:
                start += 2 if length == 126 else 8
                if start > size:
                    break
                length = int.from_bytes(data[at + 2 : start], "big")
            if start + length > size:
                break
            if data[at] != _TEXT:
                self._crowd.failed(f"no text frame: {data[at : at + _SHOWN_MAX]!r}")
            if self._crowd.keeps:
                self.kept = data[start : start + length]
            at = start + length
            messages += 1
        if at < size:
            self._kept = data[at:]
        if messages:
            self._crowd.came(messages)

    def _opened(self, data: bytes) -> bytes:
        """What follows the head of the handshake's answer."""
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end:
            self._kept = data
            return b""
        if not head.startswith(b"HTTP/1.1 101"):
            self._crowd.failed(data[:_SHOWN_MAX].decode("utf-8", "replace"))
        self._is_open = True
        self._write(frame({"type": "connection_init"}))
        return rest

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)


def subscriptions(client: int, text: str, variables: Sequence[dict[str, Any]]) -> bytes:
    """The frames of a client's subscriptions, each under an id as the npm clients make them."""
    return b"".join(
        frame(
            {
                "id": subscription_id(client, number),
                "type": "subscribe",
                "payload": {"query": text, "variables": each},
            }
        )
        for number, each in enumerate(variables)
    )


def subscription_id(client: int, number: int) -> str:
    """A text in the form of a UUID, which no other subscription has."""
    return f"{client:08x}-0000-4000-8000-{number:012x}"


def frame(message: dict[str, Any]) -> bytes:
    """A client's text frame; its mask is four zeros, so that the text stays as it is."""
    text = json.dumps(message, separators=(",", ":")).encode()
    if len(text) < 126:
        head = struct.pack("!BB", _TEXT, 0x80 | len(text))
    else:
        head = struct.pack("!BBH", _TEXT, 0x80 | 126, len(text))
    return head + b"\0\0\0\0" + text
