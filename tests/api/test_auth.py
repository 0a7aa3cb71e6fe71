"""Bearer tokens: what is let in, as whom and until when; what is refused, and why."""

import asyncio
import base64
import json
import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from api.auth import Authenticator, authenticator_from
from api.errors import Fault
from api.keys import FetchedKeys, FileKeys, KeysError, development_key
from api.settings import Settings
from domain.rules import Viewer

SECRET = "s" * 32
HS = Authenticator(secret=SECRET)


def claims(**changed: Any) -> dict[str, Any]:
    given = {"sub": "ada", "roles": ["clerk"], "exp": int(time.time()) + 60, **changed}
    return {name: value for name, value in given.items() if value is not ...}


def signed(
    given: dict[str, Any], key: Any = SECRET, algorithm: str = "HS256", **header: Any
) -> str:
    return "Bearer " + jwt.encode(given, key, algorithm, headers=header)


async def refusal(authenticator: Authenticator, authorization: str) -> str:
    with pytest.raises(Fault) as raised:
        await authenticator.authenticate(authorization)
    assert raised.value.code == "UNAUTHENTICATED"
    return raised.value.message


async def test_nobody_without_a_header_is_anonymous_for_ever() -> None:
    session = await HS.authenticate(None)
    assert session.viewer == Viewer()
    assert (session.expires_at, session.remaining_s) == (None, None)


async def test_a_good_token_gives_its_subject_its_roles_and_its_end() -> None:
    expires = int(time.time()) + 60
    session = await HS.authenticate(signed(claims(roles=["clerk", "admin"], exp=expires)))
    assert session.viewer == Viewer("ada", frozenset({"clerk", "admin"}))
    assert session.expires_at is not None
    assert session.expires_at.timestamp() == expires


async def test_a_token_without_roles_has_none() -> None:
    session = await HS.authenticate(signed(claims(roles=...)))
    assert session.viewer == Viewer("ada")


async def test_what_is_signed_here_is_let_in_here() -> None:
    one = Authenticator(secret=SECRET, issuer="me", audience="them")
    session = await one.authenticate("bearer " + one.sign("bo", ["b", "a"], timedelta(minutes=1)))
    assert session.viewer == Viewer("bo", frozenset("ab"))


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Basic YTpi", "token", "Bearer x", "Bearer a.b.c", "Bearer \x00",
     "Bearer " + "x" * 9000, "Bearer é.é.é", "Bearer e30.e30."],
)  # fmt: skip
async def test_a_malformed_header_is_refused_and_never_anonymous(authorization: str) -> None:
    assert await refusal(HS, authorization)


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"exp": ...}, "exp"),
        ({"exp": None}, "exp"),
        ({"exp": "soon"}, "malformed"),
        ({"exp": 1}, "expired"),
        ({"nbf": int(time.time()) + 1000}, "not valid yet"),
        ({"iat": int(time.time()) + 1000}, "not valid yet"),
        ({"iat": "today"}, "iat"),
        ({"sub": ...}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": "x" * 201}, "sub"),
        ({"sub": "\ud800"}, "sub"),
        ({"roles": "clerk"}, "roles"),
        ({"roles": None}, "roles"),
        ({"roles": ["clerk", 1]}, "roles"),
        ({"roles": ["r"] * 101}, "roles"),
    ],
)
async def test_a_wrong_claim_is_refused_with_its_name(changed: dict[str, Any], word: str) -> None:
    assert word in await refusal(HS, signed(claims(**changed)))


async def test_a_number_for_a_subject_is_refused() -> None:
    head = base64.urlsafe_b64encode(b'{"alg":"HS256"}').rstrip(b"=")
    body = base64.urlsafe_b64encode(json.dumps(claims(sub=7)).encode()).rstrip(b"=")
    algorithm = jwt.get_algorithm_by_name("HS256")
    mark = algorithm.sign(head + b"." + body, algorithm.prepare_key(SECRET))
    token = b".".join((head, body, base64.urlsafe_b64encode(mark).rstrip(b"="))).decode()
    assert await refusal(HS, f"Bearer {token}")


