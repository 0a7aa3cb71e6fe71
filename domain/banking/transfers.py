"""A transfer: requested, then rejected, returned, completed within the bank or sent to another.

What becomes of it is for the process to see, which hears the accounts. Its own money movement is
the one to another bank: out of transit, into clearing. However often it is told, it ends once.
"""

from domain.banking.countries import checked_country
from domain.banking.currencies import checked_currency, checked_money
from domain.banking.journal import LedgerKind, LedgerSpot, entry
from domain.banking.terms import NAME_LENGTH_MAX, checked_id, checked_text
from domain.banking.transfer_messages import (
    CompleteTransfer,
    ExternalPayee,
    RejectTransfer,
    RequestTransfer,
    ReturnTransfer,
    SendTransfer,
    TransferCommand,
    TransferCompleted,
    TransferEvent,
    TransferOrder,
    TransferRejected,
    TransferRequested,
    TransferReturned,
    TransferSent,
)
from domain.model import Aggregate, Rejected, Role, value


@value
class Unrequested:
    """Nothing is known of the transfer."""


@value
class UnderWay:
    """The money is on its way."""

    order: TransferOrder


@value
class Ended:
    """The transfer has come to its end, whichever."""


Transfer = Unrequested | UnderWay | Ended


def evolve(state: Transfer, event: TransferEvent) -> Transfer:
    match event:
        case TransferRequested(order=order):
            return UnderWay(order=order)
        case TransferSent() | TransferCompleted() | TransferRejected() | TransferReturned():
            return Ended()


def decide(command: TransferCommand, state: Transfer) -> list[TransferEvent]:
    match command, state:
        case RequestTransfer(), Unrequested():
            return [_requested(command)]
        case RequestTransfer(transfer=transfer), _:
            raise Rejected("TRANSFER_EXISTS", f"transfer {transfer} was made before")
        case _, Unrequested():
            raise Rejected("TRANSFER_UNKNOWN", f"there is no transfer {command.transfer:.40}")
        case _, Ended():
            return []
        case SendTransfer(owners=owners, at=at), UnderWay(order=order):
            moved = entry(
                order.currency,
                order.amount,
                debit=LedgerSpot(kind=LedgerKind.TRANSIT),
                credit=LedgerSpot(kind=LedgerKind.CLEARING),
            )
            return [TransferSent(order=order, owners=owners, entry=moved, at=at)]
        case CompleteTransfer(owners=owners, payees=payees, at=at), UnderWay(order=order):
            return [TransferCompleted(order=order, owners=owners, payees=payees, at=at)]
        case RejectTransfer(reason=reason, at=at), UnderWay(order=order):
            return [TransferRejected(order=order, reason=reason, at=at)]
        case ReturnTransfer(owners=owners, reason=reason, at=at), UnderWay(order=order):
            return [TransferReturned(order=order, owners=owners, reason=reason, at=at)]


def _requested(command: RequestTransfer) -> TransferRequested:
    source = checked_id(command.source, "source")
    if (command.target is None) == (command.payee is None):
        raise Rejected("INVALID_PAYEE", "give either the target account or the payee elsewhere")
    if command.target == source:
        raise Rejected("SAME_ACCOUNT", f"account {source} cannot pay itself; name another one")
    currency = checked_currency(command.currency)
    order = TransferOrder(
        transfer=command.transfer,
        source=source,
        target=None if command.target is None else checked_id(command.target, "target"),
        payee=None if command.payee is None else _checked_payee(command.payee),
        currency=currency,
        amount=checked_money(command.amount, currency),
        sender=None if "teller" in command.roles else command.by,
        requested_at=command.at,
    )
    return TransferRequested(order=order, at=command.at, by=command.by)


def _checked_payee(payee: ExternalPayee) -> ExternalPayee:
    checked_text(payee.name, "the payee's name", NAME_LENGTH_MAX)
    checked_id(payee.account, "the payee's account")
    checked_country(payee.country)
    return payee


transfers = Aggregate(
    name="transfer",
    key=lambda command: command.transfer,
    initial=Unrequested,
    decide=decide,
    evolve=evolve,
    history=Role("teller", "compliance"),
)
