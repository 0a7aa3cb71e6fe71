"""Banking: accounts in a double-entry ledger, transfers, trades of instruments, and portfolios."""

from domain.banking import (
    accounts,
    following,
    instruments,
    portfolios,
    trades,
    trading,
    transferring,
    transfers,
)
from domain.model import AnyAggregate, AnyProcess

AGGREGATES: tuple[AnyAggregate, ...] = (
    accounts.accounts,
    transfers.transfers,
    instruments.instruments,
    trades.trades,
    portfolios.portfolios,
)
PROCESSES: tuple[AnyProcess, ...] = (
    transferring.transferring,
    trading.trading,
    following.following,
)
