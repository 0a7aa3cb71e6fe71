"""An order: placed, confirmed, paid, shipped in parts, delivered; cancelled or returned.

It can be cancelled until the first part of it is shipped, and returned, in parts too, once it is
delivered. What was paid and refunded for it stands here; the money itself moves in its payments.
"""

from domain.commerce.order_messages import (
    AbandonOrder,
    CancelOrder,
    ConfirmOrder,
    DeliverOrder,
    NoteRefund,
    OrderCancelled,
    OrderCommand,
    OrderConfirmed,
    OrderDelivered,
    OrderEvent,
    OrderPaid,
    OrderRefunded,
    OrderRejected,
    OrderReturned,
    OrderShipped,
    PayOrder,
    PlaceOrder,
    RecordSale,
    RejectOrder,
    ReturnOrder,
    SaleRecorded,
    ShipOrder,
)
from domain.commerce.order_parts import left_of, part, takes_all, with_totals
from domain.commerce.order_states import (
    Cancelled,
    CancelledPaid,
    Confirmed,
    Declined,
    Delivered,
    Order,
    Paid,
    Placed,
    Returned,
    Sale,
    Shipped,
    Shipping,
    Unplaced,
    customer_of,
    evolve,
    status_of,
)
from domain.commerce.placing import placed
from domain.commerce.terms import (
    REASON_LENGTH_MAX,
    ZERO,
    checked_amount,
    checked_id,
    checked_quantity,
    checked_text,
    plain,
)
from domain.model import Aggregate, Rejected, Role


def decide(command: OrderCommand, state: Order) -> list[OrderEvent]:
    match command, state:
        case PlaceOrder(), Unplaced():
            return [placed(command)]
        case PlaceOrder(order=order), _:
            raise Rejected("ORDER_EXISTS", f"order {order} was placed before; place another")
        case RecordSale(), _:
            return _record(command, state)
        case NoteRefund(), _:
            return _note_refund(command, state)
        case _, Unplaced():
            raise Rejected(
                "ORDER_UNKNOWN", f"there is no order {command.order:.40}; place it first"
            )
        case ConfirmOrder(), Placed():
            return _confirm(command, state)
        case ConfirmOrder(lines=lines), Confirmed() if lines == state.lines:
            return []
        case RejectOrder(order=order, reason=reason, at=at, by=by), Placed(customer=customer):
            return [
                OrderRejected(
                    order=order, customer=customer, lines=state.lines, reason=reason, at=at, by=by
                )
            ]
        case RejectOrder(), Declined():
            return []
        case PayOrder(), Confirmed():
            return _pay(command, state)
        case PayOrder(payment=payment), Paid(sale=sale) if payment == sale.payment:
            return []
        case ShipOrder() | DeliverOrder(), _:
            return _send(command, state)
        case AbandonOrder(), Placed() | Confirmed():
            return [_cancelled(command, state, None, command.reason)]
        case AbandonOrder(), _:
            return []
        case CancelOrder(), _:
            return _cancel(command, state)
        case ReturnOrder(), _:
            return _return(command, state)
        case _:
            raise _wrong_status(command, state)


def _wrong_status(command: OrderCommand, state: Order) -> Rejected:
    """The refusal of what an order's status does not allow."""
    return Rejected(
        "WRONG_STATUS",
        f"order {command.order} is {status_of(state)}: no {type(command).__name__} now",
    )


def _record(command: RecordSale, state: Order) -> list[OrderEvent]:
    recorded = SaleRecorded(
        order=checked_id(command.order, "order"),
        customer=checked_id(command.customer, "customer"),
        units=checked_quantity(command.units, "units", least=0),
        amount=checked_amount(command.amount, "amount"),
        at=command.at,
        by=command.by,
    )
    if isinstance(state, Unplaced):
        return [recorded]
    if state == evolve(Unplaced(), recorded):
        return []
    raise Rejected(
        "ORDER_EXISTS", f"order {command.order} exists with other facts; take another id"
    )


def _confirm(command: ConfirmOrder, state: Placed) -> list[OrderEvent]:
    if plain(command.lines) != state.lines:
        raise Rejected(
            "OTHER_LINES", f"order {command.order} is not for what was reserved; reserve its lines"
        )
    return [
        OrderConfirmed(
            order=command.order,
            customer=state.customer,
            lines=command.lines,
            total=sum((each.amount for each in command.lines), ZERO),
            placed_at=state.placed_at,
            at=command.at,
            by=command.by,
        )
    ]


