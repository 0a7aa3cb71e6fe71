"""Programs that others wrote work against the server: npm's graphql-ws, and a browser."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.clients.harness import graphql_ws, run_browser, run_graphql_ws
from tests.serving import ProcessServer, fresh, running_server

LIST = """
mutation($product: ID!, $category: String!) {
  listProduct(input: {
    product: $product, name: "A record", category: $category, price: "14.99", stock: 5
  }) { __typename ... on Accepted { id token } ... on Rejected { code } }
}"""
RESTOCK = """
mutation($product: ID!) {
  restockProduct(input: {product: $product, quantity: 1}) {
    __typename ... on Accepted { query { product(id: $product) { available } } }
  }
}"""
SHOW = "query($product: ID!) { product(id: $product) { available } }"
WATCH = "subscription($product: ID!) { product(id: $product) { available } }"
CHANGES = """
subscription($category: String!, $since: Cursor) {
  productChanges(where: {category: {eq: $category}}, since: $since) {
    cursor reset more entered { id available } changed { id available } left
  }
}"""
DISC = {"product": "disc"}

pytestmark = pytest.mark.asyncio(loop_scope="module")
on_its_own_server = pytest.mark.asyncio(loop_scope="function")


async def ask(server: ProcessServer, query: str, **variables: Any) -> Any:
    """The data of an operation that is over when it has answered, through npm's graphql-ws."""
    token = server.token("clerk-1", "clerk")
    said = await run_graphql_ws(server.socket_url, query, token=token, variables=variables)
    assert [list(line) for line in said] == [["next"], ["complete"]], said
    assert "errors" not in said[0]["next"], said
    return said[0]["next"]["data"]


async def list_product(server: ProcessServer, product: str, category: str = "music") -> None:
    """Puts the product on sale, with five in stock."""
    answer = await ask(server, LIST, product=product, category=category)
    assert answer["listProduct"]["__typename"] == "Accepted", answer


async def test_graphql_ws_sends_mutations_and_queries(shared: ProcessServer) -> None:
    disc = fresh("disc")
    await list_product(shared, disc)
    restocked = await ask(shared, RESTOCK, product=disc)
    assert restocked["restockProduct"]["query"]["product"] == {"available": 6}
    assert await ask(shared, SHOW, product=disc) == {"product": {"available": 6}}


async def test_graphql_ws_is_pushed_each_change_of_a_document(shared: ProcessServer) -> None:
    disc = fresh("disc")
    await list_product(shared, disc)
    one = {"product": disc}
    async with graphql_ws(shared.socket_url, WATCH, variables=one, timeout_s=30) as pushes:
        assert (await pushes.next())["next"]["data"] == {"product": {"available": 5}}
        for available in (6, 7, 8):
            await ask(shared, RESTOCK, product=disc)
            shown = (await pushes.next())["next"]["data"]
            assert shown == {"product": {"available": available}}


async def test_graphql_ws_goes_on_from_its_cursor_without_a_gap(shared: ProcessServer) -> None:
    disc, tape, category = fresh("disc"), fresh("tape"), fresh("music")
    await list_product(shared, disc, category)
    await ask(shared, RESTOCK, product=disc)
    every = {"category": category}
    first = await run_graphql_ws(shared.socket_url, CHANGES, variables=every, count=1)
    begun = first[0]["next"]["data"]["productChanges"]
    assert begun["reset"]
    assert begun["entered"] == [{"id": disc, "available": 6}]

    await ask(shared, RESTOCK, product=disc)
    await list_product(shared, tape, category)
    entered: list[str] = []
    changed: list[int] = []
    since = {**every, "since": begun["cursor"]}
    async with graphql_ws(shared.socket_url, CHANGES, variables=since, timeout_s=30) as pushes:
        while not (entered and changed):
            message = (await pushes.next())["next"]["data"]["productChanges"]
            assert not message["reset"]
            entered += [each["id"] for each in message["entered"]]
            changed += [each["available"] for each in message["changed"]]
    assert (entered, changed) == ([tape], [7])


async def test_graphql_ws_with_a_wrong_token_is_told_so_and_closed(shared: ProcessServer) -> None:
    said = await run_graphql_ws(shared.socket_url, SHOW, token="not-a-token", variables=DISC)
    assert [list(line) for line in said] == [["closed"]], said
    assert said[0]["closed"]["code"] == 4403, said


async def test_graphql_ws_without_a_token_changes_nothing(shared: ProcessServer) -> None:
    disc = fresh("disc")
    await list_product(shared, disc)
    said = await run_graphql_ws(shared.socket_url, RESTOCK, variables={"product": disc})
    errors = said[0].get("error") or said[0]["next"]["errors"]
    assert [each["extensions"]["code"] for each in errors] == ["UNAUTHENTICATED"]
    assert await ask(shared, SHOW, product=disc) == {"product": {"available": 5}}


@on_its_own_server
async def test_graphql_ws_that_reconnects_sees_the_latest_after_a_power_cut(
    server: ProcessServer,
) -> None:
    await list_product(server, "disc")
    watching = graphql_ws(server.socket_url, WATCH, variables=DISC, retries=20, timeout_s=60)
    async with watching as pushes:
        assert (await pushes.next())["next"]["data"] == {"product": {"available": 5}}
        await server.kill()
        port = str(urlsplit(server.url).port)
        async with running_server(server.directory, PORT=port) as again:
            await ask(again, RESTOCK, product="disc")
            available = 5
            while available == 5:
                message = await pushes.next(30)
                assert "next" in message, message
                available = message["next"]["data"]["product"]["available"]
    assert available == 6


async def test_graphiql_runs_a_query_a_mutation_and_a_live_subscription_in_a_browser(
    shared: ProcessServer, tmp_path: Path
) -> None:
    disc = fresh("disc")
    await list_product(shared, disc)
    screenshot = tmp_path / "graphiql.png"
    seen = await run_browser(
        f"{shared.url}/graphql",
        role="clerk",
        query=f'{{ product(id: "{disc}") {{ id available }} }}',
        mutation=f"""mutation {{
  restockProduct(input: {{ product: "{disc}", quantity: 1 }}) {{ __typename }}
}}""",
        subscription=f'subscription {{ product(id: "{disc}") {{ name available }} }}',
        pushes=3,
        screenshot=screenshot,
    )
    assert seen["query"] == {"data": {"product": {"id": disc, "available": 5}}}
    assert seen["mutations"] == [{"data": {"restockProduct": {"__typename": "Accepted"}}}] * 2
    assert [each["data"]["product"]["available"] for each in seen["pushes"]] == [5, 6, 7]
    assert seen["console"] == []
    assert seen["requests_elsewhere"] == []
    assert screenshot.stat().st_size > 0
