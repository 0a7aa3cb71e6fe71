"""Whoever sends a command is shown its events, without what they carry for documents alone."""

from datetime import UTC, datetime

import msgspec

from api.contexts import shipped
from api.schema.withholding import for_sender, withheld
from domain.model import Role
from domain.rules import Viewer
from eventlog.envelope import Position, Recorded
from eventlog.outcome import Accepted, Refused

FIELDS = {"shop.Sold": frozenset({"others"})}
CLERK, BUYER = Viewer("carl", frozenset({"clerk"})), Viewer("ann", frozenset({"customer"}))
KNOWN = {"buyer": "ann", "others": ["bob", "eve"]}


def recorded(type: str) -> Recorded:
    return Recorded(
        id="e-1",
        type=type,
        schema=1,
        stream="sale-1",
        version=1,
        partition=0,
        at=datetime(2026, 11, 26, tzinfo=UTC),
        command_id="c-1",
        correlation_id="c-1",
        causation_id="c-1",
        actor="ann",
        trace=None,
        data=msgspec.json.encode(KNOWN),
        offset=7,
    )


def accepted(*types: str) -> Accepted:
    return Accepted(
        command_id="c-1",
        id="1",
        version=len(types),
        position=Position(0, 7),
        events=tuple(map(recorded, types)),
    )


def data(outcome: object) -> list[object]:
    assert isinstance(outcome, Accepted)
    return [msgspec.json.decode(each.data) for each in outcome.events]


def test_a_field_that_is_withheld_is_absent_and_all_else_is_there() -> None:
    shown = for_sender(FIELDS, history=None)
    found = shown(accepted("shop.Sold", "shop.Paid"), BUYER)
    assert data(found) == [{"buyer": "ann"}, KNOWN]
    assert isinstance(found, Accepted)
    assert (found.position, found.events[0].stream) == (Position(0, 7), "sale-1")


def test_who_may_read_the_history_is_shown_all_of_it() -> None:
    shown = for_sender(FIELDS, history=Role("clerk"))
    assert data(shown(accepted("shop.Sold"), CLERK)) == [KNOWN]
    assert data(shown(accepted("shop.Sold"), BUYER)) == [{"buyer": "ann"}]


def test_a_refusal_is_shown_as_it_is() -> None:
    refused = Refused(command_id="c-1", code="NO", message="no")
    assert for_sender(FIELDS, history=None)(refused, BUYER) is refused


def test_who_else_may_read_a_chart_is_withheld_by_every_event_that_changes_it() -> None:
    domain = shipped().domain
    change = {name for name, cls in domain.events.items() if "access" in cls.__annotations__}
    registered = "clinical.PatientRegistered"
    assert registered in change, "it says what the registrar has just said"
    fields = withheld(domain)
    assert {name for name in change if "access" in fields.get(name, ())} == change - {registered}
