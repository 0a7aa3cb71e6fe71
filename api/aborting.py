"""Cutting a connection whose client does not read: a close would wait for it for ever."""

from collections.abc import Callable, MutableMapping
from typing import Any

__all__ = ["ABORT", "abort"]

ABORT = "headrace.abort"
"""The ASGI extension by which `api/server.py` lends a connection's `abort`."""


def abort(scope: MutableMapping[str, Any]) -> None:
    """Cuts the connection at once, where the server can; what was not sent is lost."""
    extension = scope.get("extensions", {}).get(ABORT)
    if extension is not None:
        cut: Callable[[], None] = extension["abort"]
        cut()
