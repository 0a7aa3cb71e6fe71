"""Banking: accounts in a double-entry ledger, transfers, trades, portfolios, and a fraud watch."""

from domain.banking import (
    accounts,
    following,
    fraud_alerts,
    fraud_watch,
    instruments,
    portfolios,
    trades,
    trading,
    transferring,
    transfers,
    valuing,
)
from domain.model import AnyAggregate, AnyProcess

AGGREGATES: tuple[AnyAggregate, ...] = (
    accounts.accounts,
    transfers.transfers,
    instruments.instruments,
    trades.trades,
    portfolios.portfolios,
    fraud_alerts.fraud_alerts,
)
PROCESSES: tuple[AnyProcess, ...] = (
    transferring.transferring,
    trading.trading,
    following.following,
    valuing.valuing,
    fraud_watch.fraud_watch,
)
