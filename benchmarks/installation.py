"""Servers of one installation over Kafka and MongoDB, each a process of `headrace serve`."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.engines import SESSION_S, Engines, folder, new_name
from eventlog.envelope import PARTITIONS
from tests.alone import SHIPPED
from tests.serving import ProcessServer, running_server

SECRET = "0123456789abcdef0123456789abcdef"
WAIT_S_MAX = 60.0
_POLL_S = 0.05


@dataclass(frozen=True)
class Installation:
    """Where its servers find each other, as their settings."""

    directory: Path
    settings: dict[str, str]

    @asynccontextmanager
    async def server(
        self, parts: str = "api,writer,projector", **more: str
    ) -> AsyncGenerator[ProcessServer]:
        """One server, ready, with more settings than the installation's."""
        directory = self.directory / new_name()
        async with running_server(directory, PARTS=parts, **self.settings, **more) as server:
            yield server


@asynccontextmanager
async def installation(engines: Engines) -> AsyncGenerator[Installation]:
    """An installation of its own, empty."""
    async with engines.database() as uri:
        with folder() as directory:
            settings = {
                "MODEL": SHIPPED,
                "KAFKA": engines.kafka.bootstrap,
                "KAFKA_PREFIX": new_name(),
                "KAFKA_PARTITIONS": str(PARTITIONS),
                "KAFKA_SESSION_S": str(SESSION_S),
                "MONGO": uri,
                "JWT_SECRET": SECRET,
            }
            yield Installation(directory, settings)


async def until_shared(*servers: ProcessServer) -> None:
    """Wait until all partitions are decided and folded by these servers, shared out evenly."""
    async with asyncio.timeout(WAIT_S_MAX):
        for server in servers:
            share = PARTITIONS // len(servers)
            while not await _has(server, share):  # noqa: ASYNC110 - another process has the event
                await asyncio.sleep(_POLL_S)


async def _has(server: ProcessServer, partitions: int) -> bool:
    """Whether it decides and folds so many partitions."""
    parts: dict[str, Any] = (await server.http.get("/health/ready")).json()["parts"]
    told = [parts[each] for each in ("writer", "projector")]
    return all(len(e["partitions"]) == partitions and not e.get("not_served") for e in told)
