"""Portfolios, trades, transfers, instruments and alerts as they are shown."""

from dataclasses import replace
from decimal import Decimal
from itertools import permutations

from domain.banking.fraud_messages import (
    FraudAlertConfirmed,
    FraudAlertDismissed,
    FraudAlertRaised,
)
from domain.banking.habits import CustomerPayment
from domain.banking.instrument_messages import (
    InstrumentFollowed,
    InstrumentListed,
    InstrumentUnfollowed,
    QuotePassedOn,
    QuoteRecorded,
)
from domain.banking.leg_messages import LegRefusal
from domain.banking.lots import Lot
from domain.banking.portfolio_messages import (
    HoldingChange,
    UnitsBought,
    UnitsRestored,
    UnitsSold,
)
from domain.banking.suspecting import Assessment, Oddity, OddityKind
from domain.banking.terms import Reference
from domain.banking.trade_messages import TradeFailed, TradeOrder, TradePlaced, TradeSettled
from domain.banking.trade_terms import TradeRefusal, TradeSide
from domain.banking.transfer_messages import (
    TransferCompleted,
    TransferRejected,
    TransferRequested,
    TransferReturned,
)
from domain.testing import shown
from readmodels.banking.fraud_alert import FraudAlertStatus, fraud_alerts
from readmodels.banking.instrument import instruments
from readmodels.banking.portfolio import Portfolio, PortfolioNews, portfolios
from readmodels.banking.trade import TradeStatus, trades
from readmodels.banking.transfer import TransferStatus, transfers
from tests.domain.banking.facts import T0, minutes, money
from tests.readmodels.banking.test_ledger import SENT


def change(number: int, held: str) -> HoldingChange:
    return HoldingChange(
        portfolio="a-1",
        owners=("ann",),
        instrument="XYZ",
        currency="USD",
        number=number,
        held=Decimal(held),
    )


def lot(number: int, quantity: str, cost: str) -> Lot:
    return Lot(number=number, quantity=Decimal(quantity), cost=money(cost), bought_at=T0)


def bought(number: int, quantity: str, cost: str, price: str, held: str) -> UnitsBought:
    return UnitsBought(
        change=change(number, held),
        reference=Reference(id=f"x-{number}", begun_at=T0),
        lot=lot(number, quantity, cost),
        price=Decimal(price),
        at=T0,
    )


FIRST = bought(1, "10.000000", "100.00", "10", "10")
SECOND = bought(2, "10.000000", "140.00", "14", "20")
SOLD = UnitsSold(
    change=change(3, "5"),
    reference=Reference(id="x-3", begun_at=T0),
    parts=(lot(1, "10.000000", "100.00"), lot(2, "5.000000", "70.00")),
    price=Decimal(16),
    proceeds=money("240.00"),
    realised=money("70.00"),
    at=minutes(3),
)
RESTORED = UnitsRestored(
    change=change(4, "20"),
    reference=SOLD.reference,
    parts=SOLD.parts,
    price=SOLD.price,
    realised=money("-70.00"),
    at=minutes(4),
)
FOLLOWED = InstrumentFollowed(
    instrument="XYZ", portfolio="a-1", generation=1, price=Decimal(11), at=T0
)
UNFOLLOWED = InstrumentUnfollowed(instrument="XYZ", portfolio="a-1", at=minutes(9))


def quoted(price: str, *followers: str) -> QuotePassedOn:
    return QuotePassedOn(
        instrument="XYZ",
        number=2,
        price=Decimal(price),
        followers=followers or ("a-1",),
        at=minutes(5),
    )


def portfolio(*events: PortfolioNews) -> Portfolio:
    return shown(portfolios, *events)["a-1"]


def test_a_holding_is_worth_what_it_was_traded_at_until_quotes_find_it() -> None:
    found = portfolio(FIRST)
    (position,) = found.positions
    assert (position.price, position.value, position.is_live) == (
        Decimal(10),
        money("100.00"),
        False,
    )
    (position,) = portfolio(FIRST, FOLLOWED).positions
    assert (position.price, position.value, position.is_live) == (
        Decimal(11),
        money("110.00"),
        True,
    )


def test_every_quote_values_the_portfolio_anew() -> None:
    found = portfolio(FIRST, SECOND, FOLLOWED, quoted("13"))
    assert (found.cost, found.value, found.unrealised) == (
        money("240.00"),
        money("260.00"),
        money("20.00"),
    )
    assert found.positions[0].average_cost == 12
    assert portfolio(FIRST, FOLLOWED, quoted("13"), quoted("9")).unrealised == money("-10.00")


def test_what_is_sold_leaves_the_oldest_lots_and_realises_a_profit() -> None:
    found = portfolio(FIRST, SECOND, FOLLOWED, SOLD, quoted("16"))
    (position,) = found.positions
    assert position.lots == (lot(2, "5.000000", "70.00"),)
    assert (found.realised, found.unrealised) == (money("70.00"), money("10.00"))


def test_what_comes_back_is_as_it_was_before() -> None:
    before = portfolio(FIRST, SECOND, FOLLOWED, quoted("16"))
    after = portfolio(FIRST, SECOND, FOLLOWED, quoted("16"), SOLD, RESTORED)
    (old,), (new,) = before.positions, after.positions
    assert replace(new, traded_price=old.traded_price) == old
    assert after.realised == 0


