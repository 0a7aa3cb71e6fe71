"""A fraud alert: raised for one payment, then confirmed or dismissed, once and for all."""

from domain.banking.fraud_messages import (
    ConfirmFraudAlert,
    DismissFraudAlert,
    FraudAlertCommand,
    FraudAlertConfirmed,
    FraudAlertDismissed,
    FraudAlertEvent,
    FraudAlertRaised,
    RaiseFraudAlert,
)
from domain.banking.terms import checked_text
from domain.model import Aggregate, Rejected, Role, value


@value
class Calm:
    """Nobody was alarmed."""


@value
class Alarmed:
    """Somebody has to look."""


@value
class Confirmed:
    """It was fraud."""


@value
class Dismissed:
    """It was the customer."""


FraudAlert = Calm | Alarmed | Confirmed | Dismissed


def evolve(state: FraudAlert, event: FraudAlertEvent) -> FraudAlert:
    match event:
        case FraudAlertRaised():
            return Alarmed()
        case FraudAlertConfirmed():
            return Confirmed()
        case FraudAlertDismissed():
            return Dismissed()


def decide(command: FraudAlertCommand, state: FraudAlert) -> list[FraudAlertEvent]:
    match command, state:
        case RaiseFraudAlert(alert=alert, payment=payment, assessment=assessment), Calm():
            return [
                FraudAlertRaised(alert=alert, payment=payment, assessment=assessment, at=command.at)
            ]
        case RaiseFraudAlert(), _:
            return []
        case _, Calm():
            raise Rejected("ALERT_UNKNOWN", f"there is no alert {command.alert:.40}")
        case ConfirmFraudAlert(alert=alert, at=at, by=by), Alarmed():
            note = checked_text(command.note, "note")
            return [FraudAlertConfirmed(alert=alert, note=note, at=at, by=by)]
        case DismissFraudAlert(alert=alert, at=at, by=by), Alarmed():
            note = checked_text(command.note, "note")
            return [FraudAlertDismissed(alert=alert, note=note, at=at, by=by)]
        case ConfirmFraudAlert(), Confirmed():
            return []
        case DismissFraudAlert(), Dismissed():
            return []
        case _:
            raise Rejected(
                "ALERT_DECIDED", f"alert {command.alert} is {type(state).__name__.lower()} already"
            )


fraud_alerts = Aggregate(
    name="fraud_alert",
    key=lambda command: command.alert,
    initial=Calm,
    decide=decide,
    evolve=evolve,
    history=Role("compliance"),
)
