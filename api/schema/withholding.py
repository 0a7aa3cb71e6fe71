"""What of a command's events is not for its sender: fields that are `Withheld`."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

from domain.composition import Domain
from domain.model import Withholding
from domain.rules import Rule, Viewer, admits
from eventlog.envelope import Recorded
from eventlog.outcome import Accepted, Outcome

__all__ = ["Shown", "for_sender", "withheld"]

Shown = Callable[[Outcome, Viewer], Outcome]
"""Gives an outcome as whoever sent the command is shown it."""
NOTHING: frozenset[str] = frozenset()


def withheld(domain: Domain) -> Mapping[str, frozenset[str]]:
    """The fields that are not for senders, by the wire names of the events that have some."""
    found = {name: _marked(cls) for name, cls in domain.events.items()}
    return {name: fields for name, fields in found.items() if fields}


def _marked(event: type[Any]) -> frozenset[str]:
    return frozenset(
        name
        for name, hint in get_type_hints(event, include_extras=True).items()
        if get_origin(hint) is Annotated
        and any(isinstance(each, Withholding) for each in get_args(hint)[1:])
    )


def for_sender(fields: Mapping[str, frozenset[str]], history: Rule | None) -> Shown:
    """What shows an outcome to its sender; whole, where they may read the stream's history."""

    def shown(outcome: Outcome, viewer: Viewer) -> Outcome:
        if not isinstance(outcome, Accepted) or admits(history, viewer):
            return outcome
        if not any(each.type in fields for each in outcome.events):
            return outcome
        events = (_without(each, fields.get(each.type, NOTHING)) for each in outcome.events)
        return replace(outcome, events=tuple(events))

    return shown


def _without(event: Recorded, fields: frozenset[str]) -> Recorded:
    if not fields:
        return event
    known = msgspec.json.decode(event.data)
    shown = {name: each for name, each in known.items() if name not in fields}
    return msgspec.structs.replace(event, data=msgspec.json.encode(shown), event=None)
