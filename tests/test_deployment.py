"""What is shipped beside the code says nothing that the code does not know."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from pymongo.uri_parser import parse_uri

from api.settings import Settings, settings_from
from readmodels.mongo_collections import VERSION_MIN
from tests.servers.kafka import CONFIGURATION
from tests.servers.kafka_jars import POM, libraries
from tests.servers.process import NoServer
from tests.servers.shared import no_server

ROOT = Path(__file__).parent.parent
SECRET = "x" * 48
WHOLE, EMBEDDED = "docker-compose.yml", "docker-compose.embedded.yml"
GIB = 1024**3
MEMORY_BYTES_MAX = 4 * GIB
ALONE = {
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
}
"""What a broker has to be told that has nobody to copy its own topics, and makes none unasked."""
ADDRESSES = {
    "listeners",
    "advertised.listeners",
    "listener.security.protocol.map",
    "controller.quorum.voters",
    "log.dirs",
}
"""What differs with where a broker runs."""
POM_NAMES = {"": "http://maven.apache.org/POM/4.0.0"}

Service = dict[str, Any]


def read(file: str) -> str:
    return (ROOT / file).read_text("utf-8")


def services(file: str) -> dict[str, Service]:
    found: dict[str, Service] = yaml.safe_load(read(file))["services"]
    return found


def headraces(file: str) -> dict[str, Service]:
    """The services that are built here."""
    return {name: each for name, each in services(file).items() if "build" in each}


def settings_of(service: Service) -> Settings:
    environment: dict[str, str] = dict(service["environment"])
    assert environment["HEADRACE_JWT_SECRET"].startswith("${HEADRACE_JWT_SECRET:?")
    return settings_from(environ=environment | {"HEADRACE_JWT_SECRET": SECRET})


def bytes_of(size: str) -> float:
    """Of a size as Docker and the JVM write it, such as 512m."""
    return float(size[:-1]) * 1024.0 ** ("kmg".index(size[-1]) + 1)


@pytest.fixture(scope="module")
def kafka() -> Service:
    return services(WHOLE)["kafka"]


@pytest.fixture(scope="module")
def mongo() -> Service:
    return services(WHOLE)["mongo"]


@pytest.fixture(scope="module")
def broker(kafka: Service) -> dict[str, str]:
    """The broker's settings, by the names that Kafka has for them."""
    environment: dict[str, str] = dict(kafka["environment"])
    return {
        name.removeprefix("KAFKA_").replace("_", ".").lower(): value
        for name, value in environment.items()
        if name.startswith("KAFKA_") and name != "KAFKA_HEAP_OPTS"
    }


def option(service: Service, name: str) -> str:
    command: list[str] = service["command"]
    return command[command.index(name) + 1]


@pytest.mark.parametrize("file", [WHOLE, EMBEDDED, "Dockerfile", "Makefile", "README.md"])
def test_every_variable_that_is_named_is_a_setting(file: str) -> None:
    # HEADRACE_TEST_MONGO and its like name servers for the tests, and are no server's settings.
    named = set(re.findall(r"\bHEADRACE_(?!TEST_)[A-Z_]+", read(file)))
    known = {f"HEADRACE_{field.upper()}" for field in Settings.__dataclass_fields__}
    assert named - known == set()


def test_every_option_for_a_cluster_that_the_readme_names_is_one() -> None:
    named = set(re.findall(r"--((?:kafka|mongo|parts|data|host|port)\b[a-z-]*)", read("README.md")))
    assert named - {field.replace("_", "-") for field in Settings.__dataclass_fields__} == set()


@pytest.mark.parametrize("file", [WHOLE, EMBEDDED])
def test_a_composed_server_listens_with_a_key_and_counts_as_healthy_once_it_is_ready(
    file: str,
) -> None:
    for service in headraces(file).values():
        settings = settings_of(service)
        assert not settings.development
        assert settings.host == "0.0.0.0"
        check = " ".join(service["healthcheck"]["test"])
        assert f"127.0.0.1:{settings.port}/health/ready" in check


@pytest.mark.parametrize(("file", "volume"), [(WHOLE, "headrace"), (EMBEDDED, "data")])
def test_the_one_that_answers_is_published_and_keeps_its_data_in_a_volume(
    file: str, volume: str
) -> None:
    service = services(file)["headrace"]
    settings = settings_of(service)
    assert "api" in settings.parts_named
    assert service["ports"] == [f"{settings.port}:{settings.port}"]
    assert service["volumes"] == [f"{volume}:{settings.data}"]


def test_both_files_run_the_server_in_the_same_way() -> None:
    own = {"environment", "volumes", "depends_on"}
    whole, embedded = services(WHOLE)["headrace"], services(EMBEDDED)["headrace"]
    assert {name: each for name, each in whole.items() if name not in own} == {
        name: each for name, each in embedded.items() if name not in own
    }
    engines = {"HEADRACE_KAFKA", "HEADRACE_MONGO"}
    assert set(whole["environment"]) - set(embedded["environment"]) == engines


def test_a_worker_can_be_many_since_it_shares_neither_a_port_nor_a_directory() -> None:
    worker = services(WHOLE)["worker"]
    settings = settings_of(worker)
    assert settings.parts_named == {"writer", "projector"}
    assert not {"ports", "volumes", "container_name"} & set(worker)
    assert f"VOLUME {settings.data}\n" in read("Dockerfile")


@pytest.mark.parametrize("file", [WHOLE, EMBEDDED])
def test_every_service_is_watched_limited_and_started_again(file: str) -> None:
    for name, service in services(file).items():
        assert service["healthcheck"]["test"], name
        assert bytes_of(service["mem_limit"]) > 0, name
        assert service["restart"] == "unless-stopped", name
        assert service["stop_grace_period"], name
    always = [each for each in services(file).values() if "profiles" not in each]
    assert sum(bytes_of(each["mem_limit"]) for each in always) <= MEMORY_BYTES_MAX


