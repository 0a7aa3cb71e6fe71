"""Identifiers sort by time, are UUIDs of version 7, and follow from their source where derived."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.ids import derived_id, new_id


def is_uuid7(text: str) -> bool:
    """Whether it is the canonical text of a UUID of version 7 and of RFC 9562's variant."""
    uuid = UUID(text)
    return str(uuid) == text and uuid.version == 7 and uuid.variant == "specified in RFC 4122"


def milliseconds(text: str) -> int:
    return UUID(text).int >> 80


def test_each_new_id_is_above_the_one_before() -> None:
    ids = some(20_000)
    assert ids == sorted(set(ids))
    assert all(map(is_uuid7, ids[::100]))


def some(number: int) -> list[str]:
    return [new_id() for _ in range(number)]


def test_new_ids_of_many_threads_are_all_different() -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(some, [1000] * 8))
    assert all(each == sorted(each) for each in made)
    assert len({id for each in made for id in each}) == 8000


def test_a_new_id_tells_when_it_was_made() -> None:
    before = time.time_ns() // 1_000_000
    made = milliseconds(new_id())
    # Never below the clock; above it only by as much as ids were made faster than it ticks.
    assert before <= made


def test_ids_go_on_ascending_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    first = new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    ids = [first, *(new_id() for _ in range(5000))]
    assert ids == sorted(set(ids))
    assert all(map(is_uuid7, ids[::100]))


texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(texts, st.lists(texts, max_size=3))
def test_a_derived_id_is_always_the_same_and_a_uuid(source: str, salt: list[str]) -> None:
    assert derived_id(source, *salt) == derived_id(source, *salt)
    assert is_uuid7(derived_id(source, *salt))


def test_a_derived_id_keeps_the_time_of_its_source() -> None:
    source = new_id()
    derived = derived_id(source, "actor", "Command", "field")
    assert milliseconds(derived) == milliseconds(source)
    assert derived != source


def test_another_source_or_salt_gives_another_id() -> None:
    source = new_id()
    salts = [(), ("a",), ("b",), ("a", "b"), ("ab",), ("", "ab"), ("b", "a")]
    ids = {derived_id(each, *salt) for each in (source, new_id(), "x", "") for salt in salts}
    assert len(ids) == 4 * len(salts)


@pytest.mark.parametrize(
    "source",
    [
        "-1234567-1234-7000-8000-000000000000",
        " 1234567-1234-7000-8000-000000000000",
        "1_234567-1_34-7000-8000-000000000000",
        "0190a0b0xc0d0-7abc-8def-0123456789ab",
        "\u0660190a0b-c0d0-7abc-8def-0123456789ab",
    ],
)
def test_what_only_looks_like_a_uuid_still_gives_one(source: str) -> None:
    assert is_uuid7(derived_id(source, "field"))
