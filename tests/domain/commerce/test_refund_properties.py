"""Whatever is asked of a payment, no more is refunded than was captured."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commerce.payment_messages import (
    PaymentCommand,
    PaymentEvent,
    PaymentRefunded,
    RefundPayment,
    RefundReturn,
    VoidPayment,
)
from domain.commerce.payments import Payment, payments
from domain.model import Rejected
from tests.domain.commerce.facts import T0, authorised, captured

amounts = st.decimals("0.00", "20.00", places=2)
commands = st.one_of(
    st.builds(
        RefundPayment,
        payment=st.just("p-1"),
        amount=amounts | st.none(),
        reason=st.just("goodwill"),
        at=st.just(T0),
    ),
    st.builds(
        RefundReturn,
        payment=st.just("p-1"),
        number=st.integers(1, 4),
        amount=amounts,
        reason=st.just("return"),
        at=st.just(T0),
    ),
)
VOID: PaymentCommand = VoidPayment(payment="p-1", reason="cancelled", at=T0)


def answer(command: PaymentCommand, state: Payment) -> list[PaymentEvent]:
    try:
        return payments.decide(command, state)
    except Rejected:
        return []


@settings(max_examples=200, deadline=None)
@given(st.lists(commands, max_size=12))
def test_refunds_never_exceed_the_capture_and_voiding_gives_back_the_rest(
    wanted: list[PaymentCommand],
) -> None:
    state = payments.evolve(payments.evolve(payments.initial(), authorised()), captured())
    refunds: list[PaymentRefunded] = []
    for command in [*wanted, VOID, VOID]:
        for event in answer(command, state):
            assert isinstance(event, PaymentRefunded)
            assert event.amount > 0
            refunds.append(event)
            state = payments.evolve(state, event)
            assert event.refunded == sum((each.amount for each in refunds), Decimal(0))
            assert event.refunded <= Decimal("25.00")
    assert refunds[-1].refunded == Decimal("25.00")
    returns = [each.number for each in refunds if each.number is not None]
    assert len(returns) == len(set(returns))
