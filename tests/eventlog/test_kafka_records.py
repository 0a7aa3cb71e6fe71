"""The events as another program sees them: with any Kafka client, and nothing of Headrace."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiokafka  # type: ignore[import-untyped]

from eventlog.kafka import Cluster, KafkaLog
from tests.contracts.logs import PARTITIONS, append, draft, stream_in
from tests.servers.kafka_shared import kafka_bootstrap


async def test_another_program_reads_cloud_events_with_a_plain_consumer(tmp_path: Path) -> None:
    prefix, stream = f"test-{uuid4().hex[:12]}", stream_in(2)
    log = await KafkaLog.open(
        Cluster(servers=kafka_bootstrap()), prefix, tmp_path, partitions=PARTITIONS
    )
    await append(log, draft(stream, 1, trace="00-0af7651916cd43dd8448eb211c80319c-b7ad6b71-01"))
    await append(log, draft(stream, 2, actor=None, command_id="Ünï"))
    await log.close()

    client: Any = aiokafka
    consumer = client.AIOKafkaConsumer(
        f"{prefix}.events",
        bootstrap_servers=kafka_bootstrap(),
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        first, second = [await consumer.getone() for _ in range(2)]
    finally:
        await consumer.stop()

    assert (first.partition, first.key.decode()) == (2, stream)
    assert json.loads(first.value) == {"amount": "1"}
    assert {name: value.decode() for name, value in first.headers} == {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": f"{stream}/1",
        "ce_type": "sample.Deposited",
        "ce_source": f"/{prefix}",
        "ce_subject": stream,
        "ce_time": "2026-01-02T03:04:05.678901+00:00",
        "ce_streamversion": "1",
        "ce_schemaversion": "1",
        "ce_commandid": f"command {stream} 1",
        "ce_correlationid": "correlation",
        "ce_causationid": "causation",
        "ce_actor": "ann",
        "ce_traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b71-01",
    }
    named = {name: value.decode() for name, value in second.headers}
    assert named["ce_commandid"] == "Ünï"
    assert "ce_actor" not in named
    assert "ce_traceparent" not in named
