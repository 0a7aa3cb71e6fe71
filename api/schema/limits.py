"""What one operation may carry: the limits that the schema checks itself."""

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Lengths in characters (code points), counts in items; each is the most that is allowed."""

    id_length_max: int = 200
    text_length_max: int = 10_000
    list_length_max: int = 1_000
    decimal_digits_max: int = 34
    """As many as IEEE 754 decimal128 holds; the exponent stays within as many places."""
    page_length_default: int = 20
    page_length_max: int = 500
    conditions_max: int = 200
    """In one `where`, counting each operator and each `and`, `or` and `not`."""
    choices_max: int = 500
    """Values of one `in` or `notIn`."""
    cursor_length_max: int = 65_536