async def test_an_end_beyond_the_calendar_is_as_good_as_never() -> None:
    session = await HS.authenticate(signed(claims(exp=10**18)))
    assert session.remaining_s is not None
    assert session.remaining_s > 10**9


async def test_leeway_lets_a_clock_be_behind_for_so_long() -> None:
    lenient = Authenticator(secret=SECRET, leeway_s=30)
    just_over = int(time.time()) - 5
    session = await lenient.authenticate(signed(claims(exp=just_over)))
    assert session.expires_at is not None
    assert session.expires_at.timestamp() == just_over + 30
    assert await refusal(HS, signed(claims(exp=just_over))) == "The token has expired"


async def test_another_secret_is_refused() -> None:
    assert "signature" in await refusal(HS, signed(claims(), "t" * 32))


async def test_a_tampered_token_is_refused_though_the_good_one_was_just_let_in() -> None:
    good = signed(claims())
    await HS.authenticate(good)
    head, body, mark = good.split(".")
    evil = base64.urlsafe_b64encode(json.dumps(claims(roles=["admin"])).encode()).rstrip(b"=")
    assert await refusal(HS, ".".join((head, evil.decode(), mark)))
    assert body


async def test_a_token_is_refused_from_its_end_on_though_it_was_let_in_before() -> None:
    authenticator = Authenticator(secret=SECRET)
    token = signed(claims(exp=int(time.time()) + 2))
    session = await authenticator.authenticate(token)
    await asyncio.sleep(session.remaining_s or 0)
    assert await refusal(authenticator, token) == "The token has expired"


async def test_issuer_and_audience_are_checked_where_they_are_configured() -> None:
    strict = Authenticator(secret=SECRET, issuer="us", audience="api")
    assert (await strict.authenticate(signed(claims(iss="us", aud=["api", "b"])))).viewer.subject
    assert "issuer" in await refusal(strict, signed(claims(iss="them", aud="api")))
    assert "audience" in await refusal(strict, signed(claims(iss="us", aud="web")))
    assert "iss" in await refusal(strict, signed(claims(aud="api")))
    assert "aud" in await refusal(strict, signed(claims(iss="us")))
    assert (await HS.authenticate(signed(claims(iss="x", aud="y")))).viewer.subject == "ada"


@pytest.mark.parametrize("algorithm", ["none", "None", "HS384", "HS512", "RS256", "ES256"])
async def test_only_the_algorithm_of_the_key_is_taken(algorithm: str) -> None:
    head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm}).encode()).rstrip(b"=").decode()
    _, body, mark = signed(claims())[7:].split(".")
    for ending in ("", mark):
        assert "HS256" in await refusal(HS, f"Bearer {head}.{body}.{ending}")


# --- public keys ---

RSA = rsa.generate_private_key(65537, 2048)
RSA_SMALL = rsa.generate_private_key(65537, 1024)
EC = ec.generate_private_key(ec.SECP256R1())
EC_OTHER = ec.generate_private_key(ec.SECP384R1())


def entry(key: Any, kid: str | None, **more: Any) -> dict[str, Any]:
    algorithm: Any = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    jwk: dict[str, Any] = json.loads(algorithm.to_jwk(key.public_key()))
    return {name: value for name, value in {**jwk, "kid": kid, **more}.items() if value is not None}


def jwks(*entries: Any) -> str:
    return json.dumps({"keys": list(entries)})


@pytest.fixture
def keys_file(tmp_path: Path) -> Callable[..., Path]:
    path = tmp_path / "keys.json"

    def write(*entries: Any) -> Path:
        draft = path.with_suffix(".draft")
        draft.write_text(jwks(*entries))
        draft.replace(path)
        return path

    return write


