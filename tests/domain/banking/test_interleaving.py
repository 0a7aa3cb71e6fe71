"""Whatever crosses, comes late or twice: money and units are right, and nothing sticks."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.banking import terms
from domain.banking.leg_messages import AccountDebited, DebitRefunded
from domain.banking.portfolio_messages import UnitsRestored
from domain.banking.trade_messages import TradeFailed, TradeSettled
from domain.banking.transfer_messages import (
    TransferCompleted,
    TransferRejected,
    TransferReturned,
    TransferSent,
)
from tests.domain.banking.bank import Bank, sums
from tests.domain.banking.checks import check_every_moment, check_rest
from tests.domain.banking.simulator import World

ACTS = 40


def run(seed: int) -> World:
    """A world at rest, after people did many things in it."""
    random = Random(seed)
    world = World(random)
    bank = Bank(world, random)
    bank.open()
    eagerness = random.choice((0, 3, 10, 30))
    for _ in range(ACTS):
        bank.act()
        for _ in range(random.randint(0, eagerness)):
            world.step()
    world.settle()
    return world


@pytest.fixture(params=[2, terms.REMEMBERED_MAX], ids=["forgetful", "as it is"])
def memory(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many references a stream remembers by name; two makes it forget all the time."""
    most: int = request.param
    monkeypatch.setattr(terms, "REMEMBERED_MAX", most)
    return most


@pytest.mark.usefixtures("memory")
def test_whatever_crosses_no_money_and_no_unit_is_lost_or_made() -> None:
    @settings(max_examples=40, deadline=None)
    @given(st.integers(0, 2**32))
    def hold(seed: int) -> None:
        world = run(seed)
        check_every_moment(world)
        check_rest(world)

    hold()


@pytest.mark.usefixtures("memory")
def test_processes_that_begin_anew_and_send_all_again_move_no_money() -> None:
    @settings(max_examples=15, deadline=None)
    @given(st.integers(0, 2**32))
    def hold(seed: int) -> None:
        world = run(seed)
        before = sums(world.log)
        world.forget()
        world.settle()
        check_every_moment(world)
        check_rest(world)
        assert sums(world.log) == before

    hold()


def test_the_simulated_bank_comes_to_every_kind_of_end() -> None:
    seen: set[str] = set()
    for seed in range(40):
        log = run(seed).log
        seen |= {type(each).__name__ for each in log}
        seen |= {str(each.reason) for each in log if isinstance(each, TransferReturned)}
    ends = (TransferCompleted, TransferRejected, TransferReturned, TransferSent)
    assert seen >= {each.__name__ for each in (*ends, TradeSettled, TradeFailed, UnitsRestored)}
    assert seen >= {AccountDebited.__name__, DebitRefunded.__name__, "DebitSettled", "SaleSettled"}
    assert seen >= {"UNKNOWN_ACCOUNT", "ACCOUNT_FROZEN", "WRONG_CURRENCY", "InstrumentUnfollowed"}
