"""One partition that this process owns: taking it, appending to it, and losing it."""

import asyncio
import logging
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from eventlog.envelope import Draft, Recorded
from eventlog.kafka_cache import Cache, last_claim
from eventlog.kafka_client import Cluster, KafkaError, Message, ProducerFenced, Reader, Transactions
from eventlog.kafka_follow import reading, to_end
from eventlog.kafka_records import Claim, Kept, kept_message, kept_of, message_of, recorded_of
from eventlog.kafka_topics import Topics
from eventlog.log import Unappendable
from eventlog.sqlite_rows import recorded

TAKE_S_MAX = 30.0
"""From asking for the fence to the claim: a cluster's first transaction makes a topic for it."""
ABORT_S_MAX = 2.0
CLAIM_S_MAX = 3.0
"""How long a new owner may take from the fence to its claim; the fenced one waits for it."""

_logger = logging.getLogger("headrace.kafka")


class Fenced(Unappendable):
    """Another owner has taken the partition; nothing of the batch was appended."""


class InDoubt(Unappendable):
    """The broker did not tell whether it committed: the batch may have been appended.

    Unlike after any other Unappendable, states held from before must be read again, and the
    commands be told that they may be sent again with their id.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What one transaction of one partition writes."""

    drafts: Sequence[Draft]
    kept: Sequence[Kept]
    messages: Mapping[str, Sequence[Message]]


