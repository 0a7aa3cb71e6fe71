"""The Kafka engine of the log under the contract: topics of its own for each test."""

import shutil
from pathlib import Path
from uuid import uuid4

from eventlog.kafka import Cluster, KafkaLog
from eventlog.log import Log
from tests.servers.kafka_shared import kafka_bootstrap


class KafkaEngine:
    """A log over new topics; without `keeps_cache` each opening restores all from the broker."""

    def __init__(self, directory: Path, partitions: int, *, keeps_cache: bool) -> None:
        self._cluster = Cluster(servers=kafka_bootstrap())
        self._prefix = f"test-{uuid4().hex[:12]}"
        self._directory = directory / "cache"
        self._partitions = partitions
        self._keeps_cache = keeps_cache
        self._log: KafkaLog | None = None

    async def open(self, partitions: int | None = None) -> Log:
        if not self._keeps_cache:
            shutil.rmtree(self._directory, ignore_errors=True)
        self._log = await KafkaLog.open(
            self._cluster,
            self._prefix,
            self._directory,
            partitions=self._partitions if partitions is None else partitions,
        )
        return self._log

    async def close(self) -> None:
        if self._log is not None:
            await self._log.close()
        self._log = None
