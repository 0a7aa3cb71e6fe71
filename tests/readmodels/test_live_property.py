"""Random operations, clients, resumptions and restarts: every client ends at the query's answer."""

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from domain.rules import Viewer
from readmodels import feed as feeding
from readmodels import live_changes
from readmodels.query import And, Compare, Not, Or, Where
from tests.readmodels.gallery import ANN, TELLER, Follower, Gallery, account, gallery
from tests.sample import Account

SENTINEL = "the last one"

balances = st.sampled_from(["-1", "0", "1", "1.0", "2"])
written = st.builds(account, st.sampled_from("abcdef"), balances, st.sampled_from(["ann", "bob"]))
operations = st.one_of(
    st.lists(written, min_size=1, max_size=3, unique_by=lambda each: each.id),
    st.sampled_from("abcdef"),  # deleted
    st.sampled_from(["read", "resume", "restart"]),
)
wheres = st.recursive(
    st.builds(
        Compare, st.just("balance"), st.sampled_from(["gt", "eq", "lte"]), balances.map(Decimal)
    )
    | st.builds(Compare, st.just("owner"), st.just("eq"), st.sampled_from(["ann", "bob"])),
    lambda inner: inner.map(Not) | st.lists(inner, max_size=2).map(lambda each: And(tuple(each))),
    max_leaves=3,
)


def shows(last: Account) -> Callable[[dict[str, Account]], bool]:
    """Whether a set shows the account that was written last."""
    return lambda map: repr(map.get(SENTINEL)) == repr(last)


class Client:
    """A client of changes that may be cut off and resume, now and then after a restart."""

    def __init__(self, where: Where, viewer: Viewer) -> None:
        # The last account written is in every set, so that a client knows when it has all.
        self.where = Or((where, Compare("id", "eq", SENTINEL)))
        self.viewer = viewer
        self.follower: Follower | None = None
        self.known: list[tuple[str, dict[str, Account]]] = []

    def start(self, rooms: Gallery) -> None:
        before = self.follower
        since = before.cursor if before else None
        messages = rooms.documents.watch_changes(Account, self.where, self.viewer, since)
        self.follower = Follower.resuming(messages, before.map if before else {})
        self.follower.cursor = since

    async def stop(self) -> None:
        if self.follower:
            self.known += self.follower.known
            await self.follower.close()

    async def read(self) -> None:
        """Take one message, if one is there."""
        assert self.follower is not None
        coming = asyncio.ensure_future(self.follower.next())
        for _ in range(3):
            await asyncio.sleep(0.0005)
        if not coming.done():
            # Cut off in the middle of waiting, as a socket is.
            coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)

    async def catch_up(self, last: Account) -> None:
        assert self.follower is not None
        await self.follower.until(shows(last))


class Story:
    """One run: operations on the accounts, while clients watch."""

    def __init__(self, directory: Path, clients: Sequence[Client]) -> None:
        self._directory = directory
        self._clients = clients
        self._stack = AsyncExitStack()
        self._written = 0

    async def play(self, steps: Sequence[Any]) -> None:
        await self._open()
        for step in steps:
            await self._do(step)
        await self._settle()
        await self._every_cursor_leads_here()
        await self._close()

    async def _open(self) -> None:
        self.rooms = await self._stack.enter_async_context(gallery(self._directory))
        for each in self._clients:
            each.start(self.rooms)

    async def _close(self) -> None:
        for each in self._clients:
            await each.stop()
        await self._stack.aclose()

    async def _do(self, step: Any) -> None:
        match step:
            case "read":
                for each in self._clients:
                    await self._read(each)
            case "resume":
                for each in self._clients:
                    await each.stop()
                    each.start(self.rooms)
            case "restart":
                await self._close()
                await self._open()
            case str():
                await self.rooms.delete(step)
            case _:
                await self.rooms.put(*step)

    async def _read(self, client: Client) -> None:
        await client.read()
        await client.stop()
        client.start(self.rooms)

    async def _settle(self) -> None:
        """Every client has all, and has what a query gives."""
        self._written += 1
        last = account(SENTINEL, self._written)
        await self.rooms.put(last)
        for each in self._clients:
            assert each.follower is not None
            await each.catch_up(last)
            answer = await self.rooms.answer(each.where, each.viewer)
            assert repr(sorted(each.follower.map.items())) == repr(sorted(answer.items()))

    async def _every_cursor_leads_here(self) -> None:
        """From any cursor there ever was, one message or none leads to the query's answer."""
        for client in self._clients:
            await client.stop()
            answer = await self.rooms.answer(client.where, client.viewer)
            last = answer[SENTINEL]
            for cursor, then in client.known:
                messages = self.rooms.documents.watch_changes(
                    Account, client.where, client.viewer, cursor
                )
                again = Follower.resuming(messages, then)
                await again.until(shows(last))
                assert repr(sorted(again.map.items())) == repr(sorted(answer.items()))
                assert len(again.received) <= 1
                await again.close()


@pytest.mark.parametrize("mailbox", [3, 5000], ids=["a small mailbox", "a large mailbox"])
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
@given(where=wheres, other=wheres, steps=st.lists(operations, max_size=25))
def test_every_client_ends_at_the_querys_answer(
    mailbox: int, where: Where, other: Where, steps: list[Any]
) -> None:
    clients = [Client(where, TELLER), Client(other, ANN)]
    with tempfile.TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        patch.setattr(feeding, "MAILBOX_CHANGES_MAX", mailbox)
        patch.setattr(live_changes, "CHUNK_DOCUMENTS_MAX", 2)
        asyncio.run(Story(Path(directory), clients).play(steps))
