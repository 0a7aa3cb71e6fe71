"""An account: money comes and goes, and every movement is a balanced entry of the ledger.

An account never goes below its overdraft limit. Customers take money only out of accounts that
they own. The legs of transfers and trades are ordered by processes, more than once perhaps: a debit
under way is kept by name until it has arrived or come back, and whatever was done with or refused
is remembered as `Remembered` says. A refused leg is an event, since a process waits for it.
"""

from decimal import Decimal

from domain.banking.account_messages import (
    AccountClosed,
    AccountCommand,
    AccountEvent,
    AccountFrozen,
    AccountOpened,
    AccountUnfrozen,
    ChangeOverdraftLimit,
    CloseAccount,
    DepositMoney,
    FreezeAccount,
    MoneyDeposited,
    MoneyWithdrawn,
    OpenAccount,
    OverdraftLimitChanged,
    PaymentMeans,
    UnfreezeAccount,
    WithdrawMoney,
)
from domain.banking.account_states import Account, AccountBook, Active, Closed, Frozen, Unopened
from domain.banking.account_states import evolve as evolve
from domain.banking.currencies import AMOUNT_MAX, checked_currency, checked_money, zero
from domain.banking.leg_messages import CreditAccount, DebitAccount, RefundDebit, SettleDebit
from domain.banking.legs import OUTSIDE, credit, debit, posted, refund, settle
from domain.banking.terms import checked_id, checked_text
from domain.model import Aggregate, Rejected, Role

OWNERS_MAX = 10


def decide(command: AccountCommand, state: Account) -> list[AccountEvent]:
    match command:
        case OpenAccount():
            return _open(command, state)
        case DebitAccount():
            return debit(command, state)
        case CreditAccount():
            return credit(command, state)
        case RefundDebit():
            return refund(command, state)
        case SettleDebit():
            return settle(command, state)
        case _:
            return _decide_by_hand(command, state)


def _decide_by_hand(
    command: DepositMoney
    | WithdrawMoney
    | ChangeOverdraftLimit
    | FreezeAccount
    | UnfreezeAccount
    | CloseAccount,
    state: Account,
) -> list[AccountEvent]:
    account = command.account
    match command, state:
        case _, Unopened():
            raise Rejected("ACCOUNT_UNKNOWN", f"there is no account {account:.40}; open one")
        case WithdrawMoney(), Active(book=book) | Frozen(book=book) | Closed(book=book):
            _check_owner(command, book)
            return [_withdraw(command, state)]
        case CloseAccount(), Closed():
            return []
        case _, Closed():
            raise _closed(account)
        case FreezeAccount(at=at, by=by), Active(book=book):
            reason = checked_text(command.reason, "reason")
            return [AccountFrozen(account=account, owners=book.owners, reason=reason, at=at, by=by)]
        case UnfreezeAccount(at=at, by=by), Frozen(book=book):
            return [AccountUnfrozen(account=account, owners=book.owners, at=at, by=by)]
        case FreezeAccount(), Frozen():
            return []
        case UnfreezeAccount(), Active():
            return []
        case DepositMoney(), Active(book=book):
            return [_deposit(command, book)]
        case ChangeOverdraftLimit(), Active(book=book):
            return _limit(command, book)
        case CloseAccount(), Active(book=book):
            return [_close(command, book)]
        case _:
            raise _frozen(account)


def _open(command: OpenAccount, state: Account) -> list[AccountEvent]:
    if not isinstance(state, Unopened):
        raise Rejected("ACCOUNT_EXISTS", f"account {command.account} was opened before")
    owners = tuple(checked_id(each, "owner") for each in command.owners)
    if not 1 <= len(owners) <= OWNERS_MAX:
        raise Rejected("INVALID_OWNERS", f"there are {len(owners)} owners; name 1 to {OWNERS_MAX}")
    if len(set(owners)) < len(owners):
        raise Rejected("INVALID_OWNERS", "an owner is named twice; name each once")
    currency = checked_currency(command.currency)
    return [
        AccountOpened(
            account=command.account,
            owners=owners,
            currency=currency,
            overdraft_limit=_checked_limit(command.overdraft_limit, currency),
            at=command.at,
            by=command.by,
        )
    ]


