"""The course of a transfer: take the money, give it, and take it back where it is refused.

The request and the two accounts are streams of their own, heard in no common order, so the state is
what was heard of each: an account's first word on a transfer stands, and any later one is the echo
of a command that came twice. What is to be done follows from what is known, and is harmless to
repeat. At every instant the money is in one place: at the source, in transit, or at the target.
"""

from enum import StrEnum

from domain.banking.leg_messages import (
    AccountCredited,
    AccountDebited,
    CreditAccount,
    CreditRefused,
    DebitAccount,
    DebitRefunded,
    DebitRefused,
    LegPurpose,
    LegRefusal,
    RefundDebit,
    SettleDebit,
)
from domain.banking.transfer_messages import (
    CompleteTransfer,
    RejectTransfer,
    ReturnTransfer,
    SendTransfer,
    TransferOrder,
    TransferRequested,
    TransferSent,
)
from domain.model import After, Process, replace, value

TransferNews = (
    TransferRequested
    | TransferSent
    | AccountDebited
    | AccountCredited
    | DebitRefunded
    | DebitRefused
    | CreditRefused
)
TransferStep = (
    DebitAccount
    | CreditAccount
    | RefundDebit
    | SettleDebit
    | SendTransfer
    | CompleteTransfer
    | RejectTransfer
    | ReturnTransfer
)


class LegStanding(StrEnum):
    """What an account has said to a leg."""

    UNHEARD = "UNHEARD"
    TAKEN = "TAKEN"
    REFUSED = "REFUSED"
    REFUNDED = "REFUNDED"


@value
class Leg:
    """One leg: who owns the account that took it, or why it was refused."""

    standing: LegStanding = LegStanding.UNHEARD
    owners: tuple[str, ...] = ()
    refusal: LegRefusal | None = None


@value
class Transferring:
    """What was heard of a transfer: the order, the word of each account, whether it was sent."""

    order: TransferOrder | None = None
    source: Leg = Leg()
    target: Leg = Leg()
    is_sent: bool = False


def evolve(state: Transferring, event: TransferNews) -> Transferring:
    match event:
        case TransferRequested(order=order):
            return replace(state, order=order)
        case TransferSent():
            return replace(state, is_sent=True)
        case AccountDebited(posting=posting):
            return replace(state, source=_taken(state.source, posting.owners))
        case DebitRefused(reason=reason):
            return replace(state, source=_refused(state.source, reason))
        case DebitRefunded():
            back = replace(state.source, standing=LegStanding.REFUNDED)
            return replace(state, source=back)
        case AccountCredited(posting=posting):
            return replace(state, target=_taken(state.target, posting.owners))
        case CreditRefused(reason=reason):
            return replace(state, target=_refused(state.target, reason))


def _taken(leg: Leg, owners: tuple[str, ...]) -> Leg:
    if leg.standing is not LegStanding.UNHEARD:
        return leg
    return Leg(standing=LegStanding.TAKEN, owners=owners)


def _refused(leg: Leg, reason: LegRefusal) -> Leg:
    if leg.standing is not LegStanding.UNHEARD:
        return leg
    return Leg(standing=LegStanding.REFUSED, refusal=reason)


def react(state: Transferring, event: TransferNews) -> list[TransferStep | After[TransferStep]]:
    order = state.order
    if order is None:
        return []
    match state.source.standing:
        case LegStanding.UNHEARD:
            return [_debit(order)]
        case LegStanding.REFUSED:
            reason = state.source.refusal or LegRefusal.TOO_LATE
            return [RejectTransfer(transfer=order.transfer, reason=reason, at=event.at)]
        case LegStanding.REFUNDED:
            reason = state.target.refusal or LegRefusal.TOO_LATE
            return [
                ReturnTransfer(
                    transfer=order.transfer,
                    owners=state.source.owners,
                    reason=reason,
                    at=event.at,
                )
            ]
        case LegStanding.TAKEN:
            return _after_debit(state, order, event)


def _after_debit(
    state: Transferring, order: TransferOrder, event: TransferNews
) -> list[TransferStep | After[TransferStep]]:
    source, at, owners = order.source, event.at, state.source.owners
    settle = SettleDebit(account=source, reference=order.reference, at=at)
    match state.target.standing:
        case _ if order.target is None:
            if state.is_sent:
                return [settle]
            return [SendTransfer(transfer=order.transfer, owners=owners, at=at)]
        case LegStanding.TAKEN:
            payees = state.target.owners
            done = CompleteTransfer(transfer=order.transfer, owners=owners, payees=payees, at=at)
            return [done, settle]
        case LegStanding.REFUSED:
            return [RefundDebit(account=source, reference=order.reference, at=at)]
        case _:
            return [_credit(order, event)]


def _debit(order: TransferOrder) -> DebitAccount:
    return DebitAccount(
        account=order.source,
        reference=order.reference,
        purpose=LegPurpose.TRANSFER,
        counterparty=order.counterparty,
        sender=order.sender,
        currency=order.currency,
        amount=order.amount,
        at=order.requested_at,
    )


def _credit(order: TransferOrder, event: TransferNews) -> CreditAccount:
    return CreditAccount(
        account=order.target or "",
        reference=order.reference,
        purpose=LegPurpose.TRANSFER,
        counterparty=order.source,
        currency=order.currency,
        amount=order.amount,
        at=event.at,
    )


def key(event: TransferNews) -> str | None:
    """The transfer; None for the legs of trades."""
    if isinstance(event, TransferRequested | TransferSent):
        return event.order.transfer
    return event.reference.id if event.purpose is LegPurpose.TRANSFER else None


transferring = Process(
    name="transferring", key=key, initial=Transferring, evolve=evolve, react=react
)
