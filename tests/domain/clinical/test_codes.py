"""Codes, units and ranges: what has their form, and what a value says in its range."""

from decimal import Decimal
from typing import Any

import pytest

from domain.clinical.codes import (
    ObservationInterpretation,
    ReferenceRange,
    checked_icd10,
    checked_loinc,
    checked_number,
    checked_range,
    checked_unit,
    interpretation_of,
    loinc_check_digit,
)
from domain.clinical.interactions import contraindications, ingredients_together
from domain.clinical.terms import Quantity
from domain.model import Rejected


def code_of(check: Any, *arguments: Any) -> str:
    with pytest.raises(Rejected) as refused:
        check(*arguments)
    return refused.value.code


@pytest.mark.parametrize("code", ["I10", "E11.9", "S72.001A", "C7A.00", "U07.1", "Z99.89"])
def test_an_icd10_code_has_a_category_and_up_to_four_characters_more(code: str) -> None:
    assert checked_icd10(code) == code


@pytest.mark.parametrize("code", ["", "10", "i10", "E11.", "E119", "E11.12345", "E11-9", "E11.9\n"])
def test_what_has_another_form_is_no_icd10_code(code: str) -> None:
    assert code_of(checked_icd10, code) == "INVALID_ICD10"


def test_the_check_digit_of_the_loinc_users_guide() -> None:
    assert loinc_check_digit("12345") == 5


@pytest.mark.parametrize(
    "code", ["2823-3", "2345-7", "718-7", "8867-4", "8480-6", "4548-4", "2160-0", "85354-9"]
)
def test_loinc_codes_in_use_have_their_check_digit(code: str) -> None:
    assert checked_loinc(code) == code


@pytest.mark.parametrize(
    "code", ["2823-4", "2832-3", "28233", "-3", "LP123-4", "2823-3 ", "2823-33"]
)
def test_a_wrong_digit_or_two_that_changed_places_are_no_loinc_code(code: str) -> None:
    assert code_of(checked_loinc, code) == "INVALID_LOINC"


@pytest.mark.parametrize(
    "unit", ["mmol/L", "mg/dL", "10*9/L", "{score}", "1", "%", "mm[Hg]", "Cel"]
)
def test_a_unit_is_written_as_ucum_writes_it(unit: str) -> None:
    assert checked_unit(unit) == unit


@pytest.mark.parametrize("unit", ["", "mmol / L", "µg", "x" * 51])
def test_what_ucum_cannot_write_is_no_unit(unit: str) -> None:
    assert code_of(checked_unit, unit) == "INVALID_UNIT"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1E10", "0.0000001"])
def test_a_value_has_bounds(number: str) -> None:
    assert code_of(checked_number, Decimal(number), "it") == "INVALID_QUANTITY"


POTASSIUM = ReferenceRange(
    unit="mmol/L",
    low=Decimal("3.5"),
    high=Decimal("5.1"),
    critical_low=Decimal("2.8"),
    critical_high=Decimal("6.2"),
)


@pytest.mark.parametrize(
    ("value", "means"),
    [
        ("2.79", "LL"), ("2.8", "L"), ("3.49", "L"), ("3.5", "N"), ("4.2", "N"),
        ("5.1", "N"), ("5.11", "H"), ("6.2", "H"), ("6.21", "HH"),
    ],
)  # fmt: skip
def test_a_value_is_within_its_range_on_the_bounds(value: str, means: str) -> None:
    assert interpretation_of(Decimal(value), POTASSIUM) == ObservationInterpretation(means)


def test_without_a_range_nothing_is_normal_or_not() -> None:
    assert interpretation_of(Decimal(1), None) is None
    assert interpretation_of(Decimal(1), ReferenceRange(unit="1")) is None
    only_high = ReferenceRange(unit="ng/L", high=Decimal(14))
    assert interpretation_of(Decimal(3), only_high) == ObservationInterpretation.N


def test_a_range_is_in_the_unit_of_the_value_and_in_order() -> None:
    milligrams = Quantity(value=Decimal(4), unit="mg/dL")
    assert code_of(checked_range, POTASSIUM, milligrams) == "UNIT_MISMATCH"
    upside_down = ReferenceRange(unit="mg/dL", low=Decimal(5), high=Decimal(3))
    assert code_of(checked_range, upside_down, milligrams) == "INVALID_RANGE"


def test_an_allergy_to_a_class_is_one_to_all_of_it() -> None:
    assert contraindications(["amoxicillin"], ["penicillin"], []) == (
        "allergy: penicillin (amoxicillin)",
    )
    assert contraindications(["azithromycin"], ["penicillin"], []) == ()
    assert contraindications(["amoxicillin"], ["amoxicillin"], []) != ()


def test_an_interaction_is_the_same_from_both_sides() -> None:
    one = contraindications(["simvastatin"], [], ["clarithromycin"])
    assert one == contraindications(["clarithromycin"], [], ["simvastatin"])
    assert one == ("interaction: clarithromycin with simvastatin (rhabdomyolysis)",)
    assert ingredients_together(["phenelzine", "sertraline"]) != ()
    assert ingredients_together(["sertraline"]) == ()
