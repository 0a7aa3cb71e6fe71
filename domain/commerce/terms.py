"""The terms that all of commerce shares: what an id, a text, a quantity and an amount may be."""

from decimal import Decimal
from unicodedata import category

from domain.model import Rejected, value

ID_LENGTH_MAX = 100
NAME_LENGTH_MAX = 200
REASON_LENGTH_MAX = 500
QUANTITY_MAX = 1_000_000
STOCK_MAX = 1_000_000_000
LINES_MAX = 200
PARTS_MAX = 100
"""In how many parts an order may be shipped, returned or refunded; the last takes the rest."""
PRICE_MAX = Decimal("1000000.00")
AMOUNT_MAX = Decimal("1000000000000000.00")
CENT = Decimal("0.01")
ZERO = Decimal("0.00")


@value
class OrderLine:
    """A product and how much of it."""

    product: str
    quantity: int


@value
class PricedLine:
    """A product, how much of it, and the price of one, as fixed when its stock was reserved."""

    product: str
    quantity: int
    unit_price: Decimal

    @property
    def amount(self) -> Decimal:
        """What the whole line costs."""
        return self.unit_price * self.quantity


def plain(lines: tuple[OrderLine, ...] | tuple[PricedLine, ...]) -> tuple[OrderLine, ...]:
    """The lines without their prices."""
    return tuple(OrderLine(product=each.product, quantity=each.quantity) for each in lines)


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


def checked_quantity(number: int, what: str, *, least: int = 1, most: int = QUANTITY_MAX) -> int:
    """The number as it is. Raises Rejected where it is below `least` or above `most`."""
    if not least <= number <= most:
        raise Rejected("INVALID_QUANTITY", f"{what} is {_short(number)}; give {least} to {most}")
    return number


def checked_amount(amount: Decimal, what: str, most: Decimal = AMOUNT_MAX) -> Decimal:
    """The amount with two decimals. Raises Rejected where it is negative, finer or too large."""
    if not amount.is_finite() or not 0 <= amount <= most:
        raise Rejected("INVALID_AMOUNT", f"{what} is {_short(amount)}; give 0.00 to {most}")
    cents = abs(amount.quantize(CENT))
    if cents != amount:
        raise Rejected("INVALID_AMOUNT", f"{what} is {_short(amount)}; give at most two decimals")
    return cents


def checked_lines(lines: tuple[OrderLine, ...]) -> tuple[OrderLine, ...]:
    """The lines as they are. Raises Rejected where there are none, too many, or a product twice."""
    if not 1 <= len(lines) <= LINES_MAX:
        raise Rejected("INVALID_LINES", f"there are {len(lines)} lines; give 1 to {LINES_MAX}")
    seen: set[str] = set()
    for line in lines:
        checked_id(line.product, "product")
        checked_quantity(line.quantity, f"the quantity of {line.product}")
        if line.product in seen:
            raise Rejected(
                "DUPLICATE_LINE",
                f"product {line.product} stands in two lines; name it once, with all of it",
            )
        seen.add(line.product)
    return lines


def _short(number: int | Decimal) -> str:
    return f"{number!s:.40}" if isinstance(number, Decimal) or abs(number) < 10**40 else "too large"
