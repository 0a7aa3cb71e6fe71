"""A copy with some fields changed is what the standard library would have made."""

import dataclasses
from dataclasses import FrozenInstanceError, dataclass
from typing import Any, cast

import pytest

from domain.model import replace, value


@value
class Price:
    """Fields without and with defaults."""

    amount: int
    currency: str = "EUR"
    marks: tuple[str, ...] = ()


@value
class Checked:
    """A value that looks at its own fields."""

    amount: int

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError("an amount is not negative")


@dataclass(frozen=True)
class Plain:
    """A dataclass that is none of ours."""

    amount: int


PRICE = Price(amount=3, marks=("sale",))


@pytest.mark.parametrize("changes", [{}, {"amount": 4}, {"currency": "USD", "marks": ()}])
def test_a_copy_is_as_the_standard_library_makes_it(changes: dict[str, Any]) -> None:
    copy = replace(PRICE, **changes)
    assert copy == dataclasses.replace(PRICE, **changes)
    assert type(copy) is Price
    assert Price(amount=3, marks=("sale",)) == PRICE


def test_a_copy_is_frozen_and_can_be_hashed_and_copied_again() -> None:
    copy = replace(PRICE, amount=4)
    with pytest.raises(FrozenInstanceError):
        cast(Any, copy).amount = 5
    assert hash(copy) == hash(Price(amount=4, marks=("sale",)))
    assert replace(copy, amount=3) == PRICE


def test_a_field_that_is_not_there_is_refused() -> None:
    changes: dict[str, Any] = {"ammount": 4}
    with pytest.raises(TypeError, match="Price has no field 'ammount'"):
        replace(PRICE, **changes)
    with pytest.raises(TypeError, match="ammount"):
        replace(Checked(amount=1), **changes)


def test_a_value_that_checks_itself_checks_its_copies() -> None:
    assert replace(Checked(amount=1), amount=2) == Checked(amount=2)
    with pytest.raises(ValueError, match="not negative"):
        replace(Checked(amount=1), amount=-1)


def test_any_other_dataclass_is_copied_too() -> None:
    assert replace(Plain(1), amount=2) == Plain(2)
