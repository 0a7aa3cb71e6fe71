"""What is said about a suspicious order: why it is one, and what a clerk found."""

from datetime import datetime
from enum import StrEnum

from domain.model import Actor, Now, Role, command, event, value


class OrderSignalKind(StrEnum):
    """What looks like fraud about an order."""

    ORDERS_IN_AN_HOUR = "ORDERS_IN_AN_HOUR"
    ORDERS_IN_A_DAY = "ORDERS_IN_A_DAY"
    UNUSUAL_TOTAL = "UNUSUAL_TOTAL"
    OTHER_ADDRESS = "OTHER_ADDRESS"
    OTHER_COUNTRY = "OTHER_COUNTRY"


@value
class OrderSignalReason:
    """Something that looks like fraud, how much it counts, and what it was in words."""

    kind: OrderSignalKind
    points: int
    note: str


@event("commerce.OrderSignalRaised")
class OrderSignalRaised:
    """An order looks like fraud, for all of these reasons; the score is 1 to 100."""

    order: str
    customer: str
    reasons: tuple[OrderSignalReason, ...]
    score: int
    at: datetime


@event("commerce.OrderSignalCleared")
class OrderSignalCleared:
    """A clerk found nothing wrong with the order."""

    order: str
    customer: str
    note: str
    at: datetime
    by: str


@event("commerce.OrderSignalUpheld")
class OrderSignalUpheld:
    """A clerk found that the order is fraud."""

    order: str
    customer: str
    note: str
    at: datetime
    by: str


OrderSignalEvent = OrderSignalRaised | OrderSignalCleared | OrderSignalUpheld


@command()
class RaiseOrderSignal:
    """Point out an order for these reasons; one that is of a known kind adds nothing."""

    order: str
    customer: str
    reasons: tuple[OrderSignalReason, ...]
    at: Now


@command(allow=Role("clerk"))
class ClearOrderSignal:
    """Find nothing wrong with an order that was pointed out, and say what was looked at."""

    order: str
    note: str
    at: Now
    by: Actor


@command(allow=Role("clerk"))
class UpholdOrderSignal:
    """Find that an order that was pointed out is fraud; cancelling it is another command."""

    order: str
    note: str
    at: Now
    by: Actor


OrderSignalCommand = RaiseOrderSignal | ClearOrderSignal | UpholdOrderSignal
