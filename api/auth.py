"""Who asks: bearer tokens are verified into sessions, and signed in development."""

import time
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import jwt

from api.context import ANONYMOUS, Session
from api.errors import UNAUTHENTICATED, UNAVAILABLE, Fault
from api.keys import FetchedKeys, FileKeys, Keys, KeysError, PublicKey, development_key
from api.settings import Settings
from domain.rules import Viewer

__all__ = ["Authenticator", "authenticator_from"]

SUBJECT_CHARS_MAX = 200
ROLES_MAX = 100
TOKEN_CHARS_MAX = 8192
SESSIONS_MAX = 1024

_REFUSALS: tuple[tuple[type[Exception], str], ...] = (
    (jwt.ExpiredSignatureError, "The token has expired"),
    (jwt.ImmatureSignatureError, "The token is not valid yet"),
    (jwt.InvalidIssuedAtError, "The token's `iat` is no time"),
    (jwt.InvalidAudienceError, "The token is for another audience"),
    (jwt.InvalidIssuerError, "The token is from another issuer"),
    (jwt.InvalidSignatureError, "The token's signature is wrong"),
)


@dataclass(frozen=True, slots=True)
class _Verified:
    session: Session
    keys_version: int


class Authenticator:
    """Turns `Authorization` into a session. A token that is present and bad is never anonymous.

    The algorithm is fixed by the key: the secret verifies HS256 and nothing else, a public key
    only RS256 or ES256 as its kind is.
    """

    def __init__(
        self,
        *,
        secret: str | None = None,
        keys: Keys | None = None,
        issuer: str | None = None,
        audience: str | None = None,
        leeway_s: float = 0.0,
    ) -> None:
        self._secret = secret
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._leeway_s = leeway_s
        self._verified: OrderedDict[str, _Verified] = OrderedDict()

    async def authenticate(self, authorization: str | None) -> Session:
        """The session of a header `Bearer <token>`; anonymous without one.

        Raises `Fault` UNAUTHENTICATED for a bad token, UNAVAILABLE where the keys are missing.
        """
        if authorization is None:
            return ANONYMOUS
        token = _bearer(authorization)
        known = await self._remembered(token)
        if known is not None:
            return known
        try:
            claims = await self._claims(token)
        except KeysError as error:
            raise Fault(UNAVAILABLE, "Tokens cannot be verified just now; try again") from error
        session = _session(claims, self._leeway_s)
        self._remember(token, session)
        return session

    def sign(
        self, sub: str, roles: Iterable[str] = (), ttl: timedelta = timedelta(hours=12)
    ) -> str:
        """A token of the configured secret or the development key. Raises `KeysError` without."""
        if self._secret is None:
            raise KeysError("Only public keys are configured; their owner signs the tokens")
        now = int(time.time())
        claims: dict[str, Any] = {
            "sub": sub,
            "roles": sorted(set(roles)),
            "iat": now,
            "exp": now + int(ttl.total_seconds()),
        }
        _session(claims, 0.0)
        if self._issuer is not None:
            claims["iss"] = self._issuer
        if self._audience is not None:
            claims["aud"] = self._audience
        return jwt.encode(claims, self._secret, "HS256")

    async def _claims(self, token: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            algorithm, key = await self._key(header.get("alg"), header.get("kid"))
            return jwt.decode(
                token,
                cast(Any, key),
                algorithms=[algorithm],
                issuer=self._issuer,
                audience=self._audience,
                leeway=self._leeway_s,
                options={"require": ["exp"], "verify_aud": self._audience is not None},
            )
        except jwt.MissingRequiredClaimError as error:
            raise _refused(f"The token has no `{error.claim}`") from None
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError, OverflowError) as error:
            raise _refused(_refusal(error)) from None

    async def _key(self, algorithm: object, key_id: object) -> tuple[str, object]:
        if algorithm == "HS256" and self._secret is not None:
            return "HS256", self._secret
        if algorithm not in ("RS256", "ES256") or self._keys is None:
            raise _refused(f"Tokens must be signed with {self._accepted()}")
        wanted = key_id if isinstance(key_id, str) else None
        keys = await self._keys.current(wanted)
        key = _one(keys, wanted, str(algorithm))
        if key is None:
            raise _refused("The token's key (`kid`) is not known")
        return key.algorithm, key.key

    def _accepted(self) -> str:
        kinds = (["HS256"] if self._secret is not None else []) + (
            ["RS256 or ES256"] if self._keys is not None else []
        )
        return " or ".join(kinds)

    async def _remembered(self, token: str) -> Session | None:
        """The session of a token verified before, while it lasts and the keys are the same."""
        known = self._verified.get(token)
        if known is None:
            return None
        if self._keys is not None:
            with suppress(KeysError):
                await self._keys.current()
        remaining_s = known.session.remaining_s
        if known.keys_version != self._version() or remaining_s is None or remaining_s <= 0:
            self._verified.pop(token, None)
            return None
        return known.session

    def _remember(self, token: str, session: Session) -> None:
        self._verified[token] = _Verified(session, self._version())  # the oldest goes first
        if len(self._verified) > SESSIONS_MAX:
            self._verified.popitem(last=False)

    def _version(self) -> int:
        return 0 if self._keys is None else self._keys.version


