"""A stay: planned, admitted, moved, discharged; and what the ward says to each bed asked for."""

from dataclasses import replace

from domain.clinical.bed_moves import ACTOR, bed_moves
from domain.clinical.emergency_access import emergency_access
from domain.clinical.encounter_messages import (
    BedTransferred,
    BedTransferRefused,
    CancelEncounter,
    DischargePatient,
    EncounterCancelled,
    EncounterPlanned,
    LeaveBed,
    PlanEncounter,
    SettleInBed,
    TurnAwayFromBed,
)
from domain.clinical.merge_messages import (
    HandOverRecord,
    RecordTakeoverRefused,
    RevertPatientMerge,
    TakeOverRecord,
)
from domain.clinical.merging import merging
from domain.clinical.patient_messages import (
    EmergencyAccessEnded,
    EndEmergencyAccess,
)
from domain.clinical.terms import WardBed
from domain.clinical.ward_messages import (
    BedOccupied,
    BedRefused,
    BedReserved,
    BedVacated,
    OccupyBed,
    ReserveBed,
    VacateBed,
)
from domain.model import After
from domain.testing import reacting
from tests.domain.clinical.facts import (
    ADMIT,
    ADMITTED,
    ANN,
    BED_1,
    BED_2,
    CLERK,
    CLINICIANS,
    DISCHARGED,
    DOC,
    IN_BED,
    LEFT,
    MOVING,
    NURSE_NINA,
    REGISTERED,
    REGISTRARS,
    STAY,
    T0,
    TEAM,
    TRANSFER,
    glass_broken,
    minutes,
    refused,
    when,
)
from tests.domain.clinical.test_merges import HANDED_OVER, MERGED

DISCHARGE = DischargePatient(patient=ANN, disposition="home", at=T0, by=DOC)
SETTLE = SettleInBed(patient=ANN, encounter=STAY, bed=BED_1, move=1, at=T0, by=ACTOR)
TURN_AWAY = TurnAwayFromBed(
    patient=ANN, encounter=STAY, bed=BED_1, move=1, reason="bed 1 of w-3 is taken", at=T0, by=ACTOR
)
MOVED = BedTransferred(patient=ANN, encounter=STAY, source=BED_1, bed=BED_2, at=T0, by=ACTOR)


def test_a_patient_is_admitted_and_waits_for_the_bed() -> None:
    assert when(ADMIT, REGISTERED) == [ADMITTED]
    assert refused(ADMIT, REGISTERED, ADMITTED) == "PATIENT_ADMITTED"
    assert refused(replace(ADMIT, roles=CLINICIANS), REGISTERED) == "NOT_IN_CARE_TEAM"
    padded = replace(ADMIT, bed=WardBed(ward="w-3", bed=" 1"))
    assert refused(padded, REGISTERED) == "INVALID_ID"


def test_a_planned_stay_begins_with_its_admission_or_is_cancelled() -> None:
    plan = PlanEncounter(
        patient=ANN,
        encounter="e-0",
        reason="hip",
        start_at=minutes(10),
        at=T0,
        by=CLERK,
        roles=REGISTRARS,
    )
    planned = EncounterPlanned(
        patient=ANN, encounter="e-0", reason="hip", start_at=minutes(10), at=T0, by=CLERK
    )
    assert when(plan, REGISTERED) == [planned]
    assert refused(replace(plan, start_at=minutes(-1)), REGISTERED) == "INVALID_DATE"
    admit = replace(ADMIT, planned="e-0")
    admitted = replace(ADMITTED, encounter="e-0")
    assert when(admit, REGISTERED, planned) == [admitted]
    cancel = CancelEncounter(
        patient=ANN, encounter="e-0", reason="better", at=T0, by=CLERK, roles=REGISTRARS
    )
    cancelled = EncounterCancelled(patient=ANN, encounter="e-0", reason="better", at=T0, by=CLERK)
    assert when(cancel, REGISTERED, planned) == [cancelled]
    assert refused(cancel, REGISTERED, planned, admitted) == "ENCOUNTER_NOT_PLANNED"
    assert refused(admit, REGISTERED, planned, cancelled) == "ENCOUNTER_NOT_PLANNED"


