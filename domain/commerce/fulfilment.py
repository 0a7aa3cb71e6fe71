"""The fulfilment of an order: reserve or reject, take one payment or cancel, ship, take back.

Placing reserves every line; one refusal rejects the order and releases the rest. One payment of the
very total is captured and pays the order; every other payment is voided, which declines or refunds
it. An order that is unpaid after 30 minutes, or whose payment is declined, is cancelled. However an
order ends, all its lines are released, and whatever is reserved for it later is released again.

The events come from different streams in no common order, and may come twice: each command sent
here is harmless to repeat, and says totals where a difference would count twice.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from domain.commerce.fulfilment_states import (
    Abandoning,
    Awaiting,
    Closed,
    Fulfilment,
    FulfilmentEvent,
    Offer,
    Paid,
    Reserving,
    Standing,
    Unheard,
    evolve,
)
from domain.commerce.order_messages import (
    AbandonOrder,
    ConfirmOrder,
    NoteRefund,
    OrderCancelled,
    OrderConfirmed,
    OrderPaid,
    OrderPlaced,
    OrderRejected,
    OrderReturned,
    OrderShipped,
    PayOrder,
    RejectOrder,
)
from domain.commerce.payment_messages import (
    CapturePayment,
    PaymentAuthorised,
    PaymentCaptured,
    PaymentDeclined,
    PaymentQuestioned,
    PaymentRefunded,
    QuestionPayment,
    RefundReturn,
    VoidPayment,
)
from domain.commerce.product_messages import (
    ReleaseStock,
    ReserveStock,
    ReturnStock,
    ShipStock,
    StockReservationRefused,
    StockReserved,
)
from domain.commerce.terms import PricedLine
from domain.model import After, Process

UNPAID_MAX = timedelta(minutes=30)
"""How long an order may stay unpaid, and a payment without its order."""
ACTOR = "process:fulfilment"

FulfilmentCommand = (
    ReserveStock
    | ReleaseStock
    | ShipStock
    | ReturnStock
    | ConfirmOrder
    | RejectOrder
    | PayOrder
    | AbandonOrder
    | NoteRefund
    | CapturePayment
    | RefundReturn
    | VoidPayment
    | QuestionPayment
)
Reactions = list[FulfilmentCommand | After[FulfilmentCommand]]


def react(
    state: Fulfilment, event: FulfilmentEvent
) -> list[FulfilmentCommand | After[FulfilmentCommand]]:
    match event:
        case OrderPlaced():
            return _on_placed(state, event)
        case StockReserved() | StockReservationRefused():
            return _on_stock(state, event)
        case OrderConfirmed(order=order, at=at):
            return _on_confirmed(state, order, at)
        case OrderPaid(order=order, payment=payment, at=at):
            return _note_early_refund(state, order, payment, at)
        case (
            OrderRejected(lines=lines, order=order, at=at)
            | OrderCancelled(lines=lines, order=order, at=at)
        ):
            paid_by = event.payment if isinstance(event, OrderCancelled) else None
            offers = [each.payment for each in _offers(state)]
            payments = [paid_by, *offers] if paid_by else offers
            return [
                *(ReleaseStock(product=each.product, order=order) for each in lines),
                *(_void(each, "the order was not carried out", at) for each in payments),
            ]
        case OrderShipped(order=order, lines=shipped):
            return [
                ShipStock(product=each.product, order=order, shipped=each.shipped)
                for each in shipped
            ]
        case OrderReturned():
            return _on_returned(event)
        case PaymentAuthorised() | PaymentCaptured():
            return _on_payment(state, event)
        case PaymentDeclined(order=order, at=at):
            return _abandon(state, order, at) if isinstance(state, Abandoning) else []
        case PaymentRefunded(order=order, payment=payment, refunded=refunded, at=at):
            is_paid = isinstance(state, Paid) and state.payment == payment
            if is_paid or isinstance(state, Closed):
                return [_note(order, payment, refunded, at)]
            return []
        case PaymentQuestioned(payment=payment, at=at):
            if isinstance(state, Unheard):
                return [_void(payment, "its order was never placed", at)]
            return []


def _on_placed(state: Fulfilment, event: OrderPlaced) -> Reactions:
    match state:
        case Reserving(lines=lines):
            deadline = event.at + UNPAID_MAX
            reason = "unpaid for 30 minutes"
            give_up = AbandonOrder(order=event.order, reason=reason, at=deadline, by=ACTOR)
            return [
                *(
                    ReserveStock(
                        product=each.product,
                        order=event.order,
                        quantity=each.quantity,
                        at=event.at,
                    )
                    for each in lines
                ),
                After(UNPAID_MAX, give_up),
            ]
        case Abandoning():
            return _abandon(state, event.order, event.at)
        case _:
            return []


def _on_stock(state: Fulfilment, event: StockReserved | StockReservationRefused) -> Reactions:
    match event, state:
        case StockReserved(), Reserving(lines=lines, prices=prices) if len(prices) == len(lines):
            priced = tuple(
                PricedLine(
                    product=each.product,
                    quantity=each.quantity,
                    unit_price=prices[each.product],
                )
                for each in lines
            )
            return [ConfirmOrder(order=event.order, lines=priced, at=event.at, by=ACTOR)]
        case StockReserved(), Abandoning() | Closed():
            return [ReleaseStock(product=event.product, order=event.order)]
        case StockReservationRefused(reason=refusal, available=available), Reserving():
            wanted = f"{event.quantity} of {event.product} wanted"
            reason = f"{refusal}: {wanted}, {available} available"
            return [RejectOrder(order=event.order, reason=reason, at=event.at, by=ACTOR)]
        case _:
            return []


def _on_confirmed(state: Fulfilment, order: str, at: datetime) -> Reactions:
    if not isinstance(state, Awaiting):
        return []
    away = [_void(each.payment, "it does not fit the order", at) for each in state.turned_away]
    return [*_take(state, order, at), *away]


def _take(state: Awaiting, order: str, at: datetime) -> Reactions:
    """What brings the taken payment one step on: it is captured, then pays the order."""
    match state.taken:
        case Offer(standing=Standing.AUTHORISED, payment=payment):
            return [CapturePayment(payment=payment, at=at)]
        case Offer(standing=Standing.CAPTURED, payment=payment):
            return [PayOrder(order=order, payment=payment, amount=state.total, at=at, by=ACTOR)]
        case _:
            return []


def _on_payment(state: Fulfilment, event: PaymentAuthorised | PaymentCaptured) -> Reactions:
    payment, at = event.payment, event.at
    match state:
        case Unheard(offers=offers) | Reserving(offers=offers) if payment in _ids(offers):
            if isinstance(state, Reserving) or isinstance(event, PaymentCaptured):
                return []
            return [After(UNPAID_MAX, QuestionPayment(payment=payment, at=at + UNPAID_MAX))]
        case Awaiting(taken=Offer(payment=taken)) if payment == taken:
            return _take(state, event.order, at)
        case Paid(payment=taken) if payment == taken:
            return []
        case _:
            return [_void(payment, "it does not fit the order", at)]


def _note_early_refund(state: Fulfilment, order: str, payment: str, at: datetime) -> Reactions:
    """What was refunded before the order was paid could not be noted then."""
    if isinstance(state, Paid) and state.refunded:
        return [_note(order, payment, state.refunded, at)]
    return []


def _on_returned(event: OrderReturned) -> Reactions:
    return [
        *(
            ReturnStock(product=each.product, order=event.order, quantity=each.quantity)
            for each in event.lines
        ),
        RefundReturn(
            payment=event.payment,
            number=event.number,
            amount=event.amount,
            reason=f"return {event.number}: {event.reason}",
            at=event.at,
        ),
    ]


def _abandon(state: Abandoning, order: str, at: datetime) -> Reactions:
    voided = [_void(each.payment, "another payment was declined", at) for each in state.offers]
    return [AbandonOrder(order=order, reason="its payment was declined", at=at, by=ACTOR), *voided]


def _note(order: str, payment: str, refunded: Decimal, at: datetime) -> NoteRefund:
    return NoteRefund(order=order, payment=payment, refunded=refunded, at=at, by=ACTOR)


def _void(payment: str, reason: str, at: datetime) -> VoidPayment:
    return VoidPayment(payment=payment, reason=reason, at=at)


def _offers(state: Fulfilment) -> tuple[Offer, ...]:
    return state.offers if isinstance(state, Closed) else ()


def _ids(offers: tuple[Offer, ...]) -> set[str]:
    return {each.payment for each in offers}


fulfilment = Process(
    name="fulfilment",
    key=lambda event: event.order,
    initial=Unheard,
    evolve=evolve,
    react=react,
)