def _pay(command: PayOrder, state: Confirmed) -> list[OrderEvent]:
    if command.amount != state.total:
        raise Rejected(
            "OTHER_AMOUNT",
            f"order {command.order} costs {state.total}, not {command.amount}; pay exactly that",
        )
    return [
        OrderPaid(
            order=command.order,
            customer=state.customer,
            payment=command.payment,
            lines=state.lines,
            units=sum(each.quantity for each in state.lines),
            total=state.total,
            placed_at=state.placed_at,
            at=command.at,
            by=command.by,
        )
    ]


def _send(command: ShipOrder | DeliverOrder, state: Order) -> list[OrderEvent]:
    match command, state:
        case ShipOrder(), Paid() | Shipping():
            return _ship(command, state)
        case ShipOrder(lines=()), Shipped() | Delivered() | Returned():
            return []
        case DeliverOrder(order=order, at=at, by=by), Shipped(sale=sale, shipped_at=shipped_at):
            return [
                OrderDelivered(
                    order=order, customer=sale.customer, shipped_at=shipped_at, at=at, by=by
                )
            ]
        case DeliverOrder(), Delivered() | Returned():
            return []
        case _:
            raise _wrong_status(command, state)


def _ship(command: ShipOrder, state: Paid | Shipping) -> list[OrderEvent]:
    shipped, parts = (state.shipped, state.parts) if isinstance(state, Shipping) else ({}, 0)
    left = left_of(state.sale.lines, shipped)
    lines = part(command, left, parts, "ship")
    return [
        OrderShipped(
            order=command.order,
            customer=state.sale.customer,
            lines=with_totals(lines, shipped),
            complete=takes_all(lines, left),
            paid_at=state.sale.paid_at,
            at=command.at,
            by=command.by,
        )
    ]


def _cancel(command: CancelOrder, state: Order) -> list[OrderEvent]:
    _require_own(command, state)
    reason = checked_text(command.reason, "reason", REASON_LENGTH_MAX)
    match state:
        case Placed() | Confirmed():
            return [_cancelled(command, state, None, reason)]
        case Paid(sale=sale):
            return [_cancelled(command, sale, sale.payment, reason)]
        case Cancelled() | CancelledPaid():
            return []
        case _:
            raise _wrong_status(command, state)


def _cancelled(
    command: CancelOrder | AbandonOrder,
    what: Placed | Confirmed | Sale,
    payment: str | None,
    reason: str,
) -> OrderCancelled:
    return OrderCancelled(
        order=command.order,
        customer=what.customer,
        lines=plain(what.lines),
        payment=payment,
        reason=reason,
        at=command.at,
        by=command.by,
    )


def _return(command: ReturnOrder, state: Order) -> list[OrderEvent]:
    _require_own(command, state)
    reason = checked_text(command.reason, "reason", REASON_LENGTH_MAX)
    if isinstance(state, Returned) and not command.lines:
        return []
    if not isinstance(state, Delivered):
        raise _wrong_status(command, state)
    left = left_of(state.sale.lines, state.returned)
    lines = part(command, left, state.returns, "return")
    prices = {each.product: each.unit_price for each in state.sale.lines}
    return [
        OrderReturned(
            order=command.order,
            customer=state.sale.customer,
            payment=state.sale.payment,
            number=state.returns + 1,
            lines=lines,
            amount=sum((prices[each.product] * each.quantity for each in lines), ZERO),
            complete=takes_all(lines, left),
            reason=reason,
            at=command.at,
            by=command.by,
        )
    ]


def _require_own(command: CancelOrder | ReturnOrder, state: Order) -> None:
    if "clerk" not in command.roles and command.by != customer_of(state):
        raise Rejected("NOT_YOUR_ORDER", f"order {command.order} is not yours; ask a clerk")


def _note_refund(command: NoteRefund, state: Order) -> list[OrderEvent]:
    """`refunded` is a total, so a repeat, or one that comes after the next, notes nothing."""
    match state:
        case Paid() | Shipping() | Shipped() | Delivered() | Returned() | CancelledPaid():
            amount = command.refunded - state.sale.refunded
            if command.payment != state.sale.payment or amount <= 0:
                return []
            return [
                OrderRefunded(
                    order=command.order,
                    customer=state.sale.customer,
                    amount=amount,
                    at=command.at,
                    by=command.by,
                )
            ]
        case _:
            return []


orders = Aggregate(
    name="order",
    key=lambda command: command.order,
    initial=Unplaced,
    decide=decide,
    evolve=evolve,
    history=Role("clerk"),
)
