"""Postal addresses: what may stand in one, and whether two are the same place."""

import re

from domain.commerce.terms import checked_text
from domain.model import Rejected, value

POSTAL_CODE_LENGTH_MAX = 20
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)


@value
class PostalAddress:
    """Where something is sent; `country` is a code of ISO 3166-1, as `NL`, in two capitals."""

    street: str
    city: str
    postal_code: str
    country: str


def checked_address(address: PostalAddress | None, what: str) -> PostalAddress | None:
    """The address as it is. Raises Rejected where a part of it is blank, too long or no code."""
    if address is None:
        return None
    checked_text(address.street, f"the street of the {what} address")
    checked_text(address.city, f"the city of the {what} address")
    checked_text(address.postal_code, f"the {what} postal code", POSTAL_CODE_LENGTH_MAX)
    if not _COUNTRY.fullmatch(address.country):
        raise Rejected(
            "INVALID_COUNTRY",
            f"the country of the {what} address is {address.country[:40]!r}; "
            "give the two capitals of ISO 3166-1, as NL",
        )
    return address


def is_same_place(one: PostalAddress, other: PostalAddress) -> bool:
    """Whether both say the same, however they are written: only letters and digits count."""
    return _place(one) == _place(other)


def _place(address: PostalAddress) -> tuple[str, ...]:
    parts = (address.street, address.city, address.postal_code, address.country)
    return tuple("".join(c for c in part.casefold() if c.isalnum()) for part in parts)
