"""Where a patient's record stands: what its rules need to know, folded from its events.

Of what has ended only its end is known, to the read side: conditions that are resolved, orders
with a report and prescriptions that were stopped are gone from here, so the state is bounded by
what is open.
"""

from datetime import datetime
from typing import TypeVar

from domain.clinical.dose_messages import DoseEvent
from domain.clinical.encounter_messages import EncounterEvent, EncounterStatus
from domain.clinical.medication_messages import (
    AllergyCriticality,
    CarriedAllergy,
    CarriedPrescription,
    Fill,
    MedicationEvent,
    Prescribed,
)
from domain.clinical.merge_messages import RecordTakeoverRefused
from domain.clinical.observation_messages import ObservationEvent, ServiceRequestPriority
from domain.clinical.patient_messages import (
    Demographics,
    PersonEvent,
)
from domain.clinical.record_messages import RecordEvent
from domain.clinical.terms import ChartAccess, WardBed
from domain.model import replace, value

V = TypeVar("V")

ChartEvent = (
    PersonEvent | RecordEvent | ObservationEvent | MedicationEvent | DoseEvent | EncounterEvent
)
"""What has its place in a chart's timeline."""
PatientEvent = (
    PersonEvent
    | RecordEvent
    | ObservationEvent
    | MedicationEvent
    | DoseEvent
    | EncounterEvent
    | RecordTakeoverRefused
)


@value
class Prescription:
    """An open prescription. `next_dose` is due, that is, may be given, where `is_due` says so."""

    what: Prescribed
    is_held: bool
    next_dose: int
    is_due: bool
    given: int
    fills: tuple[Fill, ...]

    def due_at(self, dose: int) -> datetime | None:
        """When the dose is due; None after the last one, and where doses have no time."""
        schedule = self.what.schedule
        return schedule.due_at(dose) if schedule and dose <= schedule.doses else None


@value
class Allergy:
    """What the patient does not tolerate."""

    substance: str
    criticality: AllergyCriticality
    reaction: str | None


@value
class Condition:
    """An active condition."""

    code: str
    name: str


@value
class OpenRequest:
    """An order without a report."""

    code: str
    priority: ServiceRequestPriority


@value
class Stay:
    """A stay until its bed is given back. `bed` is None on arrival; `wanted` is asked of a ward."""

    encounter: str
    status: EncounterStatus
    bed: WardBed | None
    bed_move: int
    wanted: WardBed | None
    move: int


@value
class Record:
    """All of a patient's record that is open."""

    who: Demographics
    access: ChartAccess
    glasses: dict[str, str]
    """Who has broken the glass and may still read, by the glass."""
    entries: int
    sources: tuple[str, ...]
    """The records that were merged into this one."""
    conditions: dict[str, Condition]
    goals: dict[str, str]
    requests: dict[str, OpenRequest]
    unreviewed: tuple[str, ...]
    allergies: dict[str, Allergy]
    prescriptions: dict[str, Prescription]
    planned: tuple[str, ...]
    stay: Stay | None

    @property
    def substances(self) -> list[str]:
        """What the patient does not tolerate."""
        return [each.substance for each in self.allergies.values()]

    def ingredients_beside(self, prescription: str | None) -> list[str]:
        """What the patient takes or is to take, but for one prescription."""
        return [
            ingredient
            for id, each in self.prescriptions.items()
            if id != prescription
            for ingredient in each.what.ingredients
        ]


@value
class Unregistered:
    """There is no such patient."""


@value
class Registered:
    """The patient has a record."""

    record: Record


@value
class Merged:
    """The record is inactive; `record` is as it was, in case the survivor cannot take it over."""

    survivor: str
    record: Record
    is_handed_over: bool


Patient = Unregistered | Registered | Merged


def carried_allergy(id: str, allergy: Allergy) -> CarriedAllergy:
    """The allergy as it goes to another record."""
    return CarriedAllergy(
        allergy=id,
        substance=allergy.substance,
        criticality=allergy.criticality,
        reaction=allergy.reaction,
    )


def carried_prescription(id: str, prescription: Prescription) -> CarriedPrescription:
    """The prescription as it goes to another record."""
    return CarriedPrescription(
        prescription=id,
        what=prescription.what,
        is_held=prescription.is_held,
        next_dose=prescription.next_dose,
        is_due=prescription.is_due,
        given=prescription.given,
        fills=prescription.fills,
    )


def with_prescription(record: Record, id: str, prescription: Prescription | None) -> Record:
    """The record with the prescription as it is now; None ends it."""
    if prescription is None:
        return replace(record, prescriptions=without(record.prescriptions, id))
    return replace(record, prescriptions={**record.prescriptions, id: prescription})


def without(all: dict[str, V], id: str | None) -> dict[str, V]:
    """All but the one of that id."""
    return {key: each for key, each in all.items() if key != id}
