"""What a process knows of one collection in its database: what changed lately, and what is held."""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import aclosing
from typing import Any

from pymongo.errors import PyMongoError

from readmodels.mongo_client import Database
from readmodels.mongo_held import Held
from readmodels.mongo_stream import HistoryLost, Seen, history, is_lost
from readmodels.mongo_values import Records
from readmodels.mongo_writes import Commits
from readmodels.store import Change, Place

RECENT_CHANGES_MAX = 5_000
"""How many changes of a collection are kept in memory for those who come back."""
HISTORY_DOCUMENTS_MAX = 50_000
"""How many documents may have changed since a cursor; beyond that a snapshot is less work."""
HISTORY_S_MAX = 10.0

Merged = dict[str, Change[Any]]


class Shelf:
    """A collection as this process follows it, from the making that the token names."""

    def __init__(
        self, records: Records[Any], token: str, commits: Commits, checkpoint: Mapping[int, int]
    ) -> None:
        self.records = records
        self.commits = commits
        self.token = token
        self.prepared_at = 0
        """A mark by which it was made."""
        self.is_built = False
        """Whether it was ever built to the end, as far as this process knows."""
        self.is_told = False
        """Whether it was at the feed's position: nobody is told of one that is being built."""
        self.is_gone = False
        """Whether it was dropped."""
        self.held = Held(checkpoint)
        self.recent: deque[Seen] = deque()
        """What changed lately, told or held."""
        self.reaches = 0
        """Every change with a higher mark, up to the feed's position, stands in `recent`."""
        self.reading = asyncio.Lock()

    def begin_at(self, mark: int) -> None:
        """Forget what is recent, and what is held."""
        self.recent.clear()
        self.held = Held({})
        self.reaches = mark

    def begin_told(self, checkpoint: Mapping[int, int]) -> None:
        """It was built up to this checkpoint: what changes from now on is told."""
        self.is_built = self.is_told = True
        self.held = Held(checkpoint)

    def keep(self, seen: Seen, at: float) -> None:
        """Take in a change that came at this time, in seconds of a monotonic clock."""
        self.held.take(seen, at)
        self.recent.append(seen)
        if len(self.recent) > RECENT_CHANGES_MAX:
            self.reaches = self.recent.popleft().mark


def begin_of(place: Place) -> int:
    """The mark up to which all was told at the place."""
    return min(place.above, place.mark) if place.covered else place.mark


def merge(merged: Merged, place: Place, changes: Iterable[Seen]) -> None:
    """Take in what was not told at the place: each document as it was first and is last."""
    for each in changes:
        if not each.is_told(place):
            change = each.change
            first = merged.get(change.id)
            before = first.before if first else change.before
            merged[change.id] = Change(change.id, before, change.after)


async def changed_ahead(database: Database, shelf: Shelf, place: Place) -> Merged | None:
    """What had not been told at a place that this process has not come to, up to its mark.

    None where the history is gone, or too long.
    """
    merged: Merged = {}
    is_read = await _read(database, shelf, place, begin_of(place), place.mark, merged, [])
    return merged if is_read else None


async def changed_earlier(database: Database, shelf: Shelf, place: Place) -> Merged | None:
    """What changed from the place up to where the recent begins, which takes it in if it can.

    None where the history is gone, or too long.
    """
    merged: Merged = {}
    listed: list[Seen] = []
    room = RECENT_CHANGES_MAX - len(shelf.recent)
    begin = read_to = begin_of(place)
    while read_to < shelf.reaches:  # which moves on while it is read
        end = shelf.reaches
        if not await _read(database, shelf, place, read_to, end, merged, listed):
            return None
        read_to = end
    if len(listed) > room:
        return merged
    shelf.recent.extendleft(reversed(listed))
    shelf.reaches = begin
    return {}


async def _read(
    database: Database,
    shelf: Shelf,
    place: Place,
    after: int,
    end: int,
    merged: Merged,
    listed: list[Seen],
) -> bool:
    """Merge what the server tells from one mark to another, and list it; whether that could be."""
    try:
        async with asyncio.timeout(HISTORY_S_MAX):
            async with aclosing(
                history(database, shelf.records, shelf.token, after, end)
            ) as changes:
                async for each in changes:
                    if each is None:
                        merged.clear()
                        listed.clear()
                        continue
                    merge(merged, place, [each])
                    if len(listed) <= RECENT_CHANGES_MAX:
                        listed.append(each)
                    if len(merged) > HISTORY_DOCUMENTS_MAX:
                        return False
    except (TimeoutError, HistoryLost):
        return False
    except PyMongoError as fault:
        if is_lost(fault):
            return False
        raise
    return True
