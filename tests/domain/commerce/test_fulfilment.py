"""The fulfilment: what it sends when something happens to an order, its stock or its payments."""

from dataclasses import replace
from datetime import timedelta

from domain.commerce.fulfilment import fulfilment
from domain.commerce.fulfilment_states import OFFERS_MAX, FulfilmentEvent
from domain.commerce.order_messages import (
    AbandonOrder,
    ConfirmOrder,
    NoteRefund,
    PayOrder,
    RejectOrder,
)
from domain.commerce.payment_messages import (
    CapturePayment,
    PaymentQuestioned,
    QuestionPayment,
    RefundReturn,
    VoidPayment,
)
from domain.commerce.product_messages import ReleaseStock, ReserveStock, ReturnStock, ShipStock
from domain.commerce.terms import OrderLine
from domain.model import After
from domain.testing import reacting
from tests.domain.commerce.facts import (
    CONFIRMED,
    FIRST_PART,
    LAST_PART,
    PAID,
    PLACED,
    PRICED,
    REFUSED_2,
    REJECTED,
    RESERVED_1,
    RESERVED_2,
    ROBOT,
    T0,
    authorised,
    cancelled,
    captured,
    declined,
    minutes,
    money,
    refunded,
    returned,
)

HALF_AN_HOUR = timedelta(minutes=30)
RESERVE = [
    ReserveStock(product="cd-1", order="o-1", quantity=2, at=T0),
    ReserveStock(product="cd-2", order="o-1", quantity=1, at=T0),
]
RELEASE = [
    ReleaseStock(product="cd-1", order="o-1"),
    ReleaseStock(product="cd-2", order="o-1"),
]
RESERVED = (PLACED, RESERVED_1, RESERVED_2)
WAITING = (*RESERVED, CONFIRMED)
SOLD = (*WAITING, authorised(), captured(), PAID)


def void(payment: str, reason: str, at: int) -> VoidPayment:
    return VoidPayment(payment=payment, reason=reason, at=minutes(at))


def misfit(payment: str = "p-1", at: int = 5) -> VoidPayment:
    return void(payment, "it does not fit the order", at)


def unused(payment: str = "p-1", at: int = 20) -> VoidPayment:
    return void(payment, "the order was not carried out", at)


def abandon(reason: str, at: int) -> AbandonOrder:
    return AbandonOrder(order="o-1", reason=reason, at=minutes(at), by=ROBOT)


def capture(payment: str = "p-1", at: int = 5) -> CapturePayment:
    return CapturePayment(payment=payment, at=minutes(at))


def pay(payment: str = "p-1", at: int = 6) -> PayOrder:
    return PayOrder(order="o-1", payment=payment, amount=money("25"), at=minutes(at), by=ROBOT)


def note(refunded: str, at: int = 2001, payment: str = "p-1") -> NoteRefund:
    return NoteRefund(
        order="o-1", payment=payment, refunded=money(refunded), at=minutes(at), by=ROBOT
    )


def test_placing_reserves_every_line_and_starts_the_clock() -> None:
    timer = After(HALF_AN_HOUR, abandon("unpaid for 30 minutes", 30))
    assert reacting(fulfilment).to(PLACED) == [*RESERVE, timer]


def test_an_order_is_confirmed_when_all_of_it_is_reserved() -> None:
    assert reacting(fulfilment, PLACED).to(RESERVED_1) == []
    confirm = ConfirmOrder(order="o-1", lines=PRICED, at=T0, by=ROBOT)
    assert reacting(fulfilment, PLACED, RESERVED_1).to(RESERVED_2) == [confirm]
    assert reacting(fulfilment, PLACED, RESERVED_2).to(RESERVED_1) == [confirm]


def test_one_refusal_rejects_the_order() -> None:
    reject = RejectOrder(order="o-1", reason=REJECTED.reason, at=T0, by=ROBOT)
    assert reacting(fulfilment, PLACED, RESERVED_1).to(REFUSED_2) == [reject]


def test_a_rejected_order_releases_its_lines() -> None:
    assert reacting(fulfilment, PLACED, RESERVED_1, REFUSED_2).to(REJECTED) == RELEASE


def test_what_is_reserved_for_an_ended_order_is_released() -> None:
    ended = reacting(fulfilment, PLACED, REFUSED_2, REJECTED)
    assert ended.to(RESERVED_1) == RELEASE[:1]
    assert reacting(fulfilment, PLACED, cancelled()).to(RESERVED_2) == RELEASE[1:]


def test_a_reservation_heard_of_twice_changes_nothing_later() -> None:
    assert reacting(fulfilment, *WAITING).to(RESERVED_1) == []
    assert reacting(fulfilment, *SOLD).to(RESERVED_1) == []


