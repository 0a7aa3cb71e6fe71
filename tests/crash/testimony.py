"""What people were told of each stream, beside the log, as a history that one stream must explain.

What processes have sent nobody was told of; its events stand in the log, and have a place in the
order like any others. No earlier one than what led to them was sent: more is not known of them.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import get_type_hints

import msgspec

from api.contexts import shipped
from domain.composition import Domain
from eventlog import outcome
from eventlog.deciding import Order
from eventlog.dispatcher import CommandDispatcher, Sender
from eventlog.envelope import PARTITIONS, Recorded
from tests.crash.linearizable import Accepted, Asked, Operation, Refused, Seen, linearized
from tests.crash.people import Sent

__all__ = ["check_order"]

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""The time of what left no event; no decision may rest on it."""


async def check_order(events: Sequence[Recorded], sent: Iterable[Sent]) -> None:
    """Each stream has answered as if to one caller after the other. Raises NotLinearizable."""
    domain = shipped().domain
    aggregates = {each.name: each for each in domain.aggregates}
    for stream, history in (await _histories(domain, events, list(sent))).items():
        try:
            linearized(aggregates[stream.partition("-")[0]], history)
        except Exception as fault:
            fault.add_note(f"This is of {stream}.")
            raise


async def _histories(
    domain: Domain, events: Sequence[Recorded], sent: Sequence[Sent]
) -> Mapping[str, list[Operation]]:
    """What happened to each stream, and at last its version."""
    interpreter = _Interpreter(domain)
    by_id = {each.id: each for each in events}
    found: defaultdict[str, list[Operation]] = defaultdict(list)
    for each in sent:
        stream, asked = await _asked(interpreter, each, by_id)
        found[stream].append(asked)
    for stream, seen in _untold(events, sent, by_id):
        found[stream].append(seen)
    end = max((each.answered for each in sent), default=0.0) + 1
    lasts = {each.stream: each.version for each in events}
    for stream, history in found.items():
        history.append(Seen(version=lasts.get(stream, 0), invoked=end, answered=end))
    return found


async def _asked(
    interpreter: "_Interpreter", sent: Sent, by_id: Mapping[str, Recorded]
) -> tuple[str, Asked]:
    """A command and its answer; its events are those of the log."""
    answer: Accepted | Refused
    at = LONG_AGO
    if sent.is_accepted:
        told = [by_id[each["id"]] for each in sent.result["events"]]
        at = told[0].at if told else at
        answer = Accepted(version=sent.result["version"], events=tuple(each.event for each in told))
    else:
        answer = Refused(code=sent.result["code"])
    order = await interpreter.order(sent, at)
    return order.stream, Asked(
        command_id=sent.command_id,
        command=order.command,
        expected_version=sent.expected_version,
        invoked=sent.invoked,
        answered=sent.answered,
        answer=answer,
    )


def _untold(
    events: Sequence[Recorded], sent: Sequence[Sent], by_id: Mapping[str, Recorded]
) -> Iterable[tuple[str, Seen]]:
    """The streams and events of commands that no person has sent."""
    invoked: dict[str, float] = {}
    for each in sent:
        invoked[each.command_id] = min(each.invoked, invoked.get(each.command_id, each.invoked))
    commands: defaultdict[str, list[Recorded]] = defaultdict(list)
    for recorded in events:
        if recorded.command_id not in invoked:
            commands[recorded.command_id].append(recorded)
    for found in commands.values():
        cause = found[0]
        while cause.command_id not in invoked:
            cause = by_id[cause.causation_id]
        yield (
            found[0].stream,
            Seen(
                version=found[-1].version,
                events=tuple(each.event for each in found),
                invoked=invoked[cause.command_id],
            ),
        )


class _Interpreter:
    """Says which command of the domain somebody has sent: what the API and dispatcher make of it.

    It is the owner of all streams itself, and only takes note of what it is given.
    """

    partitions = PARTITIONS

    def __init__(self, domain: Domain) -> None:
        self._domain = domain
        self._dispatcher = CommandDispatcher(self, self, domain)
        self._taken: list[Order] = []

    async def order(self, sent: Sent, at: datetime) -> Order:
        """The command as it gets to its stream's owner."""
        command = self._domain.commands[sent.name[0].upper() + sent.name[1:]]
        hints = get_type_hints(command)
        given = {_snake_case(name): value for name, value in sent.input.items()}
        fields = {name: msgspec.convert(value, hints[name]) for name, value in given.items()}
        sender = Sender(actor=sent.sub, roles=frozenset(sent.roles))
        await self._dispatcher.dispatch(command, fields, sender, command_id=sent.command_id, at=at)
        return self._taken.pop()

    def submit(self, order: Order) -> None:
        self._taken.append(order)
        assert order.outcome is not None
        order.outcome.set_result(
            outcome.Refused(command_id=order.command_id, code="NOTED", message="and no more")
        )

    async def history(self, stream: str, after_version: int, first: int) -> list[Recorded]:
        raise NotImplementedError


def _snake_case(name: str) -> str:
    """The name of a field as the domain has it."""
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)
