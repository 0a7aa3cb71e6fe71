"""Where the fulfilment of an order stands, folded from the events of order, stock and payments.

Those come from different streams, so in no order but each stream's own: a payment may be heard of
before its order. It is then an offer, kept until the total is known. An offer is taken or turned
away once and for all: a payment turned away is voided, and never taken later.
"""

from decimal import Decimal
from enum import StrEnum

from domain.commerce.order_messages import (
    OrderCancelled,
    OrderConfirmed,
    OrderPaid,
    OrderPlaced,
    OrderRejected,
    OrderReturned,
    OrderShipped,
)
from domain.commerce.payment_messages import (
    PaymentAuthorised,
    PaymentCaptured,
    PaymentDeclined,
    PaymentQuestioned,
    PaymentRefunded,
)
from domain.commerce.product_messages import StockReservationRefused, StockReserved
from domain.commerce.terms import ZERO, OrderLine
from domain.model import replace, value

OFFERS_MAX = 20
"""How many payments are kept until the total of their order is known; others are voided."""

FulfilmentEvent = (
    OrderPlaced
    | OrderConfirmed
    | OrderRejected
    | OrderPaid
    | OrderShipped
    | OrderCancelled
    | OrderReturned
    | StockReserved
    | StockReservationRefused
    | PaymentAuthorised
    | PaymentCaptured
    | PaymentDeclined
    | PaymentRefunded
    | PaymentQuestioned
)


class Standing(StrEnum):
    """What became of an offer so far."""

    AUTHORISED = "AUTHORISED"
    CAPTURED = "CAPTURED"
    DECLINED = "DECLINED"
    REFUNDED = "REFUNDED"


@value
class Offer:
    """A payment for the order; `customer` is None where the provider vouches for it."""

    payment: str
    customer: str | None
    amount: Decimal
    standing: Standing

    def is_by(self, customer: str) -> bool:
        """Whether the customer may pay with it."""
        return self.customer is None or self.customer == customer

    def fits(self, customer: str, total: Decimal) -> bool:
        """Whether the customer's order of this total can be paid with it."""
        is_good = self.standing in (Standing.AUTHORISED, Standing.CAPTURED)
        return is_good and self.is_by(customer) and self.amount == total


@value
class Unheard:
    """The order has not been heard of, only payments for it."""

    offers: tuple[Offer, ...] = ()


@value
class Reserving:
    """The order waits for its stock: `prices` has the products that are reserved."""

    customer: str
    lines: tuple[OrderLine, ...]
    prices: dict[str, Decimal]
    offers: tuple[Offer, ...]


@value
class Awaiting:
    """The order waits for its payment: `taken` is it, with what was `refunded` of it already."""

    customer: str
    total: Decimal
    taken: Offer | None
    refunded: Decimal
    turned_away: tuple[Offer, ...]


@value
class Paid:
    """The order was paid by a payment, of which `refunded` had been given back by then."""

    payment: str
    refunded: Decimal


@value
class Abandoning:
    """A payment was declined, and the order is about to be cancelled; nothing is taken any more."""

    offers: tuple[Offer, ...]


@value
class Closed:
    """The order was rejected or cancelled; the offers bought nothing."""

    offers: tuple[Offer, ...]


Fulfilment = Unheard | Reserving | Awaiting | Paid | Abandoning | Closed


def evolve(state: Fulfilment, event: FulfilmentEvent) -> Fulfilment:
    match event:
        case OrderPlaced():
            return _placed(state, event)
        case StockReserved(product=product, unit_price=price):
            if not isinstance(state, Reserving):
                return state
            return replace(state, prices={**state.prices, product: price})
        case OrderConfirmed(total=total):
            return _confirmed(state, total) if isinstance(state, Reserving) else state
        case OrderPaid(payment=payment):
            refunded = state.refunded if isinstance(state, Awaiting) else ZERO
            return Paid(payment=payment, refunded=refunded)
        case OrderRejected() | OrderCancelled():
            return state if isinstance(state, Closed) else Closed(offers=_open_offers(state))
        case PaymentAuthorised() | PaymentCaptured() | PaymentDeclined() | PaymentRefunded():
            return _heard_of_payment(state, event)
        case PaymentQuestioned(payment=payment):
            if not isinstance(state, Unheard):
                return state
            return Unheard(offers=tuple(e for e in state.offers if e.payment != payment))
        case StockReservationRefused() | OrderShipped() | OrderReturned():
            return state


