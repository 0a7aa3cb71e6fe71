"""Doses: due, given within their window, missed by themselves, and never after the end."""

from dataclasses import replace

from domain.clinical.dose_messages import (
    CallDose,
    MedicationCompleted,
    MissDose,
    RecordMissedDose,
)
from domain.clinical.dosing import ACTOR, dosing
from domain.clinical.medication_messages import CarriedPrescription, PrescriptionTakenOver
from domain.clinical.patient_messages import CareTeamMemberRemoved
from domain.clinical.terms import ChartAccess
from domain.model import After
from domain.testing import reacting
from tests.domain.clinical.facts import (
    ANN,
    DOC,
    HOURLY,
    METFORMIN,
    NURSE_NINA,
    PILLS,
    REGISTERED,
    T0,
    fell_due,
    give,
    given_dose,
    minutes,
    missed_dose,
    prescribed,
    refused,
    what,
    when,
)

PAST = (REGISTERED, METFORMIN)
LATE = "not given within its window"


def call(dose: int, at: int) -> CallDose:
    return CallDose(patient=ANN, prescription=PILLS, dose=dose, at=minutes(at), by=ACTOR)


def miss(dose: int, at: int) -> MissDose:
    return MissDose(patient=ANN, prescription=PILLS, dose=dose, at=minutes(at), by=ACTOR)


def test_a_dose_falls_due_when_its_time_has_come_and_once() -> None:
    assert when(call(1, 60), *PAST) == [fell_due(1)]
    assert when(call(1, 60), *PAST, fell_due(1)) == []
    assert when(call(2, 120), *PAST, fell_due(1)) == []


def test_a_dose_is_given_within_its_window() -> None:
    for at in (40, 60, 80):
        assert when(give(1, minutes(at)), *PAST) == [given_dose(1, minutes(at))]
    assert refused(give(1, minutes(39)), *PAST) == "DOSE_NOT_DUE"
    assert refused(give(1, minutes(81)), *PAST, fell_due(1)) == "DOSE_OVERDUE"


def test_a_dose_is_given_once_and_in_its_turn() -> None:
    past = (*PAST, given_dose(1, minutes(60)))
    assert refused(give(1, minutes(61)), *past) == "DOSE_ENDED"
    assert refused(give(3, minutes(180)), *past) == "DOSE_NOT_NEXT"
    assert when(call(1, 60), *past) == [], "it was given early"


def test_only_the_care_team_gives() -> None:
    assert refused(give(1, minutes(60), by="nurse-eve"), *PAST) == "NOT_IN_CARE_TEAM"
    left = CareTeamMemberRemoved(
        patient=ANN,
        member=NURSE_NINA,
        access=ChartAccess(care_team=(DOC,), emergency=()),
        at=T0,
        by=DOC,
    )
    assert refused(give(1, minutes(60)), *PAST, left) == "NOT_IN_CARE_TEAM"


def test_a_dose_that_is_not_given_within_its_window_is_missed() -> None:
    missed = missed_dose(1, LATE, minutes(80))
    assert when(miss(1, 80), *PAST, fell_due(1)) == [missed]
    assert when(miss(1, 80), *PAST, fell_due(1), missed) == []
    assert when(miss(1, 80), *PAST, fell_due(1), given_dose(1, minutes(70))) == []


def test_a_nurse_notes_that_a_dose_is_not_given_and_why() -> None:
    note = RecordMissedDose(
        patient=ANN, prescription=PILLS, dose=1, reason="vomits", at=minutes(61), by=NURSE_NINA
    )
    missed = missed_dose(1, "vomits", minutes(61), by=NURSE_NINA)
    assert when(note, *PAST, fell_due(1)) == [missed]
    assert refused(note, *PAST) == "DOSE_NOT_DUE"
    assert refused(note, *PAST, fell_due(1), missed) == "DOSE_ENDED"


def test_with_its_last_dose_a_prescription_is_completed() -> None:
    past = (*PAST, given_dose(1, minutes(60)), missed_dose(2, LATE, minutes(140)))
    completed = MedicationCompleted(
        patient=ANN, prescription=PILLS, medication="Metformin", at=minutes(180), by=NURSE_NINA
    )
    events = when(give(3, minutes(180)), *past)
    assert events == [given_dose(3, minutes(180)), completed]
    assert refused(give(3, minutes(180)), *past, *events) == "PRESCRIPTION_NOT_OPEN"


def test_what_is_prescribed_as_needed_is_given_one_after_the_other() -> None:
    past = (REGISTERED, prescribed("metformin", schedule=None))
    (first,) = when(give(1, minutes(1)), *past)
    assert first == replace(given_dose(1, minutes(1)), next_due_at=None)
    assert when(give(2, minutes(2)), *past, first) != []
    assert when(call(1, 60), *past) == []


def test_each_dose_is_called_when_the_one_before_has_ended() -> None:
    assert reacting(dosing).to(METFORMIN) == [After(minutes(60) - T0, call(1, 60))]
    assert reacting(dosing).to(fell_due(1)) == [After(HOURLY.window, miss(1, 80))]
    early = given_dose(1, minutes(50))
    assert reacting(dosing).to(early) == [After(minutes(120) - minutes(50), call(2, 120))]
    late = missed_dose(2, LATE, minutes(140))
    assert reacting(dosing).to(late) == [After(minutes(180) - minutes(140), call(3, 180))]
    assert reacting(dosing).to(given_dose(3, minutes(180))) == []


def taken_over(*, is_due: bool, next_dose: int, at: int) -> PrescriptionTakenOver:
    carried = CarriedPrescription(
        prescription=PILLS,
        what=what("metformin"),
        is_held=False,
        next_dose=next_dose,
        is_due=is_due,
        given=0,
        fills=(),
    )
    return PrescriptionTakenOver(
        patient=ANN, source="p-2", carried=carried, warnings=(), at=minutes(at), by="process:m"
    )


def test_doses_go_on_in_the_record_that_took_them_over() -> None:
    later = taken_over(is_due=False, next_dose=2, at=100)
    assert reacting(dosing).to(later) == [After(minutes(120) - minutes(100), call(2, 120))]
    due = taken_over(is_due=True, next_dose=1, at=70)
    assert reacting(dosing).to(due) == [After(minutes(80) - minutes(70), miss(1, 80))]
    over = taken_over(is_due=True, next_dose=1, at=90)
    assert reacting(dosing).to(over) == [After(T0 - T0, miss(1, 90))]
