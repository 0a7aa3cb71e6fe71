"""What `headrace serve` says of a Kafka or a MongoDB that it cannot work with, in a sentence."""

from pathlib import Path

import pytest

from tests.endtoend.cluster import Cluster, cluster
from tests.servers.mongo import MongoServer
from tests.servers.process import free_port
from tests.servers.secured import secured_kafka, secured_mongo
from tests.serving import headrace
from tests.shop import Shop


@pytest.fixture
def here(tmp_path: Path) -> Cluster:
    return cluster(tmp_path)


async def refused(here: Cluster, **env: str) -> str:
    """What the server says that does not start."""
    status, _, errors = await headrace(
        "serve", **here.env | {"DATA": str(here.directory), "PORT": "0"} | env
    )
    assert status == 1, errors
    assert "Traceback" not in errors
    return errors


async def test_a_kafka_that_is_not_there(here: Cluster) -> None:
    address = f"127.0.0.1:{free_port()}"
    said = await refused(here, KAFKA=address)
    assert f"Kafka at {address} cannot be used: " in said
    assert "refused" in said


async def test_a_mongodb_that_is_not_there(here: Cluster) -> None:
    uri = f"mongodb://127.0.0.1:{free_port()}/x?serverSelectionTimeoutMS=500"
    assert "MongoDB is out of reach" in await refused(here, MONGO=uri)


async def test_what_is_no_uri(here: Cluster) -> None:
    assert "this is no URI of a MongoDB" in await refused(here, MONGO="localhost:27017/x")


async def test_a_mongodb_without_a_replica_set(here: Cluster) -> None:
    with_none = MongoServer(is_replica_set=False)
    try:
        with_none.start()
        said = await refused(here, MONGO=f"mongodb://127.0.0.1:{with_none.port}/x")
        assert "no replica set" in said
    finally:
        with_none.stop()


async def test_a_log_with_another_number_of_partitions(here: Cluster) -> None:
    async with here.process("first"):
        pass
    said = await refused(here, KAFKA_PARTITIONS="7")
    assert "has 6 partitions, which is fixed for ever; it cannot be opened with 7" in said


async def test_the_wrong_password(here: Cluster) -> None:
    kafka, mongo = secured_kafka(), secured_mongo()
    by_password = {
        "KAFKA": kafka.by_password,
        "KAFKA_SECURITY": "SASL_SSL",
        "KAFKA_USERNAME": kafka.username,
        "KAFKA_PASSWORD": "wrong",
        "KAFKA_CA_FILE": str(kafka.ca_file),
    }
    said = await refused(here, **by_password)
    assert f"Kafka at {kafka.by_password} cannot be used: " in said
    assert "uthentication" in said
    said = await refused(here, **by_password, KAFKA_CERT_FILE="/nowhere.pem")
    assert "the certificates for Kafka cannot be read" in said
    address = f"mongodb://{mongo.username}:wrong@{mongo.address}/{mongo.database}"
    said = await refused(here, MONGO=f"{address}?tls=true&tlsCAFile={mongo.ca_file}")
    assert "MongoDB refuses: Authentication failed" in said
    assert "wrong" not in said.replace("wrong password", "")


async def test_who_is_let_in_by_password_and_certificate_serves(tmp_path: Path) -> None:
    kafka = secured_kafka()
    here = cluster(tmp_path, kafka=kafka.by_password)
    here.env["MONGO"] = secured_mongo().uri
    here.env["KAFKA_CA_FILE"] = str(kafka.ca_file)
    by_password = {
        "KAFKA_SECURITY": "SASL_SSL",
        "KAFKA_SASL": "SCRAM-SHA-512",
        "KAFKA_USERNAME": kafka.username,
        "KAFKA_PASSWORD": kafka.password,
        "PARTS": "api",
    }
    by_certificate = {
        "KAFKA": kafka.by_certificate,
        "KAFKA_SECURITY": "SSL",
        "KAFKA_CERT_FILE": str(kafka.client.certificate),
        "KAFKA_KEY_FILE": str(kafka.client.key),
        "PARTS": "writer,projector",
    }
    async with (
        here.process("work", **by_certificate),
        here.process("api", **by_password) as server,
    ):
        shop = Shop(server)
        accepted = await shop.list("cd")
        assert accepted["version"] == 1
        assert await shop.product("cd") is not None
        assert kafka.password not in server.printed()


async def test_an_import_is_for_the_embedded_engine(here: Cluster, tmp_path: Path) -> None:
    file = tmp_path / "commands.jsonl"
    file.write_text("")
    status, _, errors = await headrace("import", str(file), **here.env)
    assert status == 1
    assert "import is for the embedded engine" in errors
