"""A payment: authorised, then captured or declined, and refunded up to what was captured.

A payment is for one order, which it does not know: whether it fits is for the fulfilment process to
see. What the process sends is safe to repeat and to cross with the provider's own word: VoidPayment
ends a payment whatever its state, and a return is refunded once, by its number.
"""

from decimal import Decimal

from domain.commerce.payment_messages import (
    AuthorisePayment,
    CapturePayment,
    DeclinePayment,
    PaymentAuthorised,
    PaymentCaptured,
    PaymentCommand,
    PaymentDeclined,
    PaymentEvent,
    PaymentQuestioned,
    PaymentRefunded,
    QuestionPayment,
    RefundPayment,
    RefundReturn,
    RefusePayment,
    VoidPayment,
)
from domain.commerce.terms import (
    PARTS_MAX,
    REASON_LENGTH_MAX,
    ZERO,
    checked_amount,
    checked_id,
    checked_text,
)
from domain.model import Aggregate, Rejected, Role, replace, value


@value
class Unknown:
    """Nothing is known of the payment."""


@value
class Authorised:
    """The amount is set aside."""

    order: str
    customer: str | None
    amount: Decimal


@value
class Captured:
    """The amount was taken; `refunded` of it went back in `refunds`, for these `returns`."""

    order: str
    customer: str | None
    amount: Decimal
    refunded: Decimal
    refunds: int
    returns: tuple[int, ...]

    @property
    def left(self) -> Decimal:
        """What can still be refunded."""
        return self.amount - self.refunded


@value
class Declined:
    """Nothing was taken, and nothing will be."""


Payment = Unknown | Authorised | Captured | Declined


def evolve(state: Payment, event: PaymentEvent) -> Payment:
    match event:
        case PaymentAuthorised(order=order, customer=customer, amount=amount):
            return Authorised(order=order, customer=customer, amount=amount)
        case PaymentCaptured(order=order, customer=customer, amount=amount):
            return Captured(
                order=order,
                customer=customer,
                amount=amount,
                refunded=ZERO,
                refunds=0,
                returns=(),
            )
        case PaymentDeclined():
            return Declined()
        case PaymentRefunded(refunded=refunded, number=number):
            if not isinstance(state, Captured):
                return state
            returns = state.returns if number is None else (*state.returns, number)
            return replace(state, refunded=refunded, refunds=state.refunds + 1, returns=returns)
        case PaymentQuestioned():
            return state


def decide(command: PaymentCommand, state: Payment) -> list[PaymentEvent]:
    match command, state:
        case AuthorisePayment() | RefusePayment(), Unknown():
            return [_begun(command)]
        case AuthorisePayment(payment=payment) | RefusePayment(payment=payment), _:
            raise Rejected("PAYMENT_EXISTS", f"payment {payment} was made before; make another")
        case _, Unknown():
            raise Rejected("PAYMENT_UNKNOWN", f"there is no payment {command.payment:.40}")
        case CapturePayment(payment=payment, at=at), Authorised(order=order, amount=amount):
            customer = state.customer
            return [
                PaymentCaptured(
                    payment=payment, order=order, customer=customer, amount=amount, at=at
                )
            ]
        case CapturePayment(), Captured():
            return []
        case DeclinePayment(reason=reason), Authorised():
            checked_text(reason, "reason", REASON_LENGTH_MAX)
            return [_declined(command, state)]
        case DeclinePayment() | VoidPayment(), Declined():
            return []
        case VoidPayment(), Authorised():
            return [_declined(command, state)]
        case VoidPayment(), Captured(left=left):
            return _refunded(command, state, left, None)
        case RefundReturn(amount=amount, number=number), Captured(left=left, returns=returns):
            return [] if number in returns else _refunded(command, state, min(amount, left), number)
        case RefundPayment(), Captured():
            return _refund(command, state)
        case QuestionPayment(payment=payment, at=at), Authorised(order=order) | Captured(
            order=order
        ):
            return [PaymentQuestioned(payment=payment, order=order, at=at)]
        case QuestionPayment(), Declined():
            return []
        case _:
            raise Rejected(
                "WRONG_STATUS",
                f"payment {command.payment} is {type(state).__name__.lower()}: "
                f"no {type(command).__name__} now",
            )


def _begun(command: AuthorisePayment | RefusePayment) -> PaymentEvent:
    order = checked_id(command.order, "order")
    amount = checked_amount(command.amount, "amount")
    if isinstance(command, AuthorisePayment):
        return PaymentAuthorised(
            payment=command.payment,
            order=order,
            customer=None if "provider" in command.roles else command.by,
            amount=amount,
            at=command.at,
        )
    return PaymentDeclined(
        payment=command.payment,
        order=order,
        customer=None,
        amount=amount,
        reason=checked_text(command.reason, "reason", REASON_LENGTH_MAX),
        at=command.at,
    )


def _declined(command: DeclinePayment | VoidPayment, state: Authorised) -> PaymentDeclined:
    return PaymentDeclined(
        payment=command.payment,
        order=state.order,
        customer=state.customer,
        amount=state.amount,
        reason=command.reason,
        at=command.at,
    )


def _refund(command: RefundPayment, state: Captured) -> list[PaymentEvent]:
    checked_text(command.reason, "reason", REASON_LENGTH_MAX)
    if command.amount is None:
        return _refunded(command, state, state.left, None)
    amount = checked_amount(command.amount, "amount")
    if amount > state.left:
        raise Rejected(
            "REFUND_TOO_LARGE",
            f"payment {command.payment} has {state.left} of {state.amount} left, not {amount}; "
            "refund at most that",
        )
    if state.refunds + 1 >= PARTS_MAX and amount < state.left:
        raise Rejected(
            "TOO_MANY_PARTS",
            f"payment {command.payment} was refunded {state.refunds} times; refund all the rest",
        )
    return _refunded(command, state, amount, None)


def _refunded(
    command: RefundPayment | RefundReturn | VoidPayment,
    state: Captured,
    amount: Decimal,
    number: int | None,
) -> list[PaymentEvent]:
    if not amount:
        return []
    return [
        PaymentRefunded(
            payment=command.payment,
            order=state.order,
            customer=state.customer,
            amount=amount,
            refunded=state.refunded + amount,
            number=number,
            reason=command.reason,
            at=command.at,
        )
    ]


payments = Aggregate(
    name="payment",
    key=lambda command: command.payment,
    initial=Unknown,
    decide=decide,
    evolve=evolve,
    history=Role("clerk", "provider"),
)
