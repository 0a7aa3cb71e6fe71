"""What is said about a payment: the events of its course, and the commands for them."""

from datetime import datetime
from decimal import Decimal

from domain.model import Actor, NewId, Now, Role, Roles, command, event


@event("commerce.PaymentAuthorised")
class PaymentAuthorised:
    """An amount is set aside for an order; `customer` is None where the provider says so."""

    payment: str
    order: str
    customer: str | None
    amount: Decimal
    at: datetime


@event("commerce.PaymentCaptured")
class PaymentCaptured:
    """The whole authorised amount was taken."""

    payment: str
    order: str
    customer: str | None
    amount: Decimal
    at: datetime


@event("commerce.PaymentDeclined")
class PaymentDeclined:
    """The payment came to nothing, and nothing was taken."""

    payment: str
    order: str
    customer: str | None
    amount: Decimal
    reason: str
    at: datetime


@event("commerce.PaymentRefunded")
class PaymentRefunded:
    """Some of what was taken went back: `amount` now, `refunded` in all.

    `number` is that of the return it is for, None where it is for none.
    """

    payment: str
    order: str
    customer: str | None
    amount: Decimal
    refunded: Decimal
    number: int | None
    reason: str
    at: datetime


@event("commerce.PaymentQuestioned")
class PaymentQuestioned:
    """A payment for an order that nobody had heard of has waited long enough."""

    payment: str
    order: str
    at: datetime


PaymentEvent = (
    PaymentAuthorised | PaymentCaptured | PaymentDeclined | PaymentRefunded | PaymentQuestioned
)


@command(allow=Role("customer", "provider"))
class AuthorisePayment:
    """Set an amount aside for an order: a customer for an own one, the provider for any."""

    payment: NewId
    order: str
    amount: Decimal
    at: Now
    by: Actor
    roles: Roles


@command(allow=Role("provider"))
class RefusePayment:
    """Report that a payment for an order was refused before any amount was set aside."""

    payment: NewId
    order: str
    amount: Decimal
    reason: str
    at: Now


@command(allow=Role("provider"))
class CapturePayment:
    """Take the amount that was set aside. The fulfilment does so itself where the payment fits."""

    payment: str
    at: Now


@command(allow=Role("provider"))
class DeclinePayment:
    """Give up an amount that was set aside and not taken yet."""

    payment: str
    reason: str
    at: Now


@command(allow=Role("provider", "clerk"))
class RefundPayment:
    """Give back a part of what was taken; without an amount, all that is left of it."""

    payment: str
    amount: Decimal | None = None
    reason: str
    at: Now


@command()
class RefundReturn:
    """Give back the price of a return, or what is left if that is less; once for each number."""

    payment: str
    number: int
    amount: Decimal
    reason: str
    at: Now


@command()
class VoidPayment:
    """End a payment that bought nothing: decline it, or refund all that is left of it."""

    payment: str
    reason: str
    at: Now


@command()
class QuestionPayment:
    """Ask the fulfilment whether the order of a payment has turned up."""

    payment: str
    at: Now


PaymentCommand = (
    AuthorisePayment
    | RefusePayment
    | CapturePayment
    | DeclinePayment
    | RefundPayment
    | RefundReturn
    | VoidPayment
    | QuestionPayment
)
