"""Banking in one thread: streams, processes, and everything in between late, twice, or long after.

A process hears of the events of a stream in their order, but of those of different streams in any;
what it sends arrives in any order, sometimes twice, and some of it once more much later. No command
relies on its id to be harmless when it comes again.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from domain.banking import AGGREGATES, PROCESSES
from domain.composition import compose, events_of
from domain.model import After, AnyAggregate, AnyProcess, Rejected
from tests.domain.banking.facts import T0

DOMAIN = compose(AGGREGATES, PROCESSES)
HEARD = {each.name: events_of(each) for each in PROCESSES}
TWICE = 0.15
"""How likely a command that has arrived arrives once more."""
ECHO = 0.03
"""How likely one that came long ago comes once more, at every step."""


@dataclass
class Stream:
    """One instance of an aggregate; `heard` of its events have reached each process."""

    aggregate: AnyAggregate
    id: str
    state: Any
    events: list[Any] = field(default_factory=list[Any])
    heard: dict[str, int] = field(default_factory=dict[str, int])


@dataclass
class World:
    """Everything there is, everything that is under way, and all events in the order they came."""

    random: Random
    now: datetime = T0
    streams: dict[str, Stream] = field(default_factory=dict[str, Stream])
    processes: dict[tuple[str, str], Any] = field(default_factory=dict[tuple[str, str], Any])
    sent: list[Any] = field(default_factory=list[Any])
    arrived: list[Any] = field(default_factory=list[Any])
    log: list[Any] = field(default_factory=list[Any])

    def send(self, command: Any) -> list[Any]:
        """The events that the command gives; they stand in its stream. Raises Rejected."""
        aggregate = DOMAIN.owners[type(command)]
        stream = self.stream(aggregate, aggregate.key(command))
        events = aggregate.decide(command, stream.state)
        for event in events:
            stream.state = aggregate.evolve(stream.state, event)
            stream.events.append(event)
            self.log.append(event)
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
        if self.arrived and self.random.random() < ECHO:
            self._take(self.random.choice(self.arrived))
        unheard = [
            (each, process)
            for each in self.streams.values()
            for process in PROCESSES
            if self._has_news(each, process)
        ]
        if not unheard and not self.sent:
            return False
        chosen = self.random.randrange(len(unheard) + len(self.sent))
        if chosen < len(unheard):
            self._hear(*unheard[chosen])
        else:
            self._arrive(self.sent[chosen - len(unheard)])
        return True

    def settle(self) -> None:
        """Bring everything to rest."""
        while self.step():
            pass

    def forget(self) -> None:
        """Lose all that processes know: they hear of everything anew, and send everything again."""
        self.processes.clear()
        for stream in self.streams.values():
            stream.heard.clear()

    def pass_time(self, delay: timedelta = timedelta(seconds=1)) -> None:
        self.now += delay

    def _has_news(self, stream: Stream, process: AnyProcess) -> bool:
        """Whether the stream has an event for the process; what is none of its own is skipped."""
        at = stream.heard.get(process.name, 0)
        while at < len(stream.events) and not isinstance(stream.events[at], HEARD[process.name]):
            at += 1
        stream.heard[process.name] = at
        return at < len(stream.events)

    def _hear(self, stream: Stream, process: AnyProcess) -> None:
        at = stream.heard[process.name]
        event, stream.heard[process.name] = stream.events[at], at + 1
        key = process.key(event)
        if key is None:
            return
        before = self.processes.get((process.name, key), process.initial())
        state = process.evolve(before, event)
        self.processes[process.name, key] = state
        for reaction in process.react(state, event):
            assert not isinstance(reaction, After), "banking sets no timers"
            self.sent.append(reaction)

    def _arrive(self, command: Any) -> None:
        if self.random.random() >= TWICE:
            self.sent.remove(command)
        self.arrived.append(command)
        self._take(command)

    def _take(self, command: Any) -> None:
        with suppress(Rejected):
            self.send(command)