def test_the_stay_is_under_way_when_the_patient_lies_in_the_bed() -> None:
    past = (REGISTERED, ADMITTED)
    assert when(SETTLE, *past) == [IN_BED]
    assert when(SETTLE, *past, IN_BED) == []
    assert when(SETTLE, REGISTERED) == []


def test_a_bed_that_is_not_to_be_had_cancels_the_admission() -> None:
    cancelled = EncounterCancelled(
        patient=ANN, encounter=STAY, reason="bed 1 of w-3 is taken", at=T0, by=ACTOR
    )
    assert when(TURN_AWAY, REGISTERED, ADMITTED) == [cancelled]
    assert when(TURN_AWAY, REGISTERED, ADMITTED, cancelled) == []
    assert when(ADMIT, REGISTERED, ADMITTED, cancelled) == [ADMITTED]


def test_a_patient_moves_to_another_bed_one_move_at_a_time() -> None:
    past = (REGISTERED, ADMITTED, IN_BED)
    assert refused(TRANSFER, REGISTERED) == "PATIENT_NOT_ADMITTED"
    assert refused(TRANSFER, REGISTERED, ADMITTED) == "MOVE_UNDER_WAY"
    assert when(TRANSFER, *past) == [MOVING]
    assert when(replace(TRANSFER, bed=BED_1), *past) == [], "the patient lies there"
    for command in (TRANSFER, DISCHARGE):
        assert refused(command, *past, MOVING) == "MOVE_UNDER_WAY"
    settle = replace(SETTLE, bed=BED_2, move=2)
    assert when(settle, *past, MOVING) == [MOVED]
    assert when(SETTLE, *past, MOVING) == [], "that was the move before"


def test_a_patient_whose_other_bed_is_refused_stays() -> None:
    past = (REGISTERED, ADMITTED, IN_BED, MOVING)
    no = replace(TURN_AWAY, bed=BED_2, move=2)
    stays = BedTransferRefused(
        patient=ANN, encounter=STAY, bed=BED_2, reason=no.reason, at=T0, by=ACTOR
    )
    assert when(no, *past) == [stays]
    assert when(no, *past, stays) == []
    assert when(DISCHARGE, *past, stays) == [DISCHARGED]


def test_a_discharged_patient_may_come_again() -> None:
    past = (REGISTERED, ADMITTED, IN_BED)
    assert when(DISCHARGE, *past) == [DISCHARGED]
    assert refused(DISCHARGE, *past, DISCHARGED) == "PATIENT_NOT_ADMITTED"
    leave = LeaveBed(patient=ANN, encounter=STAY, bed=BED_1, at=T0, by=ACTOR)
    assert refused(ADMIT, *past, DISCHARGED) == "MOVE_UNDER_WAY", "the bed is not given back yet"
    assert when(leave, *past, DISCHARGED) == [LEFT]
    assert when(leave, *past, DISCHARGED, LEFT) == []
    assert when(replace(ADMIT, encounter="e-2"), *past, DISCHARGED, LEFT) != []


# What the process does


def reserve(bed: WardBed, move: int) -> ReserveBed:
    return ReserveBed(
        ward=bed.ward,
        bed=bed.bed,
        encounter=STAY,
        move=move,
        patient=ANN,
        name="Ann Ash",
        at=T0,
        by=ACTOR,
    )


def occupy(bed: WardBed, move: int) -> OccupyBed:
    return OccupyBed(ward=bed.ward, bed=bed.bed, encounter=STAY, move=move, at=T0, by=ACTOR)


def vacate(bed: WardBed, move: int) -> VacateBed:
    return VacateBed(ward=bed.ward, bed=bed.bed, encounter=STAY, move=move, at=T0, by=ACTOR)


def reserved(bed: WardBed, move: int) -> BedReserved:
    return BedReserved(
        ward=bed.ward,
        bed=bed.bed,
        encounter=STAY,
        move=move,
        patient=ANN,
        name="Ann Ash",
        at=T0,
        by=ACTOR,
    )


def occupied(bed: WardBed, move: int) -> BedOccupied:
    return BedOccupied(
        ward=bed.ward, bed=bed.bed, encounter=STAY, move=move, patient=ANN, at=T0, by=ACTOR
    )


