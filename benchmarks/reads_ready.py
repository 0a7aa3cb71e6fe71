"""A socket that answers the list with bytes that lie ready: what it gives is the load's limit."""

import asyncio

import orjson
import uvloop

from benchmarks.reads_model import answered, catalogue
from benchmarks.reads_operations import LISTED


class Ready(asyncio.Protocol):
    """Answers whatever arrives: of the load that is one request, whole."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a connection's is one that writes

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(self._answer)


def _answer() -> bytes:
    _, books = catalogue()
    nodes = list(map(answered, books[:LISTED]))
    body = orjson.dumps({"data": {"books": {"nodes": nodes}}})
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


async def _main() -> None:
    answer = _answer()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Ready(answer), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main())
