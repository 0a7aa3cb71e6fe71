"""A process that owns all partitions and decides, until it is asked to stop."""

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from api.contexts import shipped
from benchmarks.as_served import run
from benchmarks.engines import folder, place_of
from domain.composition import Domain
from eventlog import kafka_node
from eventlog.codec import Codec
from eventlog.dispatcher import CommandDispatcher
from eventlog.kafka_client import Cluster
from eventlog.kafka_node import Node

SERVING = "serves all partitions"
_POLL_S = 0.02


@asynccontextmanager
async def process_of(
    cluster: Cluster, prefix: str, domain: Domain, *, owns: bool
) -> AsyncGenerator[CommandDispatcher]:
    """A process that takes commands in: it decides them itself, or knows no partition."""
    with folder() as directory:
        async with AsyncExitStack() as closing:
            node = await kafka_node.opened(
                place_of(cluster, prefix, directory),
                domain,
                Codec(domain),
                closing,
                owns=owns,
                reads=False,
            )
            async with node.running():
                if owns:
                    await _until_it_serves(node)
                yield CommandDispatcher(node.owner, node.owner, domain)


async def _until_it_serves(node: Node) -> None:
    assert node.ownership is not None
    while True:
        serving = [each for each in node.ownership.seats.values() if each.writer is not None]
        if len(serving) == node.ownership.partitions:
            return
        await asyncio.sleep(_POLL_S)


async def _main(servers: str, prefix: str) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    domain = shipped().domain
    async with process_of(Cluster(servers=servers), prefix, domain, owns=True):
        print(SERVING, flush=True)
        await ended.wait()


if __name__ == "__main__":
    run(_main(*sys.argv[1:]))