def _placed(state: Fulfilment, event: OrderPlaced) -> Fulfilment:
    if not isinstance(state, Unheard):
        return state
    offers = tuple(each for each in state.offers if each.standing is not Standing.DECLINED)
    if any(each.is_by(event.customer) for each in state.offers if each not in offers):
        return Abandoning(offers=offers)
    return Reserving(customer=event.customer, lines=event.lines, prices={}, offers=offers)


def _confirmed(state: Reserving, total: Decimal) -> Awaiting:
    """Takes one offer that fits, rather one that is captured already."""
    fitting = [each for each in state.offers if each.fits(state.customer, total)]
    captured = [each for each in fitting if each.standing is Standing.CAPTURED]
    taken = next(iter(captured + fitting), None)
    return Awaiting(
        customer=state.customer,
        total=total,
        taken=taken,
        refunded=ZERO,
        turned_away=tuple(each for each in state.offers if each != taken),
    )


PaymentNews = PaymentAuthorised | PaymentCaptured | PaymentDeclined | PaymentRefunded


def _heard_of_payment(state: Fulfilment, event: PaymentNews) -> Fulfilment:
    match state:
        case Unheard() | Reserving():
            return _offered(state, event)
        case Awaiting():
            return _awaited(state, event)
        case Paid() | Abandoning() | Closed():
            return state


def _offered(state: Unheard | Reserving, event: PaymentNews) -> Fulfilment:
    offer = _offer(event)
    others = tuple(each for each in state.offers if each.payment != event.payment)
    is_kept = len(others) < len(state.offers)
    has_room = is_kept or len(others) < OFFERS_MAX
    match event:
        case PaymentDeclined() if isinstance(state, Reserving):
            if offer.is_by(state.customer):
                return Abandoning(offers=others)
            return replace(state, offers=others)
        case PaymentAuthorised() | PaymentDeclined():
            is_welcome = isinstance(state, Unheard) or offer.is_by(state.customer)
            return replace(state, offers=(*others, offer)) if has_room and is_welcome else state
        case PaymentCaptured() | PaymentRefunded():
            return replace(state, offers=(*others, offer)) if is_kept else state


def _awaited(state: Awaiting, event: PaymentNews) -> Fulfilment:
    offer = _offer(event)
    is_taken = _is_taken(state, event.payment)
    match event:
        case PaymentAuthorised():
            is_taken = state.taken is None and offer.fits(state.customer, state.total)
            return replace(state, taken=offer) if is_taken else state
        case PaymentCaptured():
            return replace(state, taken=offer) if is_taken else state
        case PaymentRefunded(refunded=refunded):
            return replace(state, refunded=refunded) if is_taken else state
        case PaymentDeclined():
            counts = is_taken or (state.taken is None and offer.is_by(state.customer))
            return Abandoning(offers=()) if counts else state


def _offer(event: PaymentNews) -> Offer:
    match event:
        case PaymentAuthorised():
            standing = Standing.AUTHORISED
        case PaymentCaptured():
            standing = Standing.CAPTURED
        case PaymentDeclined():
            standing = Standing.DECLINED
        case PaymentRefunded():
            standing = Standing.REFUNDED
    return Offer(
        payment=event.payment, customer=event.customer, amount=event.amount, standing=standing
    )


def _is_taken(state: Awaiting, payment: str) -> bool:
    return state.taken is not None and state.taken.payment == payment


def _open_offers(state: Fulfilment) -> tuple[Offer, ...]:
    match state:
        case Unheard() | Reserving() | Abandoning() | Closed():
            return state.offers
        case Awaiting(taken=taken):
            return (taken,) if taken else ()
        case Paid():
            return ()
