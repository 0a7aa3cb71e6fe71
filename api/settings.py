"""Every setting of a server: read once, from options over the environment over defaults."""

# ruff: noqa: RUF009 - `_setting` only wraps `dataclasses.field`

import argparse
import dataclasses
import difflib
import ipaddress
import logging
import math
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

__all__ = ["Settings", "SettingsError", "add_options", "is_loopback", "settings_from"]

T = TypeVar("T")
PREFIX = "HEADRACE_"
SECRET_BYTES_MIN = 32
PARTS = frozenset({"api", "writer", "projector"})
KAFKA_SECURITY = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
SWITCH = ("on", "off")
KAFKA_SASL = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_log = logging.getLogger("headrace.settings")


class SettingsError(ValueError):
    """A setting is wrong; the message is a sentence that names it and what it accepts."""


def _setting(
    default: T,
    about: str,
    *,
    least: float | None = None,
    most: float | None = None,
    secret: bool = False,
) -> T:
    meta = {"about": about, "least": least, "most": most, "secret": secret}
    return field(default=default, metadata=meta, repr=not secret)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a server is told at its start. A unit stands last in a name, `_max` after it."""

    model: str = _setting("api.contexts:shipped", "what is served: package.module:function")
    host: str = _setting("127.0.0.1", "address to listen on")
    port: int = _setting(8000, "port to listen on; 0 takes a free one", least=0, most=65535)
    data: Path = _setting(Path("var"), "directory that holds everything kept")

    kafka: str | None = _setting(None, "Kafka's brokers, host:port,...; needs --mongo too")
    kafka_prefix: str = _setting("headrace", "what the names of the topics begin with")
    kafka_partitions: int = _setting(12, "partitions; fixed for ever", least=1, most=10_000)
    kafka_session_s: float = _setting(6.0, "silence after which a process is gone", least=0.5)
    kafka_security: str = _setting("PLAINTEXT", "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL")
    kafka_sasl: str = _setting("SCRAM-SHA-512", "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
    kafka_username: str | None = _setting(None, "user at Kafka, with SASL")
    kafka_password: str | None = _setting(None, "its password", secret=True)
    kafka_ca_file: Path | None = _setting(None, "PEM file of who signed the brokers' certificates")
    kafka_cert_file: Path | None = _setting(None, "PEM file of this process' certificate")
    kafka_key_file: Path | None = _setting(None, "PEM file of its key, if not in the same file")
    mongo: str | None = _setting(None, "MongoDB's URI; its path names the database", secret=True)
    parts: str = _setting("api,writer,projector", "what this process does, with Kafka and MongoDB")

    jwt_secret: str | None = _setting(None, "HS256 secret, 32 bytes at least", secret=True)
    jwks_file: Path | None = _setting(None, "JWKS file with RS256 or ES256 public keys")
    jwks_url: str | None = _setting(None, "JWKS address with RS256 or ES256 public keys")
    jwks_interval_s: float = _setting(30.0, "least time between two fetches", least=1, most=3600)
    jwks_age_s_max: float = _setting(600.0, "age at which keys are fetched again", least=1)
    jwks_timeout_s: float = _setting(5.0, "longest wait for a fetch of keys", least=0.1, most=60)
    jwt_issuer: str | None = _setting(None, "the `iss` that tokens must carry")
    jwt_audience: str | None = _setting(None, "the `aud` that tokens must carry")
    jwt_leeway_s: float = _setting(0.0, "tolerance for clocks that differ", least=0, most=300)

    depth_max: int = _setting(15, "levels of an operation", least=1)
    aliases_max: int = _setting(30, "aliases in an operation", least=0)
    root_fields_max: int = _setting(30, "root fields of an operation", least=1)
    directives_max: int = _setting(50, "directives in a document", least=0)
    tokens_max: int = _setting(2000, "tokens of a document", least=1)
    cost_max: int = _setting(100_000, "fields that an operation may resolve", least=1)
    page_max: int = _setting(500, "entries of a page", least=20)
    values_max: int = _setting(10_000, "values in an operation's variables", least=1)
    values_depth_max: int = _setting(32, "nesting of an operation's variables", least=1, most=200)
    plans_tokens_max: int = _setting(100_000, "tokens of all documents kept parsed", least=0)
    persisted_queries: str = _setting("on", "whether a hash may stand for a query: on or off")
    operations: Path | None = _setting(None, "JSON file of the only operations that are admitted")
    subscriptions_per_connection_max: int = _setting(100, "operations of one socket", least=1)
    connections_max: int = _setting(10_000, "WebSockets and event streams open at once", least=1)
    requests_max: int = _setting(2000, "further connections open at once", least=1)
    body_bytes_max: int = _setting(1024 * 1024, "bytes of a request or message", least=1024)

    connection_init_timeout_s: float = _setting(10.0, "wait for connection_init", least=0.01)
    ping_interval_s: float = _setting(20.0, "time between two pings; 0 sends none", least=0)
    heartbeat_s: float = _setting(12.0, "time between two comments of a stream", least=0.01)
    receive_timeout_s: float = _setting(20.0, "longest wait for a request's bytes", least=0.01)
    send_timeout_s: float = _setting(20.0, "longest stall of a client that reads", least=0.01)
    operation_timeout_s: float = _setting(30.0, "longest query or mutation", least=0.01)
    command_deadline_s: float = _setting(10.0, "longest wait for a command's outcome", least=0.01)
    wait_s_max: float = _setting(5.0, "longest wait for `atLeast`", least=0)
    drain_s_max: float = _setting(10.0, "longest wait for requests at a stop", least=0)

    def __post_init__(self) -> None:
        for each in dataclasses.fields(self):
            _check_range(each, getattr(self, each.name))
        if not self.host:
            raise SettingsError(f"{_names('host')} must be an address or a host name, not empty")
        if self.jwt_secret is not None and len(self.jwt_secret.encode()) < SECRET_BYTES_MIN:
            raise SettingsError(
                f"{_names('jwt_secret')} must be {SECRET_BYTES_MIN} bytes or longer, "
                f"not {len(self.jwt_secret.encode())}"
            )
        if self.jwks_file is not None and self.jwks_url is not None:
            raise SettingsError(f"Set either {_names('jwks_file')} or {_names('jwks_url')}, one")
        if self.jwks_url is not None and not _is_web_address(self.jwks_url):
            raise SettingsError(
                f"{_names('jwks_url')} must be an https:// or http:// address, "
                f"not {self.jwks_url!r}"
            )
        _one_of("persisted_queries", self.persisted_queries, SWITCH)
        self._check_engines()
        if self.development and not is_loopback(self.host):
            raise SettingsError(
                f"No key is configured, and without one {_names('host')} must be a loopback "
                f"address (127.0.0.1, ::1, localhost), not {self.host!r}; to listen there, set "
                "HEADRACE_JWT_SECRET, HEADRACE_JWKS_FILE or HEADRACE_JWKS_URL"
            )

    def _check_engines(self) -> None:
        if (self.kafka is None) != (self.mongo is None):
            given, missing = ("kafka", "mongo") if self.mongo is None else ("mongo", "kafka")
            raise SettingsError(
                f"{_names(given)} needs {_names(missing)} as well; without both, everything is "
                f"kept in {_names('data')}"
            )
        _one_of("kafka_security", self.kafka_security, KAFKA_SECURITY)
        _one_of("kafka_sasl", self.kafka_sasl, KAFKA_SASL)
        has_user = self.kafka_username is not None and self.kafka_password is not None
        if self.kafka_security.startswith("SASL_") and not has_user:
            raise SettingsError(
                f"{_names('kafka_security')} {self.kafka_security} needs "
                f"{_names('kafka_username')} and {_names('kafka_password')}"
            )
        if not self.parts_named or self.parts_named - PARTS:
            raise SettingsError(
                f"{_names('parts')} must name some of {', '.join(sorted(PARTS))}, "
                f"not {self.parts!r}"
            )
        if self.kafka is None and self.parts_named != PARTS:
            raise SettingsError(
                f"{_names('parts')} can only be chosen with {_names('kafka')} and "
                f"{_names('mongo')}: the embedded engine is one process"
            )

    @property
    def parts_named(self) -> frozenset[str]:
        """The parts that run in this process."""
        return frozenset(each.strip() for each in self.parts.split(",") if each.strip())

    @property
    def development(self) -> bool:
        """Whether no key is configured: tokens are signed with a key kept in `data`."""
        return self.jwt_secret is None and self.jwks_file is None and self.jwks_url is None

    def redacted(self) -> list[str]:
        """One line for each setting, `name = value`, a secret as `***`."""
        return [f"{each.name} = {self._shown(each)}" for each in dataclasses.fields(self)]

    def _shown(self, each: "dataclasses.Field[Any]") -> str:
        value = getattr(self, each.name)
        if value is None:
            return "(none)"
        return "***" if each.metadata["secret"] else str(value)


def add_options(parser: argparse.ArgumentParser, *names: str) -> None:
    """Adds an option for each setting, or for the named ones; `settings_from` reads its text."""
    for each in _named(names):
        default = "none" if each.default is None else each.default
        parser.add_argument(
            _option(each.name),
            dest=each.name,
            metavar=_metavar(each),
            help=f"{each.metadata['about']} [{_variable(each.name)}, {default}]",
        )


def settings_from(
    options: argparse.Namespace | None = None,
    environ: Mapping[str, str] | None = None,
    names: Collection[str] = (),
) -> Settings:
    """The settings that options over environment over defaults give; where some are named, those.

    Raises `SettingsError` for a wrong value; warns of a `HEADRACE_` variable it does not know.
    """
    given = os.environ if environ is None else environ
    _warn_of_unknown(given)
    values: dict[str, Any] = {}
    for each in _named(names):
        text = getattr(options, each.name, None)
        text = given.get(_variable(each.name)) if text is None else text
        if text is not None:
            values[each.name] = _parse(each, text)
    return Settings(**values)


def _named(names: Collection[str]) -> "list[dataclasses.Field[Any]]":
    return [each for each in dataclasses.fields(Settings) if not names or each.name in names]


def is_loopback(host: str) -> bool:
    """Whether the host, with or without brackets, names this machine only."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _warn_of_unknown(environ: Mapping[str, str]) -> None:
    known = [_variable(each.name) for each in dataclasses.fields(Settings)]
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            _log.warning("%s is not a setting and is ignored%s", name, hint)


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _names(name: str) -> str:
    return f"{_option(name)} ({_variable(name)})"


