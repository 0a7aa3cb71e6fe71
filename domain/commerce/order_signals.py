"""The signal of an order: raised for reasons of several kinds, then cleared or upheld by a clerk.

Reasons may come one by one, and more than once: each kind counts once, the first that came. A new
kind raises a cleared signal again; one that was upheld stays so. A clerk may think better of it.
"""

from domain.commerce.order_signal_messages import (
    ClearOrderSignal,
    OrderSignalCleared,
    OrderSignalCommand,
    OrderSignalEvent,
    OrderSignalRaised,
    OrderSignalReason,
    OrderSignalUpheld,
    RaiseOrderSignal,
    UpholdOrderSignal,
)
from domain.commerce.terms import REASON_LENGTH_MAX, checked_text
from domain.model import Aggregate, Rejected, Role, value

SCORE_MAX = 100


@value
class Unsuspected:
    """Nothing was said against the order."""


@value
class Raised:
    """The order waits for a clerk to look at it."""

    customer: str
    reasons: tuple[OrderSignalReason, ...]


@value
class Cleared:
    """A clerk found nothing wrong."""

    customer: str
    reasons: tuple[OrderSignalReason, ...]


@value
class Upheld:
    """A clerk found that it is fraud."""

    customer: str
    reasons: tuple[OrderSignalReason, ...]


OrderSignal = Unsuspected | Raised | Cleared | Upheld


def decide(command: OrderSignalCommand, state: OrderSignal) -> list[OrderSignalEvent]:
    match command, state:
        case RaiseOrderSignal(), Upheld():
            return []
        case RaiseOrderSignal(), Unsuspected():
            return _raise(command, ())
        case RaiseOrderSignal(), Raised(reasons=known) | Cleared(reasons=known):
            return _raise(command, known)
        case ClearOrderSignal(), Cleared():
            return []
        case UpholdOrderSignal(), Upheld():
            return []
        case ClearOrderSignal() | UpholdOrderSignal(), Raised() | Cleared() | Upheld():
            return [_found(command, state.customer)]
        case _:
            raise Rejected(
                "SIGNAL_UNKNOWN",
                f"nothing was said against order {command.order:.40}; there is nothing to find",
            )


def evolve(state: OrderSignal, event: OrderSignalEvent) -> OrderSignal:
    match event:
        case OrderSignalRaised(customer=customer, reasons=reasons):
            return Raised(customer=customer, reasons=reasons)
        case OrderSignalCleared(customer=customer):
            return Cleared(customer=customer, reasons=_reasons(state))
        case OrderSignalUpheld(customer=customer):
            return Upheld(customer=customer, reasons=_reasons(state))


def _raise(
    command: RaiseOrderSignal, known: tuple[OrderSignalReason, ...]
) -> list[OrderSignalEvent]:
    by_kind = {each.kind: each for each in (*reversed(command.reasons), *known)}
    new = by_kind.keys() - {each.kind for each in known}
    if not new:
        return []
    reasons = tuple(by_kind[each] for each in sorted(by_kind))
    return [
        OrderSignalRaised(
            order=command.order,
            customer=command.customer,
            reasons=reasons,
            score=min(sum(each.points for each in reasons), SCORE_MAX),
            at=command.at,
        )
    ]


def _found(command: ClearOrderSignal | UpholdOrderSignal, customer: str) -> OrderSignalEvent:
    kind = OrderSignalCleared if isinstance(command, ClearOrderSignal) else OrderSignalUpheld
    return kind(
        order=command.order,
        customer=customer,
        note=checked_text(command.note, "note", REASON_LENGTH_MAX),
        at=command.at,
        by=command.by,
    )


def _reasons(state: OrderSignal) -> tuple[OrderSignalReason, ...]:
    return () if isinstance(state, Unsuspected) else state.reasons


order_signals = Aggregate(
    name="order_signal",
    key=lambda command: command.order,
    initial=Unsuspected,
    decide=decide,
    evolve=evolve,
    history=Role("clerk", "analyst"),
)
