"""Settings: options over environment over defaults, and sentences for what is wrong."""

import argparse
import logging
from pathlib import Path

import pytest

from api.settings import Settings, SettingsError, add_options, is_loopback, settings_from

SECRET = "s" * 32


def options(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_options(parser)
    return parser.parse_args(given)


def test_without_anything_the_defaults_hold() -> None:
    settings = settings_from(options(), {})
    assert settings == Settings()
    assert (settings.host, settings.port, settings.data) == ("127.0.0.1", 8000, Path("var"))
    assert (settings.page_max, settings.body_bytes_max, settings.wait_s_max) == (500, 1048576, 5.0)


def test_an_option_wins_over_the_environment_and_that_over_the_default() -> None:
    environ = {"HEADRACE_PORT": "9001", "HEADRACE_DATA": "/tmp/there", "HEADRACE_DEPTH_MAX": "7"}
    settings = settings_from(options("--port", "9002"), environ)
    assert (settings.port, settings.data, settings.depth_max) == (9002, Path("/tmp/there"), 7)


def test_without_options_the_environment_alone_is_read() -> None:
    assert settings_from(None, {"HEADRACE_HOST": "localhost"}).host == "localhost"


def test_each_setting_is_an_option_and_a_variable() -> None:
    for name in Settings.__dataclass_fields__:
        assert hasattr(options(), name)
    assert settings_from(options("--send-timeout-s", "1.5"), {}).send_timeout_s == 1.5
    assert settings_from(options(), {"HEADRACE_SEND_TIMEOUT_S": "1.5"}).send_timeout_s == 1.5


BOTH = {"HEADRACE_KAFKA": "k:9092", "HEADRACE_MONGO": "mongodb://m"}


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"HEADRACE_PORT": "http"}, ["--port", "HEADRACE_PORT", "whole number", "65535", "http"]),
        ({"HEADRACE_PORT": "70000"}, ["--port", "65535", "70000"]),
        ({"HEADRACE_PORT": "-1"}, ["--port", "0"]),
        ({"HEADRACE_PORT": "8000.5"}, ["--port", "whole number"]),
        ({"HEADRACE_WAIT_S_MAX": "nan"}, ["--wait-s-max", "a number"]),
        ({"HEADRACE_WAIT_S_MAX": "inf"}, ["--wait-s-max", "a number"]),
        ({"HEADRACE_DEPTH_MAX": "0"}, ["--depth-max", "from 1"]),
        ({"HEADRACE_HOST": ""}, ["--host", "not empty"]),
        ({"HEADRACE_JWT_SECRET": "short"}, ["--jwt-secret", "32 bytes", "5"]),
        ({"HEADRACE_JWKS_URL": "file:///etc/passwd"}, ["--jwks-url", "https://"]),
        ({"HEADRACE_JWKS_URL": "https://[broken"}, ["--jwks-url", "https://"]),
        ({"HEADRACE_JWKS_URL": "https://x", "HEADRACE_JWKS_FILE": "y"}, ["--jwks-url", "either"]),
        ({"HEADRACE_PERSISTED_QUERIES": "yes"}, ["--persisted-queries", "on, off", "'yes'"]),
        ({"HEADRACE_KAFKA": "k:9092"}, ["--kafka", "needs --mongo"]),
        ({"HEADRACE_MONGO": "mongodb://m"}, ["--mongo", "needs --kafka"]),
        ({"HEADRACE_PARTS": "api"}, ["--parts", "--kafka", "--mongo", "one process"]),
        (BOTH | {"HEADRACE_PARTS": "api,reader"}, ["--parts", "projector", "'api,reader'"]),
        (BOTH | {"HEADRACE_PARTS": ","}, ["--parts", "api, projector, writer"]),
        (BOTH | {"HEADRACE_KAFKA_SECURITY": "TLS"}, ["--kafka-security", "SASL_SSL", "'TLS'"]),
        (BOTH | {"HEADRACE_KAFKA_SASL": "GSSAPI"}, ["--kafka-sasl", "SCRAM-SHA-512", "'GSSAPI'"]),
        (BOTH | {"HEADRACE_KAFKA_SECURITY": "SASL_SSL"}, ["--kafka-username", "--kafka-password"]),
    ],
)
def test_a_wrong_value_gives_a_sentence_that_names_it(
    environ: dict[str, str], words: list[str]
) -> None:
    with pytest.raises(SettingsError) as raised:
        settings_from(options(), environ)
    assert all(word in str(raised.value) for word in words)


def test_a_secret_is_never_in_what_goes_wrong() -> None:
    with pytest.raises(SettingsError) as raised:
        Settings(jwt_secret="hush")
    assert "hush" not in str(raised.value)


def test_an_unknown_variable_is_warned_of_with_the_likely_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        settings_from(options(), {"HEADRACE_PROT": "1", "OTHER_PROT": "1"})
    assert caplog.messages == [
        "HEADRACE_PROT is not a setting and is ignored; did you mean HEADRACE_PORT?"
    ]


def test_redacted_shows_every_setting_and_no_secret() -> None:
    settings = Settings(jwt_secret=SECRET, port=9)
    lines = settings.redacted()
    assert len(lines) == len(Settings.__dataclass_fields__)
    assert "jwt_secret = ***" in lines
    assert "port = 9" in lines
    assert SECRET not in "\n".join(lines) + repr(settings)
    assert "jwt_secret = (none)" in Settings().redacted()


def test_an_empty_variable_leaves_an_optional_setting_out() -> None:
    settings = settings_from(options(), {"HEADRACE_JWT_SECRET": "", "HEADRACE_JWKS_FILE": ""})
    assert settings.development


def test_without_a_key_the_server_is_in_development_mode() -> None:
    assert Settings().development
    assert not Settings(jwt_secret=SECRET).development
    assert not Settings(jwks_file=Path("keys")).development
    assert not Settings(jwks_url="https://keys.example").development


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.com"])
def test_development_mode_is_refused_anywhere_but_on_loopback(host: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings(host=host)
    assert "HEADRACE_JWT_SECRET" in str(raised.value)
    assert Settings(host=host, jwt_secret=SECRET).host == host


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "Localhost."]
)
def test_loopback_has_several_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "localhost.example.com", "127.0.0.1.nip.io"])
def test_what_only_looks_like_loopback_is_not(host: str) -> None:
    assert not is_loopback(host)


def test_the_help_names_the_variable_and_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        options("--help")
    assert "HEADRACE_PORT, 8000" in " ".join(capsys.readouterr().out.split())


def test_the_parts_of_a_process_are_all_of_them_unless_named() -> None:
    assert settings_from(environ={}).parts_named == {"api", "writer", "projector"}
    named = settings_from(environ=BOTH | {"HEADRACE_PARTS": " writer, projector"})
    assert named.parts_named == {"writer", "projector"}


def test_the_uri_of_mongodb_is_not_printed() -> None:
    settings = settings_from(environ=BOTH | {"HEADRACE_MONGO": "mongodb://ann:hush@m/x"})
    assert not any("hush" in line for line in settings.redacted())
