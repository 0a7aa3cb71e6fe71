"""The log on a Kafka that lets in by TLS alone, and only those who say who they are."""

import ssl
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from eventlog.kafka import Cluster, KafkaLog
from eventlog.kafka_client import KafkaConnectionError
from tests.contracts.logs import PARTITIONS, append, draft, stream_in, taken
from tests.servers.secured import SecuredKafka, secured_kafka

STREAMS = [stream_in(partition) for partition in range(PARTITIONS)]


@pytest.fixture
def kafka() -> SecuredKafka:
    return secured_kafka()


def by_password(kafka: SecuredKafka, mechanism: str, password: str) -> Cluster:
    options: dict[str, Any] = {
        "security_protocol": "SASL_SSL",
        "ssl_context": ssl.create_default_context(cafile=str(kafka.ca_file)),
        "sasl_mechanism": mechanism,
        "sasl_plain_username": kafka.username,
        "sasl_plain_password": password,
    }
    return Cluster(servers=kafka.by_password, options=options)


def by_certificate(kafka: SecuredKafka, *, has_one: bool) -> Cluster:
    context = ssl.create_default_context(cafile=str(kafka.ca_file))
    if has_one:
        context.load_cert_chain(kafka.client.certificate, kafka.client.key)
    options = {"security_protocol": "SSL", "ssl_context": context}
    return Cluster(servers=kafka.by_certificate, options=options)


async def opened(cluster: Cluster, directory: Path) -> KafkaLog:
    prefix = f"test-{uuid4().hex[:12]}"
    return await KafkaLog.open(cluster, prefix, directory, partitions=PARTITIONS)


async def is_of_use(cluster: Cluster, directory: Path) -> None:
    """What is appended is there, for the one who looks it up and for the one who follows."""
    log = await opened(cluster, directory)
    try:
        recorded = await append(log, *(draft(stream, 1) for stream in STREAMS))
        assert await log.history(STREAMS[0], 0, 10) == recorded[:1]
        assert sorted(await taken(log, PARTITIONS), key=lambda each: each.position) == sorted(
            recorded, key=lambda each: each.position
        )
    finally:
        await log.close()


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
async def test_a_password_lets_the_log_in(
    kafka: SecuredKafka, mechanism: str, tmp_path: Path
) -> None:
    await is_of_use(by_password(kafka, mechanism, kafka.password), tmp_path)


async def test_a_certificate_lets_the_log_in(kafka: SecuredKafka, tmp_path: Path) -> None:
    await is_of_use(by_certificate(kafka, has_one=True), tmp_path)


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
async def test_a_wrong_password_is_said_at_once(
    kafka: SecuredKafka, mechanism: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("ERROR", logger="aiokafka")
    with pytest.raises(KafkaConnectionError, match="Unable to bootstrap"):
        await opened(by_password(kafka, mechanism, "a wrong one"), tmp_path)
    # The library keeps the reason for its log.
    assert "SaslAuthenticationFailed: Authentication failed" in caplog.text


async def test_without_a_certificate_the_log_is_refused_at_once(
    kafka: SecuredKafka, tmp_path: Path
) -> None:
    with pytest.raises(KafkaConnectionError, match="Unable to bootstrap"):
        await opened(by_certificate(kafka, has_one=False), tmp_path)
