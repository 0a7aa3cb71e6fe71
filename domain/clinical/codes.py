"""Code systems and measures: ICD-10, LOINC, UCUM units, reference ranges and what they say.

Only the form of a code is checked, not that the system defines it: releases come twice a year,
and a hospital's terminology service knows them.
"""

import re
from decimal import Decimal
from enum import StrEnum

from domain.clinical.terms import QUANTITY_DECIMALS_MAX, QUANTITY_MAX, Quantity
from domain.model import Rejected, value

UNIT_LENGTH_MAX = 50

_ICD10 = re.compile(r"[A-Z][0-9][0-9AB](\.[0-9A-Z]{1,4})?", re.ASCII)
_LOINC = re.compile(r"([0-9]{1,7})-([0-9])", re.ASCII)
_UNIT = re.compile(rf"[!-~]{{1,{UNIT_LENGTH_MAX}}}")


class ObservationInterpretation(StrEnum):
    """How a value stands to its reference range, by HL7's codes: LL and HH are critical."""

    LL = "LL"
    L = "L"
    N = "N"
    H = "H"
    HH = "HH"


@value
class ReferenceRange:
    """What is normal, from `low` to `high`, and what is critical: below and above the others.

    All bounds are in `unit` and may be absent; a value on a bound is within it.
    """

    unit: str
    low: Decimal | None = None
    high: Decimal | None = None
    critical_low: Decimal | None = None
    critical_high: Decimal | None = None


def checked_icd10(code: str) -> str:
    """The code as it is. Raises Rejected where it has not the form of ICD-10 or ICD-10-CM.

    A letter, a digit and a digit, A or B make the category; after a point up to four characters
    say more (ICD-10-CM Official Guidelines, section I.A: three to seven characters).
    """
    if not _ICD10.fullmatch(code):
        raise Rejected(
            "INVALID_ICD10",
            f"{code[:20]!r} is no ICD-10 code: give one such as I10, E11.9 or S72.001A",
        )
    return code


def loinc_check_digit(number: str) -> int:
    """The check digit of a LOINC number (LOINC Users' Guide, annex C: Mod 10).

    Every second digit from the right, the last included, is doubled as one number; the digits of
    that and of the rest are added; what lacks to the next multiple of ten is the check digit.
    """
    doubled = str(int(number[::-2]) * 2)
    rest = number[-2::-2]
    return -sum(map(int, doubled + rest)) % 10


def checked_loinc(code: str) -> str:
    """The code as it is. Raises Rejected where it has no LOINC form or a wrong check digit."""
    found = _LOINC.fullmatch(code)
    if found is None or loinc_check_digit(found[1]) != int(found[2]):
        raise Rejected(
            "INVALID_LOINC",
            f"{code[:20]!r} is no LOINC code: give digits and, after a hyphen, their Mod 10 "
            "check digit, such as 2823-3",
        )
    return code


def checked_unit(unit: str) -> str:
    """The unit as it is. Raises Rejected where it cannot be UCUM: printable ASCII, no spaces."""
    if not _UNIT.fullmatch(unit):
        raise Rejected(
            "INVALID_UNIT",
            f"{unit[:20]!r} is no UCUM unit: give 1 to {UNIT_LENGTH_MAX} ASCII characters "
            "without spaces, such as mmol/L; 1 for a bare number",
        )
    return unit


def checked_number(number: Decimal, what: str, least: Decimal = -QUANTITY_MAX) -> Decimal:
    """The number without trailing zeros lost. Raises Rejected where it is too large or fine."""
    exponent = number.as_tuple().exponent
    if (
        not isinstance(exponent, int)
        or not least <= number <= QUANTITY_MAX
        or exponent < -QUANTITY_DECIMALS_MAX
    ):
        raise Rejected(
            "INVALID_QUANTITY",
            f"{what} is {number!s:.40}; give {least} to {QUANTITY_MAX} with at most "
            f"{QUANTITY_DECIMALS_MAX} decimals",
        )
    return number


def checked_quantity(quantity: Quantity, what: str) -> Quantity:
    """The quantity as it is. Raises Rejected where its value or unit cannot be."""
    checked_number(quantity.value, what)
    checked_unit(quantity.unit)
    return quantity


def checked_range(range: ReferenceRange | None, quantity: Quantity) -> ReferenceRange | None:
    """The range as it is. Raises Rejected where it is out of order or in another unit.

    Units are compared as they are written: a value in mg/dL has no place in a range in mmol/L.
    """
    if range is None:
        return None
    if range.unit != quantity.unit:
        raise Rejected(
            "UNIT_MISMATCH",
            f"the value is in {quantity.unit[:50]}, its range in {range.unit[:50]}; use one unit",
        )
    bounds = [range.critical_low, range.low, range.high, range.critical_high]
    given = [checked_number(each, "a bound") for each in bounds if each is not None]
    if given != sorted(given):
        raise Rejected(
            "INVALID_RANGE",
            "the bounds are out of order: from critical low to low, high and critical high",
        )
    return range


def interpretation_of(
    value: Decimal, range: ReferenceRange | None
) -> ObservationInterpretation | None:
    """How the value stands to the range, the worst first; None where nothing is normal or not."""
    if range is None:
        return None
    if range.critical_low is not None and value < range.critical_low:
        return ObservationInterpretation.LL
    if range.critical_high is not None and value > range.critical_high:
        return ObservationInterpretation.HH
    if range.low is not None and value < range.low:
        return ObservationInterpretation.L
    if range.high is not None and value > range.high:
        return ObservationInterpretation.H
    return None if range.low is None and range.high is None else ObservationInterpretation.N
