"""The terms that all of banking shares: ids, texts, and how a stream remembers what it did."""

from datetime import datetime
from unicodedata import category

from domain.model import Rejected, value

ID_LENGTH_MAX = 100
NAME_LENGTH_MAX = 200
REASON_LENGTH_MAX = 500
REMEMBERED_MAX = 256
"""How many references that it has done with a stream remembers by name.

So many legs that began later may come to an account before one does; then that one comes too late,
and its transfer is returned.
"""


@value
class Reference:
    """What a command of a process is for: a transfer or a trade, and when that began."""

    id: str
    begun_at: datetime


@value
class Remembered:
    """The references that a stream has done with: the latest by name, earlier ones by a mark.

    References are ordered by when they began. What is at or before the mark and not known by name
    may have been done with or not: it is refused, for ever. A process that hears such a refusal
    has heard of what was done before, since both come from one stream, in order; and where nothing
    was done, the refusal is the true answer. So a bounded memory never does a thing twice.
    """

    latest: tuple[Reference, ...] = ()
    mark: Reference | None = None

    def knows(self, reference: Reference) -> bool:
        """Whether the stream has done with it, for sure."""
        return reference in self.latest

    def is_too_late(self, reference: Reference) -> bool:
        """Whether the stream may have done with it and forgotten so."""
        return self.mark is not None and _place(reference) <= _place(self.mark)

    def plus(self, reference: Reference) -> "Remembered":
        """The memory with one more, of which the earliest is forgotten where it is full."""
        latest = sorted((*self.latest, reference), key=_place)
        if len(latest) <= REMEMBERED_MAX:
            return Remembered(latest=tuple(latest), mark=self.mark)
        earliest, *rest = latest
        mark = earliest if self.mark is None else max(self.mark, earliest, key=_place)
        return Remembered(latest=tuple(rest), mark=mark)


def _place(reference: Reference) -> tuple[datetime, str]:
    return reference.begun_at, reference.id


def checked_id(text: str, what: str) -> str:
    """The id as it is. Raises Rejected where it is empty, too long, padded or not printable."""
    if not 1 <= len(text) <= ID_LENGTH_MAX or text != text.strip() or not text.isprintable():
        raise Rejected(
            "INVALID_ID",
            f"{what} {text[:40]!r} is no id: give 1 to {ID_LENGTH_MAX} printable characters, "
            "without spaces around them",
        )
    return text


def checked_text(text: str, what: str, length_max: int = REASON_LENGTH_MAX) -> str:
    """The text as it is. Raises Rejected where it is blank, too long or has control characters."""
    if not text.strip() or len(text) > length_max:
        raise Rejected(
            "INVALID_TEXT",
            f"{what} has {len(text)} characters; give 1 to {length_max}, not only spaces",
        )
    if any(category(each) in ("Cc", "Cs") and each not in "\n\t" for each in text):
        raise Rejected("INVALID_TEXT", f"{what} has control characters; leave them out")
    return text
