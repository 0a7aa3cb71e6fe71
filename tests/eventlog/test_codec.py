"""Events to and from JSON over the years, and the digest that tells one version of code by."""

import importlib
import linecache
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from domain.composition import Upcaster, compose
from domain.model import AnyAggregate, event
from eventlog.codec import Codec, Undecodable, fingerprint
from eventlog.envelope import Recorded
from eventlog.sqlite_rows import recorded
from readmodels.composition import build
from tests.contracts.logs import draft
from tests.sample import Closed, Deposit, Deposited, Open, Opened, Unopened, accounts, transfers

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ACCOUNTS: AnyAggregate = accounts
CODEC = Codec(build(aggregates=[accounts], processes=[transfers]).domain)

DEPOSITED = Deposited(account="a", amount=Decimal("1.50"), at=AT)


def read(data: bytes, type: str = "sample.Deposited", schema: int = 1) -> Recorded:
    """An event as it comes out of the log."""
    return recorded(draft("account-a", 1, data=data, type=type, schema=schema), 7)


@pytest.mark.parametrize(
    "event",
    [
        Opened(account="ä☃", owner="", at=AT),
        Deposited(account="a", amount=Decimal("12.3400"), at=AT.replace(microsecond=1)),
        Deposited(account="a", amount=Decimal("-1E+30"), at=AT),
        Closed(account="a"),
    ],
)
def test_an_event_comes_back_as_it_was(event: object) -> None:
    spec = CODEC.spec(event)
    found = CODEC.event(read(CODEC.encode(event), spec.name, spec.version))
    assert found == event
    assert repr(found) == repr(event)


def test_an_event_is_decoded_once_for_all_who_fold_it() -> None:
    record = read(CODEC.encode(Closed(account="a")), "sample.Closed")
    assert CODEC.event(record) is CODEC.event(record)


def test_what_is_written_is_told_by_its_wire_name_not_its_class() -> None:
    assert CODEC.spec(Opened(account="a", owner="o", at=AT)).name == "sample.Opened"


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (read(b"{}", "sample.Vanished"), "no event class has this wire name"),
        (read(b"{}", schema=2), "written by newer code; this code knows version 1"),
        (read(b"{}"), "missing required field"),
        (read(b"{"), "truncated"),
        (read(b'{"account":"a","amount":"x","at":"2026-01-02T03:04:05Z"}'), "decimal"),
    ],
)
def test_an_event_that_cannot_be_read_is_named_with_the_reason(record: Recorded, why: str) -> None:
    with pytest.raises(Undecodable, match=why) as fault:
        CODEC.event(record)
    assert "event 1 of account-a" in str(fault.value)
    assert record.type in str(fault.value)


def test_a_field_that_was_dropped_since_is_passed_over() -> None:
    assert CODEC.event(read(b'{"account":"a","colour":"red"}', "sample.Closed")) == Closed(
        account="a"
    )


def test_an_old_event_passes_through_each_of_its_upcasters_in_turn() -> None:
    @event("sample.Deposited", version=3)
    class Paid:
        """Money came in, as it is told today."""

        account: str
        cents: int
        currency: str

    def evolve(state: Any, event: Paid) -> Any:
        return state

    def decide(command: Deposit, state: Any) -> list[Paid]:
        return []

    def to_cents(old: dict[str, Any]) -> dict[str, Any]:
        return {"account": old["account"], "cents": int(Decimal(old["amount"]) * 100)}

    domain = compose(
        [replace(ACCOUNTS, decide=decide, evolve=evolve)],
        upcasters=[
            Upcaster("sample.Deposited", 2, lambda old: old | {"currency": "EUR"}),
            Upcaster("sample.Deposited", 1, to_cents),
        ],
    )
    codec = Codec(domain)
    today = Paid(account="a", cents=150, currency="EUR")
    assert codec.event(read(b'{"account":"a","amount":"1.50"}', schema=1)) == today
    assert codec.event(read(b'{"account":"a","cents":150}', schema=2)) == today
    assert codec.event(read(codec.encode(today), schema=3)) == today