async def test_public_keys_verify_by_their_kid_and_kind(keys_file: Callable[..., Path]) -> None:
    keys = FileKeys(keys_file(entry(RSA, "r"), entry(EC, "e")))
    authenticator = Authenticator(keys=keys)
    for key, algorithm, kid in ((RSA, "RS256", "r"), (EC, "ES256", "e")):
        session = await authenticator.authenticate(signed(claims(), key, algorithm, kid=kid))
        assert session.viewer.subject == "ada"
    assert "kid" in await refusal(authenticator, signed(claims(), RSA, "RS256", kid="e"))
    assert "kid" in await refusal(authenticator, signed(claims(), RSA, "RS256", kid="x"))
    assert "signature" in await refusal(
        authenticator, signed(claims(), rsa.generate_private_key(65537, 2048), "RS256", kid="r")
    )
    with pytest.raises(KeysError):
        authenticator.sign("ada")


async def test_without_a_kid_the_only_key_of_the_kind_is_meant(
    keys_file: Callable[..., Path],
) -> None:
    one = Authenticator(keys=FileKeys(keys_file(entry(RSA, "r"), entry(EC, None))))
    assert (await one.authenticate(signed(claims(), RSA, "RS256"))).viewer.subject == "ada"
    assert (await one.authenticate(signed(claims(), EC, "ES256"))).viewer.subject == "ada"
    two = Authenticator(keys=FileKeys(keys_file(entry(RSA, "r"), entry(RSA, "s"))))
    assert "kid" in await refusal(two, signed(claims(), RSA, "RS256"))


async def test_a_public_key_is_no_secret(keys_file: Callable[..., Path]) -> None:
    public = RSA.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"r"}').rstrip(b"=")
    body = base64.urlsafe_b64encode(json.dumps(claims()).encode()).rstrip(b"=")
    mark = jwt.get_algorithm_by_name("HS256").sign(head + b"." + body, public)
    token = b".".join((head, body, base64.urlsafe_b64encode(mark).rstrip(b"="))).decode()
    keys = FileKeys(keys_file(entry(RSA, "r")))
    assert "RS256" in await refusal(Authenticator(keys=keys), f"Bearer {token}")
    assert "signature" in await refusal(Authenticator(keys=keys, secret=SECRET), f"Bearer {token}")


async def test_keys_that_must_not_verify_are_left_out(keys_file: Callable[..., Path]) -> None:
    secret = {"kty": "oct", "k": "c2VjcmV0", "kid": "o"}
    others = [
        secret, entry(RSA_SMALL, "small"), entry(RSA, "enc", use="enc"), entry(EC_OTHER, "384"),
        entry(RSA, "other", alg="RS512"), {"kty": "RSA", "kid": "broken"}, "text", None,
    ]  # fmt: skip
    with pytest.raises(KeysError):
        FileKeys(keys_file(*others)).read()
    assert [key.key_id for key in FileKeys(keys_file(*others, entry(EC, "e"))).read()] == ["e"]


async def test_a_changed_file_is_read_again_and_a_broken_one_changes_nothing(
    keys_file: Callable[..., Path],
) -> None:
    path = keys_file(entry(RSA, "old"))
    authenticator = Authenticator(keys=FileKeys(path))
    old = signed(claims(), RSA, "RS256", kid="old")
    await authenticator.authenticate(old)
    path.write_text("{ broken")
    await authenticator.authenticate(old)
    keys_file(entry(EC, "new"))
    assert "kid" in await refusal(authenticator, old)
    await authenticator.authenticate(signed(claims(), EC, "ES256", kid="new"))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys":{}}', "nonsense", '{"keys":[]}'])