def test_a_payment_of_the_total_is_captured_and_pays_the_order() -> None:
    assert reacting(fulfilment, *WAITING).to(authorised()) == [capture()]
    assert reacting(fulfilment, *WAITING, authorised()).to(captured()) == [pay()]
    assert reacting(fulfilment, *WAITING, authorised(), captured()).to(PAID) == []


def test_a_payment_that_the_provider_vouches_for_pays_too() -> None:
    by_provider = authorised(customer=None)
    assert reacting(fulfilment, *WAITING).to(by_provider) == [capture()]


def test_a_payment_of_another_amount_is_declined_and_ends_the_order() -> None:
    assert reacting(fulfilment, *WAITING).to(authorised(amount="24.99")) == [misfit()]
    declining = reacting(fulfilment, *WAITING, authorised(amount="24.99"))
    assert declining.to(declined(amount="24.99")) == [abandon("its payment was declined", 7)]


def test_the_providers_decline_ends_the_order() -> None:
    assert reacting(fulfilment, *WAITING, authorised()).to(declined()) == [
        abandon("its payment was declined", 7)
    ]
    at_once = declined(customer=None)
    assert reacting(fulfilment, *WAITING).to(at_once) == [abandon("its payment was declined", 7)]
    assert reacting(fulfilment, PLACED).to(at_once) == [abandon("its payment was declined", 7)]


def test_a_declined_order_takes_no_other_payment() -> None:
    over = reacting(fulfilment, *WAITING, authorised(), declined())
    assert over.to(authorised("p-2")) == [misfit("p-2")]


def test_a_strangers_payment_is_declined_and_leaves_the_order_alone() -> None:
    by_bob = authorised("p-2", customer="bob")
    assert reacting(fulfilment, PLACED).to(by_bob) == [misfit("p-2")]
    assert reacting(fulfilment, *WAITING).to(by_bob) == [misfit("p-2")]
    for before in ((PLACED,), WAITING):
        assert reacting(fulfilment, *before, by_bob).to(declined("p-2", customer="bob")) == []


def test_a_second_payment_is_declined_and_leaves_the_order_alone() -> None:
    paying = reacting(fulfilment, *WAITING, authorised())
    assert paying.to(authorised("p-2")) == [misfit("p-2")]
    after = reacting(fulfilment, *WAITING, authorised(), authorised("p-2"))
    assert after.to(declined("p-2")) == []
    assert reacting(fulfilment, *SOLD).to(authorised("p-2")) == [misfit("p-2")]
    assert reacting(fulfilment, *SOLD).to(declined("p-2")) == []


def test_a_second_captured_payment_is_refunded() -> None:
    for before in ((*WAITING, authorised()), SOLD):
        twice = reacting(fulfilment, *before, authorised("p-2"))
        assert twice.to(captured("p-2")) == [misfit("p-2", 6)]


def test_a_payment_that_was_turned_away_is_not_taken_later() -> None:
    captured_late = reacting(fulfilment, *WAITING, authorised("p-2", amount="1.00"))
    assert captured_late.to(captured("p-2", amount="1.00")) == [misfit("p-2", 6)]


def test_an_early_payment_waits_until_the_total_is_known() -> None:
    assert reacting(fulfilment, PLACED).to(authorised()) == []
    early = reacting(fulfilment, PLACED, authorised(), RESERVED_1, RESERVED_2)
    assert early.to(CONFIRMED) == [capture(at=1)]
    assert reacting(fulfilment, PLACED, authorised()).to(captured()) == []
    taken = reacting(fulfilment, PLACED, authorised(), captured(), RESERVED_1, RESERVED_2)
    assert taken.to(CONFIRMED) == [pay(at=1)]


def test_of_several_early_payments_the_captured_one_is_taken() -> None:
    offers = (authorised("p-0"), authorised("p-1"), captured("p-1"), authorised("p-2", "1.00"))
    assert reacting(fulfilment, PLACED, *offers, RESERVED_1, RESERVED_2).to(CONFIRMED) == [
        pay("p-1", at=1),
        misfit("p-0", at=1),
        misfit("p-2", at=1),
    ]


def test_an_early_payment_that_was_refunded_is_not_taken() -> None:
    gone = (authorised(), captured(), refunded("5.00", "5.00"))
    early = reacting(fulfilment, PLACED, *gone, RESERVED_1, RESERVED_2)
    assert early.to(CONFIRMED) == [misfit(at=1)]


def test_an_early_payment_of_an_order_that_ends_is_voided() -> None:
    early = reacting(fulfilment, PLACED, authorised(), REFUSED_2)
    assert early.to(REJECTED) == [*RELEASE, unused(at=1)]


