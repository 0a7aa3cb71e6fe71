"""Text frames written straight to a WebSocket's transport: for what goes to very many at once."""

from collections.abc import Callable, MutableMapping
from typing import Any, Protocol

__all__ = ["FRAMES", "Frames", "frame_of", "frames_of"]

FRAMES = "headrace.frames"
"""The ASGI extension by which `api/protocols.py` lends a WebSocket's frames."""

_TEXT = 0x81
_LENGTH_16, _LENGTH_64 = 126, 127


class Frames(Protocol):
    """The frames of one WebSocket."""

    @property
    def is_writable(self) -> bool:
        """Whether the client has taken most of what was sent before, and may be sent more."""
        ...

    def write(self, frame: bytes) -> None:
        """Send a whole frame; nothing where the socket is closing."""
        ...

    def once_writable(self, call: Callable[[], None]) -> None:
        """Call this when the client has taken most of what was sent; never where it is gone."""
        ...

    def never_mind(self, call: Callable[[], None]) -> None:
        """Do not call this, if it was to be called."""
        ...


def frames_of(scope: MutableMapping[str, Any]) -> Frames | None:
    """The frames of the scope's WebSocket; None where the server lends none."""
    frames: Frames | None = scope.get("extensions", {}).get(FRAMES)
    return frames


def frame_of(*parts: bytes) -> bytes:
    """A text frame, as a server sends it (RFC 6455, 5.2), of a message given in parts."""
    length = sum(map(len, parts))
    if length < _LENGTH_16:
        head = bytes((_TEXT, length))
    elif length < 1 << 16:
        head = bytes((_TEXT, _LENGTH_16)) + length.to_bytes(2, "big")
    else:
        head = bytes((_TEXT, _LENGTH_64)) + length.to_bytes(8, "big")
    return b"".join((head, *parts))
