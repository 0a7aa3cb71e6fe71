"""The owner of partitions: loads states, decides commands and commits many as one transaction."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Sequence

from domain.composition import Domain
from eventlog.codec import Codec
from eventlog.deciding import Decided, Held, Order, accepted_before, answer, decide
from eventlog.envelope import EVENT_BYTES_MAX, Position, Recorded
from eventlog.log import Batch, Log, Past, ReplyTo, Snapshot, Unappendable
from eventlog.outcome import Accepted, Outcome, Unavailable

BATCH_COMMANDS_MAX = 500
QUEUE_COMMANDS_MAX = 10_000
STATES_MAX = 20_000
SNAPSHOT_EVERY_EVENTS = 100

Told = tuple[Order, Outcome | Exception]
"""An order, and what to tell its sender."""

_logger = logging.getLogger("headrace.writer")


class Tally:
    """What the writers of a process have done, however they come and go."""

    def __init__(self) -> None:
        self.accepted = 0


class Writer:
    """Decides the commands of the partitions that this process owns, one batch at a time.

    What it holds in memory is bounded: `states_max` aggregates, the least recently used leaving
    first, and `QUEUE_COMMANDS_MAX` commands, beyond which `submit` raises Unavailable.
    """

    def __init__(
        self,
        log: Log,
        domain: Domain,
        codec: Codec,
        *,
        states_max: int = STATES_MAX,
        ends_at_fault: bool = False,
        tally: Tally | None = None,
    ) -> None:
        self._log = log
        self._codec = codec
        self._codes = {each.name: codec.code(each) for each in domain.aggregates}
        self._states_max = states_max
        self._ends_at_fault = ends_at_fault
        self._states: OrderedDict[str, Held] = OrderedDict()
        # One place more than commands may take: for the None that ends them.
        self._queue: asyncio.Queue[Order | None] = asyncio.Queue(QUEUE_COMMANDS_MAX + 1)
        self._is_draining = False
        self.tally = tally or Tally()

    @property
    def states_held(self) -> int:
        """How many aggregates are in memory."""
        return len(self._states)

    @property
    def queued(self) -> int:
        """How many commands wait to be decided."""
        return self._queue.qsize()

    def submit(self, order: Order) -> None:
        """Take the order in; its `outcome` is set when it is durable or refused.

        Raises Unavailable where the writer drains or too many commands wait.
        """
        if self._is_draining:
            raise Unavailable("the server is stopping: send the command again in a moment")
        if self._queue.qsize() >= QUEUE_COMMANDS_MAX:
            raise Unavailable(
                f"{QUEUE_COMMANDS_MAX} commands wait already: send this one again in a moment"
            )
        self._queue.put_nowait(order)

    async def drain(self) -> None:
        """Take no more orders; `run` returns when those that were taken in are done."""
        if not self._is_draining:
            self._is_draining = True
            self._queue.put_nowait(None)

    async def run(self) -> None:
        """Decide and commit until drained.

        Raises Unappendable where a batch was not appended, if it was made to end then. On a log
        with many owners it must: whose the partition is has to be settled, and commands that came
        by the log are read there again, with nothing after them decided before.
        """
        carried: list[Order] = []
        is_last = False
        while not (is_last and not carried):
            # 1. Take what waits, after the repeats that the batch before has left.
            orders = carried
            if not orders:
                order = await self._queue.get()
                if order is None:
                    break
                orders = [order]
            while len(orders) < BATCH_COMMANDS_MAX and not self._queue.empty():
                order = self._queue.get_nowait()
                if order is None:
                    is_last = True
                    break
                orders.append(order)
            carried = await self._take_batch(orders)

    async def _take_batch(self, orders: list[Order]) -> list[Order]:
        """Answer the orders; those that are left repeat one of them and belong to the next."""
        try:
            # 2. Find the retries of what was accepted before. One command id appears once in
            #    a batch: a repeat is carried over, so that it finds the first one in the log.
            told, fresh = await self._find_retries(orders)
            first, repeats = _without_repeats(fresh)
            # 3. Bring the states that the others need into memory.
            unreadable, loaded = await self._load(first)
        except Exception as fault:  # nothing was appended, all may try again
            self._give_up(orders, Unappendable(f"the log cannot be read: {fault}"))
            return []
        # 4. Decide each against the state that the ones before it left.
        decided = decide(loaded, self._states, self._codec)
        told += [*unreadable, *decided.declined]
        # 5. Commit all of them as one transaction.
        try:
            recorded = await self._commit(decided, told, loaded)
        except Unappendable as fault:
            self._give_up(orders, fault)
            return []
        # 6. The states of what is durable now take the place of those before; who waits is told.
        for order, outcome in [*self._install(decided, recorded), *told]:
            answer(order, outcome)
        # 7. Forget the aggregates that have not been in use for longest.
        while len(self._states) > self._states_max:
            self._states.popitem(last=False)
        return repeats

    async def _commit(
        self, decided: Decided, told: list[Told], loaded: list[Order]
    ) -> Sequence[Recorded]:
        """Append what was decided, and what those elsewhere are told. Raises Unappendable."""
        orders = [each[0] for each in decided.accepted] + [order for order, _ in told]
        came = [each.elsewhere.offset for each in orders if each.elsewhere]
        if not (loaded or came):
            return ()

        def answers(recorded: Sequence[Recorded]) -> list[tuple[ReplyTo, Outcome | Exception]]:
            outcomes: list[Told] = [*self._accepted(decided, recorded), *told]
            return [(o.elsewhere.reply_to, outcome) for o, outcome in outcomes if o.elsewhere]

        return await self._log.append(
            Batch(
                drafts=decided.drafts,
                no_ops=decided.no_ops,
                snapshots=self._snapshots(decided),
                partitions={o.partition for o in (*loaded, *orders)},
                answers=answers if came else None,
                commands_next=max(came) + 1 if came else None,
            )
        )

    def left(self) -> list[Order]:
        """Take out what was never decided, once `run` has raised."""
        left: list[Order] = []
        while not self._queue.empty():
            order = self._queue.get_nowait()
            if order is not None:
                left.append(order)
        return left

    def _give_up(self, orders: Sequence[Order], fault: Unappendable) -> None:
        """Nothing was appended, as far as is known. Raises the fault, as `run` says.

        A refusal may rest on what was not appended, so it is none. Whether it was may not even be
        known: the next command reads the states from the log again.
        """
        for order in orders:
            self._states.pop(order.stream, None)
            answer(order, Unavailable(str(fault), command_id=order.command_id))
        if self._ends_at_fault:
            raise fault

    async def _find_retries(self, orders: list[Order]) -> tuple[list[Told], list[Order]]:
        """What became of those that were accepted before, and the orders that were not."""
        retries = [(each.stream, each.command_id) for each in orders if each.is_retry]
        if not retries:
            return [], orders
        known = await self._log.outcomes(retries)
        told: list[Told] = []
        fresh: list[Order] = []
        for order in orders:
            outcome = known.get((order.stream, order.command_id)) if order.is_retry else None
            if outcome is None:
                fresh.append(order)
            else:
                told.append((order, accepted_before(order, outcome)))
        return told, fresh

    async def _load(self, orders: list[Order]) -> tuple[list[Told], list[Order]]:
        """The orders whose states cannot be read, each with why, and those whose can."""
        missing = {each.stream: each for each in orders if each.stream not in self._states}
        if not missing:
            return [], orders
        pasts = await self._log.past(
            {stream: self._codes[each.aggregate.name] for stream, each in missing.items()}
        )
        faults: dict[str, Exception] = {}
        for stream, order in missing.items():
            try:
                self._states[stream] = self._fold(order, pasts[stream])
            except Exception as fault:  # this stream cannot be read; the others can
                faults[stream] = fault
        unreadable: list[Told] = [(o, faults[o.stream]) for o in orders if o.stream in faults]
        return unreadable, [each for each in orders if each.stream not in faults]

    def _fold(self, order: Order, past: Past) -> Held:
        aggregate, snapshot = order.aggregate, past.snapshot
        held = Held(aggregate.initial(), 0, Position(order.partition, -1), 0)
        if snapshot is not None:
            held.state = self._codec.decode_state(aggregate, snapshot.state)
            held.version = held.snapshot_version = snapshot.version
            held.position = snapshot.position
        for recorded in past.events:
            held.state = aggregate.evolve(held.state, self._codec.event(recorded))
            held.version, held.position = recorded.version, recorded.position
        return held

    def _snapshots(self, decided: Decided) -> list[Snapshot]:
        """Of the states before this batch: their positions are known, and they are durable."""
        snapshots: list[Snapshot] = []
        for order, *_ in decided.accepted:
            held = self._states[order.stream]
            if held.version - held.snapshot_version < SNAPSHOT_EVERY_EVENTS:
                continue
            held.snapshot_version = held.version
            decided.states[order.stream].snapshot_version = held.version
            try:
                state = self._codec.encode_state(held.state)
                if len(state) > EVENT_BYTES_MAX:
                    raise ValueError(f"it has {len(state):,} bytes")
            except ValueError as fault:  # it only saves folding, so the stream does without
                _logger.warning("no snapshot of %s: %s", order.stream, fault)
                continue
            snapshots.append(
                Snapshot(
                    stream=order.stream,
                    version=held.version,
                    position=held.position,
                    code=self._codes[order.aggregate.name],
                    state=state,
                )
            )
        return snapshots

    def _install(self, decided: Decided, recorded: Sequence[Recorded]) -> list[Told]:
        """Hold the states of what is durable; the outcomes of what was accepted."""
        self.tally.accepted += len(decided.accepted)
        accepted = self._accepted(decided, recorded)
        for (order, _, _, held), (_, outcome) in zip(decided.accepted, accepted, strict=True):
            held.position = outcome.position
            self._states[order.stream] = held
            self._states.move_to_end(order.stream)
        return [*accepted]

    def _accepted(
        self, decided: Decided, recorded: Sequence[Recorded]
    ) -> list[tuple[Order, Accepted]]:
        """The outcome of each, now that its events have their places."""
        found: list[tuple[Order, Accepted]] = []
        places: dict[str, Position] = {}
        for order, first, end, held in decided.accepted:
            events = tuple(recorded[first:end])
            if events:
                places[order.stream] = events[-1].position
            accepted = Accepted(
                command_id=order.command_id,
                id=order.id,
                version=held.version,
                position=places.get(order.stream) or self._states[order.stream].position,
                events=events,
            )
            found.append((order, accepted))
        return found


def _without_repeats(orders: list[Order]) -> tuple[list[Order], list[Order]]:
    seen: set[tuple[str, str]] = set()
    first: list[Order] = []
    repeats: list[Order] = []
    for order in orders:
        key = (order.stream, order.command_id)
        (repeats if key in seen else first).append(order)
        seen.add(key)
    return first, repeats
