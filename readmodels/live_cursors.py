"""The cursors of a set whose changes are followed: where a client stands in them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from typing import Any

import msgspec

from readmodels.composition import Collection
from readmodels.documents import BadCursor
from readmodels.query import Where
from readmodels.store import Place, Store

__all__ = ["Cursors"]


class _Cursor(msgspec.Struct, array_like=True, frozen=True):
    """Where a live set stands: its collection, a digest of its condition, and the store's cursor.

    `place` is None within a snapshot, from where only a new snapshot can go on.
    """

    collection: str
    condition: str
    place: str | None


class Cursors:
    """The cursors of one collection and condition."""

    def __init__(self, collection: Collection[Any], where: Where, store: Store) -> None:
        self._collection = collection
        self._store = store
        self._name = f"{collection.name}.{collection.version}"
        self._condition = blake2b(repr(where).encode(), digest_size=6).hexdigest()

    def at(self, place: int | Place | None) -> str:
        """The cursor at a mark, or a place; without one, that of a snapshot under way."""
        stands = None if place is None else self._store.cursor(place)
        text = msgspec.json.encode(_Cursor(self._name, self._condition, stands))
        return urlsafe_b64encode(text).rstrip(b"=").decode()

    def place(self, since: str) -> str | None:
        """The store's cursor in a client's; None where only a snapshot can go on from it.

        Raises BadCursor where it is none that this document's changes gave out.
        """
        try:
            cursor = msgspec.json.decode(
                urlsafe_b64decode(since.encode() + b"=" * (-len(since) % 4)), type=_Cursor
            )
        except (ValueError, msgspec.MsgspecError):
            raise BadCursor("not a cursor of a subscription to changes") from None
        name, _, _ = cursor.collection.rpartition(".")
        if name != self._collection.name:
            raise BadCursor(f"a cursor of {name[:60] or 'something else'}, not of {self._name}")
        is_of_set = cursor.collection == self._name and cursor.condition == self._condition
        return cursor.place if is_of_set else None
