"""A small context for the engines' own tests: accounts, transfers between them, and a total."""

from datetime import datetime, timedelta
from decimal import Decimal

from domain.model import (
    Actor,
    After,
    Aggregate,
    NewId,
    Now,
    Process,
    Public,
    Rejected,
    Role,
    command,
    event,
    value,
)
from readmodels.composition import Model, build
from readmodels.model import Owner, Projection, document, index


@event("sample.Opened")
class Opened:
    """An account was opened."""

    account: str
    owner: str
    at: datetime


@event("sample.Deposited")
class Deposited:
    """Money came in."""

    account: str
    amount: Decimal
    at: datetime


@event("sample.Withdrawn")
class Withdrawn:
    """Money went out, `to` another account where it is transferred."""

    account: str
    amount: Decimal
    to: str | None
    at: datetime


@event("sample.Closed")
class Closed:
    """The account is no more."""

    account: str


@value
class Unopened:
    """No account yet."""


@value
class Open:
    """An account with a balance."""

    balance: Decimal


@value
class Gone:
    """A closed account."""


@command(allow=Role("teller", "customer"))
class OpenAccount:
    """Open an account."""

    account: NewId
    owner: Actor
    at: Now


@command(allow=Role("teller"))
class OpenNamed:
    """Open an account under an id of one's own."""

    account: str
    owner: str
    at: Now


@command(allow=Public())
class Deposit:
    """Pay money in."""

    account: str
    amount: Decimal
    at: Now


@command(allow=Role("teller"))
class Withdraw:
    """Take money out, to another account where `to` is given."""

    account: str
    amount: Decimal
    to: str | None = None
    at: Now


@command(allow=Role("teller"))
class Close:
    """Close the account."""

    account: str


Command = OpenAccount | OpenNamed | Deposit | Withdraw | Close
Event = Opened | Deposited | Withdrawn | Closed
State = Unopened | Open | Gone


def evolve(state: State, event: Event) -> State:
    match event:
        case Opened():
            return Open(balance=Decimal(0))
        case Deposited(amount=amount):
            return Open(balance=_balance(state) + amount)
        case Withdrawn(amount=amount):
            return Open(balance=_balance(state) - amount)
        case Closed():
            return Gone()


def _balance(state: State) -> Decimal:
    return state.balance if isinstance(state, Open) else Decimal(0)


def decide(command: Command, state: State) -> list[Event]:
    match command, state:
        case OpenAccount() | OpenNamed(), Unopened():
            return [Opened(account=command.account, owner=command.owner, at=command.at)]
        case OpenAccount() | OpenNamed(), Open():
            return []
        case Deposit(amount=amount), Open():
            if amount <= 0:
                raise Rejected("NOT_POSITIVE", "deposit more than nothing")
            return [Deposited(account=command.account, amount=amount, at=command.at)]
        case Withdraw(amount=amount, to=to), Open(balance=balance):
            if amount > balance:
                raise Rejected("INSUFFICIENT_FUNDS", f"only {balance} is left")
            return [Withdrawn(account=command.account, amount=amount, to=to, at=command.at)]
        case Close(), Open():
            return [Closed(account=command.account)]
        case Close(), Gone():
            return []
        case _:
            raise Rejected("NO_SUCH_ACCOUNT", f"{command.account} is not open")


accounts = Aggregate(
    name="account",
    key=lambda command: command.account,
    initial=Unopened,
    decide=decide,
    evolve=evolve,
    history=Role("teller"),
)


@document(
    read=Owner("owner") | Role("teller"), indexes=[index("owner"), index("balance"), index("at")]
)
class Account:
    """An account as its owner sees it."""

    id: str
    owner: str
    balance: Decimal
    movements: int
    at: datetime


def account_keys(event: Event) -> list[str]:
    return [event.account]


def account_evolve(document: Account | None, event: Event) -> Account | None:
    match event:
        case Opened(account=account, owner=owner, at=at):
            return Account(id=account, owner=owner, balance=Decimal(0), movements=0, at=at)
        case Deposited(amount=amount, at=at):
            return _moved(document, amount, at)
        case Withdrawn(amount=amount, at=at):
            return _moved(document, -amount, at)
        case Closed():
            return None


def _moved(document: Account | None, amount: Decimal, at: datetime) -> Account:
    assert document is not None
    return Account(
        id=document.id,
        owner=document.owner,
        balance=document.balance + amount,
        movements=document.movements + 1,
        at=at,
    )


@document(read=Public())
class Total:
    """What came in and went out over all accounts, a document that every partition feeds."""

    id: str
    amount: Decimal
    movements: int


def total_keys(event: Deposited | Withdrawn) -> list[str]:
    return ["all"]


def total_evolve(document: Total | None, event: Deposited | Withdrawn) -> Total:
    before = document or Total(id="all", amount=Decimal(0), movements=0)
    match event:
        case Deposited(amount=amount):
            moved = amount
        case Withdrawn(amount=amount):
            moved = -amount
    return Total(id="all", amount=before.amount + moved, movements=before.movements + 1)


account_documents = Projection(document=Account, keys=account_keys, evolve=account_evolve)
totals = Projection(document=Total, keys=total_keys, evolve=total_evolve)


@value
class Transferring:
    """How many transfers left the account."""

    count: int = 0


def transfer_evolve(state: Transferring, event: Withdrawn) -> Transferring:
    return Transferring(count=state.count + 1)


INTEREST = timedelta(days=365)


def transfer_react(state: Transferring, event: Withdrawn) -> list[Deposit | After[Deposit]]:
    if event.to is None:
        return []
    paid = Deposit(account=event.to, amount=event.amount, at=event.at)
    interest = Deposit(account=event.account, amount=Decimal("0.01"), at=event.at)
    return [paid, After(INTEREST, interest)]


transfers = Process(
    name="transfer",
    key=lambda event: event.account,
    initial=Transferring,
    evolve=transfer_evolve,
    react=transfer_react,
)


def sample() -> Model:
    """The context, put together."""
    return build(
        aggregates=[accounts], processes=[transfers], projections=[account_documents, totals]
    )
