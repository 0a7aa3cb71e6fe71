"""What cannot be folded is set aside with all that follows it, and comes back in order."""

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from eventlog.envelope import Recorded
from readmodels import projector
from readmodels.store import Parked
from tests.readmodels.workshop import (
    Workshop,
    closed,
    deposited,
    in_batches,
    like,
    model_with,
    opened,
    positions,
    until,
    withdrawn,
    workshop,
)
from tests.sample import (
    account_evolve,
    account_keys,
)

THIRTEEN = Decimal(13)


pytestmark = pytest.mark.usefixtures("soon")


def superstitious(document: Any, event: Any) -> Any:
    """The fold of an account, which fails at thirteen."""
    if getattr(event, "amount", None) == THIRTEEN:
        raise ZeroDivisionError("thirteen")
    return account_evolve(document, event)


POISONED = model_with(evolve=like(account_evolve, superstitious))


def errors(parked: list[Parked]) -> list[str]:
    return [each.error for each in parked]


async def poisoned(shop: Workshop) -> list[Recorded]:
    """An account with poison in its middle, and one without; the events of the first from it on."""
    await shop.record(opened("a"), opened("b"), deposited("a", 1))
    first = await shop.record(deposited("a", 13), deposited("b", 5), withdrawn("a", 2))
    second = await shop.record(deposited("b", 6), deposited("a", 4))
    return [first[0], first[2], second[1]]


async def test_poison_parks_its_document_and_all_that_follows_in_order(tmp_path: Path) -> None:
    async with workshop(tmp_path, model=POISONED) as shop:
        events = await poisoned(shop)
        documents = await shop.shown()
        # As it was before the poison; nothing was applied on top of what is missing.
        assert (documents["a"].balance, documents["a"].movements) == (1, 1)
        assert documents["b"].balance == 11
        parked = await shop.parked()
        assert {each.key for each in parked} == {"document a"}
        assert [each.position for each in parked] == positions(events)
        assert errors(parked) == [
            f"sample.Deposited at {events[0].position}: ZeroDivisionError: thirteen",
            "follows one that is set aside",
            "follows one that is set aside",
        ]
        standing = shop.projectors["Account"].standing
        assert (standing.parked, "thirteen" in standing.last_error) == (1, True)
        # Another projection, which can fold it, is not held up.
        assert await shop.total() == (Decimal(1 + 13 + 5 - 2 + 6 + 4), 6)


@pytest.mark.parametrize("batch", [1, 2, 3])
async def test_what_follows_poison_is_set_aside_though_it_was_folded_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    in_batches(monkeypatch, batch)
    async with workshop(tmp_path, runs=False) as shop:
        events = await poisoned(shop)
    async with workshop(tmp_path, model=POISONED) as shop:
        documents = await shop.shown()
        assert (documents["a"].balance, documents["b"].balance) == (1, 11)
        assert [each.position for each in await shop.parked()] == positions(events)


async def test_what_is_parked_stays_so_over_restarts_while_the_code_is_the_same(
    tmp_path: Path,
) -> None:
    async with workshop(tmp_path, model=POISONED) as shop:
        await poisoned(shop)
        await shop.shown()
        before = await shop.parked()
    for later in range(3):
        async with workshop(tmp_path, model=POISONED) as shop:
            (more,) = await shop.record(deposited("a", 100 + later))
            assert (await shop.retried())["a"].balance == 1
            parked = await shop.parked()
            assert positions_of(parked) == [*positions_of(before), more.position]
            assert errors(parked)[0] == errors(before)[0]
            assert shop.projectors["Account"].standing.parked == 1
            before = parked


def positions_of(parked: list[Parked]) -> list[Any]:
    return [each.position for each in parked]


async def test_what_was_parked_comes_back_in_order_with_mended_code(tmp_path: Path) -> None:
    async with workshop(tmp_path, model=POISONED) as shop:
        await poisoned(shop)
        await shop.shown()
    async with workshop(tmp_path) as shop:
        await shop.record(deposited("a", 100))
        documents = await shop.retried()
        assert (documents["a"].balance, documents["a"].movements) == (1 + 13 - 2 + 4 + 100, 5)
        assert (documents["b"].balance, documents["b"].movements) == (11, 2)
        assert await shop.parked() == []
        assert shop.projectors["Account"].standing.parked == 0


async def test_an_account_whose_first_event_is_poison_is_made_when_it_comes_back(
    tmp_path: Path,
) -> None:
    def refusing(document: Any, event: Any) -> Any:
        if document is None:
            raise LookupError("nobody is welcome")
        return account_evolve(document, event)

    async with workshop(tmp_path, model=model_with(evolve=like(account_evolve, refusing))) as shop:
        await shop.record(opened("a"), deposited("a", 1), closed("a"), opened("b"))
        assert await shop.shown() == {}
        assert shop.projectors["Account"].standing.parked == 2
    async with workshop(tmp_path) as shop:
        assert list(await shop.retried()) == ["b"]  # the other has been closed since
        assert await shop.parked() == []


