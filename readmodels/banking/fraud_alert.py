"""A fraud alert as compliance sees it."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from domain.banking.fraud_messages import (
    FraudAlertConfirmed,
    FraudAlertDismissed,
    FraudAlertEvent,
    FraudAlertRaised,
)
from domain.banking.suspecting import Oddity
from readmodels.model import Projection, Role, document, index, one, replace


class FraudAlertStatus(StrEnum):
    """What was made of an alert."""

    OPEN = "OPEN"
    CONFIRMED = "CONFIRMED"
    DISMISSED = "DISMISSED"


@document(
    read=Role("compliance"),
    indexes=[
        index("status", "score"),
        index("customer", "at"),
        index("score"),
        index("amount"),
        index("at"),
    ],
    links=[one("paid_from", to="Account", by="account")],
)
class FraudAlert:
    """A payment that is unlike its customer, by a score that adds up all that is odd about it.

    The reasons are what was odd, the oddest first.
    """

    id: str
    customer: str
    account: str
    amount: Decimal
    currency: str
    payee: str
    score: float
    reasons: tuple[Oddity, ...]
    status: FraudAlertStatus
    note: str | None
    decided_by: str | None
    at: datetime
    decided_at: datetime | None


def evolve(document: FraudAlert | None, event: FraudAlertEvent) -> FraudAlert | None:
    match event:
        case FraudAlertRaised():
            return _raised(event)
        case FraudAlertConfirmed():
            return _decided(document, event, FraudAlertStatus.CONFIRMED)
        case FraudAlertDismissed():
            return _decided(document, event, FraudAlertStatus.DISMISSED)


def _raised(event: FraudAlertRaised) -> FraudAlert:
    payment = event.payment
    return FraudAlert(
        id=event.alert,
        customer=payment.customer,
        account=payment.account,
        amount=payment.amount,
        currency=payment.currency,
        payee=payment.payee,
        score=event.assessment.score,
        reasons=event.assessment.reasons,
        status=FraudAlertStatus.OPEN,
        note=None,
        decided_by=None,
        at=payment.at,
        decided_at=None,
    )


def _decided(
    document: FraudAlert | None,
    event: FraudAlertConfirmed | FraudAlertDismissed,
    status: FraudAlertStatus,
) -> FraudAlert | None:
    return document and replace(
        document, status=status, note=event.note, decided_by=event.by, decided_at=event.at
    )


fraud_alerts = Projection(document=FraudAlert, keys=lambda event: [event.alert], evolve=evolve)
