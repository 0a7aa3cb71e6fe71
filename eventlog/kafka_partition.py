"""One partition that this process owns: taking it, appending to it, and losing it."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from eventlog.envelope import Draft, Recorded
from eventlog.kafka_cache import Cache, Standing
from eventlog.kafka_client import Cluster, KafkaError, Message, ProducerFenced
from eventlog.kafka_messages import reply_message
from eventlog.kafka_producers import Transactions
from eventlog.kafka_records import Claim, Kept, Reached, kept_message, message_of
from eventlog.kafka_restore import restore
from eventlog.kafka_topics import Topics
from eventlog.log import Batch, Unappendable
from eventlog.sqlite_rows import recorded

TAKE_S_MAX = 30.0
"""From asking for the fence to the claim: a cluster's first transaction makes a topic for it."""
ABORT_S_MAX = 2.0
CLAIM_S_MAX = 3.0
"""How long a new owner may take from the fence to its claim; the fenced one waits for it."""

NOTHING = Message(key=b"", value=None, headers=[])
"""What is written to the events and never appended."""

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

    batch: Batch
    kept: Sequence[Kept]
    events: Sequence[Message]
    states: Sequence[Message]


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
        self.commands_next = 0
        """The offset of the first command that came by the log and is not answered yet."""
        self.commit_s = 0.0
        """How long the last transaction took, from its begin to its commit."""
        self.appending = asyncio.Lock()
        self._cluster = cluster
        self._topics = topics
        self._partition = partition
        self._owner = owner
        self._deadline_s = deadline_s
        self._transactions: Transactions | None = None
        self._claimed = -1
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
                self._claimed = await self._claim(transactions, self._owner)
                # 3. What was committed before the fence, to the end: nothing can come in between.
                #    It all stands below what the leader takes now, as a deposed one cannot.
                end = await transactions.write_one(self._events_at, NOTHING, is_kept=False)
            standing = await self._restore({self._events_at: end, self._states_at: self._claimed})
        except BaseException as fault:
            await self._leave(transactions.abandon())
            if isinstance(fault, ProducerFenced):
                raise Fenced(self._says("was taken by another owner meanwhile")) from fault
            raise
        # 4. Serve.
        self.last = standing.last.offset if standing.last else -1
        self.commands_next = standing.commands_next
        self._transactions, self._was_fenced, self._lost = transactions, False, None
        self.cache.is_live = True

    async def _claim(self, transactions: Transactions, owner: str) -> int:
        """Write whose the partition is; at which offset that stands."""
        claim = kept_message(Claim(owner=owner, at=datetime.now(UTC)))
        return await transactions.write_one(self._states_at, claim, is_kept=True)

    async def _restore(self, floors: Mapping[tuple[str, int], int]) -> Standing:
        return await restore(self._cluster, self._topics, self._partition, self.cache, floors)

    @property
    def _events_at(self) -> tuple[str, int]:
        return self._topics.events, self._partition

    @property
    def _states_at(self) -> tuple[str, int]:
        return self._topics.states, self._partition

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
        while True:
            owner = (await self._restore({self._states_at: self._claimed + 1})).owner
            if owner != self._owner or time.monotonic() >= deadline:
                return owner
            await asyncio.sleep(0.2)

    def prepare(self, batch: Batch, kept: Sequence[Kept]) -> Prepared:
        """The records of a batch. Raises Unappendable where they cannot be written down."""
        kept = [*kept]
        if batch.commands_next is not None:
            kept.append(Reached(commands_next=batch.commands_next))
        if not (batch.drafts or kept):  # only what proves whose the partition is
            kept.append(Claim(owner=self._owner, at=datetime.now(UTC)))
        seen: set[tuple[str, int]] = set()
        for each in batch.drafts:
            if (each.stream, each.version) in seen:
                raise Unappendable(f"version {each.version} of {each.stream} is there twice")
            seen.add((each.stream, each.version))
        try:
            source = f"/{self._topics.prefix}"
            events = [message_of(each, source) for each in batch.drafts]
            states = [kept_message(each) for each in kept]
        except UnicodeEncodeError as fault:
            raise Unappendable(f"the log did not take the events: {fault}") from fault
        return Prepared(batch=batch, kept=kept, events=events, states=states)

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
                started = time.monotonic()
                await self._transactions.begin()
                events, states_next = await self._write(self._transactions, prepared)
                is_committing = True
                await self._transactions.commit()
            self.commit_s = time.monotonic() - started
            await self.cache.keep(events, prepared.kept, states_next)
        except Exception as fault:
            raise await self._failed(fault, is_committing) from fault
        self.last = events[-1].offset if events else self.last
        return events

    async def _write(
        self, transactions: Transactions, prepared: Prepared
    ) -> tuple[list[Recorded], int | None]:
        """Write all of it; the events as they will stand, and the next offset of the states."""
        written = {self._events_at: prepared.events, self._states_at: prepared.states}
        offsets = await transactions.write(written)
        if -1 in offsets:
            raise RuntimeError("the broker did not tell which offsets the records took")
        drafts = prepared.batch.drafts
        events = [recorded(*each) for each in zip(drafts, offsets, strict=False)]
        if prepared.batch.answers is not None:
            replies: defaultdict[tuple[str, int], list[Message]] = defaultdict(list)
            for to, outcome in prepared.batch.answers(events):
                replies[self._topics.replies, to.partition].append(reply_message(to, outcome))
            await transactions.write(replies)
        return events, offsets[-1] + 1 if prepared.states else None

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
        self.cache.is_live = False
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
        """Give it back, after the append that is at work, and say so to who takes it next."""
        async with self.appending:
            transactions, self._transactions = self._transactions, None
            self.cache.is_live = False
            if transactions is not None:
                await self._give_back(transactions)
                await self._leave(transactions.abandon())
            if self._abandoning:
                await asyncio.wait(self._abandoning)

    async def _give_back(self, transactions: Transactions) -> None:
        """Say that nobody has it; where that cannot be said, the next owner's fence will do."""
        with suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(ABORT_S_MAX):
                await self._claim(transactions, "")

    def _says(self, what: str) -> str:
        return f"partition {self._partition} of {self._topics.events} {what}"


def in_order(
    drafts: Sequence[Draft], done: Sequence[list[Recorded] | BaseException]
) -> list[Recorded]:
    """The events as the batch had them. Raises what went wrong, by what is known of the whole."""
    faults = [each for each in done if isinstance(each, BaseException)]
    if faults:
        if len(faults) < len(done) and not isinstance(faults[0], InDoubt):
            raise InDoubt(f"a part of the batch was appended, another not: {faults[0]}")
        in_doubt = [each for each in faults if isinstance(each, InDoubt)]
        raise (in_doubt or faults)[0]
    places = {
        (each.stream, each.version): each
        for events in done
        if not isinstance(events, BaseException)
        for each in events
    }
    return [places[each.stream, each.version] for each in drafts]
