"""The bare route on the same uvicorn settings, for `benchmarks.http`."""

import asyncio
import socket

import uvicorn
import uvloop

from benchmarks.bare import app


async def _main() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False)
    await uvicorn.Server(config).serve([listening])


with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(_main())
