"""Servers over TLS that ask who is there: Kafka by password or certificate, MongoDB by password.

Each is started when first asked for and shared by all tests of a session.
"""

import atexit
import secrets
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

from pymongo import MongoClient

from tests.servers.certificates import Authority, Certificate
from tests.servers.kafka import KafkaServer
from tests.servers.mongo import MongoServer
from tests.servers.process import NoServer
from tests.servers.shared import new_database, no_server

USERNAME = "ann"
PASSWORD = "a secret: 50% of it & more"
"""One that has to be written otherwise in an address."""
_ADMIN = "admin"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
_BY_PASSWORD, _BY_CERTIFICATE = "SASL_SSL", "SSL"


@dataclass(frozen=True, kw_only=True)
class SecuredKafka:
    """A broker, and what a client needs to be let in."""

    by_password: str
    """The address for SASL_SSL: SCRAM-SHA-512 or PLAIN, with the username and the password."""
    by_certificate: str
    """The address for SSL with the client's certificate."""
    ca_file: Path
    client: Certificate
    username: str = USERNAME
    password: str = PASSWORD


@dataclass(frozen=True, kw_only=True)
class SecuredMongo:
    """A server, and a user of it whose only right is readWrite on the one database."""

    uri: str
    """With everything: the user, the password, the database and the authority's file."""
    admin_uri: str
    """What somebody with every right is given."""
    database: str
    address: str
    ca_file: Path
    username: str = USERNAME
    password: str = PASSWORD


def secured_kafka() -> SecuredKafka:
    """The broker; without Kafka the test is skipped, and under CI it fails."""
    found = _kafka()
    return no_server(found) if isinstance(found, NoServer) else found


def secured_mongo() -> SecuredMongo:
    """A new database on the server; without mongod the test is skipped, and under CI it fails."""
    found = _mongo()
    if isinstance(found, NoServer):
        no_server(found)
    name, admin_uri = new_database(), found.uri_of("admin", _login(_ADMIN))
    with MongoClient[dict[str, object]](admin_uri) as client:
        rights = [{"role": "readWrite", "db": name}]
        client[name].command("createUser", USERNAME, pwd=PASSWORD, roles=rights)
    return SecuredMongo(
        uri=found.uri_of(name, _login(USERNAME)),
        admin_uri=admin_uri,
        database=name,
        address=f"127.0.0.1:{found.port}",
        ca_file=_certificates().authority.file,
    )


def _login(username: str) -> str:
    return f"{username}:{quote(PASSWORD, safe='')}@"


@dataclass(frozen=True)
class _Certificates:
    authority: Authority
    server: Certificate
    client: Certificate


@cache
def _certificates() -> _Certificates:
    folder = tempfile.TemporaryDirectory(prefix="headrace-certificates-")
    atexit.register(folder.cleanup)
    authority = Authority(Path(folder.name))
    return _Certificates(authority, authority.sign("server"), authority.sign("client"))


@cache
def _kafka() -> SecuredKafka | NoServer:
    known = _certificates()
    server = KafkaServer(
        None,
        "sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN",
        f"listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={_SCRAM}",
        f'listener.name.sasl_ssl.plain.sasl.jaas.config={_PLAIN} user_{USERNAME}="{PASSWORD}";',
        "ssl.keystore.type=PEM",
        f"ssl.keystore.location={known.server.both}",
        "ssl.truststore.type=PEM",
        f"ssl.truststore.location={known.authority.file}",
        "listener.name.ssl.ssl.client.auth=required",
        listeners=[_BY_PASSWORD, _BY_CERTIFICATE],
        formatting=["--add-scram", f"SCRAM-SHA-512=[name={USERNAME},password={PASSWORD}]"],
        heap_mb=256,
    )
    atexit.register(server.stop)
    try:
        server.start()
    except NoServer as fault:
        return fault
    return SecuredKafka(
        by_password=server.address(_BY_PASSWORD),
        by_certificate=server.address(_BY_CERTIFICATE),
        ca_file=known.authority.file,
        client=known.client,
    )


@cache
def _mongo() -> MongoServer | NoServer:
    known = _certificates()
    ca_file = str(known.authority.file)
    # The members of a set know each other by it, and so every client has to say who it is.
    key_file = known.authority.file.parent / "members.key"
    key_file.write_text(secrets.token_hex(32))
    key_file.chmod(0o600)
    server = MongoServer(
        None,
        *("--tlsMode", "requireTLS", "--tlsCertificateKeyFile", str(known.server.both)),
        *("--tlsCAFile", ca_file, "--tlsAllowConnectionsWithoutCertificates"),
        *("--keyFile", str(key_file)),
        asked={"tls": "true", "tlsCAFile": ca_file},
    )
    atexit.register(server.stop)
    try:
        server.start()
    except NoServer as fault:
        return fault
    with server.direct() as client:  # as long as there is no user, a local client may make one
        client.admin.command("createUser", _ADMIN, pwd=PASSWORD, roles=["root"])
    return server