def vacated(bed: WardBed, move: int) -> BedVacated:
    return BedVacated(
        ward=bed.ward, bed=bed.bed, encounter=STAY, move=move, patient=ANN, at=T0, by=ACTOR
    )


def test_an_admission_asks_for_a_bed_occupies_it_and_says_so() -> None:
    assert reacting(bed_moves).to(ADMITTED) == [reserve(BED_1, 1)]
    assert reacting(bed_moves, ADMITTED).to(reserved(BED_1, 1)) == [occupy(BED_1, 1)]
    assert reacting(bed_moves, ADMITTED).to(occupied(BED_1, 1)) == [SETTLE]


def test_a_refused_bed_is_answered_to_the_patient() -> None:
    no = BedRefused(
        ward="w-3",
        bed="1",
        encounter=STAY,
        move=1,
        patient=ANN,
        reason="bed 1 of w-3 is taken",
        at=T0,
        by=ACTOR,
    )
    assert reacting(bed_moves, ADMITTED).to(no) == [TURN_AWAY]


def test_a_move_leaves_the_old_bed_before_it_occupies_the_new_one() -> None:
    past = (ADMITTED, reserved(BED_1, 1), occupied(BED_1, 1))
    assert reacting(bed_moves, *past).to(MOVING) == [reserve(BED_2, 2)]
    moving = reacting(bed_moves, *past, MOVING)
    assert moving.to(reserved(BED_2, 2)) == [vacate(BED_1, 1)]
    assert moving.to(vacated(BED_1, 1)) == [occupy(BED_2, 2)]
    settle = replace(SETTLE, bed=BED_2, move=2)
    assert moving.to(occupied(BED_2, 2)) == [settle]


def test_a_bed_that_was_kept_for_a_move_of_the_past_is_given_back() -> None:
    assert reacting(bed_moves, ADMITTED, MOVING).to(reserved(BED_1, 1)) == [vacate(BED_1, 1)]
    over = reacting(bed_moves, ADMITTED, DISCHARGED)
    assert over.to(reserved(BED_1, 1)) == [vacate(BED_1, 1)]
    assert over.to(occupied(BED_1, 1)) == [vacate(BED_1, 1)]
    assert over.to(vacated(BED_2, 2)) == []


def test_a_discharge_frees_the_bed_and_only_then_lets_the_patient_come_again() -> None:
    assert reacting(bed_moves, ADMITTED).to(DISCHARGED) == [vacate(BED_1, 1)]
    leave = LeaveBed(patient=ANN, encounter=STAY, bed=BED_1, at=T0, by=ACTOR)
    assert reacting(bed_moves, ADMITTED, DISCHARGED).to(vacated(BED_1, 1)) == [leave]


def test_an_emergency_access_ends_after_four_hours() -> None:
    end = EndEmergencyAccess(
        patient=ANN, glass="g-1", at=minutes(240), by="process:emergency_access"
    )
    assert reacting(emergency_access).to(glass_broken()) == [After(minutes(240) - T0, end)]
    ended = EmergencyAccessEnded(
        patient=ANN, glass="g-1", subject="dr-eve", access=TEAM, at=minutes(240), by="process:it"
    )
    assert reacting(emergency_access, glass_broken()).to(ended) == []


def test_a_merge_is_taken_over_or_reverted() -> None:
    hand_over = HandOverRecord(patient=ANN, survivor="p-anna", at=T0, by="process:merging")
    assert reacting(merging).to(MERGED) == [hand_over]
    take = TakeOverRecord(
        patient="p-anna", source=ANN, record=HANDED_OVER.record, at=T0, by="process:merging"
    )
    assert reacting(merging, MERGED).to(HANDED_OVER) == [take]
    no = RecordTakeoverRefused(
        patient="p-anna", source=ANN, reason="there is no such patient", at=T0, by="process:it"
    )
    revert = RevertPatientMerge(
        patient=ANN,
        survivor="p-anna",
        reason="there is no such patient",
        at=T0,
        by="process:merging",
    )
    assert reacting(merging, MERGED).to(no) == [revert]


def test_a_nurse_of_the_team_may_admit_too() -> None:
    by_nina = replace(ADMIT, by=NURSE_NINA, roles=frozenset({"nurse"}))
    assert when(by_nina, REGISTERED) == [replace(ADMITTED, by=NURSE_NINA)]
