"""The first limit of live queries: a bare application on uvicorn that broadcasts a text.

It speaks graphql-transport-ws as far as its clients need it. A change is a request that it answers
at once; then each socket's own task sends the text, the same to everybody, by `send_text`.
"""

import asyncio
import sys
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from benchmarks.bare_server import serve

ANSWER = b'{"data":{"setPrice":{"__typename":"Accepted"}}}'


def application(text: str) -> Starlette:
    """A socket that is sent the text when it subscribes and at each change."""
    watching: set[asyncio.Event] = set()

    async def watch(websocket: WebSocket) -> None:
        await websocket.accept("graphql-transport-ws")
        changed = asyncio.Event()
        try:
            await websocket.receive_text()
            await websocket.send_text('{"type":"connection_ack"}')
            await websocket.receive_text()
            watching.add(changed)
            while True:
                await websocket.send_text(text)
                await changed.wait()
                changed.clear()
        except WebSocketDisconnect:
            pass
        finally:
            watching.discard(changed)

    async def change(request: Request) -> Response:
        await request.body()
        for each in watching:
            each.set()
        return Response(ANSWER, media_type="application/json")

    return Starlette(
        routes=[Route("/graphql", change, methods=["POST"]), WebSocketRoute("/graphql", watch)]
    )


if __name__ == "__main__":
    serve(
        application(Path(sys.argv[1]).read_text("utf-8")),
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        timeout_graceful_shutdown=1,  # a socket's task does not see its client go
    )
