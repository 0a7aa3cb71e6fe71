"""Clinical in one thread: streams, processes, and everything in between late, or twice.

A process hears of the events of a stream in their order, but of those of different streams in any;
what it sends arrives in any order once it is due, sometimes twice. Only TakeOverRecord relies on
its id to be harmless when it comes twice, as every command may. Of all others the simulator forgets
the ids, so that they have to be harmless by themselves.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from domain.clinical import AGGREGATES, PROCESSES
from domain.clinical.merge_messages import TakeOverRecord
from domain.composition import compose, events_of
from domain.model import AnyAggregate, AnyProcess, Rejected
from tests.domain.clinical.facts import T0

DOMAIN = compose(AGGREGATES, PROCESSES)
HEARD = {each.name: events_of(each) for each in PROCESSES}
TWICE = 0.15
"""How likely a command that has arrived arrives once more."""


@dataclass
class Stream:
    """One instance of an aggregate; `heard` of its events have reached each process."""

    aggregate: AnyAggregate
    id: str
    state: Any
    events: list[Any] = field(default_factory=list[Any])
    heard: dict[str, int] = field(default_factory=lambda: {each.name: 0 for each in PROCESSES})


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
    instances: dict[tuple[str, str], Any] = field(default_factory=dict[tuple[str, str], Any])
    sent: list[Sent] = field(default_factory=list[Sent])
    seen: set[str] = field(default_factory=set[str])

    def send(self, command: Any) -> list[Any]:
        """The events that the command gives; they stand in its stream. Raises Rejected."""
        aggregate = DOMAIN.owners[type(command)]
        stream = self.stream(aggregate, aggregate.key(command))
        events: list[Any] = aggregate.decide(command, stream.state)
        for event in events:
            stream.state = aggregate.evolve(stream.state, event)
            stream.events.append(event)
        return events

    def stream(self, aggregate: AnyAggregate, id: str) -> Stream:
        """The stream of an instance, made where there is none."""
        made = Stream(aggregate, id, aggregate.initial())
        return self.streams.setdefault(f"{aggregate.name}-{id}", made)

    def of(self, aggregate: AnyAggregate) -> Iterator[Stream]:
        """The streams of all instances of an aggregate."""
        return (each for each in self.streams.values() if each.aggregate is aggregate)

    def step(self) -> bool:
        """Bring something that is under way one step on; false where nothing is."""
        unheard = [
            (process, stream)
            for process in PROCESSES
            for stream in self.streams.values()
            if stream.heard[process.name] < len(stream.events)
        ]
        due = [each for each in self.sent if each.due <= self.now]
        if not unheard and not due:
            return False
        chosen = self.random.randrange(len(unheard) + len(due))
        if chosen < len(unheard):
            self._hear(*unheard[chosen])
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

    def _hear(self, process: AnyProcess, stream: Stream) -> None:
        event = stream.events[stream.heard[process.name]]
        stream.heard[process.name] += 1
        if not isinstance(event, HEARD[process.name]):
            return
        id = process.key(event)
        assert id is not None
        state = process.evolve(self.instances.get((process.name, id), process.initial()), event)
        self.instances[process.name, id] = state
        reactions: list[Any] = process.react(state, event)
        for number, reaction in enumerate(reactions):
            delay: timedelta = getattr(reaction, "delay", timedelta())
            command: Any = getattr(reaction, "command", reaction)
            due = event.at + delay
            assert command.at == due, "its Now is what the dispatcher fills in"
            name = f"{process.name}-{stream.id}-{stream.heard[process.name]}-{number}"
            self.sent.append(Sent(name, due, command))

    def _arrive(self, sent: Sent) -> None:
        if self.random.random() >= TWICE:
            self.sent.remove(sent)
        if sent.id in self.seen:
            return
        if isinstance(sent.command, TakeOverRecord):
            self.seen.add(sent.id)
        with suppress(Rejected):
            self.send(sent.command)
