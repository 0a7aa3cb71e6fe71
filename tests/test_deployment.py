"""What is shipped beside the code says nothing that the code does not know."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.settings import Settings, settings_from

ROOT = Path(__file__).parent.parent
SECRET = "x" * 48


@pytest.fixture(scope="module")
def service() -> dict[str, Any]:
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["services"]["headrace"]
    return found


@pytest.mark.parametrize("file", ["docker-compose.yml", "Dockerfile", "Makefile"])
def test_every_variable_that_is_named_is_a_setting(file: str) -> None:
    text = (ROOT / file).read_text("utf-8")
    # HEADRACE_TEST_MONGO and its like name servers for the tests, and are no server's settings.
    named = set(re.findall(r"\bHEADRACE_(?!TEST_)[A-Z_]+", text))
    known = {f"HEADRACE_{field.upper()}" for field in Settings.__dataclass_fields__}
    assert named - known == set()


def test_the_composed_server_listens_with_a_key_and_keeps_its_data_in_the_volume(
    service: dict[str, Any],
) -> None:
    environment: dict[str, str] = dict(service["environment"])
    assert environment["HEADRACE_JWT_SECRET"].startswith("${HEADRACE_JWT_SECRET:?")
    settings = settings_from(environ=environment | {"HEADRACE_JWT_SECRET": SECRET})
    assert not settings.development
    assert settings.host == "0.0.0.0"
    assert service["ports"] == [f"{settings.port}:{settings.port}"]
    assert service["volumes"] == [f"data:{settings.data}"]


def test_the_composed_server_counts_as_healthy_once_it_is_ready(service: dict[str, Any]) -> None:
    check = " ".join(service["healthcheck"]["test"])
    assert f":{service['environment']['HEADRACE_PORT']}/health/ready" in check