async def test_a_file_without_keys_is_refused_at_the_start(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(KeysError, match=r"keys\.json"):
        authenticator_from(Settings(jwks_file=path))
    with pytest.raises(KeysError, match="nowhere"):
        authenticator_from(Settings(jwks_file=tmp_path / "nowhere"))


class Source:
    """An address that keys are fetched from."""

    def __init__(self, *entries: Any) -> None:
        self.entries: tuple[Any, ...] | None = entries
        self.fetches = 0

    def __call__(self, url: str, timeout_s: float) -> bytes:
        assert (url, timeout_s) == ("https://keys.example", 5.0)
        self.fetches += 1
        if self.entries is None:
            raise OSError("unreachable")
        return jwks(*self.entries).encode()

    def keys(self, interval_s: float = 0.0, age_s_max: float = 1000.0) -> FetchedKeys:
        return FetchedKeys(
            "https://keys.example",
            interval_s=interval_s,
            age_s_max=age_s_max,
            timeout_s=5.0,
            fetch=self,
        )


async def test_keys_are_fetched_once_and_again_for_an_id_not_seen_before() -> None:
    source = Source(entry(RSA, "one"))
    authenticator = Authenticator(keys=source.keys())
    for _ in range(3):
        await authenticator.authenticate(signed(claims(), RSA, "RS256", kid="one"))
    assert source.fetches == 1
    source.entries = (entry(EC, "two"),)
    await authenticator.authenticate(signed(claims(), EC, "ES256", kid="two"))
    assert source.fetches == 2
    assert "kid" in await refusal(authenticator, signed(claims(), RSA, "RS256", kid="one"))


async def test_unknown_ids_cannot_make_it_fetch_more_than_once_an_interval() -> None:
    source = Source(entry(RSA, "one"))
    authenticator = Authenticator(keys=source.keys(interval_s=1000))
    for kid in "abcdef":
        assert "kid" in await refusal(authenticator, signed(claims(), RSA, "RS256", kid=kid))
    assert source.fetches == 1


async def test_old_keys_are_fetched_again_and_withdrawn_ones_let_nobody_in() -> None:
    source = Source(entry(RSA, "one"))
    authenticator = Authenticator(keys=source.keys(age_s_max=0.0))
    token = signed(claims(), RSA, "RS256", kid="one")
    await authenticator.authenticate(token)
    source.entries = (entry(EC, "two"),)
    assert "kid" in await refusal(authenticator, token)


async def test_keys_that_cannot_be_fetched_make_it_unavailable_not_anonymous() -> None:
    source = Source()
    source.entries = None
    authenticator = Authenticator(keys=source.keys())
    token = signed(claims(), RSA, "RS256", kid="one")
    with pytest.raises(Fault) as raised:
        await authenticator.authenticate(token)
    assert raised.value.code == "UNAVAILABLE"
    source.entries = (entry(RSA, "one"),)
    await authenticator.authenticate(token)
    source.entries = None
    await authenticator.authenticate(signed(claims(sub="bo"), RSA, "RS256", kid="one"))


# --- development ---


async def test_the_development_key_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "var")
    token = "Bearer " + authenticator_from(settings).sign("dev", ["admin"])
    session = await authenticator_from(settings).authenticate(token)
    assert session.viewer == Viewer("dev", frozenset({"admin"}))
    (path,) = (tmp_path / "var").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    other = authenticator_from(Settings(data=tmp_path / "other"))
    assert "signature" in await refusal(other, token)


def test_a_development_key_that_others_could_read_is_closed(tmp_path: Path) -> None:
    key = development_key(tmp_path)
    path = tmp_path / "development.key"
    path.chmod(0o644)
    assert development_key(tmp_path) == key
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_broken_development_key_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "development.key").write_text("half")
    with pytest.raises(KeysError, match="remove it"):
        development_key(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(KeysError, match=tmp_path.name):
        development_key(tmp_path / "var")


@pytest.mark.parametrize("sub", ["", "x" * 201])
def test_a_subject_that_would_be_refused_is_not_signed(sub: str) -> None:
    with pytest.raises(Fault):
        HS.sign(sub)
