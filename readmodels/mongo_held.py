"""What a process holds back of a collection, so that each commit is told as one.

A stream shows the documents of a commit one by one, then its checkpoint, and other commits in
between. A change waits until checkpoints have reached the positions of its document. Where they
have not for too long they may never, as their writer is dead: it is told without them.
"""

from bisect import bisect_left
from collections.abc import Mapping
from typing import NamedTuple

from readmodels.mongo_stream import Seen
from readmodels.store import Place

HELD_CHANGES_MAX = 5_000
"""More are told at once: as many as a live set takes in before it has to be read anew."""
HELD_S_MAX = 0.25
"""Many times what a writer takes from its first document to its checkpoint, and no long wait."""


class _Waiting(NamedTuple):
    seen: Seen
    came_at: float


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
        self._waiting: list[_Waiting] = []

    @property
    def first(self) -> tuple[int, float] | None:
        """The mark of what waits longest, and when it came."""
        return (self._waiting[0].seen.mark, self._waiting[0].came_at) if self._waiting else None

    def take(self, seen: Seen, at: float) -> None:
        """Hold a change that came at this time, in seconds of a monotonic clock."""
        self._waiting.append(_Waiting(seen, at))
        if len(self._waiting) > HELD_CHANGES_MAX:
            self.give_up(at)

    def reach(self, checkpoint: Mapping[int, int]) -> None:
        """The collection's checkpoint has come to these offsets."""
        for partition, offset in checkpoint.items():
            if offset > self._told.get(partition, -1):
                self._reached.setdefault(partition, []).append(offset)

    def give_up(self, until: float) -> None:
        """Wait no longer for the checkpoints of what came up to this time."""
        for each in self._waiting:
            if each.came_at > until:
                break
            self._cover(each.seen.positions)

    def _cover(self, positions: Mapping[int, int]) -> None:
        for partition, offset in positions.items():
            if offset > self._covered.get(partition, -1):
                self._covered[partition] = offset

    def told(self) -> tuple[list[Seen], dict[int, int]]:
        """What waits no longer: changes in the order of their marks, and checkpoints."""
        checkpoint = self._checkpoint()
        self._told |= checkpoint
        self._cover(checkpoint)
        freed, waiting = list[Seen](), list[_Waiting]()
        for each in self._waiting:
            if each.seen.is_within(self._covered):
                freed.append(each.seen)
            else:
                waiting.append(each)
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
            for seen, _ in self._waiting:
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
        for at, offset in seen.positions.items():
            if offset > ends.get(at, -1) and offset > self._covered.get(at, -1):
                return True
        return False

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
        covered: dict[int, int] = {}
        for seen, _ in self._waiting:
            for at, offset in seen.positions.items():
                end = self._covered.get(at, -1)
                if offset > end:
                    covered[at] = end
        return Place(mark, self._waiting[0].seen.mark - 1, covered)