def test_an_upcaster_that_breaks_makes_its_event_unreadable() -> None:
    @event("sample.Deposited", version=2)
    class Paid:
        """Money came in."""

        account: str

    def evolve(state: Any, event: Paid) -> Any:
        return state

    def decide(command: Deposit, state: Any) -> list[Paid]:
        return []

    codec = Codec(
        compose(
            [replace(ACCOUNTS, decide=decide, evolve=evolve)],
            upcasters=[Upcaster("sample.Deposited", 1, lambda old: {"account": old["konto"]})],
        )
    )
    with pytest.raises(Undecodable, match="konto"):
        codec.event(read(b"{}", schema=1))


@pytest.mark.parametrize("state", [Unopened(), Open(balance=Decimal("1.50"))])
def test_a_state_comes_back_with_its_class(state: object) -> None:
    assert CODEC.decode_state(accounts, CODEC.encode_state(state)) == state


@pytest.mark.parametrize(
    "value",
    [
        replace(DEPOSITED, amount=cast("Decimal", "1.5")),
        replace(DEPOSITED, amount=cast("Decimal", float("nan"))),
        replace(DEPOSITED, amount=Decimal("NaN")),
        replace(DEPOSITED, account=cast("str", None)),
        replace(DEPOSITED, account=cast("str", object())),
        replace(DEPOSITED, account="half a surrogate pair: \ud800"),
        Open(balance=cast("Decimal", 1 + 2j)),
        object(),
    ],
    ids=["text", "float", "nan", "none", "object", "surrogate", "complex", "no class"],
)
def test_what_would_not_come_back_is_not_written(value: object) -> None:
    with pytest.raises(ValueError, match=type(value).__name__):
        CODEC.encode(value)


def test_a_command_comes_back_as_it_was() -> None:
    command = Deposit(account="a", amount=Decimal("0.01"), at=AT)
    assert CODEC.decode_command("Deposit", CODEC.encode(command)) == command
    with pytest.raises(KeyError):
        CODEC.decode_command("Vanished", b"{}")


# The digest of the code


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """A team's code on the disk: the digest of its aggregate after some of its files changed."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    files = {
        "team/__init__.py": "",
        "team/terms.py": "LIMIT = 5\n",
        "team/deep/__init__.py": "",
        "team/deep/rates.py": "from ..terms import LIMIT\n\ndef rate(): return LIMIT\n",
        "team/unused.py": "A = 1\n",
        "team/ledger.py": "import team.deep.rates\nfrom .terms import LIMIT\n\n"
        "def evolve(state, event): return state\n",
    }

    def digest(**changed: str) -> str:
        for name, text in (files | {f"team/{k}.py": v for k, v in changed.items()}).items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        forget()
        ledger: Any = importlib.import_module("team.ledger")
        importlib.import_module("team.unused")
        return fingerprint(replace(ACCOUNTS, evolve=ledger.evolve))

    def forget() -> None:
        linecache.clearcache()
        importlib.invalidate_caches()
        for name in [each for each in sys.modules if each.partition(".")[0] == "team"]:
            del sys.modules[name]

    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield digest
    forget()


def test_the_same_code_has_the_same_digest(team: Callable[..., str]) -> None:
    assert team() == team()
    assert len(team()) == 16


def test_a_change_of_the_fold_or_of_any_module_it_uses_changes_the_digest(
    team: Callable[..., str],
) -> None:
    digests = [
        team(),
        team(ledger="def evolve(state, event): return event\n"),
        team(terms="LIMIT = 6\n"),  # a constant, imported by name
        team(**{"deep/rates": "def rate(): return 7\n"}),  # two imports away
    ]
    assert len(set(digests)) == len(digests)


def test_a_module_that_the_fold_does_not_use_does_not_change_the_digest(
    team: Callable[..., str],
) -> None:
    assert team(unused="A = 2\n") == team()


def test_states_are_read_by_the_code_that_has_their_digest() -> None:
    assert fingerprint(accounts) == fingerprint(accounts)
    assert msgspec.json.decode(CODEC.encode_state(Unopened())) == {"type": "Unopened", "data": {}}
