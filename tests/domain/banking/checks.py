"""What must hold of a bank: at every moment, and once it has come to rest."""

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

from domain.banking.account_messages import AccountOpened
from domain.banking.account_states import Unopened
from domain.banking.accounts import accounts
from domain.banking.instruments import Quoted, instruments
from domain.banking.journal import LedgerKind
from domain.banking.lots import cost_of, quantity_of
from domain.banking.portfolio_messages import UnitsBought, UnitsRestored, UnitsSold
from domain.banking.portfolios import portfolios
from domain.banking.trade_messages import TradeFailed, TradeSettled
from domain.banking.trades import Over, trades
from domain.banking.transfer_messages import (
    TransferCompleted,
    TransferRejected,
    TransferReturned,
    TransferSent,
)
from domain.banking.transfers import Ended, transfers
from tests.domain.banking.bank import add, legs, sums
from tests.domain.banking.simulator import World

__all__ = ["check_every_moment", "check_rest"]


def check_every_moment(world: World) -> None:
    """After every event: a balanced ledger, nobody overdrawn, and no leg taken or given twice.

    What is in transit is what was taken for transfers and neither arrived nor came back yet.
    """
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    limits: dict[str, Decimal] = {}
    for event in world.log:
        add(found, event)
        for currency in ("USD", "JPY"):
            assert not sum(each for (_, of), each in found.items() if of == currency)
            assert found[f"{LedgerKind.TRANSIT}:{currency}", currency] >= 0
        if isinstance(event, AccountOpened):
            limits[event.account] = event.overdraft_limit
        posting = getattr(event, "posting", None)
        if posting is not None:
            assert found[posting.account, posting.currency] == posting.balance
            assert posting.balance >= -limits[posting.account]
        reference = getattr(event, "reference", None)
        if reference is not None:
            counts[reference.id][type(event).__name__] += 1
            check_legs(counts[reference.id])


def check_legs(counts: Counter[str]) -> None:
    assert counts["AccountDebited"] <= 1
    assert counts["AccountCredited"] + counts["DebitRefunded"] <= 1
    assert counts["UnitsBought"] + counts["UnitsSold"] <= 1
    assert counts["UnitsRestored"] <= counts["UnitsSold"]


def check_rest(world: World) -> None:
    """Every transfer and trade has ended, nothing is under way, and the money is where it ought."""
    for stream in world.of(transfers):
        assert isinstance(stream.state, Ended) or not stream.events, stream
    for stream in world.of(trades):
        assert isinstance(stream.state, Over) or not stream.events, stream
    for stream in world.of(accounts):
        if not isinstance(stream.state, Unopened):
            assert stream.state.book.open_debits == {}
    found = sums(world.log)
    assert not any(amount for (id, _), amount in found.items() if id.startswith("TRANSIT"))
    check_ends(world)
    check_holdings(world, found)


def check_ends(world: World) -> None:
    """What a transfer or a trade says of itself is what its legs did."""
    counts = legs(world.log)
    for event in world.log:
        match event:
            case TransferCompleted(order=order):
                mine = counts[order.transfer]
                assert (mine["AccountDebited"], mine["AccountCredited"]) == (1, 1)
            case TransferSent(order=order):
                assert counts[order.transfer]["DebitRefunded"] == 0
            case TransferReturned(order=order):
                assert counts[order.transfer]["DebitRefunded"] == 1
            case TransferRejected(order=order):
                assert counts[order.transfer]["AccountDebited"] == 0
            case TradeSettled(order=order):
                mine = counts[order.trade]
                assert mine["AccountDebited"] + mine["AccountCredited"] == 1
                assert mine["UnitsBought"] + mine["UnitsSold"] == 1
                assert mine["DebitRefunded"] + mine["UnitsRestored"] == 0
            case TradeFailed(order=order):
                mine = counts[order.trade]
                assert mine["AccountDebited"] == mine["DebitRefunded"]
                assert mine["UnitsSold"] == mine["UnitsRestored"]
                assert mine["AccountCredited"] == mine["UnitsBought"] == 0
            case _:
                pass


def check_holdings(world: World, found: dict[tuple[str, str], Decimal]) -> None:
    """Lots sum to what was bought less what was sold; what they cost less the profit was paid."""
    spent: dict[str, Decimal] = defaultdict(Decimal)
    for stream in world.of(portfolios):
        state = stream.state
        assert state.open_sales == {}
        held, realised = flows(stream.events)
        assert {each: quantity_of(lots) for each, lots in state.lots.items()} == held
        cost = sum((cost_of(lots, state.currency) for lots in state.lots.values()), Decimal(0))
        spent[state.currency] += cost - realised
        for instrument in state.lots:
            (listed,) = (each for each in world.of(instruments) if each.id == instrument)
            assert isinstance(listed.state, Quoted)
            assert stream.id in listed.state.followers
    for currency in ("USD", "JPY"):
        assert found[f"{LedgerKind.SECURITIES}:{currency}", currency] == spent[currency]


def flows(events: list[Any]) -> tuple[dict[str, Decimal], Decimal]:
    held: dict[str, Decimal] = defaultdict(Decimal)
    realised = Decimal(0)
    for event in events:
        match event:
            case UnitsBought(change=change, lot=lot):
                held[change.instrument] += lot.quantity
            case UnitsSold(change=change, parts=parts):
                held[change.instrument] -= quantity_of(parts)
                realised += event.realised
            case UnitsRestored(change=change, parts=parts):
                held[change.instrument] += quantity_of(parts)
                realised += event.realised
            case _:
                pass
    return {each: quantity for each, quantity in held.items() if quantity}, realised
