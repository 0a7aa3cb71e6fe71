"""The course of a trade: price it, take what is given, give what is due, or put all back.

A purchase takes the money first and adds the units then; a sale takes the units first. Where the
second part is refused, the first is put back. All that is sent follows from what was heard, and is
harmless to repeat.
"""

from datetime import datetime
from decimal import Decimal

from domain.banking.instrument_messages import PriceTrade, TradePriced, TradePricingRefused
from domain.banking.leg_messages import (
    CreditAccount,
    DebitAccount,
    LegPurpose,
    RefundDebit,
    SettleDebit,
)
from domain.banking.portfolio_messages import (
    AddUnits,
    RestoreUnits,
    SettleSale,
    TakeUnits,
    UnitsBought,
    UnitsRefused,
    UnitsRestored,
    UnitsSold,
)
from domain.banking.trade_messages import FailTrade, SettleTrade, TradeOrder, TradePlaced
from domain.banking.trade_terms import TradeRefusal, TradeSide
from domain.banking.trading_state import Part, PartStanding, TradeNews, Trading, evolve
from domain.model import After, Process

TradeStep = (
    PriceTrade
    | DebitAccount
    | CreditAccount
    | RefundDebit
    | SettleDebit
    | AddUnits
    | TakeUnits
    | RestoreUnits
    | SettleSale
    | SettleTrade
    | FailTrade
)
Steps = list[TradeStep | After[TradeStep]]


def react(state: Trading, event: TradeNews) -> list[TradeStep | After[TradeStep]]:
    order = state.order
    if order is None:
        return []
    if state.pricing.standing is PartStanding.UNHEARD:
        return [_price(order)]
    if state.pricing.standing is PartStanding.REFUSED:
        return [_fail(state, order, state.pricing, event.at)]
    amount, price = state.amount, state.price
    if amount is None or price is None:
        beyond = Part(refusal=TradeRefusal.AMOUNT_OUT_OF_RANGE)
        return [_fail(state, order, beyond, event.at)]
    if order.side is TradeSide.BUY:
        return _buy(state, order, price, amount, event.at)
    return _sell(state, order, price, amount, event.at)


def _buy(state: Trading, order: TradeOrder, price: Decimal, amount: Decimal, at: datetime) -> Steps:
    account, reference = order.account, order.reference
    match state.money.standing, state.units.standing:
        case PartStanding.UNHEARD, _:
            return [_debit(state, order, amount, at)]
        case PartStanding.REFUSED, _:
            return [_fail(state, order, state.money, at)]
        case PartStanding.UNDONE, _:
            return [_fail(state, order, state.units, at)]
        case _, PartStanding.UNHEARD:
            return [
                AddUnits(
                    portfolio=account,
                    owners=state.owners,
                    reference=reference,
                    instrument=order.instrument,
                    currency=state.currency,
                    quantity=order.quantity,
                    price=price,
                    cost=amount,
                    at=at,
                )
            ]
        case _, PartStanding.DONE:
            settled = _settle(state, order, price, amount, at)
            return [settled, SettleDebit(account=account, reference=reference, at=at)]
        case _:
            return [RefundDebit(account=account, reference=reference, at=at)]


def _sell(
    state: Trading, order: TradeOrder, price: Decimal, amount: Decimal, at: datetime
) -> Steps:
    account, reference = order.account, order.reference
    match state.units.standing, state.money.standing:
        case PartStanding.UNHEARD, _:
            return [
                TakeUnits(
                    portfolio=account,
                    sender=order.sender,
                    reference=reference,
                    instrument=order.instrument,
                    quantity=order.quantity,
                    price=price,
                    proceeds=amount,
                    at=at,
                )
            ]
        case PartStanding.REFUSED, _:
            return [_fail(state, order, state.units, at)]
        case PartStanding.UNDONE, _:
            return [_fail(state, order, state.money, at)]
        case _, PartStanding.UNHEARD:
            return [_credit(state, order, amount, at)]
        case _, PartStanding.DONE:
            settled = _settle(state, order, price, amount, at)
            return [settled, SettleSale(portfolio=account, reference=reference, at=at)]
        case _:
            return [RestoreUnits(portfolio=account, reference=reference, at=at)]


def _price(order: TradeOrder) -> PriceTrade:
    return PriceTrade(
        instrument=order.instrument,
        trade=order.trade,
        side=order.side,
        limit_price=order.limit_price,
        at=order.placed_at,
    )


def _debit(state: Trading, order: TradeOrder, amount: Decimal, at: datetime) -> DebitAccount:
    return DebitAccount(
        account=order.account,
        reference=order.reference,
        purpose=LegPurpose.TRADE,
        counterparty=order.instrument,
        sender=order.sender,
        currency=state.currency,
        amount=amount,
        at=at,
    )


def _credit(state: Trading, order: TradeOrder, amount: Decimal, at: datetime) -> CreditAccount:
    return CreditAccount(
        account=order.account,
        reference=order.reference,
        purpose=LegPurpose.TRADE,
        counterparty=order.instrument,
        currency=state.currency,
        amount=amount,
        at=at,
    )


def _settle(
    state: Trading, order: TradeOrder, price: Decimal, amount: Decimal, at: datetime
) -> SettleTrade:
    return SettleTrade(
        trade=order.trade,
        owners=state.owners,
        currency=state.currency,
        price=price,
        amount=amount,
        realised=state.realised,
        at=at,
    )


def _fail(state: Trading, order: TradeOrder, part: Part, at: datetime) -> FailTrade:
    reason = part.refusal or TradeRefusal.TOO_LATE
    return FailTrade(trade=order.trade, owners=state.owners, reason=reason, at=at)


def key(event: TradeNews) -> str | None:
    """The trade; None for the legs of transfers."""
    match event:
        case TradePlaced(order=order):
            return order.trade
        case TradePriced(trade=trade) | TradePricingRefused(trade=trade):
            return trade
        case UnitsBought() | UnitsSold() | UnitsRestored() | UnitsRefused():
            return event.reference.id
        case _:
            return event.reference.id if event.purpose is LegPurpose.TRADE else None


trading = Process(name="trading", key=key, initial=Trading, evolve=evolve, react=react)