@pytest.mark.parametrize("file", [WHOLE, EMBEDDED])
def test_every_volume_is_used_and_declared_and_only_the_api_is_published(file: str) -> None:
    used = [each for service in services(file).values() for each in service.get("volumes", [])]
    assert sorted(each.split(":")[0] for each in used) == sorted(
        yaml.safe_load(read(file))["volumes"]
    )
    assert [name for name, each in services(file).items() if "ports" in each] == ["headrace"]


def test_the_servers_are_started_before_those_who_need_them() -> None:
    for service in headraces(WHOLE).values():
        assert service["depends_on"] == {
            name: {"condition": "service_healthy"} for name in ("kafka", "mongo")
        }


def test_the_broker_is_the_version_that_the_tests_run(kafka: Service) -> None:
    dependencies = ElementTree.parse(POM).iterfind(".//dependency", POM_NAMES)
    versions = {each.findtext("artifactId", None, POM_NAMES): each for each in dependencies}
    version = versions["kafka_2.13"].findtext("version", None, POM_NAMES)
    assert kafka["image"] == f"apache/kafka:{version}"


def test_the_broker_is_set_as_the_one_of_the_tests(broker: dict[str, str]) -> None:
    lines = (line.split("=", 1) for line in CONFIGURATION.splitlines())
    tested = {name: value for name, value in lines if name not in ADDRESSES}
    assert {name: broker[name] for name in tested if name in broker} == {
        name: tested[name] for name in broker if name in tested
    }
    assert ALONE.items() <= broker.items()


def test_the_broker_is_found_where_headrace_and_its_check_look_for_it(
    kafka: Service, broker: dict[str, str]
) -> None:
    address = broker["advertised.listeners"].removeprefix("PLAINTEXT://")
    assert address.split(":")[0] == kafka["hostname"] == "kafka"
    assert f"PLAINTEXT://:{address.split(':')[1]}" in broker["listeners"].split(",")
    assert f"--bootstrap-server {address} " in kafka["healthcheck"]["test"][1]
    assert {settings_of(each).kafka for each in headraces(WHOLE).values()} == {address}


def test_the_broker_keeps_its_log_in_the_volume(kafka: Service, broker: dict[str, str]) -> None:
    assert kafka["volumes"] == [f"kafka:{broker['log.dirs']}"]


def test_the_image_makes_a_configuration_of_the_variables(
    kafka: Service, broker: dict[str, str], tmp_path: Path
) -> None:
    """By the program that does it there: it is one of Kafka's jars, and formats the log as well."""
    try:
        jars = libraries()
    except NoServer as fault:
        no_server(fault)
    folders = {name: tmp_path / name for name in ("default", "mounted", "final")}
    for each in folders.values():
        each.mkdir()
    for name in ("log4j2.yaml", "tools-log4j2.yaml"):
        (folders["default"] / name).write_text(
            "Configuration:\n  Loggers:\n    Root:\n      level: INFO\n"
        )
    made = subprocess.run(
        [
            *("java", "-cp", f"{jars}/*", "kafka.docker.KafkaDockerWrapper", "setup"),
            *(f"--{name}-configs-dir={folder}" for name, folder in folders.items()),
        ],
        env={**os.environ, **kafka["environment"], "KAFKA_LOG_DIRS": str(tmp_path / "log")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr[-2000:]
    # It prints every setting that it knows; what it does not know, it passes over without a word.
    known = set(re.findall(r"^\t([a-z.]+) = ", made.stderr, re.MULTILINE))
    assert set(broker) - known == set()


def test_the_documents_are_found_where_the_set_says_that_it_is(mongo: Service) -> None:
    check = mongo["healthcheck"]["test"][-1]
    made = re.search(r'_id: "(\w+)", members: \[\{ _id: 0, host: "([\w:]+)" \}\]', check)
    assert made is not None
    name, member = made.groups()
    assert name == option(mongo, "--replSet")
    assert member.split(":")[0] == mongo["hostname"] == "mongo"
    assert "--bind_ip_all" in mongo["command"]
    for service in headraces(WHOLE).values():
        uri = settings_of(service).mongo
        assert uri is not None
        parsed = parse_uri(uri)
        assert parsed["options"]["replicaSet"] == name
        assert [f"{host}:{port}" for host, port in parsed["nodelist"]] == [member]


def test_mongodb_is_one_that_headrace_opens(mongo: Service) -> None:
    image, version = mongo["image"].split(":")
    assert image == "mongo"
    assert tuple(map(int, version.split("."))) >= VERSION_MIN


def test_heap_and_cache_take_half_of_their_containers_at_most(
    kafka: Service, mongo: Service
) -> None:
    heap = kafka["environment"]["KAFKA_HEAP_OPTS"].split("-Xmx")[1]
    assert bytes_of(heap) <= bytes_of(kafka["mem_limit"]) / 2
    cache = float(option(mongo, "--wiredTigerCacheSizeGB")) * GIB
    assert cache <= bytes_of(mongo["mem_limit"]) / 2


def test_a_signal_to_the_container_reaches_headrace() -> None:
    # As a list: by a shell it would reach that, and nobody else.
    assert read("Dockerfile").endswith('CMD ["headrace", "serve"]\n')
    for service in (*headraces(WHOLE).values(), *headraces(EMBEDDED).values()):
        assert service["init"] is True
        assert float(service["stop_grace_period"].removesuffix("s")) > 2 * Settings().drain_s_max
