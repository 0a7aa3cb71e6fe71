"""Keys that tokens are verified with: a JWKS file or address, and the development key."""

import asyncio
import json
import logging
import os
import secrets
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, Protocol, cast

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

__all__ = ["FetchedKeys", "FileKeys", "Keys", "KeysError", "PublicKey", "development_key"]

JWKS_BYTES_MAX = 1024 * 1024
RSA_BITS_MIN = 2048
_log = logging.getLogger("headrace.auth")


class KeysError(Exception):
    """There are no keys to verify with; the message says where from and why."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key with the one algorithm that its kind allows."""

    key_id: str | None
    algorithm: str
    key: RSAPublicKey | EllipticCurvePublicKey


class Keys(Protocol):
    """Where public keys come from. `version` changes whenever the keys do."""

    @property
    def version(self) -> int: ...

    async def current(self, wanted: str | None = None) -> tuple[PublicKey, ...]:
        """The keys now; one of id `wanted` is looked for again, where that is due."""
        ...


class FileKeys:
    """Keys in a file, read again when it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._keys: tuple[PublicKey, ...] = ()
        self.version = 0

    async def current(self, wanted: str | None = None) -> tuple[PublicKey, ...]:
        """The keys in the file; those read before where it is broken. Raises `KeysError`."""
        del wanted
        return self.read()

    def read(self) -> tuple[PublicKey, ...]:
        """Reads the file where it has changed since. Raises `KeysError` without any keys."""
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if stamp != self._stamp:
                self._stamp = stamp
                self._keys = _public_keys(self._path.read_bytes())
                self.version += 1
        except (OSError, ValueError) as error:
            if not self._keys:
                self._stamp = None
                raise KeysError(f"No keys in {self._path}: {error}") from error
            _log.error("Keys in %s cannot be read, the former stay: %s", self._path, error)
        return self._keys


class FetchedKeys:
    """Keys at an address: fetched when first needed, when old, and for an id not seen before."""

    def __init__(
        self,
        url: str,
        *,
        interval_s: float,
        age_s_max: float,
        timeout_s: float,
        fetch: Callable[[str, float], bytes] | None = None,
    ) -> None:
        self._url = url
        self._interval_s = interval_s
        self._age_s_max = age_s_max
        self._timeout_s = timeout_s
        self._fetch = fetch or _fetch
        self._fetching = asyncio.Lock()
        self._tried_at = -float("inf")
        self._fetched_at = -float("inf")
        self._keys: tuple[PublicKey, ...] = ()
        self.version = 0

    async def current(self, wanted: str | None = None) -> tuple[PublicKey, ...]:
        """The keys; fetched again as is due, at most once an interval. Raises `KeysError`.

        While one caller fetches, the others go on with the keys there are, unless they need new.
        """
        is_fetched_for_age = self._fetching.locked() and self._holds(wanted)
        if self._is_due(wanted) and not is_fetched_for_age:
            async with self._fetching:
                if self._is_due(wanted):
                    await self._refresh()
        if not self._keys:
            raise KeysError(f"The keys at {self._url} cannot be fetched just now")
        return self._keys

    def _is_due(self, wanted: str | None) -> bool:
        now = time.monotonic()
        if now - self._tried_at < self._interval_s:
            return False
        is_old = now - self._fetched_at >= self._age_s_max
        return is_old or not self._holds(wanted)

    def _holds(self, wanted: str | None) -> bool:
        if wanted is None:
            return bool(self._keys)
        return any(each.key_id == wanted for each in self._keys)

    async def _refresh(self) -> None:
        self._tried_at = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout_s):
                document = await asyncio.to_thread(self._fetch, self._url, self._timeout_s)
            self._keys = _public_keys(document)
            self._fetched_at = time.monotonic()
            self.version += 1
        except (OSError, ValueError, HTTPException) as error:
            _log.error("Keys at %s cannot be fetched: %s", self._url, error or "it took too long")


def development_key(data: Path) -> str:
    """The key that a server without a configured one signs and verifies with, kept in `data`.

    It is made once, readable by its owner only. Raises `KeysError` where it is broken.
    """
    path = data / "development.key"
    try:
        data.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        key = path.read_text("ascii").strip()
    except (OSError, ValueError) as error:
        raise KeysError(f"The development key {path} cannot be read: {error}") from error
    if len(key) < 64:
        raise KeysError(f"The development key {path} is broken; remove it, and a new one is made")
    return key


def _make(path: Path) -> None:
    """Writes a new key under another name first, so that nobody ever reads half of one."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32) + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first, its key is the key
    finally:
        draft.unlink()


def _fetch(url: str, timeout_s: float) -> bytes:
    request = urllib.request.Request(url, headers={"Accept": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout_s) as answer:
        document = cast(bytes, answer.read(JWKS_BYTES_MAX + 1))
    if len(document) > JWKS_BYTES_MAX:
        raise ValueError(f"it is longer than {JWKS_BYTES_MAX} bytes")
    return document


def _public_keys(document: bytes) -> tuple[PublicKey, ...]:
    """The keys of a JWKS that can verify; ValueError where there is none."""
    try:
        parsed = json.loads(document)
    except RecursionError:
        raise ValueError("it is no JSON Web Key Set") from None
    entries: object = cast(dict[str, Any], parsed).get("keys") if isinstance(parsed, dict) else None
    if not isinstance(entries, list):
        raise ValueError("it is no JSON Web Key Set: an object with a list of `keys`")
    keys = tuple(
        key for each in cast(list[object], entries) if (key := _public_key(each)) is not None
    )
    if not keys:
        raise ValueError("it has no public RSA or P-256 key for RS256 or ES256")
    return keys


def _public_key(entry: object) -> PublicKey | None:
    """The key of an entry, None where it is of another kind or for another use."""
    if not isinstance(entry, dict):
        return None
    jwk = cast(dict[str, Any], entry)
    algorithm = {"RSA": "RS256", "EC": "ES256"}.get(str(jwk.get("kty")))
    is_for_signing = jwk.get("use") in (None, "sig") and jwk.get("alg") in (None, algorithm)
    if algorithm is None or not is_for_signing or "d" in jwk:
        return None
    try:
        key: object = jwt.PyJWK(jwk, algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    key_id = jwk["kid"] if isinstance(jwk.get("kid"), str) else None
    if isinstance(key, RSAPublicKey) and key.key_size >= RSA_BITS_MIN:
        return PublicKey(key_id, algorithm, key)
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return PublicKey(key_id, algorithm, key)
    return None
