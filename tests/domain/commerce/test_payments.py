"""Payments: set aside, taken or not, and given back."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.commerce.payment_messages import (
    AuthorisePayment,
    CapturePayment,
    DeclinePayment,
    PaymentQuestioned,
    QuestionPayment,
    RefundPayment,
    RefundReturn,
    RefusePayment,
    VoidPayment,
)
from domain.commerce.payments import payments
from domain.testing import given
from tests.domain.commerce.facts import authorised, captured, declined, minutes, money, refunded

AUTHORISE = AuthorisePayment(
    payment="p-1",
    order="o-1",
    amount=money("25"),
    at=minutes(5),
    by="ann",
    roles=frozenset({"customer"}),
)
CAPTURE = CapturePayment(payment="p-1", at=minutes(6))
DECLINE = DeclinePayment(payment="p-1", reason="no funds", at=minutes(7))
REFUSE = RefusePayment(
    payment="p-1", order="o-1", amount=money("25"), reason="no funds", at=minutes(7)
)
VOID = VoidPayment(payment="p-1", reason="scratched", at=minutes(2001))


def refund(amount: str | None) -> RefundPayment:
    return RefundPayment(
        payment="p-1",
        amount=None if amount is None else money(amount),
        reason="scratched",
        at=minutes(2001),
    )


def refund_return(number: int, amount: str) -> RefundReturn:
    return RefundReturn(
        payment="p-1", number=number, amount=money(amount), reason="scratched", at=minutes(2001)
    )


def test_a_customer_authorises_in_their_own_name() -> None:
    assert given(payments).when(AUTHORISE) == [authorised()]


def test_the_provider_authorises_in_nobodys_name() -> None:
    by_provider = replace(AUTHORISE, by="psp", roles=frozenset({"provider"}))
    assert given(payments).when(by_provider) == [authorised(customer=None)]


@pytest.mark.parametrize("amount", ["-1", "0.001", "sNaN", "-Infinity"])
def test_an_amount_is_authorised_in_cents(amount: str) -> None:
    assert given(payments).rejects(replace(AUTHORISE, amount=Decimal(amount))) == "INVALID_AMOUNT"


def test_a_payment_is_made_once() -> None:
    assert given(payments, authorised()).rejects(AUTHORISE) == "PAYMENT_EXISTS"
    assert given(payments, declined()).rejects(REFUSE) == "PAYMENT_EXISTS"


def test_the_provider_refuses_a_payment_at_once() -> None:
    assert given(payments).when(REFUSE) == [declined(customer=None)]


def test_what_is_authorised_is_captured_once() -> None:
    assert given(payments, authorised()).when(CAPTURE) == [captured()]
    assert given(payments, authorised(), captured()).when(CAPTURE) == []


def test_what_is_authorised_can_be_declined_once() -> None:
    assert given(payments, authorised()).when(DECLINE) == [declined()]
    assert given(payments, authorised(), declined()).when(DECLINE) == []


def test_what_is_declined_cannot_be_captured_nor_refunded() -> None:
    over = given(payments, authorised(), declined())
    assert over.rejects(CAPTURE) == "WRONG_STATUS"
    assert over.rejects(refund("1")) == "WRONG_STATUS"


def test_what_is_captured_cannot_be_declined() -> None:
    assert given(payments, authorised(), captured()).rejects(DECLINE) == "WRONG_STATUS"


def test_what_is_not_captured_cannot_be_refunded() -> None:
    assert given(payments, authorised()).rejects(refund("1")) == "WRONG_STATUS"


def test_nothing_can_be_done_with_an_unknown_payment() -> None:
    assert given(payments).rejects(CAPTURE) == "PAYMENT_UNKNOWN"
    assert given(payments).rejects(refund("1")) == "PAYMENT_UNKNOWN"


def test_a_part_is_refunded_and_then_the_rest() -> None:
    taken = given(payments, authorised(), captured())
    assert taken.when(refund("10")) == [refunded("10.00", "10.00")]
    less = given(payments, authorised(), captured(), refunded("10.00", "10.00"))
    assert less.when(refund(None)) == [refunded("15.00", "25.00")]


def test_refunds_never_exceed_what_was_captured() -> None:
    less = given(payments, authorised(), captured(), refunded("10.00", "10.00"))
    assert less.rejects(refund("15.01")) == "REFUND_TOO_LARGE"


def test_a_refund_of_what_is_all_gone_says_nothing() -> None:
    gone = given(payments, authorised(), captured(), refunded("25.00", "25.00"))
    assert gone.when(refund(None)) == []
    assert gone.when(VOID) == []
    assert gone.when(refund_return(1, "5")) == []


def test_a_payment_is_refunded_in_a_hundred_parts_at_most() -> None:
    parts = [refunded("0.01", f"0.{number:02}") for number in range(1, 100)]
    almost = given(payments, authorised(), captured(), *parts)
    assert almost.rejects(refund("0.01")) == "TOO_MANY_PARTS"
    assert almost.when(refund("24.01")) == [refunded("24.01", "25.00")]


def test_a_return_is_refunded_once() -> None:
    back = refunded("9.50", "9.50", number=1)
    assert given(payments, authorised(), captured()).when(refund_return(1, "9.50")) == [back]
    after = given(payments, authorised(), captured(), back)
    assert after.when(refund_return(1, "9.50")) == []
    assert after.when(refund_return(2, "9.50")) == [refunded("9.50", "19.00", number=2)]


def test_a_return_refunds_no_more_than_is_left() -> None:
    less = given(payments, authorised(), captured(), refunded("20.00", "20.00"))
    assert less.when(refund_return(1, "9.50")) == [refunded("5.00", "25.00", number=1)]


def test_voiding_declines_what_is_set_aside_and_refunds_what_is_taken() -> None:
    (event,) = given(payments, authorised()).when(VOID)
    assert event == replace(declined(), reason="scratched", at=minutes(2001))
    assert given(payments, authorised(), captured()).when(VOID) == [refunded("25.00", "25.00")]
    assert given(payments, authorised(), declined()).when(VOID) == []


def test_a_question_is_asked_while_the_payment_is_good() -> None:
    question = QuestionPayment(payment="p-1", at=minutes(35))
    asked = PaymentQuestioned(payment="p-1", order="o-1", at=minutes(35))
    assert given(payments, authorised()).when(question) == [asked]
    assert given(payments, authorised(), captured(), asked).when(question) == [asked]
    assert given(payments, authorised(), declined()).when(question) == []