def _metavar(each: "dataclasses.Field[Any]") -> str:
    by_type: dict[object, str] = {int: "N", float: "N", Path: "PATH", Path | None: "PATH"}
    return by_type.get(each.type, "TEXT")


def _parse(each: "dataclasses.Field[Any]", text: str) -> object:
    parsers: dict[object, Callable[[str], object]] = {
        int: int,
        float: float,
        Path: Path,
        Path | None: lambda given: Path(given) if given else None,
        str | None: lambda given: given or None,
    }
    try:
        return parsers.get(each.type, str)(text)
    except ValueError:
        raise SettingsError(_range_sentence(each, text)) from None


def _one_of(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise SettingsError(f"{_names(name)} must be one of {', '.join(known)}, not {value!r}")


def _check_range(each: "dataclasses.Field[Any]", value: object) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return
    least, most = each.metadata["least"], each.metadata["most"]
    outside = (least is not None and value < least) or (most is not None and value > most)
    if outside or not math.isfinite(value):
        raise SettingsError(_range_sentence(each, value))


def _range_sentence(each: "dataclasses.Field[Any]", value: object) -> str:
    kind = "a whole number" if each.type is int else "a number"
    least, most = each.metadata["least"], each.metadata["most"]
    bounds = f" from {least}" if least is not None else ""
    bounds += f" to {most}" if most is not None else ""
    return f"{_names(each.name)} must be {kind}{bounds}, not {str(value)[:80]!r}"


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
