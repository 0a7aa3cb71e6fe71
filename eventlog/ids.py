"""Identifiers that sort by time: UUID version 7 (RFC 9562), fresh or derived from another one."""

import os
import re
import threading
import time
from hashlib import blake2b

_RANDOM_BYTES = 8 * 512
"""How many random bytes are asked of the system at once: a call for each id costs more than it."""

_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.I)

_lock = threading.Lock()
_last = 0
_random = b""
_used = 0


def new_id() -> str:
    """A fresh UUIDv7; within one process each is above the one before.

    48 bits of milliseconds, then 12 bits of the fraction of it as a counter (method 3 of
    section 6.2), then 62 random bits.
    """
    global _last, _random, _used
    now = time.time_ns()
    ticks = (now // 1_000_000 << 12) | (now % 1_000_000 * 4096 // 1_000_000)
    with _lock:
        _last = ticks = max(ticks, _last + 1)
        if _used == len(_random):
            _random, _used = os.urandom(_RANDOM_BYTES), 0
        _used += 8
        random = int.from_bytes(_random[_used - 8 : _used], "big")
    return _format(ticks >> 12, ticks & 0xFFF, random)


def derived_id(source: str, *salt: str) -> str:
    """The UUIDv7 that follows from `source` and `salt`, always the same one for the same two.

    It keeps the time of a source that is a UUIDv7 itself; from any other it takes those bits
    from the digest too.
    """
    digest = blake2b("\x1f".join((source, *salt)).encode(), digest_size=16).digest()
    bits = int.from_bytes(digest, "big")
    milliseconds = _milliseconds(source)
    if milliseconds is None:
        milliseconds = bits >> 80
    return _format(milliseconds, bits >> 64 & 0xFFF, bits)


def _milliseconds(source: str) -> int | None:
    return int(source[:8] + source[9:13], 16) if _UUID7.fullmatch(source) else None


def _format(milliseconds: int, counter: int, random: int) -> str:
    high = milliseconds << 16 | 0x7000 | counter
    text = "%032x" % (high << 64 | 0x8000000000000000 | random & 0x3FFFFFFFFFFFFFFF)
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
