"""A load on one server: connections that each send a mutation, read its answer, and go on."""

import asyncio
import json
import sys
import time
from urllib.parse import urlsplit

import uvloop

MUTATION = """mutation List($input: ListProductInput!) {
  listProduct(input: $input) {
    __typename
    ... on Accepted { id version token }
    ... on Rejected { code message }
  }
}"""


def _request(token: str, product: str) -> bytes:
    variables = {
        "input": {
            "product": product,
            "name": "A CD",
            "category": "music",
            "price": "14.99",
            "stock": 10,
            "lowStockAt": 2,
        }
    }
    body = json.dumps({"query": MUTATION, "variables": variables}).encode()
    head = (
        "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _connection(host: str, port: int, requests: list[bytes]) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    for request in requests:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        if not head.startswith(b"HTTP/1.1 200") or b"Rejected" in body or b'"errors"' in body:
            raise RuntimeError(body.decode())
    writer.close()


async def _main(url: str, token: str, serial: str, connections: int, requests: int) -> None:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    prepared = [
        [_request(token, f"cd-{serial}-{c}-{n}") for n in range(requests // connections)]
        for c in range(connections)
    ]
    started = time.perf_counter()
    await asyncio.gather(*(_connection(parts.hostname, parts.port, each) for each in prepared))
    elapsed = time.perf_counter() - started
    print(json.dumps({"per_second": sum(map(len, prepared)) / elapsed}))


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        url, token, serial, connections, requests = sys.argv[1:]
        runner.run(_main(url, token, serial, int(connections), int(requests)))
