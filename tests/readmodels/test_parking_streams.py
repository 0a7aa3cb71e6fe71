"""Events that cannot be read: their streams are set aside until some code can read them."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.composition import Upcaster
from domain.model import event
from readmodels.composition import Model, build
from readmodels.model import Projection
from readmodels.store import Parked
from tests.readmodels.workshop import (
    closed,
    deposited,
    opened,
    withdrawn,
    workshop,
)
from tests.sample import (
    Account,
    account_evolve,
    account_keys,
    accounts,
)

pytestmark = pytest.mark.usefixtures("soon")


def errors(parked: list[Parked]) -> list[str]:
    return [each.error for each in parked]


async def test_an_event_that_cannot_be_read_parks_its_stream(tmp_path: Path) -> None:
    async with workshop(tmp_path) as shop:
        await shop.record(opened("a"), opened("b"))
        await shop.record_raw("a", 2, data=b'{"account":"a"}')
        await shop.record(deposited("a", 2), deposited("b", 3))
        documents = await shop.shown()
        assert (documents["a"].balance, documents["b"].balance) == (0, 3)
        parked = await shop.parked()
        assert [each.key for each in parked] == ["stream account-a"] * 2
        assert (
            "event 2 of account-a (sample.Deposited version 1) cannot be read" in errors(parked)[0]
        )
        assert errors(parked)[1] == "follows one that is set aside"
        # The totals cannot read it either, and go on with the other streams.
        assert await shop.total() == (Decimal(3), 1)


async def test_an_event_of_newer_code_is_parked_until_this_code_is_newer(tmp_path: Path) -> None:
    async with workshop(tmp_path) as shop:
        await shop.record(opened("a"))
        await shop.record_raw("a", 2, schema=2, data=b'{"account":"a","cents":1300}')
        await shop.record(deposited("a", 2))
        assert (await shop.shown())["a"].balance == 0
    async with workshop(tmp_path, model=in_cents(to_cents)) as shop:
        assert (await shop.retried())["a"].balance == 15


@event("sample.Deposited", version=2)
class Paid:
    """Money came in, as it is told today."""

    account: str
    cents: int


def to_cents(old: dict[str, Any]) -> dict[str, Any]:
    return {"account": old["account"], "cents": int(Decimal(old["amount"]) * 100)}


def in_cents(upcast: Callable[[dict[str, Any]], dict[str, Any]]) -> Model:
    """The sample with deposits in cents, and the way there from those of before."""

    def decide(command: Any, state: Any) -> Any:
        raise NotImplementedError

    def unchanged(state: Any, event: Any) -> Any:
        return state

    def evolve(document: Any, event: Any) -> Any:
        if isinstance(event, Paid):
            event = deposited(event.account, str(Decimal(event.cents) / 100))
        return account_evolve(document, event)

    def today(function: Any, to: Any) -> Any:
        """The annotations of the sample, with the event as it is told today."""
        to.__annotations__ = {
            name: TODAY if name == "event" else hint
            for name, hint in function.__annotations__.items()
        }
        return to

    decide.__annotations__ = {**accounts.decide.__annotations__, "return": list[TODAY]}
    return build(
        aggregates=[replace(accounts, decide=decide, evolve=today(accounts.evolve, unchanged))],
        projections=[
            Projection(document=Account, keys=account_keys, evolve=today(account_evolve, evolve))
        ],
        upcasters=[Upcaster("sample.Deposited", 1, upcast)],
    )


TODAY: Any = type(opened("a")) | Paid | type(withdrawn("a")) | type(closed("a"))


async def test_the_way_back_applies_upcasters_too(tmp_path: Path) -> None:
    def broken(old: dict[str, Any]) -> dict[str, Any]:
        raise KeyError("konto")

    async with workshop(tmp_path) as shop:
        await shop.record(opened("a"), deposited("a", 13))
        assert (await shop.shown())["a"].balance == 13
    async with workshop(tmp_path, model=in_cents(broken)) as shop:
        await shop.record_raw("a", 3, data=b'{"account":"a","amount":"1"}', schema=1)
        await shop.record(Paid(account="a", cents=300))
        assert (await shop.shown())["a"].balance == 13
        assert "konto" in errors(await shop.parked())[0]
    async with workshop(tmp_path, model=in_cents(to_cents)) as shop:
        assert (await shop.retried())["a"].balance == 13 + 1 + 3
        assert await shop.parked() == []
