"""A bare application on the same uvicorn settings; run alone, the route of `benchmarks.http`."""

import asyncio
import gc
import socket
from collections.abc import Mapping
from typing import Any

import uvicorn
import uvloop

from benchmarks.bare import app


def serve(app: Any, **options: Any) -> None:
    """Serve an ASGI application on a free port, whose address is printed, until asked to stop.

    Options are uvicorn's own.
    """
    gc.collect()
    gc.freeze()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(app, options))


async def _serve(app: Any, options: Mapping[str, Any]) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, **options)
    await uvicorn.Server(config).serve([listening])


if __name__ == "__main__":
    serve(app)
