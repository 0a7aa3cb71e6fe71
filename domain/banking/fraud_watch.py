"""Watching over a customer: every payment is held against the habits learnt before it.

Amounts are learnt by an exponentially weighted mean and variance: on made-up histories it finds
more than the median of a window at as many false alarms (`python -m benchmarks fraud`), and it is
three numbers where the window is 64.

The accounts of a customer are streams of their own: what was learnt of several depends on which was
heard first, so a watch that is built anew may judge a payment at the margin otherwise.
"""

from domain.banking.account_messages import MoneyWithdrawn
from domain.banking.baselines import MomentBaseline
from domain.banking.fraud_messages import RaiseFraudAlert
from domain.banking.habits import CustomerPayment, Habits
from domain.banking.journal import Posting
from domain.banking.leg_messages import AccountDebited, LegPurpose
from domain.banking.suspecting import Assessment, assessed
from domain.model import After, Process, value

CURRENCIES_MAX = 10
"""In how many currencies amounts are learnt, the first ones; others are judged by the rest."""

Outgoing = AccountDebited | MoneyWithdrawn


@value
class Watch:
    """What was learnt of a customer, and what was made of the payment that was learnt last."""

    habits: Habits = Habits()
    amounts: dict[str, MomentBaseline]
    assessment: Assessment | None = None


def initial() -> Watch:
    return Watch(amounts={})


def evolve(state: Watch, event: Outgoing) -> Watch:
    payment = payment_of(event)
    usual = state.amounts.get(payment.currency) or MomentBaseline()
    amounts = {**state.amounts, payment.currency: usual.plus(payment.size)}
    return Watch(
        habits=state.habits.plus(payment),
        amounts=amounts if len(amounts) <= CURRENCIES_MAX else state.amounts,
        assessment=assessed(payment, state.habits, state.amounts),
    )


def react(state: Watch, event: Outgoing) -> list[RaiseFraudAlert | After[RaiseFraudAlert]]:
    if state.assessment is None or not state.assessment.is_alarming:
        return []
    payment = payment_of(event)
    return [
        RaiseFraudAlert(
            alert=f"{payment.account}:{payment.number}",
            payment=payment,
            assessment=state.assessment,
            at=event.at,
        )
    ]


def payment_of(event: Outgoing) -> CustomerPayment:
    """The payment as the customer's habits know it."""
    posting = event.posting
    return CustomerPayment(
        customer=_customer(posting, event),
        account=posting.account,
        number=posting.number,
        amount=-posting.change,
        currency=posting.currency,
        payee=event.counterparty if isinstance(event, AccountDebited) else event.means.value,
        at=event.at,
    )


def _customer(posting: Posting, event: Outgoing) -> str:
    """The owner who pays; the first one, where the bank's own people do it for them."""
    payer = event.sender if isinstance(event, AccountDebited) else event.by
    return next((each for each in posting.owners if each == payer), posting.owners[0])


def key(event: Outgoing) -> str | None:
    """The customer; None for trades, whose money stays with the bank."""
    if isinstance(event, AccountDebited) and event.purpose is LegPurpose.TRADE:
        return None
    return _customer(event.posting, event)


fraud_watch = Process(name="fraud_watch", key=key, initial=initial, evolve=evolve, react=react)
