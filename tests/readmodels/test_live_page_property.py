"""A page that is kept in memory is the page that the store gives, after every commit."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from readmodels import live_page
from readmodels.documents import NOTHING
from readmodels.query import EVERYTHING, By, Compare, Page, Query, Where
from tests.readmodels.gallery import ANN, TELLER, account, gallery
from tests.sample import Account

balances = st.sampled_from(["-1", "0", "1", "1.0", "2", "3"])
written = st.builds(
    account, st.sampled_from("abcdefghij"), balances, st.sampled_from(["ann", "bob"])
)
commits = st.one_of(
    st.lists(written, min_size=1, max_size=4, unique_by=lambda each: each.id),
    st.sampled_from("abcdefghij"),  # deleted
)
orders = st.sampled_from(
    [
        (),
        (By("balance"),),
        (By("balance", descending=True),),
        (By("owner"), By("balance", descending=True)),
        (By("owner", descending=True), By("id", descending=True)),
    ]
)
conditions: st.SearchStrategy[Where] = st.sampled_from(
    [EVERYTHING, Compare("balance", "gt", account("x", 0).balance), Compare("owner", "eq", "ann")]
)


async def drained(pages: Any) -> Page[Account] | None:
    """The newest page that was not taken yet."""
    newest: Page[Account] | None = None
    await pages.begin()
    while (taken := pages.take()) is not NOTHING:
        newest = taken
    return newest


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(commits, min_size=1, max_size=25),
    orders,
    conditions,
    st.integers(1, 4),
    st.integers(0, 3),
)
async def test_a_page_in_memory_is_the_page_of_the_store(
    steps: list[Any], order: Any, where: Where, first: int, spare: int
) -> None:
    query = Query(where=where, order=order, first=first)
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory() as directory,
    ):
        patch.setattr(live_page, "SPARE_DOCUMENTS", spare)
        async with gallery(Path(directory)) as rooms:
            reads = 0
            page = rooms.store.page

            async def counted(*given: Any, **more: Any) -> Any:
                nonlocal reads
                reads += 1
                return await page(*given, **more)

            patch.setattr(rooms.store, "page", counted)
            for viewer in (TELLER, ANN):
                follow = await rooms.documents.live_page(Account, query, viewer, with_total=True)
                with follow(wake=lambda: None) as follower:
                    shown = await drained(follower)
                    live: Any = next(iter(rooms.documents.sets))
                    for step in steps:
                        if isinstance(step, str):
                            await rooms.delete(step)
                        else:
                            await rooms.put(*step)
                        await live.settled()
                        shown = await drained(follower) or shown
                        found = await rooms.documents.find(Account, query, viewer)
                        total = await rooms.documents.count(Account, where, viewer)
                        assert shown is not None
                        assert (shown.documents, shown.has_next, shown.total) == (
                            found.documents,
                            found.has_next,
                            total,
                        )
            if spare == 3 and first == 4:
                assert reads <= len(steps) + 2
