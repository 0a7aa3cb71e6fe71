"""Transfers that a bank keeps a record of for the authorities: large, or across the border."""

from datetime import datetime
from decimal import Decimal

from domain.banking.transfer_messages import ExternalPayee, TransferCompleted, TransferSent
from readmodels.banking.transfer import is_cross_border
from readmodels.model import Projection, Role, document, index

CURRENCY = "USD"
LARGE_ABOVE = Decimal("10000.00")
"""31 CFR 1010.410(b) asks for a record of more than this to a place outside of the United States;
within them the bank watches the same sum."""
ORIGINATOR_KEPT_FROM = Decimal("3000.00")
"""From here on a bank keeps who ordered a transfer and who got it (31 CFR 1020.410(a))."""


@document(
    read=Role("compliance"),
    indexes=[
        index("is_large", "at"),
        index("is_cross_border", "at"),
        index("country", "at"),
        index("currency", "amount"),
        index("at"),
    ],
)
class ReportableTransfer:
    """A transfer that has left: of more than 10,000 dollars, or across the border in any amount.

    `must_keep_originator` is from 3,000 dollars on. What is not in dollars is large by no rule
    here, since the bank keeps no rates.
    """

    id: str
    source: str
    owners: tuple[str, ...]
    sender: str | None
    target: str | None
    payee: ExternalPayee | None
    country: str | None
    currency: str
    amount: Decimal
    is_large: bool
    is_cross_border: bool
    must_keep_originator: bool
    at: datetime


def evolve(
    document: ReportableTransfer | None, event: TransferSent | TransferCompleted
) -> ReportableTransfer | None:
    order = event.order
    dollars = order.amount if order.currency == CURRENCY else Decimal(0)
    is_large, crosses = dollars > LARGE_ABOVE, is_cross_border(order)
    if not is_large and not crosses:
        return None
    return ReportableTransfer(
        id=order.transfer,
        source=order.source,
        owners=event.owners,
        sender=order.sender,
        target=order.target,
        payee=order.payee,
        country=None if order.payee is None else order.payee.country,
        currency=order.currency,
        amount=order.amount,
        is_large=is_large,
        is_cross_border=crosses,
        must_keep_originator=dollars >= ORIGINATOR_KEPT_FROM,
        at=event.at,
    )


reportable_transfers = Projection(
    document=ReportableTransfer, keys=lambda event: [event.order.transfer], evolve=evolve
)
