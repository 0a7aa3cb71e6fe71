"""A transfer as those see it whose money it moves."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from domain.banking.countries import HOME
from domain.banking.leg_messages import LegRefusal
from domain.banking.transfer_messages import (
    ExternalPayee,
    TransferCompleted,
    TransferEvent,
    TransferOrder,
    TransferRejected,
    TransferRequested,
    TransferReturned,
    TransferSent,
)
from readmodels.model import Owner, Projection, Role, document, index, replace

TOLD = (LegRefusal.UNKNOWN_ACCOUNT, LegRefusal.WRONG_CURRENCY)
"""Why a payee's account refused, as the payer is told; that it is frozen is not for others."""


class TransferStatus(StrEnum):
    """Where a transfer stands: sent is to another bank, completed is within this one."""

    REQUESTED = "REQUESTED"
    SENT = "SENT"
    COMPLETED = "COMPLETED"
    REJECTED = "REJECTED"
    RETURNED = "RETURNED"


@document(
    read=Owner("parties") | Role("teller", "compliance"),
    indexes=[
        index("status", "requested_at"),
        index("source", "requested_at"),
        index("target", "requested_at"),
        index("currency", "amount"),
        index("amount"),
        index("is_cross_border"),
        index("requested_at"),
    ],
)
class Transfer:
    """A transfer to an account of this bank, the target, or to a payee elsewhere.

    `parties` are whoever ordered it and the owners of the accounts that it moved money of;
    `refusal` is why it was rejected, or returned: of the other account it says no more than the
    payer may know; staff find the reason in the history.
    """

    id: str
    source: str
    target: str | None
    payee: ExternalPayee | None
    currency: str
    amount: Decimal
    status: TransferStatus
    refusal: LegRefusal | None
    is_cross_border: bool
    parties: tuple[str, ...]
    requested_at: datetime
    ended_at: datetime | None


def evolve(document: Transfer | None, event: TransferEvent) -> Transfer | None:
    known = document or _begun(event.order)
    match event:
        case TransferRequested():
            return known
        case TransferSent(owners=owners):
            return _ended(known, event, TransferStatus.SENT, owners)
        case TransferCompleted(owners=owners, payees=payees):
            return _ended(known, event, TransferStatus.COMPLETED, (*owners, *payees))
        case TransferRejected(reason=reason):
            return replace(_ended(known, event, TransferStatus.REJECTED, ()), refusal=reason)
        case TransferReturned(reason=reason, owners=owners):
            told = reason if reason in TOLD else LegRefusal.NOT_ACCEPTED
            return replace(_ended(known, event, TransferStatus.RETURNED, owners), refusal=told)


def _begun(order: TransferOrder) -> Transfer:
    return Transfer(
        id=order.transfer,
        source=order.source,
        target=order.target,
        payee=order.payee,
        currency=order.currency,
        amount=order.amount,
        status=TransferStatus.REQUESTED,
        refusal=None,
        is_cross_border=is_cross_border(order),
        parties=() if order.sender is None else (order.sender,),
        requested_at=order.requested_at,
        ended_at=None,
    )


def is_cross_border(order: TransferOrder) -> bool:
    """Whether the money leaves the country."""
    return order.payee is not None and order.payee.country != HOME


def _ended(
    document: Transfer, event: TransferEvent, status: TransferStatus, owners: tuple[str, ...]
) -> Transfer:
    parties = tuple(dict.fromkeys((*document.parties, *owners)))
    return replace(document, status=status, parties=parties, ended_at=event.at)


transfers = Projection(document=Transfer, keys=lambda event: [event.order.transfer], evolve=evolve)
