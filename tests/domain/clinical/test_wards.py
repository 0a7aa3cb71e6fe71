"""A ward: its beds, each for one patient, and its staff."""

from dataclasses import replace

from domain.clinical.ward_messages import (
    AddWardBed,
    AssignWardStaff,
    BedOccupied,
    BedRefused,
    BedReserved,
    BedVacated,
    OccupyBed,
    OpenWard,
    RemoveWardBed,
    RemoveWardStaff,
    ReserveBed,
    VacateBed,
    WardBedAdded,
    WardBedRemoved,
    WardOpened,
    WardStaffChanged,
)
from domain.clinical.wards import wards
from domain.testing import given
from tests.domain.clinical.facts import ANN, NURSE_NINA, STAY, T0

CHIEF = "manager-mia"
OPEN = OpenWard(ward="w-3", name="Three", beds=("1", "2"), staff=(NURSE_NINA,), at=T0, by=CHIEF)
OPENED = WardOpened(ward="w-3", name="Three", beds=("1", "2"), staff=(NURSE_NINA,), at=T0, by=CHIEF)
RESERVE = ReserveBed(
    ward="w-3", bed="1", encounter=STAY, move=1, patient=ANN, name="Ann Ash", at=T0, by="p"
)
RESERVED = BedReserved(
    ward="w-3", bed="1", encounter=STAY, move=1, patient=ANN, name="Ann Ash", at=T0, by="p"
)
OCCUPY = OccupyBed(ward="w-3", bed="1", encounter=STAY, move=1, at=T0, by="p")
OCCUPIED = BedOccupied(ward="w-3", bed="1", encounter=STAY, move=1, patient=ANN, at=T0, by="p")
VACATE = VacateBed(ward="w-3", bed="1", encounter=STAY, move=1, at=T0, by="p")
VACATED = BedVacated(ward="w-3", bed="1", encounter=STAY, move=1, patient=ANN, at=T0, by="p")


def test_a_ward_is_opened_once_with_its_beds() -> None:
    assert given(wards).when(OPEN) == [OPENED]
    assert given(wards, OPENED).rejects(OPEN) == "WARD_EXISTS"
    assert given(wards).rejects(replace(OPEN, beds=("1", "1"))) == "BED_EXISTS"
    assert given(wards).rejects(replace(OPEN, beds=tuple(map(str, range(201))))) == "TOO_MANY_BEDS"
    crowd = tuple(map(str, range(301)))
    assert given(wards).rejects(replace(OPEN, staff=crowd)) == "TOO_MANY_STAFF"


def test_beds_come_and_go_while_they_are_free() -> None:
    add = AddWardBed(ward="w-3", bed="3", at=T0, by=CHIEF)
    added = WardBedAdded(ward="w-3", bed="3", at=T0, by=CHIEF)
    assert given(wards, OPENED).when(add) == [added]
    assert given(wards, OPENED, added).when(add) == []
    assert given(wards).rejects(add) == "WARD_UNKNOWN"
    remove = RemoveWardBed(ward="w-3", bed="1", at=T0, by=CHIEF)
    removed = WardBedRemoved(ward="w-3", bed="1", at=T0, by=CHIEF)
    assert given(wards, OPENED).when(remove) == [removed]
    assert given(wards, OPENED, removed).when(remove) == []
    assert given(wards, OPENED, RESERVED).rejects(remove) == "BED_IN_USE"


def test_staff_come_and_go() -> None:
    assign = AssignWardStaff(ward="w-3", member="nurse-ned", at=T0, by=CHIEF)
    both = WardStaffChanged(ward="w-3", staff=(NURSE_NINA, "nurse-ned"), at=T0, by=CHIEF)
    assert given(wards, OPENED).when(assign) == [both]
    assert given(wards, OPENED, both).when(assign) == []
    remove = RemoveWardStaff(ward="w-3", member=NURSE_NINA, at=T0, by=CHIEF)
    one = WardStaffChanged(ward="w-3", staff=("nurse-ned",), at=T0, by=CHIEF)
    assert given(wards, OPENED, both).when(remove) == [one]
    assert given(wards, OPENED, both, one).when(remove) == []


def test_a_free_bed_is_kept_then_occupied_then_free_again() -> None:
    assert given(wards, OPENED).when(RESERVE) == [RESERVED]
    assert given(wards, OPENED, RESERVED).when(RESERVE) == []
    assert given(wards, OPENED, RESERVED).when(OCCUPY) == [OCCUPIED]
    assert given(wards, OPENED, RESERVED, OCCUPIED).when(OCCUPY) == []
    assert given(wards, OPENED, RESERVED, OCCUPIED).when(VACATE) == [VACATED]
    past = (OPENED, RESERVED, OCCUPIED, VACATED)
    assert given(wards, *past).when(VACATE) == []
    assert given(wards, *past).when(OCCUPY) == []
    assert given(wards).when(VACATE) == []


def test_a_bed_that_is_taken_or_does_not_exist_is_refused() -> None:
    other = replace(RESERVE, encounter="e-2", patient="p-bob", name="Bob")
    no = BedRefused(
        ward="w-3",
        bed="1",
        encounter="e-2",
        move=1,
        patient="p-bob",
        reason="bed 1 of w-3 is taken",
        at=T0,
        by="p",
    )
    assert given(wards, OPENED, RESERVED).when(other) == [no]
    assert given(wards, OPENED, RESERVED, OCCUPIED).when(other) == [no]
    nowhere = replace(other, bed="9")
    why = "ward w-3 has no bed 9"
    assert given(wards, OPENED).when(nowhere) == [replace(no, bed="9", reason=why)]
    assert given(wards).when(other) == [replace(no, reason="there is no ward w-3")]


def test_only_the_move_that_holds_a_bed_gives_it_back() -> None:
    back_again = replace(RESERVE, move=3)
    kept = replace(RESERVED, move=3)
    past = (OPENED, RESERVED)
    assert given(wards, *past).when(back_again) == [kept]
    assert given(wards, *past, kept).when(VACATE) == [], "that was an earlier move"
    assert given(wards, *past, kept).when(replace(VACATE, move=3)) == [replace(VACATED, move=3)]