def authenticator_from(settings: Settings) -> Authenticator:
    """The authenticator that the settings ask for; makes the development key where there is none.

    Raises `KeysError` where a key is configured and cannot be read.
    """
    keys: Keys | None = None
    if settings.jwks_file is not None:
        keys = FileKeys(settings.jwks_file)
        keys.read()
    elif settings.jwks_url is not None:
        keys = FetchedKeys(
            settings.jwks_url,
            interval_s=settings.jwks_interval_s,
            age_s_max=settings.jwks_age_s_max,
            timeout_s=settings.jwks_timeout_s,
        )
    return Authenticator(
        secret=development_key(settings.data) if settings.development else settings.jwt_secret,
        keys=keys,
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        leeway_s=settings.jwt_leeway_s,
    )


def _bearer(authorization: str) -> str:
    scheme, _, token = authorization.strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise _refused("Authorization must be `Bearer <token>`")
    if len(token) > TOKEN_CHARS_MAX:
        raise _refused(f"A token has at most {TOKEN_CHARS_MAX} characters")
    return token


def _session(claims: dict[str, Any], leeway_s: float) -> Session:
    subject, roles = claims.get("sub"), claims.get("roles", [])
    if not _is_text(subject) or not 0 < len(str(subject)) <= SUBJECT_CHARS_MAX:
        raise _refused(f"The token's `sub` must be a text of 1 to {SUBJECT_CHARS_MAX} characters")
    entries = cast(list[object], roles) if isinstance(roles, list) else None
    if entries is None or not all(_is_text(each) for each in entries):
        raise _refused("The token's `roles` must be a list of texts")
    if len(entries) > ROLES_MAX:
        raise _refused(f"The token's `roles` must be at most {ROLES_MAX}")
    viewer = Viewer(str(subject), frozenset(cast(list[str], entries)))
    return Session(viewer, _instant(int(claims["exp"]) + leeway_s))


def _is_text(value: object) -> bool:
    """Whether the value is text that JSON can carry again: half a surrogate pair is not."""
    return isinstance(value, str) and not any("\ud800" <= each <= "\udfff" for each in value)


def _instant(timestamp: float) -> datetime:
    try:
        return datetime.fromtimestamp(timestamp, UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.max.replace(tzinfo=UTC)


def _one(keys: tuple[PublicKey, ...], wanted: str | None, algorithm: str) -> PublicKey | None:
    """The key of the id; without an id, the only key of the algorithm."""
    fitting = [
        each
        for each in keys
        if each.algorithm == algorithm and (wanted is None or each.key_id == wanted)
    ]
    return fitting[0] if len(fitting) == 1 else None


def _refusal(error: Exception) -> str:
    for kind, message in _REFUSALS:
        if isinstance(error, kind):
            return message
    return "The token is malformed"


def _refused(message: str) -> Fault:
    return Fault(UNAUTHENTICATED, message)
