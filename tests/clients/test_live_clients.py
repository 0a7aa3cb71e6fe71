"""graphql-ws, Apollo's GraphQLWsLink and urql's exchange live with a server: pushes, cuts, ends."""

import asyncio
from urllib.parse import urlsplit

import pytest

from tests.clients.harness import Json
from tests.clients.live import LiveClient, live_client
from tests.serving import ProcessServer, fresh, running_server
from tests.shop import until

LIST = """
mutation List($product: ID!) {
  listProduct(input: {
    product: $product, name: "A record", category: "music", price: "14.99", stock: 5
  }) { ... on Accepted { id query { product(id: $product) { id } } } ... on Rejected { code } }
}"""
RESTOCK = """
mutation Restock($product: ID!) {
  restockProduct(input: {product: $product, quantity: 1}) {
    ... on Accepted { query { product(id: $product) { available } } }
  }
}"""
SHOW = "query Show($product: ID!) { product(id: $product) { id available } }"
WATCH = "subscription Watch($product: ID!) { product(id: $product) { id available } }"
PAGE = """
subscription Page($where: ProductFilter) {
  products(where: $where, first: 5) { totalCount nodes { id available } }
}"""
CHANGES = """
subscription Changes($where: ProductFilter, $since: Cursor) {
  productChanges(where: $where, since: $since) {
    cursor reset more entered { id available } changed { id available } left
  }
}"""
CLIENTS = pytest.mark.parametrize("client", ["graphql-ws", "apollo", "urql"])

pytestmark = pytest.mark.asyncio(loop_scope="module")
on_its_own_server = pytest.mark.asyncio(loop_scope="function")


def product(id: str, available: int) -> Json:
    return {"product": {"id": id, "available": available}}


async def listed(live: LiveClient, *products: str) -> None:
    for each in products:
        answer = await live.ask(f"list {each}", LIST, product=each)
        assert answer["listProduct"]["id"] == each


async def operations_come_to(server: ProcessServer, count: int) -> None:
    await until(lambda: server.metric("headrace_operations_active"), lambda found: found == count)


@CLIENTS
async def test_a_client_asks_changes_and_watches_over_one_socket(
    shared: ProcessServer, client: str
) -> None:
    disc, tape = fresh("disc"), fresh("tape")
    token = shared.token("clerk-1", "clerk")
    async with live_client(client, shared.socket_url, token=token) as live:
        await listed(live, disc, tape)
        for each in (disc, tape):
            live.start(each, WATCH, product=each)
            assert await live.data(each) == product(each, 5)
        where = {"id": {"in": [disc, tape]}}
        live.start("page", PAGE, where=where)
        assert (await live.data("page"))["products"]["totalCount"] == 2
        live.start("changes", CHANGES, where=where)
        assert (await live.data("changes"))["productChanges"]["reset"] is True

        for available in (6, 7, 8):
            await live.ask(f"restock {available}", RESTOCK, product=disc)
            assert await live.data(disc) == product(disc, available)
            message = (await live.data("changes"))["productChanges"]
            assert message["changed"] == [{"id": disc, "available": available}]
            nodes = (await live.data("page"))["products"]["nodes"]
            assert {each["id"]: each["available"] for each in nodes} == {
                disc: available,
                tape: 5,
            }
        assert await live.ask("show", SHOW, product=disc) == product(disc, 8)
        assert live.sockets == [{"socket": "connected"}]
        assert await shared.metric('headrace_connections{kind="websocket"}') == 1


@CLIENTS
async def test_a_client_that_stops_one_subscription_keeps_the_others(
    shared: ProcessServer, client: str
) -> None:
    disc, tape = fresh("disc"), fresh("tape")
    token = shared.token("clerk-1", "clerk")
    async with live_client(client, shared.socket_url, token=token) as live:
        await listed(live, disc, tape)
        for each in (disc, tape):
            live.start(each, WATCH, product=each)
            await live.data(each)
        await operations_come_to(shared, 2)
        live.stop(disc)
        await operations_come_to(shared, 1)
        await live.ask("restock disc", RESTOCK, product=disc)
        await live.ask("restock tape", RESTOCK, product=tape)
        assert await live.data(tape) == product(tape, 6)
        live.start("again", WATCH, product=disc)
        assert await live.data("again") == product(disc, 6)
        assert live.sockets == [{"socket": "connected"}]
    await operations_come_to(shared, 0)


@CLIENTS
async def test_a_client_is_told_how_an_operation_fails_and_goes_on_with_the_others(
    shared: ProcessServer, client: str
) -> None:
    disc = fresh("disc")
    token = shared.token("clerk-1", "clerk")
    async with live_client(client, shared.socket_url, token=token) as live:
        await listed(live, disc)
        live.start(disc, WATCH, product=disc)
        await live.data(disc)
        live.start("changes", CHANGES, since="nonsense")
        said = await live.next("changes")
        assert said["next"]["codes"] == ["BAD_USER_INPUT"]
        assert await live.next("changes") == {"of": "changes", "complete": True}
        live.start("invalid", "subscription { nothing }")
        said = await live.next("invalid")
        assert said.get("error") or said["next"]["codes"], said
        await live.ask("restock", RESTOCK, product=disc)
        assert await live.data(disc) == product(disc, 6)
        assert live.sockets == [{"socket": "connected"}]
        await operations_come_to(shared, 1)


@on_its_own_server
@CLIENTS
@pytest.mark.parametrize("by", ["power cut", "stop"])
async def test_a_client_whose_server_comes_again_goes_on_with_all_its_subscriptions(
    server: ProcessServer, client: str, by: str
) -> None:
    token = server.token("clerk-1", "clerk")
    async with live_client(client, server.socket_url, token=token) as live:
        await listed(live, "disc", "tape")
        for each in ("disc", "tape"):
            live.start(each, WATCH, product=each)
            await live.data(each)
        await (server.kill() if by == "power cut" else server.terminate())
        await asyncio.sleep(0.2)  # refused a few times
        port = str(urlsplit(server.url).port)
        async with running_server(server.directory, PORT=port) as again:
            for each in ("disc", "tape"):
                assert await live.data(each) == product(each, 5)
            await live.ask("restock", RESTOCK, product="disc")
            assert await live.data("disc") == product("disc", 6)
            await operations_come_to(again, 2)
            closed = next(each for each in live.sockets if each["socket"] == "closed")
            assert closed["code"] == (1006 if by == "power cut" else 1012)
