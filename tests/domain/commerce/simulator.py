"""Commerce in one thread: streams, the processes, and everything in between late, or twice.

A process hears of the events of a stream in their order, but of those of different streams in any,
and no process waits for another; what they send arrives in any order, sometimes twice. Only two
commands rely on their id to be
harmless when they come twice, as every command may: ReserveStock and ReturnStock. Of all others the
simulator forgets the ids, so that they have to be harmless by themselves.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeGuard

from domain.commerce import AGGREGATES, PROCESSES
from domain.commerce.product_messages import ReserveStock, ReturnStock
from domain.composition import compose, events_of
from domain.model import After, AnyAggregate, AnyProcess, Rejected
from tests.domain.commerce.facts import T0

DOMAIN = compose(AGGREGATES, PROCESSES)
HEARD = {process.name: events_of(process) for process in PROCESSES}
TWICE = 0.15
"""How likely a command that has arrived arrives once more."""


@dataclass
class Stream:
    """One instance of an aggregate; `unheard` are its events, with ids, for each process."""

    aggregate: AnyAggregate
    id: str
    state: Any
    events: list[Any] = field(default_factory=list[Any])
    unheard: dict[str, deque[tuple[str, Any]]] = field(
        default_factory=dict[str, deque[tuple[str, Any]]]
    )

    def append(self, event: Any) -> None:
        """Let the event happen; every process that it is for will hear of it."""
        self.state = self.aggregate.evolve(self.state, event)
        self.events.append(event)
        id = f"{self.aggregate.name}-{self.id}-{len(self.events)}"
        for process, heard in HEARD.items():
            if isinstance(event, heard):
                self.unheard.setdefault(process, deque()).append((id, event))


def is_delayed(reaction: Any) -> TypeGuard[After[Any]]:
    """Whether it is a command with a delay."""
    return isinstance(reaction, After)


@dataclass(frozen=True)
class Sent:
    """A command of a process on its way."""

    id: str
    due: datetime
    command: Any


@dataclass
class World:
    """Everything there is, and everything that is under way."""

    random: Random
    now: datetime = T0
    streams: dict[str, Stream] = field(default_factory=dict[str, Stream])
    instances: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {each.name: {} for each in PROCESSES}
    )
    """The states of the processes: by process, then by instance."""
    sent: list[Sent] = field(default_factory=list[Sent])
    seen: set[str] = field(default_factory=set[str])

    def send(self, command: Any) -> list[Any]:
        """The events that the command gives; they stand in its stream. Raises Rejected."""
        aggregate = DOMAIN.owners[type(command)]
        stream = self.stream(aggregate, aggregate.key(command))
        events = aggregate.decide(command, stream.state)
        for event in events:
            stream.append(event)
        return events

    def stream(self, aggregate: AnyAggregate, id: str) -> Stream:
        """The stream of an instance, made where there is none."""
        made = Stream(aggregate, id, aggregate.initial())
        return self.streams.setdefault(f"{aggregate.name}-{id}", made)

    def of(self, aggregate: AnyAggregate) -> Iterator[Stream]:
        """The streams of all instances of an aggregate."""
        return (each for each in self.streams.values() if each.aggregate is aggregate)

    def pass_time(self, delay: timedelta) -> None:
        self.now += delay

    def step(self) -> bool:
        """Bring something that is under way one step on; false where nothing is."""
        unheard = [
            (process, queue)
            for stream in self.streams.values()
            for process in PROCESSES
            if (queue := stream.unheard.get(process.name))
        ]
        due = [each for each in self.sent if each.due <= self.now]
        if not unheard and not due:
            return False
        chosen = self.random.randrange(len(unheard) + len(due))
        if chosen < len(unheard):
            process, queue = unheard[chosen]
            self._hear(process, *queue.popleft())
        else:
            self._arrive(due[chosen - len(unheard)])
        return True

    def settle(self) -> None:
        """Bring everything to rest, the timers too."""
        while True:
            while self.step():
                pass
            if not self.sent:
                return
            self.now = max(self.now, min(each.due for each in self.sent))

    def _hear(self, process: AnyProcess, id: str, event: Any) -> None:
        key = process.key(event)
        assert key is not None
        instances = self.instances[process.name]
        state = process.evolve(instances.get(key, process.initial()), event)
        instances[key] = state
        for number, reaction in enumerate(process.react(state, event)):
            delay, command = timedelta(), reaction
            if is_delayed(reaction):
                delay, command = reaction.delay, reaction.command
            due = event.at + delay
            assert getattr(command, "at", due) == due, "its Now is what the dispatcher fills in"
            self.sent.append(Sent(f"{process.name}-{id}-{number}", due, command))

    def _arrive(self, sent: Sent) -> None:
        if self.random.random() >= TWICE:
            self.sent.remove(sent)
        if sent.id in self.seen:
            return
        if isinstance(sent.command, ReserveStock | ReturnStock):
            self.seen.add(sent.id)
        with suppress(Rejected):
            self.send(sent.command)
