"""The log on Kafka: events any program can read, one fenced writer for each partition."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence, Set
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import IO

import msgspec

from eventlog import kafka_follow, kafka_topics
from eventlog.directory import take_directory
from eventlog.envelope import PARTITIONS, Draft, Position, Recorded, partition_of
from eventlog.ids import new_id
from eventlog.kafka_cache import Cache, Standing
from eventlog.kafka_client import Cluster, settled
from eventlog.kafka_partition import Fenced, InDoubt, Owned, Prepared, in_order
from eventlog.kafka_records import Kept, repeat_of
from eventlog.kafka_restore import restore
from eventlog.kafka_tail import Reach, Tail
from eventlog.kafka_topics import Topics, WrongTopic
from eventlog.log import Batch, NoOp, Past, Unappendable

__all__ = ["Cluster", "Fenced", "InDoubt", "KafkaLog", "NotOwned", "WrongTopic"]

DEADLINE_S = 8.0
"""Of one append, below the dispatcher's, so that its sender hears why."""


class NotOwned(Unappendable):
    """The partition is not this process': ask its owner."""


class KafkaLog:
    """The log as one process sees it: it appends to the partitions that it owns, and follows all.

    `directory` holds the caches of the partitions; it may be thrown away between two runs.
    """

    def __init__(
        self, cluster: Cluster, prefix: str, directory: Path, partitions: int, deadline_s: float
    ) -> None:
        self.partitions = partitions
        self.owner = new_id()
        """The name of this run in the claims of its partitions."""
        self._cluster = cluster
        self._topics = Topics(prefix)
        self._directory = directory
        self._deadline_s = deadline_s
        self._owned: dict[int, Owned] = {}
        self._caches: dict[int, Cache] = {}
        self._tail: Tail | None = None
        self._lock: IO[str] | None = None

    @staticmethod
    async def open(
        cluster: Cluster,
        prefix: str,
        directory: Path,
        *,
        partitions: int = PARTITIONS,
        own: Iterable[int] | None = None,
        deadline_s: float = DEADLINE_S,
    ) -> "KafkaLog":
        """The log over the topics of this prefix, owning `own`, or all partitions.

        Raises WrongTopic where a topic is not as it must be, DirectoryTaken, and KafkaError or
        TimeoutError where Kafka cannot be reached.
        """
        await kafka_topics.ready(cluster, Topics(prefix), partitions)
        log = KafkaLog(cluster, prefix, directory, partitions, deadline_s)
        async with AsyncExitStack() as opened:
            opened.push_async_callback(log.close)
            log._lock = take_directory(directory)
            wanted = range(partitions) if own is None else own
            taking = (log.take(partition) for partition in wanted)
            for fault in await asyncio.gather(*taking, return_exceptions=True):
                if fault is not None:
                    raise fault
            opened.pop_all()
        return log

    async def close(self) -> None:
        """Finish the appends that are at work and give the partitions back."""
        await asyncio.gather(*(self.release(partition) for partition in list(self._owned)))
        for cache in self._caches.values():
            cache.close()
        if self._tail is not None:
            await self._tail.close()
        if self._lock is not None:
            self._lock.close()

    async def take(self, partition: int) -> None:
        """Become its owner: fence the one before, restore, serve. A lost one is taken anew."""
        await self.release(partition)
        owned = Owned(
            self._cluster,
            self._topics,
            partition,
            self._cache(partition),
            owner=self.owner,
            deadline_s=self._deadline_s,
        )
        try:
            await owned.take()
        except BaseException:
            await owned.close()
            raise
        self._owned[partition] = owned

    async def warm(self, partition: int) -> Standing:
        """Bring what is kept of a partition that others own to where the log is now.

        So that taking it is quick. Raises KafkaError, TimeoutError.
        """
        return await restore(self._cluster, self._topics, partition, self._cache(partition))

    def owned(self) -> Mapping[int, Owned]:
        """The partitions that this process has taken, each as it stands."""
        return self._owned

    def _cache(self, partition: int) -> Cache:
        if partition not in self._caches:
            directory = self._directory / self._topics.prefix
            self._caches[partition] = Cache(directory, partition)
        return self._caches[partition]

    async def release(self, partition: int) -> None:
        """Own it no more; the append that is at work is finished first."""
        owned = self._owned.pop(partition, None)
        if owned is not None:
            await settled(owned.close())

    async def append(self, batch: Batch) -> list[Recorded]:
        """Append all of the batch durably. Raises Unappendable: Fenced, InDoubt, NotOwned.

        One transaction for each partition of it. What the log itself refuses is refused whole;
        where Kafka fails between two of several partitions, one may stand without the other,
        and InDoubt is raised. Each command's events are in one partition, so they stay whole.
        """
        return await settled(self._append(batch))

    async def _append(self, batch: Batch) -> list[Recorded]:
        parts = self._parts(batch)
        owned = {partition: self._own(partition) for partition in sorted(parts)}
        async with AsyncExitStack() as locked:
            for each in owned.values():
                await locked.enter_async_context(each.appending)
            prepared: dict[int, Prepared] = {}
            for partition, (part, kept) in parts.items():
                prepared[partition] = owned[partition].prepare(part, kept)
                await owned[partition].serve()
                await owned[partition].refuse_repeats(part.drafts)
            done = await asyncio.gather(
                *(owned[partition].append(each) for partition, each in prepared.items()),
                return_exceptions=True,
            )
        return in_order(batch.drafts, done)

    def _parts(self, batch: Batch) -> dict[int, tuple[Batch, list[Kept]]]:
        """What each partition has of it; answers are for a batch of one partition alone."""
        drafts: defaultdict[int, list[Draft]] = defaultdict(list)
        for draft in batch.drafts:
            drafts[draft.partition].append(draft)
        kept: defaultdict[int, list[Kept]] = defaultdict(list)
        places = {(each.stream, each.version): each for each in batch.drafts}
        try:
            for no_op in batch.no_ops:
                place = partition_of(no_op.stream, self.partitions)
                kept[place].append(repeat_of(no_op, places))
            for snapshot in batch.snapshots:
                kept[partition_of(snapshot.stream, self.partitions)].append(snapshot)
        except UnicodeEncodeError as fault:
            raise Unappendable(f"the log did not take the events: {fault}") from fault
        partitions = {*drafts, *kept, *batch.partitions}
        if batch.answers is not None and len(partitions) != 1:
            raise ValueError("answers go with the transaction of one partition")
        return {
            each: (msgspec.structs.replace(batch, drafts=drafts[each]), kept[each])
            for each in partitions
        }

    def _own(self, partition: int) -> Owned:
        owned = self._owned.get(partition)
        if owned is None:
            raise NotOwned(
                f"partition {partition} of {self._topics.events} is not owned by this process"
            )
        return owned

    async def past(self, streams: Mapping[str, str]) -> dict[str, Past]:
        """What each stream's state is folded from; snapshots made by other code are left out.

        Raises Unappendable where the partition is not, or not surely, this process' any more:
        a state folded from here must not decide.
        """
        found: dict[str, Past] = {}
        for partition, names in self._by_partition(streams).items():
            owned = await self._served(partition)
            found |= await owned.cache.past({name: streams[name] for name in names})
        return found

    async def outcomes(
        self, commands: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], NoOp | list[Recorded]]:
        """What became of those (stream, command id) that were accepted before; raises as past."""
        found: dict[tuple[str, str], NoOp | list[Recorded]] = {}
        for partition, names in self._by_partition(stream for stream, _ in commands).items():
            owned = await self._served(partition)
            found |= await owned.cache.outcomes([each for each in commands if each[0] in names])
        return found

    async def _served(self, partition: int) -> Owned:
        owned = self._own(partition)
        async with owned.appending:
            await settled(owned.serve())
        return owned

    def _by_partition(self, streams: Iterable[str]) -> dict[int, set[str]]:
        found: defaultdict[int, set[str]] = defaultdict(set)
        for stream in streams:
            found[partition_of(stream, self.partitions)].add(stream)
        return found

    async def history(self, stream: str, after_version: int, first: int) -> list[Recorded]:
        """At most `first` events of the stream above a version, oldest first. Raises NotOwned."""
        owned = self._own(partition_of(stream, self.partitions))
        async with owned.appending:  # an answer by the log may be there before the cache has it
            pass
        return await owned.cache.history(stream, after_version, first)

    async def at(self, positions: Sequence[Position]) -> list[Recorded]:
        """The events that stand at these positions, in their order."""
        offsets: defaultdict[int, list[int]] = defaultdict(list)
        for each in positions:
            offsets[each.partition].append(each.offset)
        found: dict[Position, Recorded] = {}
        for partition, wanted in offsets.items():
            events = await kafka_follow.at(self._cluster, self._topics.events, partition, wanted)
            found |= {each.position: each for each in events}
        return [found[each] for each in positions if each in found]

    async def ends(self) -> dict[int, int]:
        """The offset of the last event of each partition that has any."""
        ends = {each: owned.last for each, owned in self._owned.items()}
        others = [each for each in range(self.partitions) if each not in ends]
        ends |= await kafka_follow.lasts(self._cluster, self._topics.events, others)
        return {partition: last for partition, last in ends.items() if last >= 0}

    def behind(self, checkpoint: Mapping[int, int], partitions: Set[int] | None = None) -> int:
        """How many events a follower that has come this far has still to see, at most.

        Offsets have gaps, and this process knows of what it has appended or was told.
        """
        known = {each: owned.last for each, owned in self._owned.items()}
        for partition, reach in self.reaches().items():
            last = reach.last + reach.unread
            known[partition] = max(last, known.get(partition, -1))
        return sum(
            max(0, last - checkpoint.get(partition, -1))
            for partition, last in known.items()
            if partitions is None or partition in partitions
        )

    def reaches(self) -> Mapping[int, Reach]:
        """How far each partition was read that is followed here."""
        return self._tail.reaches if self._tail is not None else {}

    async def follow(
        self, after: Mapping[int, int], limit: int, partitions: Set[int] | None = None
    ) -> AsyncGenerator[list[Recorded], None]:
        """All events above the offset of their partition, then new ones as they come, for ever.

        Followers of the same partitions share one consumer as long as they keep up with it.
        """
        wanted = frozenset(range(self.partitions) if partitions is None else partitions)
        if self._tail is None or self._tail.partitions != wanted:
            if self._tail is not None:
                await self._tail.close()
            self._tail = Tail(self._cluster, self._topics.events, wanted)
        async with aclosing(self._tail.follow(after, limit)) as batches:
            async for events in batches:
                yield events