async def test_one_document_of_an_event_is_parked_and_the_other_goes_on(tmp_path: Path) -> None:
    def both(event: Any) -> list[str]:
        return [event.account, "all"]

    def counting(document: Any, event: Any) -> Any:
        """A document per account and one for all, made by the opening of that name."""
        if document is None:
            return account_evolve(None, event)
        return replace(document, movements=document.movements + 1)

    def faulty(document: Any, event: Any) -> Any:
        if document is not None and document.id != "all":
            superstitious(document, event)
        return counting(document, event)

    keys = like(account_keys, both)
    faulty_model = model_with(keys=keys, evolve=like(account_evolve, faulty))
    async with workshop(tmp_path, model=faulty_model) as shop:
        await shop.record(opened("all"))
        await shop.record(opened("a"), deposited("a", 13), deposited("a", 1))
        documents = await shop.shown()
        assert (documents["all"].movements, documents["a"].movements) == (3, 0)
    async with workshop(
        tmp_path, model=model_with(keys=keys, evolve=like(account_evolve, counting))
    ) as shop:
        documents = await shop.retried()
        # Only the document that had set the events aside folds them now; a new one is for all.
        assert (documents["all"].movements, documents["a"].movements) == (4, 2)


async def test_parked_events_are_folded_in_order_after_a_retry_that_was_cut_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first retry knows the document at last, but fails at it, and stops half way: the
    # first event is parked under another key now, and still comes before those behind it.
    in_batches(monkeypatch, 1)
    order: list[Decimal] = []

    def noting(document: Any, event: Any) -> Any:
        if hasattr(event, "amount"):
            order.append(event.amount)
        return account_evolve(document, event)

    def lost(event: Any) -> list[str]:
        if getattr(event, "amount", None) == THIRTEEN:
            raise LookupError("whose is it?")
        return [event.account]

    async with workshop(tmp_path, model=model_with(keys=like(account_keys, lost))) as shop:
        await shop.record(opened("a"), deposited("a", 13), deposited("a", 2), deposited("a", 3))
        await shop.shown()
        assert {each.key for each in await shop.parked()} == {"stream account-a"}

    class CutShort:
        def __init__(self, store: Any) -> None:
            self._store = store
            self.left = 1

        def __getattr__(self, name: str) -> Any:
            return getattr(self._store, name)

        async def commit(self, *given: Any, **others: Any) -> Any:
            if others.get("unpark"):
                self.left -= 1
                if self.left < 0:
                    raise OSError("the power went")
            return await self._store.commit(*given, **others)

    monkeypatch.setattr(projector, "BACKOFF_S_MIN", 1000)
    async with workshop(tmp_path, model=POISONED, wrap=CutShort) as shop:
        standing = shop.projectors["Account"].standing
        await until(lambda: standing.last_error.startswith("OSError"))
        assert {each.key for each in await shop.parked()} == {"document a", "stream account-a"}
    async with workshop(tmp_path, model=model_with(evolve=like(account_evolve, noting))) as shop:
        assert (await shop.retried())["a"].balance == 18
        assert order == [13, 2, 3]


async def test_an_event_that_names_a_document_twice_comes_back_once(tmp_path: Path) -> None:
    def twice(event: Any) -> list[str]:
        return [event.account, event.account]

    keys = like(account_keys, twice)
    poison = model_with(keys=keys, evolve=like(account_evolve, superstitious))
    async with workshop(tmp_path, model=poison) as shop:
        await shop.record(opened("a"), deposited("a", 13), deposited("a", 1))
        assert (await shop.shown())["a"].movements == 0
        assert len(await shop.parked()) == 2
    async with workshop(tmp_path, model=model_with(keys=keys)) as shop:
        assert (await shop.retried())["a"].movements == 2


async def test_many_parked_events_come_back_at_once(tmp_path: Path) -> None:
    async with workshop(tmp_path, model=POISONED) as shop:
        names = [str(number) for number in range(50)]
        await shop.record(*(opened(name) for name in names))
        for name in names:
            await shop.record(deposited(name, 13), *(deposited(name, 1) for _ in range(40)))
        assert {each.balance for each in (await shop.shown()).values()} == {0}
        assert len(await shop.parked()) == 50 * 41
    async with workshop(tmp_path) as shop:
        assert {each.balance for each in (await shop.retried()).values()} == {53}
        assert await shop.parked() == []


# Documents that could not be kept


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"movements": float("nan")}, "Expected `int`"),
        ({"balance": Decimal("NaN")}, "read back otherwise"),
        ({"owner": None}, "Expected `str`"),
        ({"owner": object()}, "unsupported"),
        ({"owner": "\ud800"}, "surrogates"),
        ({"id": "b"}, "the document 'a', evolve gave it the id 'b'"),
    ],
    ids=["no number", "no amount", "nobody", "no text", "half a character", "another's id"],
)
async def test_a_document_that_could_not_be_kept_is_parked_and_stops_nobody(
    tmp_path: Path, broken: dict[str, Any], why: str
) -> None:
    def breaking(document: Any, event: Any) -> Any:
        after: Any = account_evolve(document, event)
        return replace(after, **broken) if getattr(event, "amount", None) == THIRTEEN else after

    async with workshop(tmp_path, model=model_with(evolve=like(account_evolve, breaking))) as shop:
        await shop.record(
            opened("a"), opened("b"), deposited("a", 1), deposited("a", 13), deposited("b", 2)
        )
        documents = await shop.shown()
        assert (documents["a"].balance, documents["b"].balance) == (1, 2)
        (parked,) = await shop.parked()
        assert parked.key == "document a"
        assert re.search(why, parked.error), parked.error
    async with workshop(tmp_path) as shop:
        assert (await shop.retried())["a"].balance == 14