def test_holdings_and_quotes_may_be_heard_in_any_order_between_them() -> None:
    held, prices = (FIRST, SECOND, SOLD), (FOLLOWED, quoted("13"), UNFOLLOWED)
    expected = portfolio(*held, *prices)
    assert expected.quotes == ()
    for places in permutations(range(6)):
        mixed: list[PortfolioNews] = [(*held, *prices)[each] for each in places]
        if [e for e in mixed if e in held] == [*held] and [e for e in mixed if e in prices] == [
            *prices
        ]:
            document: Portfolio | None = None
            for event in mixed:
                document, _ = portfolios.fold("a-1", document, {}, [(0, 0, event)])
            assert document == expected


def test_a_quote_touches_the_portfolios_that_follow() -> None:
    found = shown(portfolios, FIRST, quoted("13", "a-1", "b-1"))
    assert found.keys() == {"a-1", "b-1"}
    assert found["b-1"].owners == ()


BUY = TradeOrder(
    trade="x-1",
    account="a-1",
    instrument="XYZ",
    side=TradeSide.BUY,
    quantity=Decimal(10),
    limit_price=None,
    sender="ann",
    placed_at=T0,
)
PLACED = TradePlaced(order=BUY, at=T0, by="ann")


def test_a_trade_is_shown_from_placed_to_settled_or_failed() -> None:
    assert shown(trades, PLACED)["x-1"].status is TradeStatus.PLACED
    settled = TradeSettled(
        order=BUY,
        owners=("ann", "bob"),
        currency="USD",
        price=Decimal(10),
        amount=money("100.00"),
        realised=None,
        at=minutes(1),
    )
    found = shown(trades, PLACED, settled)["x-1"]
    assert (found.status, found.amount, found.ended_at) == (
        TradeStatus.SETTLED,
        money("100.00"),
        minutes(1),
    )
    assert found.parties == ("ann", "bob")
    failed = TradeFailed(order=BUY, owners=(), reason=TradeRefusal.NO_QUOTE, at=minutes(1))
    found = shown(trades, PLACED, failed)["x-1"]
    assert (found.status, found.refusal) == (TradeStatus.FAILED, TradeRefusal.NO_QUOTE)


def test_a_transfer_is_shown_from_requested_to_its_end() -> None:
    order = replace(SENT.order, payee=None, target="b-1")
    requested = TransferRequested(order=order, at=T0, by="ann")
    found = shown(transfers, requested)["t-1"]
    assert (found.status, found.parties) == (TransferStatus.REQUESTED, ("ann",))
    completed = TransferCompleted(
        order=order, owners=("ann", "ada"), payees=("bob",), at=minutes(1)
    )
    found = shown(transfers, requested, completed)["t-1"]
    assert (found.status, found.parties) == (TransferStatus.COMPLETED, ("ann", "ada", "bob"))
    reason = LegRefusal.ACCOUNT_FROZEN
    returned = TransferReturned(order=order, owners=("ann",), reason=reason, at=minutes(1))
    found = shown(transfers, requested, returned)["t-1"]
    assert (found.status, found.refusal) == (TransferStatus.RETURNED, LegRefusal.NOT_ACCEPTED)
    unknown = replace(returned, reason=LegRefusal.UNKNOWN_ACCOUNT)
    assert shown(transfers, requested, unknown)["t-1"].refusal is LegRefusal.UNKNOWN_ACCOUNT
    rejected = TransferRejected(order=order, reason=reason, at=minutes(1))
    assert shown(transfers, requested, rejected)["t-1"].status is TransferStatus.REJECTED


def test_a_transfer_to_another_country_crosses_the_border() -> None:
    requested = TransferRequested(order=SENT.order, at=T0, by="ann")
    found = shown(transfers, requested, SENT)["t-1"]
    assert (found.status, found.is_cross_border) == (TransferStatus.SENT, True)


def test_an_instrument_shows_its_latest_quote_and_how_it_moved() -> None:
    listed = InstrumentListed(instrument="XYZ", name="Xylophones", currency="USD", at=T0, by="max")
    assert shown(instruments, listed)["XYZ"].price is None
    first = QuoteRecorded(instrument="XYZ", number=1, price=Decimal(10), currency="USD", at=T0)
    second = replace(first, number=2, price=Decimal("12.5"))
    found = shown(instruments, listed, first, second)["XYZ"]
    assert (found.price, found.price_change) == (Decimal("12.5"), Decimal("2.5"))


RAISED = FraudAlertRaised(
    alert="a-1:7",
    payment=CustomerPayment(
        customer="ann",
        account="a-1",
        number=7,
        amount=money("900.00"),
        currency="USD",
        payee="thief",
        at=T0,
    ),
    assessment=Assessment(score=5.5, reasons=(Oddity(kind=OddityKind.LARGE_AMOUNT, weight=4.0),)),
    at=minutes(1),
)


def test_an_alert_is_open_until_compliance_has_decided() -> None:
    found = shown(fraud_alerts, RAISED)["a-1:7"]
    assert (found.status, found.score, found.at) == (FraudAlertStatus.OPEN, 5.5, T0)
    assert [each.kind for each in found.reasons] == [OddityKind.LARGE_AMOUNT]
    confirmed = FraudAlertConfirmed(alert="a-1:7", note="called her", at=minutes(9), by="olga")
    found = shown(fraud_alerts, RAISED, confirmed)["a-1:7"]
    assert (found.status, found.decided_by) == (FraudAlertStatus.CONFIRMED, "olga")
    dismissed = FraudAlertDismissed(alert="a-1:7", note="a car", at=minutes(9), by="olga")
    found = shown(fraud_alerts, RAISED, dismissed)["a-1:7"]
    assert (found.status, found.note) == (FraudAlertStatus.DISMISSED, "a car")
