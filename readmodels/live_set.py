"""One watched set of documents: its snapshot, its changes, and the cursors between them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncGenerator, Callable, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from readmodels.composition import Collection
from readmodels.documents import BadCursor, Changes, TooMany
from readmodels.feed import Mailbox
from readmodels.query import Where, predicate
from readmodels.store import Change, Store

CHUNK_DOCUMENTS_MAX = 500
SET_DOCUMENTS_MAX = 100_000


class _Cursor(msgspec.Struct, array_like=True, frozen=True):
    """Where a live set stands: its collection, a digest of its condition, and the store's cursor.

    `place` is None within a snapshot, from where only a new snapshot can go on.
    """

    collection: str
    condition: str
    place: str | None


class LiveSet:
    """One watched set: its snapshot, its changes, and the cursors between them."""

    def __init__(self, collection: Collection[Any], where: Where, store: Store) -> None:
        self._collection = collection
        self._where = where
        self._holds = predicate(where)
        self._store = store
        self._name = f"{collection.name}.{collection.version}"
        self._condition = blake2b(repr(where).encode(), digest_size=6).hexdigest()

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

    def _cursor(self, mark: int | None) -> str:
        place = None if mark is None else self._store.cursor(mark)
        text = msgspec.json.encode(_Cursor(self._name, self._condition, place))
        return urlsafe_b64encode(text).rstrip(b"=").decode()

    async def resume(self, place: str) -> tuple[Changes[Any], int] | None:
        """What changed after a cursor, and the mark it is true at; None where history is gone."""
        try:
            known = await self._store.since(self._collection, place)
        except ValueError as fault:
            raise BadCursor(str(fault)) from None
        if known is None:
            return None
        changes, mark = known
        return self.changes(changes, mark), mark

    async def snapshot(self, mailbox: Mailbox) -> AsyncGenerator[Changes[Any], None]:
        """The whole set as it is now, in chunks; the mailbox goes on from there."""
        found, mark = await self._store.snapshot(
            self._collection, self._where, SET_DOCUMENTS_MAX + 1
        )
        if len(found) > SET_DOCUMENTS_MAX:
            raise TooMany(
                f"more than {SET_DOCUMENTS_MAX:,} documents match: narrow the filter to watch them"
            )
        mailbox.start_above(mark)
        starts = range(0, max(len(found), 1), CHUNK_DOCUMENTS_MAX)
        for start in starts:
            is_last = start == starts[-1]
            yield Changes(
                cursor=self._cursor(mark if is_last else None),
                reset=start == 0,
                more=not is_last,
                entered=tuple(found[start : start + CHUNK_DOCUMENTS_MAX]),
                changed=(),
                left=(),
            )

    def changes(self, changes: Sequence[Change[Any]], mark: int) -> Changes[Any]:
        """What the changes mean for this set."""
        entered: list[Any] = []
        changed: list[Any] = []
        left: list[str] = []
        for change in changes:
            before, after = change.before, change.after
            was_in = before is not None and self._holds(before)
            is_in = after is not None and self._holds(after)
            if is_in and not was_in:
                entered.append(after)
            elif is_in and not is_same(before, after):
                changed.append(after)
            elif was_in and not is_in:
                left.append(change.id)
        return Changes(
            cursor=self._cursor(mark),
            reset=False,
            more=False,
            entered=tuple(entered),
            changed=tuple(changed),
            left=tuple(left),
        )


def is_same(one: object, other: object) -> bool:
    """Whether a client would see no difference: 1.0 and 1.00 are equal and not the same."""
    return one == other and repr(one) == repr(other)


def touches(where: Where) -> Callable[[Change[Any]], bool]:
    """Whether a change may concern the set: the document is in it before or after."""
    holds = predicate(where)

    def touched(change: Change[Any]) -> bool:
        before, after = change.before, change.after
        return (after is not None and holds(after)) or (before is not None and holds(before))

    return touched
