"""given, when, then and their kin are as strict as they promise to be."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from domain.model import After, Rejected, Shows
from domain.testing import given, interleaved, reacting, shown
from readmodels.model import Projection
from tests.sample import (
    INTEREST,
    Account,
    Close,
    Closed,
    Deposit,
    Deposited,
    Event,
    Opened,
    Withdraw,
    Withdrawn,
    account_documents,
    account_evolve,
    account_keys,
    accounts,
    totals,
    transfers,
)

AT = datetime(2026, 1, 2, tzinfo=UTC)
OPENED = Opened(account="a", owner="ann", at=AT)
DEPOSITED = Deposited(account="a", amount=Decimal(5), at=AT)
WITHDRAWN = Withdrawn(account="a", amount=Decimal(2), to="b", at=AT)


# Aggregates


def test_a_command_gives_the_events_that_its_past_allows() -> None:
    deposit = Deposit(account="a", amount=Decimal(5), at=AT)
    assert given(accounts, OPENED).when(deposit) == [DEPOSITED]
    assert given(accounts, OPENED, Closed(account="a")).when(Close(account="a")) == []


def test_a_refusal_is_told_by_its_code() -> None:
    withdraw = Withdraw(account="a", amount=Decimal(6), at=AT)
    assert given(accounts, OPENED, DEPOSITED).rejects(withdraw) == "INSUFFICIENT_FUNDS"
    with pytest.raises(Rejected, match="INSUFFICIENT_FUNDS: only 5 is left"):
        given(accounts, OPENED, DEPOSITED).when(withdraw)


def test_a_refusal_that_does_not_come_fails_the_test() -> None:
    with pytest.raises(AssertionError, match=r"Close\(account='a'\) was accepted, with \[Closed"):
        given(accounts, OPENED).rejects(Close(account="a"))


# Processes


def test_a_process_tells_only_its_reaction_to_the_last_event() -> None:
    paid = Deposit(account="b", amount=Decimal(2), at=AT)
    interest = Deposit(account="a", amount=Decimal("0.01"), at=AT)
    assert reacting(transfers).to(WITHDRAWN) == [paid, After(INTEREST, interest)]
    assert reacting(transfers, WITHDRAWN).to(replace(WITHDRAWN, to=None)) == []
    assert timedelta(days=365) == INTEREST


# Projections


def test_documents_are_shown_by_id_without_those_that_were_deleted() -> None:
    other: list[Event] = [replace(OPENED, account="b"), Closed(account="b")]
    assert shown(account_documents, OPENED, *other, DEPOSITED) == {
        "a": Account(id="a", owner="ann", balance=Decimal(5), movements=1, at=AT)
    }
    assert shown(account_documents) == {}
    assert shown(totals, DEPOSITED, WITHDRAWN)["all"].amount == 3


Keys = Callable[[Event], list[str]]
Evolve = Callable[[Account | None, Event], Account | None]


def projection(evolve: Evolve, keys: Keys = account_keys) -> Projection[Event, Account]:
    return Projection(document=Account, keys=keys, evolve=evolve)


def counted(document: Account | None, count: int) -> Account:
    before = document or Account(id="a", owner="", balance=Decimal(0), movements=0, at=AT)
    return replace(before, movements=count)


def test_documents_that_one_event_touches_may_all_begin_with_it() -> None:
    def both(event: Event) -> list[str]:
        return [event.account, event.to] if isinstance(event, Withdrawn) and event.to else ["a"]

    def evolve(document: Account | None, event: Event) -> Account | None:
        return document and counted(document, document.movements + 1)

    beginning = Projection(
        document=Account,
        keys=both,
        evolve=evolve,
        begin=lambda id: replace(counted(None, 0), id=id),
    )
    found = shown(beginning, WITHDRAWN, DEPOSITED, WITHDRAWN)
    assert {id: (each.id, each.movements) for id, each in found.items()} == {
        "a": ("a", 3),
        "b": ("b", 2),
    }


def test_a_document_that_was_deleted_begins_again() -> None:
    def evolve(document: Account | None, event: Event) -> Account | None:
        is_end = isinstance(event, Closed)
        return None if document is None or is_end else counted(document, document.movements + 1)

    beginning = Projection(
        document=Account, keys=account_keys, evolve=evolve, begin=lambda id: counted(None, 0)
    )
    found = shown(beginning, OPENED, DEPOSITED, Closed(account="a"), DEPOSITED)
    assert found["a"].movements == 1


def test_a_fold_that_remembers_what_it_saw_is_caught() -> None:
    seen: list[Event] = []

    def evolve(document: Account | None, event: Event) -> Account:
        seen.append(event)
        return counted(document, len(seen))

    remembering = projection(evolve)
    with pytest.raises(AssertionError, match="in batches of 1, 1 times"):
        shown(remembering, OPENED, DEPOSITED)


def test_keys_that_look_at_more_than_the_event_are_caught() -> None:
    turns: list[int] = []

    def keys(event: Event) -> list[str]:
        turns.append(1)
        return ["a"] if len(turns) < 4 else []

    def evolve(document: Account | None, event: Event) -> Account:
        return counted(document, document.movements + 1 if document else 0)

    forgetting = projection(evolve, keys)
    with pytest.raises(AssertionError, match="!="):
        shown(forgetting, OPENED, DEPOSITED)


class Careless(Shows[Event, Account]):
    """A projection that folds whatever is delivered, with no regard to where it stands."""

    keys = staticmethod(account_keys)

    def fold(
        self,
        id: str,
        document: Account | None,
        seen: Mapping[int, int],
        events: Iterable[tuple[int, int, Event]],
    ) -> tuple[Account | None, dict[int, int]]:
        for _, _, event in events:
            document = account_evolve(document, event)
        return document, {}


class Counting(Careless):
    """A projection that takes the number of events for the offset they stand at."""

    def fold(
        self,
        id: str,
        document: Account | None,
        seen: Mapping[int, int],
        events: Iterable[tuple[int, int, Event]],
    ) -> tuple[Account | None, dict[int, int]]:
        positions = dict(seen)
        for partition, offset, event in events:
            if offset >= positions.get(partition, 0):
                document = account_evolve(document, event)
                positions[partition] = positions.get(partition, 0) + 1
        return document, positions


@pytest.mark.parametrize("projection", [Careless(), Counting()], ids=["careless", "counting"])
def test_a_fold_that_counts_an_event_twice_is_caught(projection: Careless) -> None:
    with pytest.raises(AssertionError, match=r"times: .* != "):
        shown(projection, OPENED, replace(OPENED, account="b"), DEPOSITED, DEPOSITED)


def test_a_document_with_another_id_than_its_key_is_caught() -> None:
    def evolve(document: Account | None, event: Event) -> Account:
        return replace(counted(document, 0), id="everyone")

    renaming = projection(evolve)
    with pytest.raises(AssertionError, match="document 'a', evolve gave it the id 'everyone'"):
        shown(renaming, OPENED)


def test_a_key_that_is_named_twice_is_one_key() -> None:
    def keys(event: Event) -> list[str]:
        return [event.account, event.account]

    twice = projection(account_evolve, keys)
    assert shown(twice, OPENED, DEPOSITED)["a"].movements == 1


# Several streams


def test_streams_are_interleaved_in_every_way_that_keeps_the_order_of_each() -> None:
    assert list(interleaved("ab", "c")) == [tuple("abc"), tuple("acb"), tuple("cab")]
    assert len(set(interleaved("abcd", "efgh"))) == 70
    assert list(interleaved("ab")) == [("a", "b")]
    assert list(interleaved("", "")) == [()]


def test_of_too_many_orders_some_are_taken_and_always_the_same() -> None:
    streams = [range(0, 10), range(10, 20), range(20, 30)]
    taken = list(interleaved(*streams, most=50))
    assert taken == list(interleaved(*streams, most=50))
    assert len(set(taken)) == 50
    for order in taken:
        assert [[each for each in order if each in stream] for stream in streams] == [
            list(stream) for stream in streams
        ]


def test_a_fold_that_keeps_the_last_of_two_streams_is_caught() -> None:
    def keys(event: Event) -> list[str]:
        return ["everyone"]

    def evolve(document: Account | None, event: Event) -> Account:
        return replace(counted(document, 0), id="everyone", owner=event.account)

    last = projection(evolve, keys)
    orders = interleaved([OPENED], [replace(OPENED, account="b")])
    one, other = (shown(last, *events) for events in orders)
    assert one != other
