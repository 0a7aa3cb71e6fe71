"""The events as another program sees them: with any Kafka client, and nothing of Headrace."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiokafka  # type: ignore[import-untyped]
import pytest

from eventlog.envelope import Recorded
from eventlog.kafka import Cluster, KafkaLog
from eventlog.kafka_records import message_of, recorded_of
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


@dataclass(frozen=True)
class Read:
    """A record as it was read."""

    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    topic: str = "bank.events"
    partition: int = 2
    offset: int = 7
    key: bytes | None = b"key"


WRITTEN = draft(stream_in(2), 1, actor="ann", trace="00-0af7")
READ = Read(b'{"amount": "1"}', [*message_of(WRITTEN, "/bank").headers])


def test_headers_may_come_in_any_order_with_others_among_them() -> None:
    others: list[tuple[str, bytes | None]] = [("added-on-the-way", b"\xff"), ("empty", None)]
    found = recorded_of(replace(READ, headers=[*others, *reversed(READ.headers)]))
    assert found == recorded_of(READ)
    assert (found.actor, found.trace) == ("ann", "00-0af7")


def test_whoever_acted_may_be_nobody() -> None:
    for nobody in ([], [("ce_actor", None)]):
        headers = [each for each in READ.headers if each[0] != "ce_actor"] + nobody
        found: Recorded = recorded_of(replace(READ, headers=headers))
        assert found.actor is None


@pytest.mark.parametrize("value", [None, b"\xff", b"eleven", b""])
def test_a_record_with_a_broken_header_is_named(value: bytes | None) -> None:
    headers = [each for each in READ.headers if each[0] != "ce_streamversion"]
    with pytest.raises(ValueError, match=r"the record at 2:7 of bank\.events is no event"):
        recorded_of(replace(READ, headers=[*headers, ("ce_streamversion", value)]))
    with pytest.raises(ValueError, match=r"the record at 2:7 of bank\.events is no event"):
        recorded_of(replace(READ, headers=headers))
