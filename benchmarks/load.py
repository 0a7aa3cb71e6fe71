"""A load on servers: connections that each send a mutation, read its answer, and go on."""

import asyncio
import json
import sys
import time
from urllib.parse import urlsplit

import uvloop

from benchmarks.measuring import Waits

MUTATION = """mutation List($input: ListProductInput!) {
  listProduct(input: $input) {
    __typename
    ... on Accepted { id version token }
    ... on Rejected { code message }
  }
}"""


def request(token: str, product: str) -> bytes:
    """The bytes of a request that lists a product."""
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


async def answered(
    request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> tuple[bytes, bytes]:
    """Head and body of the answer to a request."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    return head, await reader.readexactly(length)


async def _connection(url: str, requests: list[bytes]) -> list[float]:
    """How long each of them took, in seconds."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    waits: list[float] = []
    for each in requests:
        started = time.perf_counter()
        head, body = await answered(each, reader, writer)
        waits.append(time.perf_counter() - started)
        if not head.startswith(b"HTTP/1.1 200") or b"Rejected" in body or b'"errors"' in body:
            raise RuntimeError(body.decode())
    writer.close()
    return waits


async def _main(urls: str, token: str, serial: str, connections: int, requests: int) -> None:
    servers = urls.split(",")
    prepared = [
        [request(token, f"cd-{serial}-{c}-{n}") for n in range(requests // connections)]
        for c in range(connections)
    ]
    started = time.perf_counter()
    waits = await asyncio.gather(
        *(_connection(servers[n % len(servers)], each) for n, each in enumerate(prepared))
    )
    elapsed = time.perf_counter() - started
    of_all = Waits.of([each for these in waits for each in these])
    rate = sum(map(len, prepared)) / elapsed
    print(json.dumps({"per_second": rate, "p50_ms": of_all.p50_ms, "p99_ms": of_all.p99_ms}))


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        urls, token, serial, connections, requests = sys.argv[1:]
        runner.run(_main(urls, token, serial, int(connections), int(requests)))
