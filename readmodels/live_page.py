"""Pages that stay right in memory: what enters, moves or leaves is worked out there."""

import asyncio
from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from typing import Any

from readmodels.composition import Collection
from readmodels.live_state import LiveState, is_same, sides
from readmodels.query import By, Page, Query, Where, comparable
from readmodels.store import Change, Store

__all__ = ["LivePage"]

SPARE_DOCUMENTS = 20
"""How many documents a page keeps beyond its end, at least, to fill it up without asking."""


class LivePage(LiveState):
    """The first documents of an order, with some beyond them; the store is asked when those end."""

    def __init__(
        self,
        collection: Collection[Any],
        where: Where,
        store: Store,
        turns: asyncio.Semaphore,
        query: Query,
        *,
        with_total: bool,
    ) -> None:
        super().__init__(collection, where, store, turns)
        self._query = query
        self._with_total = with_total
        self._size = query.first + 1 + max(SPARE_DOCUMENTS, query.first)
        self._key = _key_of(query.terms)
        self._window: list[tuple[Any, Any]] = []
        self._keys: dict[str, Any] = {}
        self._is_whole = False
        self._total: int | None = None

    async def _read(self) -> int:
        query = Query(where=self._where, order=self._query.order, first=self._size)
        found, self._total, mark = await self._store.page(
            self.collection, query, with_total=self._with_total
        )
        self._window = [(self._key(each), each) for each in found]
        self._keys = {each.id: key for key, each in self._window}
        self._is_whole = len(found) < self._size
        return mark

    def _applied(self, change: Change[Any]) -> bool:
        was_in, is_in = sides(self._holds, change)
        if self._total is not None:
            self._total += is_in - was_in
        key = self._keys.pop(change.id, None)
        if key is not None:
            del self._window[bisect_left(self._window, key, key=_first)]
        if is_in:
            key = self._key(change.after)
            if self._is_whole or (self._window and key < self._window[-1][0]):
                insort(self._window, (key, change.after), key=_first)
                self._keys[change.id] = key
        while len(self._window) > 2 * self._size:
            _, last = self._window.pop()
            del self._keys[last.id]
            self._is_whole = False
        return True

    def _is_enough(self) -> bool:
        return self._is_whole or len(self._window) > self._query.first

    def _shown(self) -> Page[Any]:
        first = self._query.first
        return Page(
            documents=tuple(each for _, each in self._window[:first]),
            query=self._query,
            has_next=len(self._window) > first or not self._is_whole,
            total=self._total,
        )

    def _is_as_before(self, value: Page[Any]) -> bool:
        known: Page[Any] = self.value
        return (
            (known.has_next, known.total) == (value.has_next, value.total)
            and len(known.documents) == len(value.documents)
            and all(map(is_same, known.documents, value.documents))
        )


def _first(entry: tuple[Any, Any]) -> Any:
    return entry[0]


class _Down:
    """A value whose order is turned round."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Down) and bool(self.value == other.value)

    def __lt__(self, other: "_Down") -> bool:
        return bool(other.value < self.value)

    __hash__ = None  # type: ignore[assignment]  # it is only compared


def _key_of(terms: Sequence[By]) -> Callable[[Any], Any]:
    """What sorts as the order does: documents without a value first, with `descending` last."""

    def key(document: Any) -> Any:
        made: list[Any] = []
        for by in terms:
            value = getattr(document, by.field)
            rank = (value is not None, 0 if value is None else comparable(value))
            made.append(_Down(rank) if by.descending else rank)
        return tuple(made)

    return key
