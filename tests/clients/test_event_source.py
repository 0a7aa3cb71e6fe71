"""A browser's EventSource goes on by itself where it was when the server went down."""

from urllib.parse import urlencode, urlsplit

from tests.clients.harness import Json, Messages, event_source
from tests.serving import ProcessServer, running_server
from tests.shop import Shop
from tests.subscribing import LiveMap

CHANGES = """subscription { productChanges {
  cursor reset more entered { id price } changed { id price } left } }"""
WAIT_S = 60.0


async def changes(told: Messages) -> Json:
    """The next changes; what comes before them is how the connection goes."""
    while "event" not in (message := await told.next(WAIT_S)):
        pass
    assert message["event"] == "next"
    found: Json = message["data"]["data"]["productChanges"]
    assert message["id"] == found["cursor"]
    return found


async def test_a_browser_connects_again_and_goes_on_after_what_it_has_seen(
    server: ProcessServer,
) -> None:
    shop, seen = Shop(server), LiveMap()
    await shop.list("kept")
    await shop.list("changed")
    url = f"/graphql?{urlencode({'query': CHANGES})}"
    async with event_source(url, f"{server.url}/health/live") as told:
        while len(seen.documents) < 2:
            seen.apply(await changes(told))
        await server.kill()
        port = str(urlsplit(server.url).port)
        async with running_server(server.directory, PORT=port) as again:
            shop = Shop(again)
            await shop.do("repriceProduct", {"product": "changed", "price": "11.00"})
            await shop.list("added")
            while "added" not in seen.documents or seen.documents["changed"]["price"] != "11.00":
                seen.apply(await changes(told))
    assert {id: each["price"] for id, each in seen.documents.items()} == {
        "kept": "10.00",
        "changed": "11.00",
        "added": "10.00",
    }
    assert (seen.resets, seen.oddities) == (1, [])
