"""The terms of trading: sides, quantities, prices, and why a trade comes to nothing."""

from decimal import Decimal
from enum import StrEnum

from domain.model import Rejected

UNIT = Decimal("0.000001")
"""The smallest part of a unit that is held, and the finest step of a price."""
QUANTITY_MAX = Decimal("100000000")
PRICE_MAX = Decimal("10000000")
"""A quantity times a price has at most 28 digits, which Decimal keeps exactly."""


class TradeSide(StrEnum):
    """Whether units come or go."""

    BUY = "BUY"
    SELL = "SELL"


class TradeRefusal(StrEnum):
    """Why a trade comes to nothing: its price, the account, or the portfolio."""

    UNKNOWN_INSTRUMENT = "UNKNOWN_INSTRUMENT"
    NO_QUOTE = "NO_QUOTE"
    PRICE_BEYOND_LIMIT = "PRICE_BEYOND_LIMIT"
    AMOUNT_OUT_OF_RANGE = "AMOUNT_OUT_OF_RANGE"
    UNKNOWN_ACCOUNT = "UNKNOWN_ACCOUNT"
    ACCOUNT_FROZEN = "ACCOUNT_FROZEN"
    ACCOUNT_CLOSED = "ACCOUNT_CLOSED"
    WRONG_CURRENCY = "WRONG_CURRENCY"
    NOT_YOUR_ACCOUNT = "NOT_YOUR_ACCOUNT"
    INSUFFICIENT_FUNDS = "INSUFFICIENT_FUNDS"
    BALANCE_TOO_LARGE = "BALANCE_TOO_LARGE"
    TOO_MANY_UNDER_WAY = "TOO_MANY_UNDER_WAY"
    NOT_ENOUGH_UNITS = "NOT_ENOUGH_UNITS"
    TOO_MANY_LOTS = "TOO_MANY_LOTS"
    TOO_MANY_HOLDINGS = "TOO_MANY_HOLDINGS"
    TOO_LATE = "TOO_LATE"


def checked_price(price: Decimal, what: str = "price") -> Decimal:
    """The price in whole steps. Raises Rejected where it is not positive, finer or too large."""
    return _checked(price, what, PRICE_MAX, "INVALID_PRICE")


def checked_quantity(quantity: Decimal) -> Decimal:
    """The quantity in whole steps. Raises Rejected where it is not positive, finer or too large."""
    return _checked(quantity, "quantity", QUANTITY_MAX, "INVALID_QUANTITY")


def _checked(number: Decimal, what: str, most: Decimal, code: str) -> Decimal:
    if not number.is_finite() or not 0 < number <= most:
        raise Rejected(code, f"{what} is {number!s:.40}; give more than 0, at most {most}")
    whole = number.quantize(UNIT)
    if whole != number:
        raise Rejected(code, f"{what} is {number!s:.40}; give at most six decimals")
    return whole
