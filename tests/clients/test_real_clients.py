"""Programs that others wrote work against the server: npm's graphql-ws, and a browser."""

from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.clients.conftest import Headrace, headrace
from tests.clients.harness import graphql_ws, run_browser, run_graphql_ws

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
SHOW = "query($product: ID!) { product(id: $product) { id available } }"
WATCH = "subscription($product: ID!) { product(id: $product) { available } }"
CHANGES = """
subscription($category: String!, $since: Cursor) {
  productChanges(where: {category: {eq: $category}}, since: $since) {
    cursor reset more entered { id available } changed { id available } left
  }
}"""


async def ask(server: Headrace, query: str, role: str = "clerk", **variables: Any) -> Any:
    """The data of an operation that is over when it has answered, through npm's graphql-ws."""
    token = server.tokens[role]
    said = await run_graphql_ws(server.socket, query, token=token, variables=variables)
    assert [list(line) for line in said] == [["next"], ["complete"]], said
    assert "errors" not in said[0]["next"], said
    return said[0]["next"]["data"]


async def listed(server: Headrace, category: str = "music") -> str:
    """A new product, on sale with five in stock."""
    product = f"cd-{uuid4().hex}"
    answer = await ask(server, LIST, product=product, category=category)
    assert answer["listProduct"]["__typename"] == "Accepted", answer
    return product


async def test_graphql_ws_sends_mutations_and_queries(server: Headrace) -> None:
    product = await listed(server)
    restocked = await ask(server, RESTOCK, product=product)
    assert restocked["restockProduct"]["query"]["product"] == {"available": 6}
    shown = await ask(server, SHOW, role="customer", product=product)
    assert shown == {"product": {"id": product, "available": 6}}


async def test_graphql_ws_is_pushed_each_change_of_a_document(server: Headrace) -> None:
    product = await listed(server)
    variables = {"product": product}
    async with graphql_ws(server.socket, WATCH, variables=variables, timeout_s=30) as pushes:
        assert (await pushes.next())["next"]["data"] == {"product": {"available": 5}}
        for available in (6, 7, 8):
            await ask(server, RESTOCK, product=product)
            shown = (await pushes.next())["next"]["data"]
            assert shown == {"product": {"available": available}}


async def test_graphql_ws_goes_on_from_its_cursor_without_a_gap(server: Headrace) -> None:
    category = f"category-{uuid4().hex}"
    product = await listed(server, category)
    variables = {"category": category}
    first = await run_graphql_ws(server.socket, CHANGES, variables=variables, count=1)
    begun = first[0]["next"]["data"]["productChanges"]
    assert begun["reset"]
    assert begun["entered"] == [{"id": product, "available": 5}]

    await ask(server, RESTOCK, product=product)
    another = await listed(server, category)
    variables["since"] = begun["cursor"]
    entered: list[str] = []
    changed: list[int] = []
    async with graphql_ws(server.socket, CHANGES, variables=variables, timeout_s=30) as pushes:
        while not (entered and changed):
            message = (await pushes.next())["next"]["data"]["productChanges"]
            assert not message["reset"]
            entered += [each["id"] for each in message["entered"]]
            changed += [each["available"] for each in message["changed"]]
    assert (entered, changed) == ([another], [6])


async def test_graphql_ws_with_a_wrong_token_is_told_so_and_closed(server: Headrace) -> None:
    said = await run_graphql_ws(server.socket, SHOW, token="not-a-token")
    assert [list(line) for line in said] == [["closed"]], said
    assert said[0]["closed"]["code"] == 4403, said


async def test_graphql_ws_without_a_token_changes_nothing(server: Headrace) -> None:
    product = await listed(server)
    variables = {"product": product}
    said = await run_graphql_ws(server.socket, RESTOCK, variables=variables)
    errors = said[0].get("error") or said[0]["next"]["errors"]
    assert [each["extensions"]["code"] for each in errors] == ["UNAUTHENTICATED"]
    assert await ask(server, SHOW, product=product) == {"product": {"id": product, "available": 5}}


async def test_graphql_ws_that_reconnects_sees_the_latest_after_a_power_cut(tmp_path: Path) -> None:
    with headrace(tmp_path / "var") as before:
        product = await listed(before)
        variables = {"product": product}
        watching = graphql_ws(before.socket, WATCH, variables=variables, retries=20, timeout_s=60)
        async with watching as pushes:
            assert (await pushes.next())["next"]["data"] == {"product": {"available": 5}}
            before.kill()
            with headrace(tmp_path / "var", before.port) as after:
                await ask(after, RESTOCK, product=product)
                available = 0
                while available != 6:
                    shown = await pushes.next(30)
                    available = shown["next"]["data"]["product"]["available"]


async def test_graphiql_runs_a_query_a_mutation_and_a_live_subscription_in_a_browser(
    server: Headrace, tmp_path: Path
) -> None:
    product = await listed(server)
    screenshot = tmp_path / "graphiql.png"
    seen = await run_browser(
        server.page,
        role="clerk",
        query=f'{{ product(id: "{product}") {{ id available }} }}',
        mutation=f"""mutation {{
  restockProduct(input: {{ product: "{product}", quantity: 1 }}) {{ __typename }}
}}""",
        subscription=f'subscription {{ product(id: "{product}") {{ name available }} }}',
        pushes=3,
        screenshot=screenshot,
    )
    assert seen["query"] == {"data": {"product": {"id": product, "available": 5}}}
    assert seen["mutations"] == [{"data": {"restockProduct": {"__typename": "Accepted"}}}] * 2
    assert [each["data"]["product"]["available"] for each in seen["pushes"]] == [5, 6, 7]
    assert seen["console"] == []
    assert seen["requests_elsewhere"] == []
    assert screenshot.stat().st_size > 0
