"""Processes of `headrace serve` over a real Kafka and a real MongoDB, a prefix and a database."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.alone import COMMERCE
from tests.servers.kafka_shared import kafka_bootstrap
from tests.servers.shared import mongo_uri, new_database
from tests.serving import Json, ProcessServer, running_server

SECRET = "0123456789abcdef0123456789abcdef"
PARTITIONS = 6
WAIT_S = 40.0


@dataclass(frozen=True)
class Cluster:
    """Where the processes of one installation find each other, as their settings."""

    directory: Path
    env: dict[str, str]

    @asynccontextmanager
    async def process(self, name: str, **env: str) -> AsyncGenerator[ProcessServer]:
        """One process, ready, with a directory of its own."""
        async with running_server(self.directory / name, **self.env | env) as server:
            yield server

    @asynccontextmanager
    async def processes(self, *parts: str) -> AsyncGenerator[list[ProcessServer]]:
        """One process for each of these parts, begun together."""
        async with AsyncExitStack() as opened:
            begun = [
                opened.enter_async_context(self.process(f"{number}-{part}", PARTS=part))
                for number, part in enumerate(parts)
            ]
            yield list(await asyncio.gather(*begun))


def cluster(directory: Path, kafka: str | None = None, mongo: str | None = None) -> Cluster:
    """An installation of its own, on the shared servers unless others are named."""
    uri = mongo or mongo_uri()
    address, _, options = uri.partition("?")
    env = {
        "KAFKA": kafka or kafka_bootstrap(),
        "KAFKA_PREFIX": f"test-{uuid4().hex[:12]}",
        "KAFKA_PARTITIONS": str(PARTITIONS),
        "KAFKA_SESSION_S": "2",
        "MONGO": f"{address.rstrip('/')}/{new_database()}?{options}",
        "JWT_SECRET": SECRET,
        "MODEL": COMMERCE,
    }
    return Cluster(directory, env)


async def parts_of(server: ProcessServer) -> Json:
    """What /health/ready says of each part."""
    parts: Json = (await server.http.get("/health/ready")).json()["parts"]
    return parts


async def until(look: Callable[[], Any], holds: Callable[[Any], bool]) -> Any:
    """What `look` gives, once that holds of it."""
    found: Any = None
    try:
        async with asyncio.timeout(WAIT_S):
            while not holds(found := await look()):  # noqa: ASYNC110 - it has no event of ours
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"it does not come; what there is: {found}") from None
    return found
