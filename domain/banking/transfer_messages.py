"""What is said about a transfer: the events of its course, and the commands for them."""

from datetime import datetime
from decimal import Decimal

from domain.banking.journal import JournalEntry
from domain.banking.leg_messages import LegRefusal
from domain.banking.terms import Reference
from domain.model import Actor, NewId, Now, Role, Roles, command, event, value


@value
class ExternalPayee:
    """Somebody with an account at another bank, in a country by its code of ISO 3166-1."""

    name: str
    account: str
    country: str


@value
class TransferOrder:
    """What is to be transferred: to an account of this bank, or to a payee elsewhere.

    `sender` is the customer who orders it, None where a teller does for one.
    """

    transfer: str
    source: str
    target: str | None
    payee: ExternalPayee | None
    currency: str
    amount: Decimal
    sender: str | None
    requested_at: datetime

    @property
    def reference(self) -> Reference:
        """What its legs go by."""
        return Reference(id=self.transfer, begun_at=self.requested_at)

    @property
    def counterparty(self) -> str:
        """Who gets the money, as the account that pays calls them."""
        if self.payee is not None:
            return f"{self.payee.country}:{self.payee.account}"
        return self.target or ""


@event("banking.TransferRequested")
class TransferRequested:
    """A transfer begins; nothing was moved yet."""

    order: TransferOrder
    at: datetime
    by: str


@event("banking.TransferSent")
class TransferSent:
    """The money has left for another bank."""

    order: TransferOrder
    owners: tuple[str, ...]
    entry: JournalEntry
    at: datetime


@event("banking.TransferCompleted")
class TransferCompleted:
    """The money has arrived at the other account; `payees` are its owners."""

    order: TransferOrder
    owners: tuple[str, ...]
    payees: tuple[str, ...]
    at: datetime


@event("banking.TransferRejected")
class TransferRejected:
    """The account did not pay; nothing was moved."""

    order: TransferOrder
    reason: LegRefusal
    at: datetime


@event("banking.TransferReturned")
class TransferReturned:
    """The other account did not take the money, and it is back where it came from."""

    order: TransferOrder
    owners: tuple[str, ...]
    reason: LegRefusal
    at: datetime


TransferEvent = (
    TransferRequested | TransferSent | TransferCompleted | TransferRejected | TransferReturned
)


@command(allow=Role("customer", "teller"))
class RequestTransfer:
    """Move money from an account, a customer's own, to another one or to a payee elsewhere."""

    transfer: NewId
    source: str
    target: str | None = None
    payee: ExternalPayee | None = None
    currency: str
    amount: Decimal
    at: Now
    by: Actor
    roles: Roles


@command()
class SendTransfer:
    """Pass the money, which has left the account, on to the other bank."""

    transfer: str
    owners: tuple[str, ...]
    at: Now


@command()
class CompleteTransfer:
    """Note that the money has arrived."""

    transfer: str
    owners: tuple[str, ...]
    payees: tuple[str, ...]
    at: Now


@command()
class RejectTransfer:
    """Note that the account did not pay."""

    transfer: str
    reason: LegRefusal
    at: Now


@command()
class ReturnTransfer:
    """Note that the money is back."""

    transfer: str
    owners: tuple[str, ...]
    reason: LegRefusal
    at: Now


TransferCommand = (
    RequestTransfer | SendTransfer | CompleteTransfer | RejectTransfer | ReturnTransfer
)