class Owned:
    """A partition under its owner. Whoever appends to it, or takes it, holds `appending`."""

    def __init__(
        self,
        cluster: Cluster,
        topics: Topics,
        partition: int,
        cache: Cache,
        *,
        owner: str,
        deadline_s: float,
    ) -> None:
        self.cache = cache
        self.last = -1
        """The offset of its last event."""
        self.appending = asyncio.Lock()
        self._cluster = cluster
        self._topics = topics
        self._partition = partition
        self._owner = owner
        self._deadline_s = deadline_s
        self._transactions: Transactions | None = None
        self._was_fenced = False
        self._lost: Fenced | None = None
        self._abandoning: set[asyncio.Task[None]] = set()

    async def take(self) -> None:
        """Become the owner. Raises KafkaError, TimeoutError, Fenced where another one was later."""
        transactions = Transactions(self._cluster, self._topics.transactional_id(self._partition))
        try:
            async with asyncio.timeout(TAKE_S_MAX):
                # 1. The fence first: from here on nobody else's writes are committed.
                await transactions.start()
                # 2. The claim, so that the one before can tell that it is not the owner any more.
                claim = kept_message(Claim(owner=self._owner, at=datetime.now(UTC)))
                await transactions.write(self._partition, {self._topics.states: [claim]})
                await transactions.commit()
            # 3. What was committed before the fence, to the end: nothing can come in between.
            await self._restore()
        except BaseException as fault:
            await self._leave(transactions.abandon())
            if isinstance(fault, ProducerFenced):
                raise Fenced(self._says("was taken by another owner meanwhile")) from fault
            raise
        # 4. Serve.
        self._transactions, self._was_fenced, self._lost = transactions, False, None

    async def _restore(self) -> None:
        async with reading(self._cluster) as reader:
            topics = self._topics
            ends = await reader.ends((topics.events, topics.states), self._partition)
            standing = await self.cache.standing()
            if standing.last and not await self._read_events(
                reader, standing.last, ends[topics.events]
            ):
                _logger.warning(self._says("is not the one that the cache was filled from"))
                await self.cache.forget()
                standing = await self.cache.standing()
            if standing.last is None:
                await self._read_events(reader, None, ends[topics.events])
            await self._read_states(reader, standing.states_next, ends[topics.states])
        last, _ = await self.cache.standing()
        self.last = last.offset if last else -1

    async def _read_events(self, reader: Reader, last: Recorded | None, end: int) -> bool:
        """Read the events above the last one that is known; False where it is not in the log."""
        start = last.offset if last else 0
        if last and start >= end:
            return False
        chunks = to_end(reader, self._topics.events, self._partition, start, end)
        async with aclosing(chunks):
            async for records in chunks:
                events = [recorded_of(record) for record in records]
                if last is not None:
                    if (events[0].offset, events[0].id) != (last.offset, last.id):
                        return False
                    last, events = None, events[1:]
                await self.cache.keep(events, (), None)
        return last is None

    async def _read_states(self, reader: Reader, start: int, end: int) -> None:
        chunks = to_end(reader, self._topics.states, self._partition, start, end)
        async with aclosing(chunks):
            async for records in chunks:
                kept = [each for record in records if (each := kept_of(record))]
                await self.cache.keep((), kept, records[-1].offset + 1)

    async def serve(self) -> None:
        """Be able to answer and to append; after a fault, by taking the partition once more.

        Raises Fenced where another owner has it, Unappendable where Kafka cannot be reached.
        """
        if self._lost:
            raise self._lost
        if self._transactions:
            return
        try:
            async with asyncio.timeout(self._deadline_s):
                owner = await self._claimed_by()
                if owner != self._owner:
                    self._lost = Fenced(self._says(f"was taken by {owner}"))
                    raise self._lost
                await self.take()
        except (KafkaError, TimeoutError, OSError) as fault:
            raise Unappendable(self._says(f"cannot be reached: {fault!r}")) from fault

    async def _claimed_by(self) -> str:
        """The owner that the partition's claims name; one that fenced this is given time."""
        deadline = time.monotonic() + (CLAIM_S_MAX if self._was_fenced else 0)
        start = (await self.cache.standing()).states_next
        owner = self._owner
        while owner == self._owner:
            async with reading(self._cluster) as reader:
                end = (await reader.ends((self._topics.states,), self._partition))[
                    self._topics.states
                ]
                chunks = to_end(reader, self._topics.states, self._partition, start, end)
                async with aclosing(chunks):
                    async for records in chunks:
                        claim = last_claim([k for each in records if (k := kept_of(each))])
                        owner = claim.owner if claim else owner
            if time.monotonic() >= deadline:
                break
            await asyncio.sleep(0.2)
        return owner

    def prepare(self, drafts: Sequence[Draft], kept: Sequence[Kept]) -> Prepared:
        """The records of a batch. Raises Unappendable where they cannot be written down."""
        seen: set[tuple[str, int]] = set()
        for each in drafts:
            if (each.stream, each.version) in seen:
                raise Unappendable(f"version {each.version} of {each.stream} is there twice")
            seen.add((each.stream, each.version))
        try:
            source = f"/{self._topics.prefix}"
            messages = {
                self._topics.events: [message_of(each, source) for each in drafts],
                self._topics.states: [kept_message(each) for each in kept],
            }
        except UnicodeEncodeError as fault:
            raise Unappendable(f"the log did not take the events: {fault}") from fault
        return Prepared(drafts=drafts, kept=kept, messages=messages)

    async def refuse_repeats(self, drafts: Sequence[Draft]) -> None:
        """Raises Unappendable where a stream has one of these versions already."""
        known = await self.cache.first_known(drafts)
        if known is not None:
            raise Unappendable(f"{known.stream} has a version {known.version} already")

    async def append(self, prepared: Prepared) -> list[Recorded]:
        """Commit it. Raises Unappendable; InDoubt where it may have been appended all the same."""
        if self._transactions is None:
            raise Unappendable(self._says("is not served"))
        is_committing = False
        try:
            async with asyncio.timeout(self._deadline_s):
                offsets = await self._transactions.write(self._partition, prepared.messages)
                is_committing = True
                await self._transactions.commit()
            return await self._committed(prepared, offsets)
        except Exception as fault:
            raise await self._failed(fault, is_committing) from fault

    async def _committed(self, prepared: Prepared, offsets: Sequence[int]) -> list[Recorded]:
        if -1 in offsets:
            raise RuntimeError("the broker did not tell which offsets the events took")
        count = len(prepared.drafts)
        events = [
            recorded(draft, offset)
            for draft, offset in zip(prepared.drafts, offsets[:count], strict=True)
        ]
        states_next = offsets[-1] + 1 if prepared.kept else None
        await self.cache.keep(events, prepared.kept, states_next)
        self.last = events[-1].offset if events else self.last
        return events

    async def _failed(self, fault: Exception, is_committing: bool) -> Unappendable:
        """What to tell the appender, who is served again once the partition is taken once more.

        Even where the transaction was undone: aiokafka has counted records that the broker refused,
        so all that the same producer sent after them would be out of sequence.
        """
        assert self._transactions is not None
        is_fenced = isinstance(fault, ProducerFenced)
        if not is_committing and not is_fenced and isinstance(fault, KafkaError):
            try:
                async with asyncio.timeout(ABORT_S_MAX):
                    await self._transactions.abort()
            except Exception:
                _logger.warning(self._says("could not undo a transaction"), exc_info=True)
        transactions, self._transactions = self._transactions, None
        self._abandon(transactions)
        self._was_fenced = is_fenced
        if is_committing:
            return InDoubt(self._says(f"may have taken the events, it did not tell: {fault!r}"))
        if is_fenced:
            return Fenced(self._says("was taken by another owner, nothing was appended"))
        return Unappendable(self._says(f"did not take the events: {fault!r}"))

    def _abandon(self, transactions: Transactions) -> None:
        task = asyncio.create_task(self._leave(transactions.abandon()))
        self._abandoning.add(task)
        task.add_done_callback(self._abandoning.discard)

    async def _leave(self, closing: Coroutine[Any, Any, None]) -> None:
        try:
            await closing
        except Exception:
            _logger.warning(self._says("left a connection behind"), exc_info=True)

    async def close(self) -> None:
        """Give it back, after the append that is at work."""
        async with self.appending:
            transactions, self._transactions = self._transactions, None
            if transactions is not None:
                await self._leave(transactions.abandon())
            if self._abandoning:
                await asyncio.wait(self._abandoning)
            self.cache.close()

    def _says(self, what: str) -> str:
        return f"partition {self._partition} of {self._topics.events} {what}"
