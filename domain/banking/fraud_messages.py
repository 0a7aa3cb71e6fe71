"""What is said about suspected fraud: an alert is raised, then confirmed or dismissed."""

from datetime import datetime

from domain.banking.habits import CustomerPayment
from domain.banking.suspecting import Assessment
from domain.model import Actor, Now, Role, command, event


@event("banking.FraudAlertRaised")
class FraudAlertRaised:
    """A payment was unlike the customer; somebody has to look at it."""

    alert: str
    payment: CustomerPayment
    assessment: Assessment
    at: datetime


@event("banking.FraudAlertConfirmed")
class FraudAlertConfirmed:
    """It was fraud."""

    alert: str
    note: str
    at: datetime
    by: str


@event("banking.FraudAlertDismissed")
class FraudAlertDismissed:
    """It was the customer."""

    alert: str
    note: str
    at: datetime
    by: str


FraudAlertEvent = FraudAlertRaised | FraudAlertConfirmed | FraudAlertDismissed


@command()
class RaiseFraudAlert:
    """Have somebody look at a payment; once for each."""

    alert: str
    payment: CustomerPayment
    assessment: Assessment
    at: Now


@command(allow=Role("compliance"))
class ConfirmFraudAlert:
    """Say that it was fraud, and what is done about it."""

    alert: str
    note: str
    at: Now
    by: Actor


@command(allow=Role("compliance"))
class DismissFraudAlert:
    """Say that it was the customer, and how one knows."""

    alert: str
    note: str
    at: Now
    by: Actor


FraudAlertCommand = RaiseFraudAlert | ConfirmFraudAlert | DismissFraudAlert
