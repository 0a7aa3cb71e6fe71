"""What `headrace` says and does, command by command."""

import json
from pathlib import Path

import jwt
import pytest
from graphql import build_schema

from api.cli import main
from api.contexts import shipped
from tests.alone import SHIPPED
from tests.serving import headrace, running_server
from tests.shop import Shop

SECRET = "a secret that is long enough for HS256, and known here only"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The settings of whoever runs the tests stay out of these; data goes to a place of its own."""
    for name in ("JWT_SECRET", "HOST", "PORT"):
        monkeypatch.delenv(f"HEADRACE_{name}", raising=False)
    monkeypatch.setenv("HEADRACE_DATA", str(tmp_path / "data"))


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org", "::"])
def test_development_mode_is_for_this_machine_only(
    host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--host", host]) == 1
    errors = capsys.readouterr().err
    assert errors.startswith("headrace: No key is configured")
    assert "HEADRACE_JWT_SECRET" in errors


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("serve --port many", "--port"),
        ("serve --page-max nan", "--page-max"),
        ("serve --host 192.0.2.1 --jwt-secret " + "x" * 40, "cannot listen on 192.0.2.1"),
        ("token --sub " + "x" * 201, "sub"),
        ("import missing.jsonl", "missing.jsonl"),
    ],
)
def test_a_wrong_option_is_a_sentence(
    arguments: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments.split()) == 1
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "advice"), [("log.sqlite", "restore it"), ("documents.sqlite", "builds it anew")]
)
def test_a_damaged_file_is_named_with_what_to_do(
    tmp_path: Path, file: str, advice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / file).write_bytes(b"no database at all, and longer than a header " * 9)
    assert main(["serve", "--port", "0"]) == 1
    errors = capsys.readouterr().err
    assert f"{tmp_path / 'data' / file} cannot be opened" in errors
    assert advice in errors


@pytest.mark.parametrize("hours", ["0", "-1", "nan", "inf", "long", "1e300"])
def test_a_token_is_valid_for_some_time(hours: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["token", "--sub", "ada", f"--ttl={hours}"])
    assert "--ttl: give more than 0" in capsys.readouterr().err


async def test_settings_are_printed_at_the_start_without_their_secrets(tmp_path: Path) -> None:
    """And a token of the same secret opens the server, which is in development no more."""
    async with running_server(tmp_path / "data", JWT_SECRET=SECRET, PAGE_MAX="70") as server:
        printed = server.printed()
        assert "  jwt_secret = ***\n" in printed
        assert "  page_max = 70\n" in printed
        assert f"  data = {tmp_path / 'data'}\n" in printed
        assert SECRET not in printed
        assert "Development mode" not in printed
        await Shop(server).list("cd")
        answer = await server.graphql("{ products(first: 71) { totalCount } }")
        assert answer["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"

        key = {"DATA": str(tmp_path / "data"), "JWT_SECRET": SECRET}
        status, output, _ = await headrace("token", "--sub=ada", "--role=clerk", **key)
        assert status == 0
        query = "{ payments(first: 1) { totalCount } }"
        assert "errors" not in await server.graphql(query, token=output.strip())
        other = {"DATA": str(tmp_path / "other")}
        status, output, _ = await headrace("token", "--sub=ada", "--role=clerk", **other)
        answer = await server.graphql(query, token=output.strip())
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_a_token_says_who_one_is_and_for_how_long(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--sub", "ada", "--role", "clerk", "--role", "analyst", "--ttl", "1"]
    assert main(["token", *arguments]) == 0
    token = capsys.readouterr().out.strip()
    key = (tmp_path / "data" / "development.key").read_text().strip()
    claims = jwt.decode(token, key, algorithms=["HS256"])
    assert (claims["sub"], claims["roles"]) == ("ada", ["analyst", "clerk"])
    assert claims["exp"] - claims["iat"] == 3600


async def test_development_mode_serves_ready_tokens_health_and_the_printed_schema(
    tmp_path: Path,
) -> None:
    async with running_server(tmp_path / "data", MODEL=SHIPPED) as server:
        said = server.printed().partition("Development mode")[2].splitlines()
        tokens = dict(line.strip().split(": ") for line in said if ": eyJ" in line)
        assert set(tokens) == shipped().roles | {"everything"}
        assert {"clerk", "customer", "warehouse"} < set(tokens)
        query = "{ payments { totalCount } }"
        assert "errors" not in await server.graphql(query, token=tokens["clerk"])
        assert "errors" in await server.graphql(query, token=tokens["customer"])

        await Shop(server).list("cd")
        assert (await server.http.get("/health/live")).json() == {"live": True}
        parts = json.loads((await server.http.get("/health/ready")).text)["parts"]
        assert {"writer", "process fulfilment"} < parts.keys()
        assert parts["projection Product"]["last_error"] is None
        assert (await server.metric("headrace_writer_commands_total")) == 1

        status, output, errors = await headrace("schema")
        assert (status, errors) == (0, "")
        printed = build_schema(output)
        query = "{ __schema { types { name fields { name } } } }"
        answer = await server.data(query)
    served = {each["name"]: each for each in answer["__schema"]["types"]}
    assert served.keys() == printed.type_map.keys()
    assert printed.mutation_type is not None
    fields = {each["name"] for each in served["Mutation"]["fields"]}
    assert fields == printed.mutation_type.fields.keys()
