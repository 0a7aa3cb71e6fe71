"""The ward board: who lies where since when, and what is free."""

from dataclasses import replace

from domain.clinical.ward_messages import (
    WardBedAdded,
    WardBedRemoved,
    WardEvent,
    WardStaffChanged,
)
from domain.testing import shown
from readmodels.clinical.ward_board import WardBedStatus, WardBoard, ward_boards
from tests.domain.clinical.facts import ANN, minutes
from tests.domain.clinical.test_wards import CHIEF, OCCUPIED, OPENED, RESERVED, VACATED


def board(*events: WardEvent) -> WardBoard:
    return shown(ward_boards, OPENED, *events)["w-3"]


def test_a_ward_opens_with_free_beds() -> None:
    found = board()
    assert [(each.bed, each.status) for each in found.beds] == [
        ("1", WardBedStatus.FREE),
        ("2", WardBedStatus.FREE),
    ]
    assert (found.occupied, found.reserved, found.free) == (0, 0, 2)


def test_a_patient_is_on_the_way_lies_and_leaves() -> None:
    kept = board(RESERVED)
    assert (kept.beds[0].status, kept.beds[0].name) == (WardBedStatus.RESERVED, "Ann Ash")
    assert (kept.occupied, kept.reserved, kept.free) == (0, 1, 1)
    lying = board(RESERVED, replace(OCCUPIED, at=minutes(1)))
    assert (lying.beds[0].patient, lying.beds[0].since) == (ANN, minutes(1))
    assert (lying.occupied, lying.reserved, lying.free) == (1, 0, 1)
    gone = board(RESERVED, OCCUPIED, replace(VACATED, at=minutes(2)))
    assert (gone.beds[0].patient, gone.beds[0].since) == (None, minutes(2))
    assert gone.free == 2


def test_beds_and_staff_come_and_go() -> None:
    added = WardBedAdded(ward="w-3", bed="3", at=minutes(1), by=CHIEF)
    removed = WardBedRemoved(ward="w-3", bed="1", at=minutes(2), by=CHIEF)
    assert [each.bed for each in board(added, removed).beds] == ["2", "3"]
    changed = WardStaffChanged(ward="w-3", staff=("nurse-ned",), at=minutes(3), by=CHIEF)
    assert board(changed).staff == ("nurse-ned",)
