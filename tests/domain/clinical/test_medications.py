"""Allergies and prescriptions: what is refused, overridden, put on hold, dispensed and stopped."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.clinical.dose_messages import DoseMissed
from domain.clinical.medication_commands import (
    DispenseMedication,
    HoldPrescription,
    RefuteAllergy,
    ResumePrescription,
    StopPrescription,
)
from domain.clinical.medication_messages import (
    AllergyRefuted,
    DoseSchedule,
    Fill,
    MedicationDispensed,
    MedicationRequestStatus,
    MedicationStopped,
    PrescriptionHeld,
    PrescriptionResumed,
)
from domain.clinical.terms import Quantity
from tests.domain.clinical.facts import (
    ANN,
    DOC,
    HOURLY,
    METFORMIN,
    NURSE_NINA,
    PILLS,
    REGISTERED,
    T0,
    allergy_to,
    fell_due,
    give,
    given_dose,
    minutes,
    prescribe,
    prescribed,
    record_allergy,
    refused,
    what,
    when,
)

STOP = StopPrescription(patient=ANN, prescription=PILLS, reason="nausea", at=T0, by=DOC)
STOPPED = MedicationStopped(
    patient=ANN,
    prescription=PILLS,
    medication="Metformin",
    status=MedicationRequestStatus.STOPPED,
    reason="nausea",
    at=T0,
    by=DOC,
)
HOLD = HoldPrescription(patient=ANN, prescription=PILLS, reason="surgery", at=T0, by=NURSE_NINA)
HELD = PrescriptionHeld(
    patient=ANN,
    prescription=PILLS,
    medication="Metformin",
    warnings=(),
    reason="surgery",
    at=T0,
    by=NURSE_NINA,
)
RESUME = ResumePrescription(patient=ANN, prescription=PILLS, at=T0, by=DOC)
RESUMED = PrescriptionResumed(
    patient=ANN,
    prescription=PILLS,
    medication="Metformin",
    overridden=(),
    override_reason=None,
    at=T0,
    by=DOC,
)
TABLETS = Quantity(value=Decimal(30), unit="{tbl}")
DISPENSE = DispenseMedication(
    patient=ANN, prescription=PILLS, quantity=TABLETS, days_supply=30, at=T0, by="pharmacist-1"
)
AMOXICILLIN_WARNING = "allergy: penicillin (amoxicillin)"


def test_a_medication_is_prescribed_by_its_ingredients_whatever_their_case() -> None:
    assert when(prescribe("metformin"), REGISTERED) == [METFORMIN]
    loud = replace(prescribe("metformin"), ingredients=(" MetForMin ",))
    assert when(loud, REGISTERED) == [METFORMIN]


def test_an_allergy_refuses_a_prescription_unless_it_is_overridden() -> None:
    past = (REGISTERED, allergy_to("penicillin"))
    assert refused(prescribe("amoxicillin"), *past) == "ALLERGY_CONFLICT"
    overridden = replace(
        what("amoxicillin"), overridden=(AMOXICILLIN_WARNING,), override_reason="no other works"
    )
    assert when(prescribe("amoxicillin", reason="no other works"), *past) == [
        replace(prescribed("amoxicillin"), what=overridden)
    ]
    assert refused(prescribe("amoxicillin", reason=" "), *past) == "INVALID_TEXT"


def test_an_interaction_refuses_a_prescription_unless_it_is_overridden() -> None:
    past = (REGISTERED, prescribed("simvastatin"))
    second = prescribe("clarithromycin", id="rx-2")
    assert refused(second, *past) == "INTERACTION_CONFLICT"
    assert when(replace(second, override_reason="for three days only"), *past) != []
    assert refused(prescribe("phenelzine", "sertraline"), REGISTERED) == "INTERACTION_CONFLICT"


def test_a_reason_that_overrides_nothing_is_not_kept() -> None:
    assert when(prescribe("metformin", reason="just so"), REGISTERED) == [METFORMIN]


def test_an_allergy_that_is_found_later_puts_on_hold_what_it_speaks_against() -> None:
    past = (REGISTERED, prescribed("amoxicillin"), prescribed("metformin", id="rx-2"))
    held = PrescriptionHeld(
        patient=ANN,
        prescription=PILLS,
        medication="Amoxicillin",
        warnings=(AMOXICILLIN_WARNING,),
        reason="an allergy was recorded",
        at=T0,
        by=DOC,
    )
    recorded = allergy_to("penicillin")
    assert when(record_allergy("Penicillin"), *past) == [recorded, held]
    assert refused(record_allergy("penicillin", "a-2"), *past, recorded) == "ALLERGY_KNOWN"
    assert refused(RESUME, *past, recorded, held) == "ALLERGY_CONFLICT"
    resumed = replace(
        RESUMED,
        medication="Amoxicillin",
        overridden=(AMOXICILLIN_WARNING,),
        override_reason="tested: tolerated",
    )
    on = replace(RESUME, override_reason="tested: tolerated")
    assert when(on, *past, recorded, held) == [resumed]


def test_an_allergy_that_was_none_is_refuted_and_a_prescription_waits_to_be_resumed() -> None:
    refute = RefuteAllergy(patient=ANN, allergy="a-1", reason="tested", at=T0, by=DOC)
    refuted = AllergyRefuted(
        patient=ANN, allergy="a-1", substance="penicillin", reason="tested", at=T0, by=DOC
    )
    past = (REGISTERED, allergy_to("penicillin"))
    assert when(refute, *past) == [refuted]
    assert refused(refute, *past, refuted) == "ALLERGY_UNKNOWN"
    assert when(prescribe("amoxicillin"), *past, refuted) != []


def test_nothing_is_given_or_dispensed_on_hold() -> None:
    past = (REGISTERED, METFORMIN, HELD)
    assert when(HOLD, REGISTERED, METFORMIN) == [HELD]
    assert when(HOLD, *past) == []
    assert refused(give(1, minutes(60)), *past) == "PRESCRIPTION_ON_HOLD"
    assert refused(DISPENSE, *past) == "PRESCRIPTION_ON_HOLD"
    assert when(RESUME, *past) == [RESUMED]
    assert when(RESUME, *past, RESUMED) == []


def test_a_pharmacist_dispenses_without_being_in_the_care_team() -> None:
    dispensed = MedicationDispensed(
        patient=ANN,
        prescription=PILLS,
        medication="Metformin",
        drug="metformin",
        fill=Fill(on=T0.date(), days_supply=30),
        quantity=TABLETS,
        at=T0,
        by="pharmacist-1",
    )
    assert when(DISPENSE, REGISTERED, METFORMIN) == [dispensed]
    for days in (0, 401):
        few = replace(DISPENSE, days_supply=days)
        assert refused(few, REGISTERED, METFORMIN) == "INVALID_NUMBER"


def test_what_was_stopped_is_not_given_dispensed_held_or_stopped_again() -> None:
    past = (REGISTERED, METFORMIN, STOPPED)
    for command in (give(1, minutes(60)), DISPENSE, HOLD, RESUME, STOP):
        assert refused(command, *past) == "PRESCRIPTION_NOT_OPEN"


def test_what_was_never_given_is_cancelled_and_else_it_is_stopped() -> None:
    cancelled = replace(STOPPED, status=MedicationRequestStatus.CANCELLED)
    assert when(STOP, REGISTERED, METFORMIN) == [cancelled]
    assert when(STOP, REGISTERED, METFORMIN, given_dose(1, minutes(60))) == [STOPPED]


def test_a_dose_that_is_due_when_all_is_stopped_is_missed() -> None:
    missed, stopped = when(STOP, REGISTERED, METFORMIN, fell_due(1))
    assert isinstance(missed, DoseMissed)
    assert (missed.dose, missed.next_due_at) == (1, None)
    assert isinstance(stopped, MedicationStopped)


@pytest.mark.parametrize(
    ("schedule", "code"),
    [
        (replace(HOURLY, doses=0), "INVALID_NUMBER"),
        (replace(HOURLY, doses=1001), "INVALID_NUMBER"),
        (replace(HOURLY, every_minutes=9), "INVALID_NUMBER"),
        (replace(HOURLY, window_minutes=0), "INVALID_NUMBER"),
        (replace(HOURLY, window_minutes=31), "INVALID_NUMBER"),
        (replace(HOURLY, first_at=minutes(-1)), "INVALID_DATE"),
        (replace(HOURLY, first_at=minutes(60 * 24 * 500)), "INVALID_DATE"),
    ],
)
def test_a_schedule_lies_ahead_and_its_windows_do_not_overlap(
    schedule: DoseSchedule, code: str
) -> None:
    assert refused(prescribe("metformin", schedule=schedule), REGISTERED) == code


def test_a_prescription_has_a_dose_and_ingredients() -> None:
    nothing = replace(prescribe("metformin"), dose=Quantity(value=Decimal(0), unit="mg"))
    assert refused(nothing, REGISTERED) == "INVALID_QUANTITY"
    for ingredients in ((), tuple(f"i-{n}" for n in range(11))):
        command = replace(prescribe("metformin"), ingredients=ingredients)
        assert refused(command, REGISTERED) == "INVALID_INGREDIENTS"
