"""A new version is built beside the old one, and read only when it shows everything."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from eventlog.envelope import Position
from readmodels.documents import NotReady
from readmodels.query import Query
from tests.readmodels.workshop import (
    ALL,
    EVENTS,
    TELLER,
    Wrapped,
    deposited,
    in_batches,
    is_right,
    like,
    model_with,
    opened,
    until,
    workshop,
)
from tests.sample import Account, Total, account_evolve

pytestmark = pytest.mark.usefixtures("soon")


# A new version


class Gated:
    """A log whose followers wait until a test lets them in."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self.gate = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def follow(self, after: Any, limit: int, *partitions: Any) -> Any:
        await self.gate.wait()
        async for each in self._log.follow(after, limit, *partitions):
            yield each


def twofold(document: Account | None, event: Any) -> Account | None:
    """What the account's second version shows: every movement counts twice."""
    after = account_evolve(document, event)
    if document is None or after is None:
        return after
    return account_evolve(after, event)


async def test_a_new_version_is_not_read_until_it_is_built_and_then_is_right(
    tmp_path: Path,
) -> None:
    async with workshop(tmp_path) as shop:
        recorded = await shop.record(opened("a"), deposited("a", 5), opened("b"))
        assert (await shop.shown())["a"].balance == 5
        assert await shop.documents.get(Total, "all", TELLER, recorded[1].position) is not None
    newer = model_with(evolve=like(account_evolve, twofold), version=2)
    gates: list[Gated] = []

    def gated(log: Any) -> Gated:
        gates.append(Gated(log))
        return gates[-1]

    async with workshop(tmp_path, model=newer, wrap_log=gated) as shop:
        for asked in [
            shop.documents.get(Account, "a", TELLER),
            shop.documents.find(Account, Query(), TELLER),
            shop.documents.count(Account, ALL.where, TELLER),
            shop.documents.get(Account, "a", TELLER, Position(0, 0)),
            anext(shop.documents.watch(Account, "a", TELLER)),
            anext(shop.documents.watch_page(Account, Query(), TELLER)),
            anext(shop.documents.watch_changes(Account, ALL.where, TELLER)),
        ]:
            with pytest.raises(NotReady, match=r"Account is being built \(0 %\)"):
                await asked
        # What did not change is there all the time.
        assert await shop.documents.get(Total, "all", TELLER) is not None
        for each in gates:
            each.gate.set()
        assert (await shop.shown())["a"].balance == 10
        found = await shop.documents.get(Account, "a", TELLER, recorded[-1].position)
        assert found is not None
        assert found.balance == 10
    # The old version was retired: were the code set back, it would be built anew.
    async with workshop(tmp_path) as shop:
        assert (await shop.shown())["a"].balance == 5


async def test_a_build_that_was_interrupted_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_batches(monkeypatch, 3)
    async with workshop(tmp_path, runs=False) as shop:
        await shop.record(*EVENTS)

    class Stopping(Wrapped):
        left = 4

        async def commit(self, *given: Any, **others: Any) -> Any:
            self.left -= 1
            if self.left < 0:
                await asyncio.Event().wait()
            return await self.store.commit(*given, **others)

    async with workshop(tmp_path, wrap=Stopping) as shop:
        standing = shop.projectors["Account"].standing
        await until(lambda: standing.events >= 12)
        with pytest.raises(NotReady, match="Account is being built"):
            await shop.documents.get(Account, "1", TELLER)
    async with workshop(tmp_path) as shop:
        await is_right(shop)
        assert shop.projectors["Account"].standing.events < len(EVENTS)
