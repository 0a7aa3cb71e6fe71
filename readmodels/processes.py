"""Processes at work: their state, reactions and timers in one document, their commands sent.

A process instance is a document like any other, folded by the projector: its state, and the
commands that it has still to send. Since both are in one write, no crash parts them; since each
command's id follows from the event reacted to, sending one twice is harmless.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any, TypeGuard

from domain.composition import Domain, events_of
from domain.model import After, AnyProcess, value
from eventlog.codec import Codec
from eventlog.dispatcher import Clock, Dispatcher, Sender, filled_fields
from eventlog.envelope import Recorded
from eventlog.ids import derived_id
from eventlog.outcome import Accepted, Outcome, Overdue, Refused, Unavailable
from readmodels.composition import Collection
from readmodels.feed import Feed
from readmodels.fold import wire_names
from readmodels.model import document, index
from readmodels.query import By, Compare, Query
from readmodels.store import Store, Write

INSTANCES_AT_ONCE_MAX = 100
PAUSE_AFTER_FAULT = timedelta(seconds=30)
POLL_S_MAX = 60.0
"""How long the sender sleeps at most, where the clock may be set forward meanwhile."""

FOLD_S_MAX = 60.0
"""How long the sender waits for an instance to see what came of its command."""

_logger = logging.getLogger("headrace.processes")


@value
class Pending:
    """A command to be sent at an instant. `data` is its JSON, `error` why it was not taken."""

    command_id: str
    command: str
    data: str
    due: datetime
    correlation_id: str
    causation_id: str
    trace: str | None
    not_before: datetime | None = None
    error: str | None = None


@document(indexes=[index("due")])
class Instance:
    """One instance of a process: its state as JSON, and the commands that are still to be sent."""

    id: str
    state: str
    pending: tuple[Pending, ...]
    due: datetime | None


class ProcessFold:
    """A process as the projector runs it: evolve, then react, then keep what is to be sent."""

    def __init__(self, process: AnyProcess, codec: Codec) -> None:
        self.process = process
        self.collection: Collection[Instance] = Collection(
            f"process_{process.name}", Instance, 1, (index("due"),)
        )
        self.types = wire_names(events_of(process))
        self._codec = codec

    def keys(self, recorded: Recorded) -> Sequence[str]:
        """The instance that the event belongs to, if to any."""
        key = self.process.key(self._codec.event(recorded))
        return () if key is None else (key,)

    def fold(
        self, id: str, document: Any, seen: Mapping[int, int], events: Iterable[Recorded]
    ) -> tuple[Any, dict[int, int]]:
        """The instance and its positions after the events that it has not seen."""
        process, codec = self.process, self._codec
        positions = dict(seen)
        found: Instance | None = document
        state = codec.decode_state(process, found.state.encode()) if found else process.initial()
        pending = list(found.pending) if found else []
        for recorded in events:
            if recorded.offset <= positions.get(recorded.partition, -1):
                continue
            positions[recorded.partition] = recorded.offset
            event = codec.event(recorded)
            state = process.evolve(state, event)
            reactions = process.react(state, event)
            pending += [self._pending(recorded, n, each) for n, each in enumerate(reactions)]
        return _instance(id, codec.encode_state(state).decode(), pending), positions

    def _pending(self, recorded: Recorded, number: int, reaction: object) -> Pending:
        delay, command = timedelta(), reaction
        if _is_delayed(reaction):
            delay, command = reaction.delay, reaction.command
        return Pending(
            command_id=derived_id(recorded.id, self.process.name, str(number)),
            command=type(command).__name__,
            data=self._codec.encode(command).decode(),
            due=recorded.at + delay,
            correlation_id=recorded.correlation_id,
            causation_id=recorded.id,
            trace=recorded.trace,
        )


def _is_delayed(reaction: object) -> TypeGuard[After[object]]:
    return isinstance(reaction, After)


def _instance(id: str, state: str, pending: Iterable[Pending]) -> Instance:
    in_order = _in_order(pending)
    # What comes after one that failed waits for it.
    due = (in_order[0].not_before or in_order[0].due) if in_order else None
    return Instance(id=id, state=state, pending=in_order, due=due)


def _in_order(pending: Iterable[Pending]) -> tuple[Pending, ...]:
    """By the instant they are due; those of one instant as they were asked for."""
    return tuple(sorted(pending, key=lambda each: each.due))


class _NotSent(Exception):
    """A command was not taken, or may not have been."""


class ProcessSender:
    """Sends what the instances of one process have pending, once it is due.

    A command that cannot be taken now is sent again after a pause; one that the domain refuses
    is done with: the refusal is the answer. Those of one instance are sent in the order in which
    they are due, each instant only when the instance has seen what came of the one before: after
    a standstill a timer must not overtake the answer that makes it void.
    """

    def __init__(
        self,
        fold: ProcessFold,
        domain: Domain,
        codec: Codec,
        store: Store,
        feed: Feed,
        dispatcher: Dispatcher,
        clock: Clock,
    ) -> None:
        self.name = fold.process.name
        self.collection = fold.collection
        self._domain = domain
        self._codec = codec
        self._store = store
        self._feed = feed
        self._dispatcher = dispatcher
        self._clock = clock
        self._filled = {command: filled_fields(command) for command in domain.owners}
        self.sent = 0
        self.last_error = ""

    async def run(self) -> None:
        """Send until cancelled; nothing while the instances are built from the past."""
        await self._feed.until_built(self.collection)
        with self._feed.watch(self.collection, lambda change: True) as mailbox:
            while True:
                try:
                    pause_s = await self.send_due()
                except Exception as fault:  # the store is out of reach: try again
                    _logger.exception("process %s cannot send and is tried again", self.name)
                    self.last_error = f"{type(fault).__name__}: {fault}"
                    pause_s = 1.0
                try:
                    async with asyncio.timeout(pause_s):
                        await mailbox.take()
                except TimeoutError:
                    pass

    async def send_due(self) -> float:
        """Send all that is due; how many seconds until something may be due again."""
        while True:
            now = self._clock()
            due = await self._store.find(
                self.collection,
                Query(
                    where=Compare("due", "lte", now),
                    order=(By("due"),),
                    first=INSTANCES_AT_ONCE_MAX,
                ),
            )
            if not due:
                return await self._seconds_until_next(now)
            sending = (self._send_instance(each, now) for each in due)
            for fault in await asyncio.gather(*sending, return_exceptions=True):
                if fault is not None:  # the others were not held up by it
                    raise fault

    async def next_due(self) -> datetime | None:
        """When the next command is due that has not been sent yet."""
        upcoming = await self._store.find(
            self.collection,
            Query(where=Compare("due", "isNull", False), order=(By("due"),), first=1),
        )
        return upcoming[0].due if upcoming else None

    async def _seconds_until_next(self, now: datetime) -> float:
        due = await self.next_due()
        return (
            POLL_S_MAX if due is None else min(max((due - now).total_seconds(), 0.001), POLL_S_MAX)
        )

    async def _send_instance(self, instance: Instance, now: datetime) -> None:
        """Send what is due first, and wait until the instance has seen what came of it."""
        pending = _in_order(instance.pending)
        first = [each for each in pending if each.due == pending[0].due]
        is_last = len(first) == len(pending) or pending[len(first)].due > now
        done: set[str] = set()
        failed: Pending | None = None
        for each in first:
            if each.not_before is not None and each.not_before > now:
                break  # it failed before: what comes after it waits for it, in order
            try:
                outcome = await self._send(each)
            except _NotSent as fault:
                self.last_error = f"{each.command} of {instance.id}: {fault}"
                failed = replace(each, not_before=now + PAUSE_AFTER_FAULT, error=str(fault))
                break
            done.add(each.command_id)
            if isinstance(outcome, Accepted) and not is_last:
                await self._feed.passed(self.collection, outcome.position, FOLD_S_MAX)
        await self._settle(instance.id, done, failed)

    async def _send(self, pending: Pending) -> Outcome:
        """What became of one command. Raises _NotSent where that is not known."""
        try:
            command: Any = self._codec.decode_command(pending.command, pending.data.encode())
            outcome = await self._dispatcher.dispatch(
                self._domain.commands[pending.command],
                self._given(command),
                Sender(
                    actor=f"process:{self.name}",
                    correlation_id=pending.correlation_id,
                    causation_id=pending.causation_id,
                    trace=pending.trace,
                ),
                command_id=pending.command_id,
                at=pending.due,
            )
        except (Unavailable, Overdue) as fault:
            raise _NotSent(str(fault)) from fault
        except Exception as fault:  # a defect, seen in the instance until it is mended
            _logger.exception("process %s cannot send %s", self.name, pending.command)
            raise _NotSent(f"{type(fault).__name__}: {fault}") from fault
        if isinstance(outcome, Refused):
            _logger.info("process %s: %s refused: %s", self.name, pending.command, outcome.message)
        self.sent += 1
        return outcome

    def _given(self, command: Any) -> dict[str, Any]:
        """The command's fields without those that the dispatcher fills."""
        filled = self._filled[type(command)]
        return {
            field.name: getattr(command, field.name)
            for field in fields(command)
            if field.name not in filled
        }

    async def _settle(self, id: str, done: set[str], failed: Pending | None) -> None:
        """Take what was sent out of the instance, however often it is folded on meanwhile."""
        while True:
            stored = (await self._store.load(self.collection, [id]))[id]
            instance = stored.document
            assert instance is not None, "an instance is never deleted"
            pending = [
                failed if failed and each.command_id == failed.command_id else each
                for each in instance.pending
                if each.command_id not in done
            ]
            after = _instance(id, instance.state, pending)
            if not await self._store.commit(
                self.collection,
                [Write(id, stored, after, stored.positions)],
                is_built=self._feed.progress(self.collection).is_built,
            ):
                return
