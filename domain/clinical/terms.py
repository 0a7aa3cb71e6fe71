"""The terms that all of clinical shares: ids, texts, quantities, and who works with patients."""

from decimal import Decimal
from unicodedata import category

from domain.model import Rejected, value

CLINICIAN = "clinician"
NURSE = "nurse"
PHARMACIST = "pharmacist"
LABORATORY = "laboratory"
REGISTRAR = "registrar"
WARD_MANAGER = "ward_manager"
PRIVACY_OFFICER = "privacy_officer"

ID_LENGTH_MAX = 100
NAME_LENGTH_MAX = 200
REASON_LENGTH_MAX = 500
NOTE_LENGTH_MAX = 2_000
PAGE_ENTRIES = 100
"""How many entries of a chart's timeline stand on a page."""
QUANTITY_MAX = Decimal("1000000000")
QUANTITY_DECIMALS_MAX = 6


@value
class Quantity:
    """A measured amount: its value and its unit as UCUM writes it, such as `mmol/L` or `mg`."""

    value: Decimal
    unit: str


@value
class WardBed:
    """A bed, named within its ward."""

    ward: str
    bed: str


@value
class ChartAccess:
    """Who may read a patient's documents: the care team, and who broke the glass for a while."""

    care_team: tuple[str, ...]
    emergency: tuple[str, ...]

    def admits(self, subject: str) -> bool:
        """Whether the subject may read now."""
        return subject in self.care_team or subject in self.emergency


def checked_id(text: str, what: str) -> str:
    """The id as it is. Raises Rejected where it is empty, too long, padded or not printable."""
    if not 1 <= len(text) <= ID_LENGTH_MAX or text != text.strip() or not text.isprintable():
        raise Rejected(
            "INVALID_ID",
            f"{what} {text[:40]!r} is no id: give 1 to {ID_LENGTH_MAX} printable characters, "
            "without spaces around them",
        )
    return text


def checked_text(text: str, what: str, length_max: int = NAME_LENGTH_MAX) -> str:
    """The text as it is. Raises Rejected where it is blank, too long or has control characters."""
    if not text.strip() or len(text) > length_max:
        raise Rejected(
            "INVALID_TEXT",
            f"{what} has {len(text)} characters; give 1 to {length_max}, not only spaces",
        )
    if any(category(each) in ("Cc", "Cs") and each not in "\n\t" for each in text):
        raise Rejected("INVALID_TEXT", f"{what} has control characters; leave them out")
    return text


def checked_optional(text: str | None, what: str, length_max: int) -> str | None:
    """The text as it is, where there is one. Raises Rejected."""
    return None if text is None else checked_text(text, what, length_max)


def checked_count(number: int, what: str, least: int, most: int) -> int:
    """The number as it is. Raises Rejected where it is below `least` or above `most`."""
    if not least <= number <= most:
        shown = f"{number}" if abs(number) < 10**20 else "too large"
        raise Rejected("INVALID_NUMBER", f"{what} is {shown}; give {least} to {most}")
    return number


def checked_limit(count: int, most: int, what: str, code: str) -> None:
    """Raises Rejected with the code where there are as many as may be, so that no more fits."""
    if count >= most:
        raise Rejected(code, f"there are {count} {what}, and {most} is the most; end some first")
