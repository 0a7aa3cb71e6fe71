"""Banking: accounts in a double-entry ledger, and the transfers between them."""

from domain.banking import accounts, transferring, transfers
from domain.model import AnyAggregate, AnyProcess

AGGREGATES: tuple[AnyAggregate, ...] = (accounts.accounts, transfers.transfers)
PROCESSES: tuple[AnyProcess, ...] = (transferring.transferring,)
