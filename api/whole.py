"""Whole requests and answers over HTTP: a small body taken at once, an answer in one write."""

from collections.abc import MutableMapping
from typing import Any, Protocol

__all__ = ["WHOLE", "Whole", "whole_of"]

WHOLE = "headrace.whole"
"""The ASGI extension by which `api/protocols.py` lends whole requests and answers."""


class Whole(Protocol):
    """The requests and answers of one connection."""

    def body(self, scope: MutableMapping[str, Any]) -> bytes | bytearray | None:
        """Take the body of the scope's request; None where not all of it has come."""
        ...

    def answer(self, scope: MutableMapping[str, Any], head: bytes, body: bytes) -> bool:
        """Answer the scope's request by 200, these lines of the header, and this body.

        False where nothing was done: the answer is to be sent as ASGI has it.
        """
        ...


def whole_of(scope: MutableMapping[str, Any]) -> Whole | None:
    """What the server lends of it; None where it lends nothing."""
    whole: Whole | None = scope.get("extensions", {}).get(WHOLE)
    return whole
