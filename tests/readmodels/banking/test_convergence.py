"""Whichever stream is read first, the documents of a bank are the same, and right."""

from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.banking.account_states import Unopened
from domain.banking.accounts import accounts
from domain.banking.lots import cost_of, quantity_of
from domain.banking.portfolios import portfolios
from domain.composition import parameter
from readmodels.banking import PROJECTIONS
from readmodels.banking.account import Account
from readmodels.banking.customer_dashboard import CustomerDashboard
from readmodels.banking.ledger import LedgerDay, TrialBalance
from readmodels.banking.portfolio import Portfolio
from readmodels.banking.statement_line import StatementLine
from readmodels.banking.transfer import Transfer, TransferStatus
from tests.domain.banking.simulator import World
from tests.domain.banking.test_interleaving import run

Documents = dict[type[Any], dict[str, Any]]
TWICE = 0.2


def documents(world: World, random: Random) -> Documents:
    """What is shown when streams are read in any order, some batches of them twice."""
    found: Documents = {each.document: {} for each in PROJECTIONS}
    seen: dict[tuple[type[Any], str], dict[int, int]] = {}
    left = {n: (0, each.events) for n, each in enumerate(world.streams.values()) if each.events}
    while left:
        partition = random.choice(list(left))
        at, events = left[partition]
        size = random.randint(1, 5)
        batch = [(partition, at + n, each) for n, each in enumerate(events[at : at + size])]
        for _ in range(2 if random.random() < TWICE else 1):
            deliver(found, seen, batch)
        left[partition] = (at + size, events)
        if at + size >= len(events):
            del left[partition]
    return {
        document: {id: each for id, each in kept.items() if each is not None}
        for document, kept in found.items()
    }


def deliver(
    found: Documents,
    seen: dict[tuple[type[Any], str], dict[int, int]],
    batch: list[tuple[int, int, Any]],
) -> None:
    for projection in PROJECTIONS:
        handled, kept = parameter(projection.evolve, 1, "a projection"), found[projection.document]
        mine = [each for each in batch if isinstance(each[2], handled)]
        for id in dict.fromkeys(key for each in mine for key in projection.keys(each[2])):
            some = [each for each in mine if id in projection.keys(each[2])]
            positions = seen.get((projection.document, id), {})
            kept[id], seen[projection.document, id] = projection.fold(
                id, kept.get(id), positions, some
            )


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_the_documents_are_the_same_whichever_stream_is_read_first(seed: int) -> None:
    world = run(seed)
    shown = documents(world, Random(seed))
    assert shown == documents(world, Random(seed + 1))
    check_accounts(world, shown)
    check_portfolios(world, shown)
    check_ledger(shown)


def check_accounts(world: World, shown: Documents) -> None:
    """Accounts, statements and dashboards agree with the states, and with each other."""
    for stream in world.of(accounts):
        if isinstance(stream.state, Unopened):
            continue
        book, found = stream.state.book, shown[Account][stream.id]
        assert (found.balance, found.line_count) == (book.balance, book.lines)
        lines = [e for e in shown[StatementLine].values() if e.account == stream.id]
        assert sorted(each.number for each in lines) == list(range(1, book.lines + 1))
        assert sum((each.change for each in lines), Decimal(0)) == book.balance
        for owner in book.owners:
            own = {e.account: e.balance for e in shown[CustomerDashboard][owner].accounts}
            assert own[stream.id] == book.balance
    for dashboard in shown[CustomerDashboard].values():
        for total in dashboard.balances:
            mine = [e.balance for e in dashboard.accounts if e.currency == total.currency]
            assert sum(mine, Decimal(0)) == total.balance
    ended = {each.status for each in shown[Transfer].values()}
    assert TransferStatus.REQUESTED not in ended


def check_portfolios(world: World, shown: Documents) -> None:
    for stream in world.of(portfolios):
        if not stream.state.changes:
            continue
        found = shown[Portfolio][stream.id]
        held = {each.instrument: each for each in found.positions}
        assert held.keys() == stream.state.lots.keys()
        for instrument, lots in stream.state.lots.items():
            position = held[instrument]
            assert (position.lots, position.quantity) == (lots, quantity_of(lots))
            assert position.cost == cost_of(lots, found.currency)
            assert position.is_live
            assert position.unrealised == position.value - position.cost


def check_ledger(shown: Documents) -> None:
    for balance in shown[TrialBalance].values():
        assert balance.difference == 0
        days = [e for e in shown[LedgerDay].values() if e.currency == balance.id]
        assert sum(each.entries for each in days) == balance.entries
        assert sum((each.debits for each in days), Decimal(0)) == balance.debits
