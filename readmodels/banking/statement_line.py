"""The statement of an account: its lines, numbered, each with the balance after it."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from domain.banking.account_messages import (
    MoneyDeposited,
    MoneyWithdrawn,
    PaymentMeans,
    PostingEvent,
)
from domain.banking.leg_messages import AccountCredited, AccountDebited, DebitRefunded, LegPurpose
from readmodels.model import Owner, Projection, Role, document, index


class LineKind(StrEnum):
    """What a line of a statement stands for."""

    CASH = "CASH"
    CLEARING = "CLEARING"
    TRANSFER = "TRANSFER"
    TRADE = "TRADE"
    REFUND = "REFUND"


@document(
    read=Owner("owners") | Role("teller", "compliance"),
    indexes=[
        index("account", "number"),
        index("kind", "at"),
        index("reference"),
        index("change"),
        index("at"),
    ],
)
class StatementLine:
    """A line of an account's statement; `change` is negative where money left.

    `reference` is the transfer or trade that it is for, `counterparty` the other account, payee
    or instrument, and None where the money came as cash or was cleared.
    """

    id: str
    account: str
    owners: tuple[str, ...]
    number: int
    kind: LineKind
    change: Decimal
    balance: Decimal
    currency: str
    counterparty: str | None
    reference: str | None
    at: datetime


def line_id(account: str, number: int) -> str:
    """The id of a line; those of one account sort as their numbers do."""
    return f"{account}:{number:010d}"


def keys(event: PostingEvent) -> list[str]:
    return [line_id(event.posting.account, event.posting.number)]


def evolve(document: StatementLine | None, event: PostingEvent) -> StatementLine | None:
    return line_of(event)


def line_of(event: PostingEvent) -> StatementLine:
    """The line that stands for the event."""
    posting = event.posting
    kind, counterparty, reference = _about(event)
    return StatementLine(
        id=line_id(posting.account, posting.number),
        account=posting.account,
        owners=posting.owners,
        number=posting.number,
        kind=kind,
        change=posting.change,
        balance=posting.balance,
        currency=posting.currency,
        counterparty=counterparty,
        reference=reference,
        at=event.at,
    )


def _about(event: PostingEvent) -> tuple[LineKind, str | None, str | None]:
    match event:
        case MoneyDeposited(means=means) | MoneyWithdrawn(means=means):
            return LineKind.CASH if means is PaymentMeans.CASH else LineKind.CLEARING, None, None
        case DebitRefunded(counterparty=counterparty, reference=reference):
            return LineKind.REFUND, counterparty, reference.id
        case (
            AccountDebited(purpose=purpose, counterparty=counterparty, reference=reference)
            | AccountCredited(purpose=purpose, counterparty=counterparty, reference=reference)
        ):
            is_transfer = purpose is LegPurpose.TRANSFER
            kind = LineKind.TRANSFER if is_transfer else LineKind.TRADE
            return kind, counterparty, reference.id


statement_lines = Projection(document=StatementLine, keys=keys, evolve=evolve)
