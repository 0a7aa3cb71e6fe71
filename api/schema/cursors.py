"""Cursors of lists: a document's place in an order, exact, and of use in that order only."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from functools import lru_cache
from typing import Any, get_type_hints
from zlib import crc32

import msgspec

from api.schema.inputs import Wrong
from readmodels.query import By, Query, place

__all__ = ["Cursors"]

_ORDERS_KEPT = 256
_encode = msgspec.json.Encoder().encode


class Cursors:
    """The cursors of one document class.

    A cursor is base64url of a JSON list: a fingerprint of document and order, then the values
    that `readmodels.query.place` gives, read back by the types of their fields.
    """

    def __init__(self, cls: type[Any]) -> None:
        self._name = cls.__name__
        self._hints = get_type_hints(cls)
        self._decoder = lru_cache(maxsize=_ORDERS_KEPT)(self._make_decoder)

    def writer(self, query: Query) -> Callable[[object], str]:
        """What writes the cursor of a document in the query's order."""
        fingerprint = self._fingerprint(query.terms)

        def write(document: object) -> str:
            text = _encode((fingerprint, *place(query, document)))
            return urlsafe_b64encode(text).rstrip(b"=").decode()

        return write

    def read(self, query: Query, cursor: str) -> tuple[Any, ...]:
        """What `Query.after` takes. Raises Wrong where the cursor is none of this order."""
        try:
            text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            fingerprint, *values = self._decoder(query.terms).decode(text)
        except (binascii.Error, ValueError, msgspec.DecodeError):
            fingerprint, values = None, []
        if fingerprint != self._fingerprint(query.terms):
            raise Wrong(f"is no cursor of {self._name} in this order; start without one")
        return tuple(values)

    def _fingerprint(self, terms: tuple[By, ...]) -> int:
        order = "".join(f" {'-' if by.descending else '+'}{by.field}" for by in terms)
        return crc32(f"{self._name}{order}".encode())

    def _make_decoder(self, terms: tuple[By, ...]) -> msgspec.json.Decoder[tuple[Any, ...]]:
        types = (int, *(self._hints[by.field] for by in terms))
        return msgspec.json.Decoder(tuple[types])  # type: ignore[valid-type]
