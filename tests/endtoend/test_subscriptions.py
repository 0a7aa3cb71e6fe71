"""What a subscriber is shown: everything at once, each change after it, and no gap at a restart."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.serving import Json, ProcessServer, delete_documents, fresh, running_server
from tests.shop import PRODUCT, Shop
from tests.subscribing import LiveMap, Subscription, subscribed

on_the_shared_server = pytest.mark.asyncio(loop_scope="session")

WATCH = "subscription($id: ID!) { product(id: $id) { id stock price } }"
LIST = """subscription($category: String!) {
  products(where: { category: { eq: $category } }, orderBy: [{ field: PRICE, direction: DESC }],
    first: 2) { totalCount nodes { id price } pageInfo { hasNextPage } } }"""
CHANGES = f"""subscription($where: ProductFilter, $since: Cursor) {{
  productChanges(where: $where, since: $since) {{
    cursor reset more entered {{ {PRODUCT} }} changed {{ {PRODUCT} }} left }} }}"""


async def listed(shop: Shop, category: str, price: str = "10.00", stock: int = 5) -> str:
    id = fresh("cd")
    input = {"product": id, "name": id, "category": category, "price": price, "stock": stock}
    await shop.do("listProduct", input, query=shown(id))
    return id


async def reprice(shop: Shop, product: str, price: str) -> Json:
    input = {"product": product, "price": price}
    return await shop.do("repriceProduct", input, query=shown(product))


def shown(product: str) -> str:
    """Asked for in the answer to a command, so that the product shows it by then."""
    return f'product(id: "{product}") {{ id }}'


async def products(server: ProcessServer, where: Json) -> dict[str, Json]:
    """What a query for the set gives, by id."""
    query = (
        "query($where: ProductFilter) { "
        f"products(where: $where, first: 500) {{ nodes {{ {PRODUCT} }} }} }}"
    )
    nodes = (await server.data(query, {"where": where}))["products"]["nodes"]
    return {each["id"]: each for each in nodes}


@on_the_shared_server
async def test_a_document_comes_at_once_and_then_each_newer_state(shop: Shop) -> None:
    id = fresh("cd")
    async with subscribed(shop.server.socket_url, WATCH, {"id": id}) as watching:
        assert await watching.next() == {"product": None}
        await shop.list(id, price="1.00", stock=1)
        assert await watching.next() == {"product": {"id": id, "stock": 1, "price": "1.00"}}
        await reprice(shop, id, "2.00")
        assert await watching.next() == {"product": {"id": id, "stock": 1, "price": "2.00"}}
        for _ in range(20):
            await shop.do("restockProduct", {"product": id, "quantity": 1})
        last = await watching.until(lambda data: data["product"]["stock"] == 21)
        assert last["product"]["price"] == "2.00"


@on_the_shared_server
async def test_a_list_comes_at_once_and_again_when_its_page_changes(shop: Shop) -> None:
    category = fresh("music")
    cheap = await listed(shop, category, "1.00")

    def page(data: Json) -> list[str]:
        return [each["id"] for each in data["products"]["nodes"]]

    async with subscribed(shop.server.socket_url, LIST, {"category": category}) as watching:
        assert page(await watching.next()) == [cheap]
        dear = await listed(shop, category, "9.00")
        assert page(await watching.next()) == [dear, cheap]
        middle = await listed(shop, category, "5.00")
        data = await watching.next()
        assert page(data) == [dear, middle]
        assert data["products"]["totalCount"] == 3
        assert data["products"]["pageInfo"] == {"hasNextPage": True}
        await reprice(shop, cheap, "20.00")
        assert page(await watching.next()) == [cheap, dear]


@on_the_shared_server
async def test_changes_say_what_entered_changed_and_left(shop: Shop) -> None:
    category = fresh("music")
    inside = await listed(shop, category, "5.00")
    outside = await listed(shop, category, "50.00")
    where = {"category": {"eq": category}, "price": {"lt": "10.00"}}
    seen = LiveMap()
    async with subscribed(shop.server.socket_url, CHANGES, {"where": where}) as changes:
        seen.apply((await changes.next())["productChanges"])
        assert (list(seen.documents), seen.is_whole) == ([inside], True)
        await reprice(shop, outside, "6.00")
        message = (await changes.next())["productChanges"]
        assert [each["id"] for each in message["entered"]] == [outside]
        await reprice(shop, outside, "7.00")
        message = (await changes.next())["productChanges"]
        assert [(each["id"], each["price"]) for each in message["changed"]] == [(outside, "7.00")]
        await reprice(shop, inside, "11.00")
        message = (await changes.next())["productChanges"]
        assert (message["left"], message["entered"], message["changed"]) == ([inside], [], [])


@on_the_shared_server
async def test_changes_come_as_server_sent_events_too(shop: Shop) -> None:
    category = fresh("music")
    where = {"category": {"eq": category}}
    body = {"query": CHANGES, "variables": {"where": where}}
    headers = {"Accept": "text/event-stream"}
    async with shop.server.http.stream("POST", "/graphql", json=body, headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        async with aclosing(_events(response.aiter_lines())) as events:
            first = await anext(events)
            assert first["data"]["productChanges"]["reset"] is True
            id = await listed(shop, category)
            entered = (await anext(events))["data"]["productChanges"]["entered"]
            assert [each["id"] for each in entered] == [id]


async def _events(lines: AsyncIterator[str]) -> AsyncGenerator[Json]:
    async for line in lines:
        if line.startswith("data: {"):
            yield json.loads(line.removeprefix("data: "))


async def test_a_cursor_goes_on_after_a_restart_without_a_gap_or_a_repeat(tmp_path: Path) -> None:
    where = {"category": {"eq": "music"}}
    seen = LiveMap()
    async with running_server(tmp_path / "data") as server:
        shop = Shop(server)
        kept, changed, gone = [await listed(shop, "music") for _ in range(3)]
        async with subscribed(server.socket_url, CHANGES, {"where": where}) as changes:
            while len(seen.documents) < 3:
                seen.apply((await changes.next())["productChanges"])
            # What comes now is not seen by this subscriber, who has gone.
        await reprice(shop, changed, "12.00")
        added = await listed(shop, "music")
        await server.kill()
    async with running_server(tmp_path / "data") as server:
        shop = Shop(server)
        await reprice(shop, added, "13.00")
        variables = {"where": where, "since": seen.cursor}
        async with subscribed(server.socket_url, CHANGES, variables) as changes:
            message = (await changes.next())["productChanges"]
            assert message["reset"] is False
            assert [each["id"] for each in message["entered"]] == [added]
            assert [each["id"] for each in message["changed"]] == [changed]
            seen.apply(message)
            await reprice(shop, gone, "14.00")
            seen.apply((await changes.next())["productChanges"])
        assert seen.documents == await products(server, where)
        assert (seen.resets, seen.oddities) == (1, [])
        assert kept in seen.documents


async def test_a_cursor_whose_history_is_gone_starts_over(tmp_path: Path) -> None:
    where = {"category": {"eq": "music"}}
    seen = LiveMap()
    async with running_server(tmp_path / "data") as server:
        await listed(Shop(server), "music")
        async with subscribed(server.socket_url, CHANGES, {"where": where}) as changes:
            seen.apply((await changes.next())["productChanges"])
        await server.terminate()
    delete_documents(tmp_path / "data")
    async with running_server(tmp_path / "data") as server:
        variables = {"where": where, "since": seen.cursor}
        async with subscribed(server.socket_url, CHANGES, variables) as changes:
            seen.apply((await changes.next())["productChanges"])
        assert seen.resets == 2
        assert seen.documents == await products(server, where)


async def test_a_socket_is_told_that_the_server_restarts(tmp_path: Path) -> None:
    async with (
        running_server(tmp_path / "data") as server,
        subscribed(server.socket_url, CHANGES) as changes,
    ):
        await changes.next()
        assert await server.terminate() == 0
        with pytest.raises(ConnectionClosed) as closed:
            await changes.next()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012


@on_the_shared_server
async def test_a_document_watched_at_least_a_token_starts_with_it(shop: Shop) -> None:
    query = "subscription($id: ID!, $t: Token) { product(id: $id, atLeast: $t) { stock } }"
    id = await listed(shop, "music", stock=0)
    for stock in range(1, 6):
        token = (await shop.do("restockProduct", {"product": id, "quantity": 1}))["token"]
        async with subscribed(shop.server.socket_url, query, {"id": id, "t": token}) as watching:
            assert await watching.next() == {"product": {"stock": stock}}


@on_the_shared_server
async def test_a_document_is_pushed_again_when_one_that_it_leads_to_changes(shop: Shop) -> None:
    cd, ada = fresh("cd"), fresh("ada")
    await shop.list(cd)
    order = await shop.buy(ada, {cd: 1})
    watch = """subscription($id: ID!) { customerHistory(id: $id) {
      orders purchases(first: 5) { nodes { id status } } } }"""
    token = shop.server.token(ada, "customer")
    async with subscribed(shop.server.socket_url, watch, {"id": ada}, token) as history:
        first = (await history.next())["customerHistory"]
        await shop.do("shipOrder", {"order": order})
        then = (await history.next())["customerHistory"]
    nodes = [{"id": order, "status": "PAID"}]
    assert first == {"orders": 1, "purchases": {"nodes": nodes}}
    assert then == {"orders": 1, "purchases": {"nodes": [{"id": order, "status": "SHIPPED"}]}}


@on_the_shared_server
async def test_all_who_ask_the_same_are_shown_the_same_whenever_they_come(shop: Shop) -> None:
    category = fresh("category")
    ids = [await listed(shop, category, price=f"{n}.00") for n in range(1, 5)]
    url = shop.server.socket_url
    where = {"where": {"category": {"eq": category}}}
    async with AsyncExitStack() as open_sockets:

        async def watching(text: str, variables: Json) -> Subscription:
            return await open_sockets.enter_async_context(subscribed(url, text, variables))

        maps: list[tuple[LiveMap, Subscription]] = []
        pages: list[Subscription] = []
        ones: list[Subscription] = []
        for round_number in range(6):
            maps.append((LiveMap(), await watching(CHANGES, where)))
            pages.append(await watching(LIST, {"category": category}))
            ones.append(await watching(WATCH, {"id": ids[0]}))
            await reprice(shop, ids[round_number % 4], f"{10 + round_number}.00")
        await reprice(shop, ids[0], "99.00")
        expected = await products(shop.server, where["where"])
        assert len(expected) == 4
        for seen, changes in maps:
            while seen.documents != expected:
                seen.apply((await changes.next())["productChanges"])
            assert seen.oddities == []
            assert seen.resets == 1
        for page in pages:
            shown: Json = {}
            while not shown or shown["nodes"][0]["price"] != "99.00":
                shown = (await page.next())["products"]
            assert (shown["totalCount"], shown["pageInfo"]) == (4, {"hasNextPage": True})
            assert [each["price"] for each in shown["nodes"]] == ["99.00", "15.00"]
        for one in ones:
            product: Json = {"price": None}
            while product["price"] != "99.00":
                product = (await one.next())["product"]
            assert product["id"] == ids[0]
