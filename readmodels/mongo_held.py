"""What a process holds back of a collection, so that each commit is told as one.

A stream shows the documents of a commit one by one, then its checkpoint, and other commits in
between. A change waits until checkpoints have reached the positions of its document. A writer that
falls silent may be dead: what it wrote is then told without its checkpoint.
"""

from bisect import bisect_left
from collections.abc import Mapping
from math import inf

from readmodels.mongo_stream import Seen
from readmodels.store import Place

HELD_CHANGES_MAX = 5_000
"""More are told at once: as many as a live set takes in before it has to be read anew."""
SILENT_S_MAX = 0.25
"""Many times what a writer takes from one write to its next, and no long wait."""


class Held:
    """The changes of one collection that wait for checkpoints, and checkpoints that wait for them.

    A commit whose document another commit wrote to before, and has no checkpoint yet, waits for
    that one: a document's changes are told in their order. Commits that share no document do not
    wait for each other.
    """

    def __init__(self, checkpoint: Mapping[int, int]) -> None:
        """Begin where the collection's checkpoint is."""
        self._covered = dict(checkpoint)
        """Up to where changes are told; beyond the checkpoint where one was waited for in vain."""
        self._told = dict(checkpoint)
        self._reached: dict[int, list[int]] = {}
        """The offsets of checkpoints that came and are not told, ascending."""
        self._waiting: list[Seen] = []
        self._wrote_at: dict[int, float] = {}
        """When each partition's writer last wrote something new."""

    @property
    def first(self) -> int | None:
        """The mark of what waits longest."""
        return self._waiting[0].mark if self._waiting else None

    @property
    def silent_since(self) -> float:
        """Since when none of the writers that are waited for has been silent; infinite without."""
        awaited = {at for each in self._waiting for at in self._awaited(each)}
        return min((self._wrote_at[each] for each in awaited), default=inf)

    def take(self, seen: Seen, at: float) -> None:
        """Hold a change that came at this time, in seconds of a monotonic clock."""
        self._waiting.append(seen)
        for partition in seen.positions:
            if partition in seen.moved or partition not in self._wrote_at:
                self._wrote_at[partition] = at
        if len(self._waiting) > HELD_CHANGES_MAX:
            self.give_up(at)

    def reach(self, checkpoint: Mapping[int, int]) -> None:
        """The collection's checkpoint has come to these offsets."""
        for partition, offset in checkpoint.items():
            if offset > self._told.get(partition, -1):
                self._reached.setdefault(partition, []).append(offset)

    def give_up(self, until: float) -> None:
        """Wait no longer for writers that have been silent since this time."""
        for each in self._waiting:
            awaited = self._awaited(each).items()
            self._cover({at: end for at, end in awaited if self._wrote_at[at] <= until})

    def _awaited(self, seen: Seen) -> dict[int, int]:
        """The positions beyond what is covered."""
        covered = self._covered
        return {at: end for at, end in seen.positions.items() if end > covered.get(at, -1)}

    def _cover(self, positions: Mapping[int, int]) -> None:
        for partition, offset in positions.items():
            if offset > self._covered.get(partition, -1):
                self._covered[partition] = offset

    def told(self) -> tuple[list[Seen], dict[int, int]]:
        """What waits no longer: changes in the order of their marks, and checkpoints."""
        checkpoint = self._checkpoint()
        self._told |= checkpoint
        self._cover(checkpoint)
        freed, waiting = list[Seen](), list[Seen]()
        for each in self._waiting:
            (waiting if self._awaited(each) else freed).append(each)
        self._waiting = waiting
        return freed, checkpoint

    def _checkpoint(self) -> dict[int, int]:
        """Those of the reached checkpoints of which every document can be told."""
        if not self._reached:
            return {}
        ends = {partition: offsets[-1] for partition, offsets in self._reached.items()}
        is_settled = False
        while not is_settled:
            is_settled = True
            for seen in self._waiting:
                if not self._waits_beyond(seen, ends):
                    continue
                for partition, offset in seen.moved.items():
                    if self._told.get(partition, -1) < offset <= ends.get(partition, -1):
                        is_settled = False
                        self._end_before(partition, offset, ends)
        for partition, end in ends.items():
            self._reached[partition] = [each for each in self._reached[partition] if each > end]
        self._reached = {each: offsets for each, offsets in self._reached.items() if offsets}
        return ends

    def _waits_beyond(self, seen: Seen, ends: Mapping[int, int]) -> bool:
        return any(offset > ends.get(at, -1) for at, offset in self._awaited(seen).items())

    def _end_before(self, partition: int, offset: int, ends: dict[int, int]) -> None:
        """Let no checkpoint be told that stands for the offset."""
        offsets = self._reached[partition]
        earlier = bisect_left(offsets, offset)
        if earlier:
            ends[partition] = offsets[earlier - 1]
        else:
            del ends[partition]

    def place(self, mark: int) -> Place:
        """Where the feed stands when it has told all up to the mark but what waits."""
        if not self._waiting:
            return Place(mark)
        awaited = {at for each in self._waiting for at in self._awaited(each)}
        covered = {each: self._covered.get(each, -1) for each in awaited}
        return Place(mark, self._waiting[0].mark - 1, covered)
