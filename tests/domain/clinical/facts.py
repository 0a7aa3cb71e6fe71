"""What is said in the tests of clinical: one patient, one ward, and those who work there."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from domain.clinical.dose_messages import (
    AdministerDose,
    DoseFellDue,
    DoseMissed,
    MedicationAdministered,
)
from domain.clinical.encounter_messages import (
    AdmitPatient,
    BedLeft,
    BedTransferRequested,
    EncounterStarted,
    PatientAdmitted,
    PatientDischarged,
    TransferBed,
)
from domain.clinical.medication_commands import PrescribeMedication, RecordAllergy
from domain.clinical.medication_messages import (
    AdministrationRoute,
    AllergyCriticality,
    AllergyRecorded,
    DoseSchedule,
    MedicationPrescribed,
    Prescribed,
)
from domain.clinical.merge_messages import RecordTakeoverRefused
from domain.clinical.patient_messages import (
    AdministrativeGender,
    Demographics,
    GlassBroken,
    PatientRegistered,
)
from domain.clinical.patient_states import PatientEvent
from domain.clinical.patients import PatientCommand, patients
from domain.clinical.terms import CLINICIAN, REGISTRAR, ChartAccess, Quantity, WardBed
from domain.testing import given

T0 = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
DOC = "dr-dora"
NURSE_NINA = "nurse-nina"
CLERK = "registrar-rex"
ANN = "p-ann"
PILLS = "rx-1"
STAY = "e-1"
CLINICIANS = frozenset({CLINICIAN})
REGISTRARS = frozenset({REGISTRAR})
BED_1 = WardBed(ward="w-3", bed="1")
BED_2 = WardBed(ward="w-3", bed="2")
TEAM = ChartAccess(care_team=(DOC, NURSE_NINA), emergency=())
WHO = Demographics(name="Ann Ash", birth_date=date(1980, 5, 1), gender=AdministrativeGender.FEMALE)
MILLIGRAMS = Quantity(value=Decimal("500"), unit="mg")


def minutes(number: float) -> datetime:
    """So many minutes after the patient was registered."""
    return T0 + timedelta(minutes=number)


def told(events: list[PatientEvent]) -> list[PatientEvent]:
    """The events without their numbers in the timeline."""
    return [
        each if isinstance(each, RecordTakeoverRefused) else replace(each, entry=0)
        for each in events
    ]


def when(command: PatientCommand, *past: PatientEvent) -> list[PatientEvent]:
    """What the command comes to for a patient with this past, without numbers."""
    return told(given(patients, *past).when(command))


def refused(command: PatientCommand, *past: PatientEvent) -> str:
    """The code that the command is refused with for a patient with this past."""
    return given(patients, *past).rejects(command)


REGISTERED = PatientRegistered(patient=ANN, who=WHO, access=TEAM, at=T0, by=CLERK)


def glass_broken(by: str = "dr-eve", glass: str = "g-1", at: datetime = T0) -> GlassBroken:
    return GlassBroken(
        patient=ANN,
        glass=glass,
        reason="found unconscious",
        access=replace(TEAM, emergency=(by,)),
        until=at + timedelta(hours=4),
        at=at,
        by=by,
    )


def allergy_to(substance: str, allergy: str = "a-1") -> AllergyRecorded:
    return AllergyRecorded(
        patient=ANN,
        allergy=allergy,
        substance=substance,
        criticality=AllergyCriticality.HIGH,
        reaction="rash",
        source=None,
        at=T0,
        by=DOC,
    )


def record_allergy(substance: str, allergy: str = "a-1") -> RecordAllergy:
    return RecordAllergy(
        patient=ANN,
        allergy=allergy,
        substance=substance,
        criticality=AllergyCriticality.HIGH,
        reaction="rash",
        at=T0,
        by=DOC,
    )


HOURLY = DoseSchedule(first_at=minutes(60), every_minutes=60, doses=3, window_minutes=20)
"""Three doses, due 60, 120 and 180 minutes after T0."""


def what(*ingredients: str, schedule: DoseSchedule | None = HOURLY) -> Prescribed:
    return Prescribed(
        medication=ingredients[0].capitalize(),
        ingredients=tuple(sorted(ingredients)),
        dose=MILLIGRAMS,
        route=AdministrationRoute.ORAL,
        schedule=schedule,
        overridden=(),
        override_reason=None,
    )


def prescribed(
    *ingredients: str, id: str = PILLS, schedule: DoseSchedule | None = HOURLY
) -> MedicationPrescribed:
    return MedicationPrescribed(
        patient=ANN, prescription=id, what=what(*ingredients, schedule=schedule), at=T0, by=DOC
    )


def prescribe(
    *ingredients: str,
    id: str = PILLS,
    schedule: DoseSchedule | None = HOURLY,
    reason: str | None = None,
    by: str = DOC,
) -> PrescribeMedication:
    return PrescribeMedication(
        patient=ANN,
        prescription=id,
        medication=ingredients[0].capitalize() if ingredients else "Nothing",
        ingredients=ingredients,
        dose=MILLIGRAMS,
        route=AdministrationRoute.ORAL,
        schedule=schedule,
        override_reason=reason,
        at=T0,
        by=by,
    )


METFORMIN = prescribed("metformin")


def fell_due(dose: int, medication: str = "Metformin") -> DoseFellDue:
    due_at = HOURLY.due_at(dose)
    return DoseFellDue(
        patient=ANN,
        prescription=PILLS,
        medication=medication,
        dose=dose,
        due_at=due_at,
        until=due_at + HOURLY.window,
        at=due_at,
        by="process:dosing",
    )


def next_due(dose: int) -> datetime | None:
    return HOURLY.due_at(dose + 1) if dose < HOURLY.doses else None


def given_dose(dose: int, at: datetime) -> MedicationAdministered:
    return MedicationAdministered(
        patient=ANN,
        prescription=PILLS,
        medication="Metformin",
        dose=dose,
        next_due_at=next_due(dose),
        at=at,
        by=NURSE_NINA,
    )


def give(dose: int, at: datetime, by: str = NURSE_NINA) -> AdministerDose:
    return AdministerDose(patient=ANN, prescription=PILLS, dose=dose, at=at, by=by)


def missed_dose(dose: int, reason: str, at: datetime, by: str = "process:dosing") -> DoseMissed:
    return DoseMissed(
        patient=ANN,
        prescription=PILLS,
        medication="Metformin",
        dose=dose,
        reason=reason,
        next_due_at=next_due(dose),
        at=at,
        by=by,
    )


ADMITTED = PatientAdmitted(
    patient=ANN, encounter=STAY, name="Ann Ash", reason="fever", bed=BED_1, move=1, at=T0, by=CLERK
)
IN_BED = EncounterStarted(patient=ANN, encounter=STAY, bed=BED_1, at=T0, by="process:bed_moves")
MOVING = BedTransferRequested(
    patient=ANN,
    encounter=STAY,
    name="Ann Ash",
    source=BED_1,
    source_move=1,
    bed=BED_2,
    move=2,
    at=T0,
    by=NURSE_NINA,
)
DISCHARGED = PatientDischarged(
    patient=ANN, encounter=STAY, bed=BED_1, move=1, disposition="home", at=T0, by=DOC
)
LEFT = BedLeft(patient=ANN, encounter=STAY, bed=BED_1, at=T0, by="process:bed_moves")
ADMIT = AdmitPatient(
    patient=ANN, encounter=STAY, bed=BED_1, reason="fever", at=T0, by=CLERK, roles=REGISTRARS
)
TRANSFER = TransferBed(patient=ANN, bed=BED_2, at=T0, by=NURSE_NINA, roles=frozenset({"nurse"}))