def _checked_limit(limit: Decimal, currency: str) -> Decimal:
    if limit.is_finite() and limit == 0:
        return zero(currency)
    return checked_money(limit, currency, "overdraft limit")


def _deposit(command: DepositMoney, book: AccountBook) -> MoneyDeposited:
    amount = checked_money(command.amount, book.currency)
    if book.balance + amount > AMOUNT_MAX:
        raise Rejected(
            "BALANCE_TOO_LARGE",
            f"account {command.account} has {book.balance}; a balance is at most {AMOUNT_MAX}",
        )
    return MoneyDeposited(
        posting=posted(command.account, book, amount, OUTSIDE[command.means]),
        means=command.means,
        conductor=_conductor(command),
        at=command.at,
        by=command.by,
    )


def _withdraw(command: WithdrawMoney, state: Active | Frozen | Closed) -> MoneyWithdrawn:
    if isinstance(state, Frozen):
        raise _frozen(command.account)
    if isinstance(state, Closed):
        raise _closed(command.account)
    book = state.book
    amount = checked_money(command.amount, book.currency)
    if amount > book.available:
        raise Rejected(
            "INSUFFICIENT_FUNDS",
            f"account {command.account} has {book.available} available, not {amount}",
        )
    return MoneyWithdrawn(
        posting=posted(command.account, book, -amount, OUTSIDE[command.means]),
        means=command.means,
        conductor=_conductor(command),
        at=command.at,
        by=command.by,
    )


def _conductor(command: DepositMoney | WithdrawMoney) -> str | None:
    if command.conductor is None:
        return None
    if command.means is not PaymentMeans.CASH:
        raise Rejected("NO_CONDUCTOR", "only cash is brought or taken by somebody; leave it out")
    return checked_id(command.conductor, "conductor")


def _check_owner(command: WithdrawMoney, book: AccountBook) -> None:
    if "teller" in command.roles:
        return
    if command.by not in book.owners:
        raise Rejected("NOT_YOUR_ACCOUNT", f"account {command.account} is not yours")
    if command.means is not PaymentMeans.CASH:
        raise Rejected("CASH_ONLY", "a customer takes cash; to pay another bank request a transfer")
    if command.conductor not in (None, command.by):
        raise Rejected("NO_CONDUCTOR", "a customer takes cash alone; ask a teller")


def _limit(command: ChangeOverdraftLimit, book: AccountBook) -> list[AccountEvent]:
    limit = _checked_limit(command.overdraft_limit, book.currency)
    if book.balance + limit < 0:
        raise Rejected(
            "OVERDRAWN",
            f"account {command.account} stands at {book.balance}; the limit is at least that far",
        )
    if limit == book.overdraft_limit:
        return []
    return [
        OverdraftLimitChanged(
            account=command.account,
            owners=book.owners,
            overdraft_limit=limit,
            at=command.at,
            by=command.by,
        )
    ]


def _close(command: CloseAccount, book: AccountBook) -> AccountClosed:
    if book.balance != 0:
        raise Rejected(
            "BALANCE_NOT_ZERO",
            f"account {command.account} stands at {book.balance}; bring it to zero first",
        )
    if book.open_debits:
        raise Rejected(
            "DEBITS_UNDER_WAY",
            f"account {command.account} has {len(book.open_debits)} debits under way; "
            "close it when they have arrived",
        )
    return AccountClosed(account=command.account, owners=book.owners, at=command.at, by=command.by)


def _closed(account: str) -> Rejected:
    return Rejected("ACCOUNT_CLOSED", f"account {account} is closed for good")


def _frozen(account: str) -> Rejected:
    return Rejected("ACCOUNT_FROZEN", f"account {account} is frozen; compliance may unfreeze it")


accounts = Aggregate(
    name="account",
    key=lambda command: command.account,
    initial=Unopened,
    decide=decide,
    evolve=evolve,
    history=Role("teller", "compliance"),
)
