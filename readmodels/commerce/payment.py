"""The payments: what is set aside, taken and given back."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from domain.commerce.payment_messages import (
    PaymentAuthorised,
    PaymentCaptured,
    PaymentDeclined,
    PaymentRefunded,
)
from domain.commerce.terms import ZERO
from readmodels.model import Projection, Role, document, index, replace


class PaymentStatus(StrEnum):
    """Where a payment stands; it is refunded when nothing of it is left."""

    AUTHORISED = "AUTHORISED"
    CAPTURED = "CAPTURED"
    DECLINED = "DECLINED"
    REFUNDED = "REFUNDED"


@document(
    read=Role("clerk", "provider"),
    indexes=[index("order"), index("status", "at"), index("at")],
)
class Payment:
    """A payment for an order; `customer` is who authorised it, if it was not the provider.

    `at` is when it was authorised, or refused at once; `reason` is why it was declined or refunded.
    """

    id: str
    order: str
    customer: str | None
    status: PaymentStatus
    amount: Decimal
    refunded: Decimal
    reason: str | None
    at: datetime


PaymentNews = PaymentAuthorised | PaymentCaptured | PaymentDeclined | PaymentRefunded


def evolve(document: Payment | None, event: PaymentNews) -> Payment | None:
    match event:
        case PaymentAuthorised():
            return _begun(event)
        case PaymentCaptured():
            return document and replace(document, status=PaymentStatus.CAPTURED)
        case PaymentDeclined(reason=reason):
            known = document or _begun(event)
            return replace(known, status=PaymentStatus.DECLINED, reason=reason)
        case PaymentRefunded(refunded=refunded, reason=reason):
            if document is None:
                return None
            status = PaymentStatus.REFUNDED if refunded == document.amount else document.status
            return replace(document, status=status, refunded=refunded, reason=reason)


def _begun(event: PaymentAuthorised | PaymentDeclined) -> Payment:
    return Payment(
        id=event.payment,
        order=event.order,
        customer=event.customer,
        status=PaymentStatus.AUTHORISED,
        amount=event.amount,
        refunded=ZERO,
        reason=None,
        at=event.at,
    )


payments = Projection(document=Payment, keys=lambda event: [event.payment], evolve=evolve)
