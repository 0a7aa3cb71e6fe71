"""Texts that sort by code point as the values that they stand for."""

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

EXPONENT_BIAS = 5_000_000
"""Above every exponent that Python's decimal arithmetic gives; those beyond share the ends."""


@lru_cache(maxsize=8192)
def decimal_key(text: str | None) -> str | None:
    """A text that sorts as the decimal does: sign, biased exponent, digits; exact at any size.

    Of a negative number each digit is the complement to nine, and `~` ends it.
    """
    if text is None:
        return None
    value = Decimal(text)
    if not value:
        return "1"
    exponent = min(max(value.adjusted() + EXPONENT_BIAS, 0), 9_999_999)
    digits = "".join(map(str, value.as_tuple().digits)).rstrip("0").lstrip("0")
    if value > 0:
        return f"2{exponent:07d}{digits}"
    complement = "".join(str(9 - int(digit)) for digit in digits)
    return f"0{9_999_999 - exponent:07d}{complement}~"


def instant_key(text: str | None) -> str | None:
    """A text that sorts as the instant does: UTC without its `Z`, whatever its offset is."""
    if text is None or text.endswith("Z"):
        return text and text[:-1]
    return utc_key(datetime.fromisoformat(text))


def utc_key(at: datetime) -> str:
    """The instant in UTC as `instant_key` writes it; one without an offset is taken as it is."""
    with suppress(OverflowError):  # on the first and the last day that there is
        at = at.astimezone(UTC) if at.tzinfo else at
    return at.replace(tzinfo=None).isoformat()


def prefix_end(prefix: str) -> str | None:
    """The first text beyond all that start with the prefix; None where there is none."""
    for at in range(len(prefix) - 1, -1, -1):
        following = ord(prefix[at]) + 1
        if following == 0xD800:  # surrogates are no characters
            following = 0xE000
        if following <= 0x10FFFF:
            return prefix[:at] + chr(following)
    return None
