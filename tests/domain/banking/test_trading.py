"""Trades: quotes, lots, portfolios, and the process that brings money and units together."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.banking import instruments as quoting
from domain.banking import portfolios as holding
from domain.banking.following import following
from domain.banking.instrument_messages import (
    FollowInstrument,
    InstrumentFollowed,
    InstrumentListed,
    InstrumentUnfollowed,
    ListInstrument,
    PassOnQuote,
    PriceTrade,
    QuotePassedOn,
    QuoteRecorded,
    RecordQuote,
    TradePriced,
    TradePricingRefused,
    UnfollowInstrument,
)
from domain.banking.instruments import instruments
from domain.banking.leg_messages import CreditAccount, DebitAccount, LegPurpose, SettleDebit
from domain.banking.lots import Lot, cost_of, given_back, quantity_of, taken
from domain.banking.portfolio_messages import (
    AddUnits,
    RestoreUnits,
    SaleSettled,
    SettleSale,
    TakeUnits,
    UnitsBought,
    UnitsRefused,
    UnitsSold,
)
from domain.banking.portfolios import portfolios
from domain.banking.terms import Reference
from domain.banking.trade_messages import (
    FailTrade,
    PlaceTrade,
    SettleTrade,
    TradeFailed,
    TradeOrder,
    TradePlaced,
    TradeSettled,
)
from domain.banking.trade_terms import TradeRefusal, TradeSide
from domain.banking.trades import trades
from domain.banking.trading import trading
from domain.banking.valuing import valuing
from domain.testing import given, reacting
from tests.domain.banking.facts import T0, credited, debited, minutes, money, refunded

TRADE = Reference(id="x-1", begun_at=T0)
LISTED = InstrumentListed(instrument="XYZ", name="Xylophones", currency="USD", at=T0, by="max")
LIST = ListInstrument(instrument="XYZ", name="Xylophones", currency="USD", at=T0, by="max")
QUOTE = RecordQuote(instrument="XYZ", price=Decimal("10"), at=T0)
QUOTED = QuoteRecorded(instrument="XYZ", number=1, price=Decimal("10"), currency="USD", at=T0)
PASS_ON = PassOnQuote(instrument="XYZ", number=1, at=T0)
PASSED_ON = QuotePassedOn(
    instrument="XYZ", number=1, price=Decimal("10"), followers=("a-1",), at=T0
)
PRICE = PriceTrade(instrument="XYZ", trade="x-1", side=TradeSide.BUY, limit_price=None, at=T0)
PRICED = TradePriced(instrument="XYZ", trade="x-1", price=Decimal("10"), currency="USD", at=T0)


def unpriced(reason: TradeRefusal) -> TradePricingRefused:
    return TradePricingRefused(instrument="XYZ", trade="x-1", reason=reason, at=T0)


def test_an_instrument_is_listed_once_and_quoted_by_the_market() -> None:
    assert given(instruments).when(LIST) == [LISTED]
    assert given(instruments, LISTED).rejects(LIST) == "INSTRUMENT_EXISTS"
    assert given(instruments, LISTED).when(QUOTE) == [QUOTED]
    assert given(instruments).rejects(QUOTE) == "INSTRUMENT_UNKNOWN"
    assert given(instruments).rejects(replace(LIST, currency="ABC")) == "UNKNOWN_CURRENCY"


@pytest.mark.parametrize("price", ["0", "-1", "0.0000001", "10000001", "NaN"])
def test_a_price_is_positive_in_millionths(price: str) -> None:
    quote = replace(QUOTE, price=Decimal(price))
    assert given(instruments, LISTED).rejects(quote) == "INVALID_PRICE"


def test_a_trade_is_priced_at_the_latest_quote_within_its_limit() -> None:
    quoted = given(instruments, LISTED, QUOTED)
    assert quoted.when(PRICE) == [PRICED]
    assert quoted.when(replace(PRICE, limit_price=Decimal("10"))) == [PRICED]
    beyond = unpriced(TradeRefusal.PRICE_BEYOND_LIMIT)
    assert quoted.when(replace(PRICE, limit_price=Decimal("9.99"))) == [beyond]
    sale = replace(PRICE, side=TradeSide.SELL, limit_price=Decimal("10.01"))
    assert quoted.when(sale) == [beyond]
    assert given(instruments, LISTED).when(PRICE) == [unpriced(TradeRefusal.NO_QUOTE)]
    assert given(instruments).when(PRICE) == [unpriced(TradeRefusal.UNKNOWN_INSTRUMENT)]


FOLLOW = FollowInstrument(instrument="XYZ", portfolio="a-1", generation=3, at=T0)
FOLLOWED = InstrumentFollowed(
    instrument="XYZ", portfolio="a-1", generation=3, price=Decimal("10"), at=T0
)
UNFOLLOW = UnfollowInstrument(instrument="XYZ", portfolio="a-1", generation=4, at=T0)
UNFOLLOWED = InstrumentUnfollowed(instrument="XYZ", portfolio="a-1", at=T0)


def test_a_follower_learns_the_price_and_every_quote_goes_on_to_it() -> None:
    past = (LISTED, QUOTED)
    assert given(instruments, *past).when(FOLLOW) == [FOLLOWED]
    assert given(instruments, *past, FOLLOWED).when(PASS_ON) == [PASSED_ON]
    assert given(instruments, *past, FOLLOWED, PASSED_ON).when(PASS_ON) == []
    assert given(instruments, *past).when(PASS_ON) == []
    assert reacting(valuing).to(QUOTED) == [PASS_ON]
    assert given(instruments, *past, FOLLOWED).when(UNFOLLOW) == [UNFOLLOWED]
    assert given(instruments, *past, FOLLOWED, UNFOLLOWED).when(UNFOLLOW) == []


def test_of_quotes_that_come_fast_the_latest_goes_on_for_all() -> None:
    second = replace(QUOTED, number=2, price=Decimal("11"))
    latest = replace(PASSED_ON, number=2, price=Decimal("11"))
    past = (LISTED, QUOTED, FOLLOWED, second)
    assert given(instruments, *past).when(PASS_ON) == [latest]
    assert given(instruments, *past, latest).when(replace(PASS_ON, number=2)) == []


def test_whoever_quotes_is_not_shown_who_holds() -> None:
    (event,) = given(instruments, LISTED, QUOTED, FOLLOWED).when(QUOTE)
    assert "a-1" not in repr(event)


def test_an_older_word_of_a_portfolio_changes_nothing() -> None:
    past = (LISTED, QUOTED, FOLLOWED)
    assert given(instruments, *past).when(FOLLOW) == []
    assert given(instruments, *past).when(replace(UNFOLLOW, generation=2)) == []
    newer = replace(FOLLOW, generation=5)
    assert given(instruments, *past).when(newer) == [replace(FOLLOWED, generation=5)]


def test_only_so_many_portfolios_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quoting, "FOLLOWERS_MAX", 1)
    other = replace(FOLLOW, portfolio="b-1")
    assert given(instruments, LISTED, QUOTED, FOLLOWED).rejects(other) == "TOO_MANY_FOLLOWERS"


def lot(number: int, quantity: str, cost: str) -> Lot:
    return Lot(number=number, quantity=Decimal(quantity), cost=money(cost), bought_at=T0)


def test_lots_are_sold_first_in_first_out_and_their_costs_sum_up() -> None:
    lots = (lot(1, "1.000000", "10.00"), lot(2, "3.000000", "10.00"))
    left, parts = taken(lots, Decimal("2.000000"), "USD")
    assert parts == (lot(1, "1.000000", "10.00"), lot(2, "1.000000", "3.33"))
    assert left == (lot(2, "2.000000", "6.67"),)
    assert cost_of(left, "USD") + cost_of(parts, "USD") == cost_of(lots, "USD")
    assert given_back(left, parts) == lots
    assert quantity_of(()) == 0


ADD = AddUnits(
    portfolio="a-1",
    owners=("ann",),
    reference=TRADE,
    instrument="XYZ",
    currency="USD",
    quantity=Decimal("10.000000"),
    price=Decimal("10"),
    cost=money("100.00"),
    at=T0,
)
SALE = Reference(id="x-2", begun_at=minutes(1))
TAKE = TakeUnits(
    portfolio="a-1",
    sender="ann",
    reference=SALE,
    instrument="XYZ",
    quantity=Decimal("4.000000"),
    price=Decimal("12"),
    proceeds=money("48.00"),
    at=minutes(1),
)


def bought() -> UnitsBought:
    (event,) = given(portfolios).when(ADD)
    assert isinstance(event, UnitsBought)
    return event


def sold() -> UnitsSold:
    (event,) = given(portfolios, bought()).when(TAKE)
    assert isinstance(event, UnitsSold)
    return event


def refused(reference: Reference, reason: TradeRefusal) -> UnitsRefused:
    return UnitsRefused(portfolio="a-1", reference=reference, reason=reason, at=minutes(1))


def test_what_is_bought_is_a_lot_and_is_added_once() -> None:
    event = bought()
    assert event.lot == lot(1, "10.000000", "100.00")
    assert (event.change.number, event.change.held) == (1, Decimal("10.000000"))
    assert given(portfolios, event).when(ADD) == []


def test_a_sale_realises_the_proceeds_less_what_the_parts_cost() -> None:
    event = sold()
    assert event.parts == (lot(1, "4.000000", "40.00"),)
    assert (event.realised, event.change.held) == (money("8.00"), Decimal("6.000000"))
    assert given(portfolios, bought(), event).when(TAKE) == []


def test_units_that_are_not_there_or_not_ones_own_are_not_sold() -> None:
    more = replace(TAKE, quantity=Decimal("10.000001"))
    held = given(portfolios, bought())
    assert held.when(more) == [refused(SALE, TradeRefusal.NOT_ENOUGH_UNITS)]
    eve = replace(TAKE, sender="eve")
    assert held.when(eve) == [refused(SALE, TradeRefusal.NOT_YOUR_ACCOUNT)]
    nothing = [refused(SALE, TradeRefusal.NOT_ENOUGH_UNITS)]
    assert given(portfolios).when(TAKE) == nothing
    assert given(portfolios).when(replace(TAKE, sender=None)) == nothing
    refusal = refused(SALE, TradeRefusal.NOT_ENOUGH_UNITS)
    assert given(portfolios, refusal, bought()).when(TAKE) == []


def test_what_was_sold_and_not_paid_comes_back_once() -> None:
    restore = RestoreUnits(portfolio="a-1", reference=SALE, at=minutes(2))
    past = (bought(), sold())
    (restored,) = given(portfolios, *past).when(restore)
    assert given(portfolios, *past, restored).state.lots == {
        "XYZ": (lot(1, "10.000000", "100.00"),)
    }
    assert given(portfolios, *past, restored).when(restore) == []
    settle = SettleSale(portfolio="a-1", reference=SALE, at=minutes(2))
    settled = SaleSettled(portfolio="a-1", reference=SALE, at=minutes(2))
    assert given(portfolios, *past).when(settle) == [settled]
    assert given(portfolios, *past, settled).when(restore) == []
    assert given(portfolios, *past, settled).when(settle) == []


def test_a_portfolio_has_limits_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    other = Reference(id="x-9", begun_at=minutes(1))
    again = replace(ADD, reference=other, at=minutes(1))
    monkeypatch.setattr(holding, "LOTS_MAX", 1)
    full = given(portfolios, bought())
    assert full.when(again) == [refused(other, TradeRefusal.TOO_MANY_LOTS)]
    monkeypatch.setattr(holding, "HOLDINGS_MAX", 1)
    elsewhere = replace(again, instrument="QRS")
    assert full.when(elsewhere) == [refused(other, TradeRefusal.TOO_MANY_HOLDINGS)]
    monkeypatch.setattr(holding, "OPEN_SALES_MAX", 1)
    sale = replace(TAKE, reference=other)
    busy = given(portfolios, bought(), sold())
    assert busy.when(sale) == [refused(other, TradeRefusal.TOO_MANY_UNDER_WAY)]


PLACE = PlaceTrade(
    trade="x-1",
    account="a-1",
    instrument="XYZ",
    side=TradeSide.BUY,
    quantity=Decimal("3"),
    at=T0,
    by="ann",
    roles=frozenset({"customer"}),
)
BUY = TradeOrder(
    trade="x-1",
    account="a-1",
    instrument="XYZ",
    side=TradeSide.BUY,
    quantity=Decimal("3"),
    limit_price=None,
    sender="ann",
    placed_at=T0,
)
PLACED = TradePlaced(order=BUY, at=T0, by="ann")
PLACED_SALE = TradePlaced(order=replace(BUY, side=TradeSide.SELL), at=T0, by="ann")


def test_a_trade_is_placed_and_ends_once() -> None:
    assert given(trades).when(PLACE) == [PLACED]
    assert given(trades, PLACED).rejects(PLACE) == "TRADE_EXISTS"
    settle = SettleTrade(
        trade="x-1",
        owners=("ann",),
        currency="USD",
        price=Decimal("10"),
        amount=money("30.00"),
        realised=None,
        at=minutes(1),
    )
    fail = FailTrade(trade="x-1", owners=(), reason=TradeRefusal.NO_QUOTE, at=minutes(1))
    (settled,) = given(trades, PLACED).when(settle)
    assert isinstance(settled, TradeSettled)
    (failed,) = given(trades, PLACED).when(fail)
    assert isinstance(failed, TradeFailed)
    for end in (settled, failed):
        assert given(trades, PLACED, end).when(settle) == []
        assert given(trades, PLACED, end).when(fail) == []
    assert given(trades).rejects(settle) == "TRADE_UNKNOWN"


@pytest.mark.parametrize("quantity", ["0", "-1", "0.0000001", "100000001", "Infinity"])
def test_a_quantity_is_positive_in_millionths(quantity: str) -> None:
    assert given(trades).rejects(replace(PLACE, quantity=Decimal(quantity))) == "INVALID_QUANTITY"


def test_a_limit_is_a_price() -> None:
    assert given(trades).rejects(replace(PLACE, limit_price=Decimal(0))) == "INVALID_PRICE"


LEG = replace(debited(), reference=TRADE, purpose=LegPurpose.TRADE)
PAID = replace(credited(), reference=TRADE, purpose=LegPurpose.TRADE)
BACK = replace(refunded(), reference=TRADE, purpose=LegPurpose.TRADE)


def test_a_purchase_is_priced_paid_and_added() -> None:
    assert reacting(trading).to(PLACED) == [PRICE]
    (debit,) = reacting(trading, PLACED).to(PRICED)
    assert isinstance(debit, DebitAccount)
    assert (debit.amount, debit.currency, debit.sender) == (money("30.00"), "USD", "ann")
    (add,) = reacting(trading, PLACED, PRICED).to(LEG)
    assert isinstance(add, AddUnits)
    assert (add.quantity, add.cost, add.owners) == (Decimal("3"), money("30.00"), ("ann",))
    settle, note = reacting(trading, PLACED, PRICED, LEG).to(bought())
    assert isinstance(settle, SettleTrade)
    assert note == SettleDebit(account="a-1", reference=TRADE, at=T0)


def test_a_purchase_that_the_portfolio_refuses_is_paid_back() -> None:
    refusal = refused(TRADE, TradeRefusal.TOO_MANY_LOTS)
    course = reacting(trading, PLACED, PRICED, LEG, refusal)
    assert course.to(BACK) == [
        FailTrade(trade="x-1", owners=("ann",), reason=TradeRefusal.TOO_MANY_LOTS, at=minutes(2))
    ]


def test_a_sale_takes_the_units_first_and_the_money_then() -> None:
    (take,) = reacting(trading, PLACED_SALE).to(PRICED)
    assert isinstance(take, TakeUnits)
    assert (take.quantity, take.proceeds) == (Decimal("3"), money("30.00"))
    units = replace(sold(), reference=TRADE)
    (credit,) = reacting(trading, PLACED_SALE, PRICED).to(units)
    assert isinstance(credit, CreditAccount)
    settle, note = reacting(trading, PLACED_SALE, PRICED, units).to(PAID)
    assert isinstance(settle, SettleTrade)
    assert settle.realised == money("8.00")
    assert note == SettleSale(portfolio="a-1", reference=TRADE, at=minutes(1))


def test_the_first_price_stands_though_it_is_asked_for_twice() -> None:
    dearer = replace(PRICED, price=Decimal("99"))
    (debit,) = reacting(trading, PLACED, PRICED).to(dearer)
    assert isinstance(debit, DebitAccount)
    assert debit.amount == money("30.00")


def test_a_trade_without_a_price_or_worth_nothing_fails() -> None:
    reason = TradeRefusal.NO_QUOTE
    fail = FailTrade(trade="x-1", owners=(), reason=reason, at=T0)
    assert reacting(trading, PLACED).to(unpriced(reason)) == [fail]
    cheap = replace(PRICED, price=Decimal("0.000001"))
    assert reacting(trading, PLACED).to(cheap) == [
        replace(fail, reason=TradeRefusal.AMOUNT_OUT_OF_RANGE)
    ]


def test_a_portfolio_follows_what_it_holds() -> None:
    first = bought()
    last = replace(sold(), change=replace(sold().change, number=2, held=Decimal(0)))
    assert reacting(following).to(first) == [replace(FOLLOW, generation=1)]
    assert reacting(following, first).to(sold()) == []
    assert reacting(following, first).to(last) == [replace(UNFOLLOW, generation=2, at=minutes(1))]
