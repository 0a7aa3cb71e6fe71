"""How far a collection is: its first build, and its checkpoint for whoever waits for it."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping, Set
from contextlib import asynccontextmanager
from typing import Any

from readmodels.composition import Collection
from readmodels.feed import Feed
from readmodels.standing import Standing
from readmodels.store import Progress, Store

SAVE_S = 0.03
"""How long a checkpoint without documents waits for the next, where others wait for it."""
RETRY_S = 0.5

_logger = logging.getLogger("headrace.projector")


class Reached:
    """What one projector has reached of its collection, beside what others have."""

    def __init__(
        self, collection: Collection[Any], store: Store, feed: Feed, standing: Standing
    ) -> None:
        self.partitions: Set[int] | None = None
        """Those that are folded here; None for all."""
        self.is_built = True
        self.is_unsaved = asyncio.Event()
        """Whether events were folded that came to no document, and the store does not know."""
        self._collection = collection
        self._store = store
        self._feed = feed
        self._standing = standing
        self._goal: Mapping[int, int] = {}

    def begin(self, progress: Progress, goal: Mapping[int, int]) -> None:
        """Go on from where the collection is; it is built when it shows all up to the goal."""
        self._standing.checkpoint = dict(progress.checkpoint)
        self.is_built = progress.is_built
        self._goal = goal
        self.is_unsaved.clear()

    @asynccontextmanager
    async def kept_saved(self) -> AsyncGenerator[None]:
        """While the context lasts, the store soon knows of what came to no document."""
        saving = asyncio.create_task(self._keep_saved())
        try:
            yield
        finally:
            saving.cancel()
            await asyncio.wait([saving])

    async def _keep_saved(self) -> None:
        """Write checkpoints that no document came with, where other processes wait for them."""
        while True:
            await self.is_unsaved.wait()
            await asyncio.sleep(SAVE_S)
            checkpoint = dict(self._standing.checkpoint)
            try:
                await self._store.commit(
                    self._collection, [], checkpoint=checkpoint, is_built=self.is_built
                )
                if checkpoint == self._standing.checkpoint:
                    self.is_unsaved.clear()
                await self.finish_building()
            except Exception as fault:
                _logger.warning("%s cannot save how far it is: %s", self._collection.name, fault)
                self._standing.last_error = f"{type(fault).__name__}: {fault}"
                await asyncio.sleep(RETRY_S)

    async def finish_building(self) -> None:
        """A collection's first build is over when it shows all that the log held at the start.

        Where several processes build it, whoever is last to come there says so.
        """
        if self.is_built:
            return
        seen = self._standing.checkpoint
        mine = {each: end for each, end in self._goal.items() if self.is_mine(each)}
        if any(seen.get(partition, -1) < end for partition, end in mine.items()):
            done = sum(min(seen.get(each, -1), end) + 1 for each, end in mine.items())
            total = sum(end + 1 for end in mine.values())
            self._feed.building(self._collection, f"({100 * done // total} %)")
            return
        if self._store.is_shared:
            progress = await self._store.progress(self._collection)
            self.is_built = progress.is_built
            seen = {**progress.checkpoint, **{each: seen[each] for each in mine}}
            is_whole = all(seen.get(each, -1) >= end for each, end in self._goal.items())
            if not (self.is_built or is_whole):
                return
        if not self.is_built:
            await self._store.commit(self._collection, [], checkpoint=seen, is_built=True)
        self.is_built = True
        self._feed.built(self._collection)

    def is_mine(self, partition: int) -> bool:
        return self.partitions is None or partition in self.partitions