def test_an_early_decline_ends_the_order_and_voids_other_payments() -> None:
    reasons = "its payment was declined", "another payment was declined"
    early = reacting(fulfilment, PLACED, authorised(), authorised("p-2"))
    assert early.to(declined()) == [abandon(reasons[0], 7), void("p-2", reasons[1], 7)]
    unheard = reacting(fulfilment, authorised(), authorised("p-2"), declined())
    assert unheard.to(PLACED) == [abandon(reasons[0], 0), void("p-2", reasons[1], 0)]


def test_a_payment_heard_of_before_its_order_waits_for_it() -> None:
    question = QuestionPayment(payment="p-1", at=minutes(35))
    assert reacting(fulfilment).to(authorised()) == [After(HALF_AN_HOUR, question)]
    assert reacting(fulfilment, authorised()).to(captured()) == []
    both = reacting(fulfilment, authorised(), PLACED, RESERVED_1, RESERVED_2)
    assert both.to(CONFIRMED) == [capture(at=1)]


def test_a_payment_whose_order_never_turns_up_is_voided() -> None:
    asked = PaymentQuestioned(payment="p-1", order="o-1", at=minutes(35))
    assert reacting(fulfilment, authorised()).to(asked) == [
        void("p-1", "its order was never placed", 35)
    ]
    assert reacting(fulfilment, *SOLD).to(asked) == []
    assert reacting(fulfilment, authorised(), PLACED).to(asked) == []


def test_only_so_many_payments_wait_for_an_order() -> None:
    many = [authorised(f"p-{number}") for number in range(OFFERS_MAX)]
    full = reacting(fulfilment, *many)
    assert full.to(authorised("p-x")) == [misfit("p-x")]
    assert full.to(captured("p-x")) == [misfit("p-x", 6)]
    assert full.to(captured("p-3")) == []


def test_an_order_that_expires_releases_its_stock_and_refunds_a_crossing_payment() -> None:
    expired = replace(cancelled(), by=ROBOT)
    assert reacting(fulfilment, *WAITING).to(expired) == RELEASE
    paying = reacting(fulfilment, *WAITING, authorised(), captured())
    assert paying.to(expired) == [*RELEASE, unused()]
    late = reacting(fulfilment, *WAITING, authorised(), expired)
    assert late.to(captured()) == [misfit(at=6)]


def test_cancelling_a_paid_order_refunds_and_releases() -> None:
    assert reacting(fulfilment, *SOLD).to(cancelled("p-1")) == [*RELEASE, unused()]
    over = reacting(fulfilment, *SOLD, cancelled("p-1"))
    assert over.to(refunded("25.00", "25.00")) == [note("25.00")]


def test_each_shipment_takes_its_total_out_of_the_stock() -> None:
    assert reacting(fulfilment, *SOLD).to(FIRST_PART) == [
        ShipStock(product="cd-1", order="o-1", shipped=1)
    ]
    assert reacting(fulfilment, *SOLD, FIRST_PART).to(LAST_PART) == [
        ShipStock(product="cd-1", order="o-1", shipped=2),
        ShipStock(product="cd-2", order="o-1", shipped=1),
    ]


def test_a_return_restocks_and_refunds() -> None:
    back = returned(2, OrderLine(product="cd-1", quantity=1), amount="9.50", complete=False)
    assert reacting(fulfilment, *SOLD, FIRST_PART, LAST_PART).to(back) == [
        ReturnStock(product="cd-1", order="o-1", quantity=1),
        RefundReturn(
            payment="p-1",
            number=2,
            amount=money("9.50"),
            reason="return 2: scratched",
            at=minutes(2000),
        ),
    ]


def test_a_refund_of_what_paid_the_order_is_noted_on_it() -> None:
    assert reacting(fulfilment, *SOLD).to(refunded("5.00", "5.00")) == [note("5.00")]
    assert reacting(fulfilment, *SOLD).to(refunded("5.00", "5.00", payment="p-2")) == []


def test_a_refund_that_crosses_the_payment_is_noted_when_the_order_is_paid() -> None:
    crossing = reacting(fulfilment, *WAITING, authorised(), captured(), refunded("5.00", "5.00"))
    assert crossing.to(PAID) == [note("5.00", at=10)]


def test_what_happens_twice_in_a_row_is_answered_the_same() -> None:
    payment = (authorised(), captured(), PAID)
    story: tuple[FulfilmentEvent, ...] = (*WAITING, *payment, FIRST_PART, LAST_PART)
    for at, event in enumerate(story):
        once = reacting(fulfilment, *story[:at]).to(event)
        assert reacting(fulfilment, *story[: at + 1]).to(event) == once
