"""Doses whose time has come and that are neither given nor missed yet, by patient."""

from datetime import datetime

from domain.clinical.dose_messages import DoseFellDue, DoseMissed, MedicationAdministered
from domain.clinical.encounter_messages import (
    BedTransferred,
    EncounterStarted,
    PatientDischarged,
)
from domain.clinical.medication_messages import PrescriptionTakenOver
from domain.clinical.merge_messages import PatientMerged, RecordTakenOver
from domain.clinical.patient_messages import (
    CareTeamMemberAssigned,
    CareTeamMemberRemoved,
    EmergencyAccessEnded,
    GlassBroken,
    PatientRegistered,
)
from domain.model import value
from readmodels.clinical.reading import CARE_TEAM, AccessEvent, WhereEvent, ward_of
from readmodels.model import Projection, document, index, replace

DueEvent = (
    PatientRegistered
    | PatientMerged
    | AccessEvent
    | WhereEvent
    | PrescriptionTakenOver
    | DoseFellDue
    | MedicationAdministered
    | DoseMissed
)


@value
class OverdueDose:
    """A dose that was due at `due_at` and counts as missed from `until` on."""

    prescription: str
    medication: str
    dose: int
    due_at: datetime
    until: datetime


@document(
    read=CARE_TEAM,
    indexes=[index("count", "due_at"), index("due_at"), index("ward", "due_at")],
)
class OverdueDoseList:
    """What is to be given to a patient now, the longest due first; `due_at` is the first's."""

    id: str
    care_team: tuple[str, ...]
    emergency: tuple[str, ...]
    ward: str | None
    doses: tuple[OverdueDose, ...]
    count: int
    due_at: datetime | None


def evolve(document: OverdueDoseList | None, event: DueEvent) -> OverdueDoseList | None:
    match event:
        case PatientRegistered(patient=patient, access=access):
            return OverdueDoseList(
                id=patient,
                care_team=access.care_team,
                emergency=access.emergency,
                ward=None,
                doses=(),
                count=0,
                due_at=None,
            )
        case (
            CareTeamMemberAssigned(access=access)
            | CareTeamMemberRemoved(access=access)
            | GlassBroken(access=access)
            | EmergencyAccessEnded(access=access)
            | RecordTakenOver(access=access)
        ):
            return document and replace(
                document, care_team=access.care_team, emergency=access.emergency
            )
        case EncounterStarted() | BedTransferred() | PatientDischarged():
            return document and replace(document, ward=ward_of(event))
        case PatientMerged():
            return document and _counted(document, ())
        case PrescriptionTakenOver() | DoseFellDue():
            return document and _counted(document, (*document.doses, *_due(event)))
        case MedicationAdministered(prescription=id) | DoseMissed(prescription=id):
            doses = document.doses if document else ()
            left = tuple(each for each in doses if each.prescription != id)
            return document and _counted(document, left)


def _due(event: PrescriptionTakenOver | DoseFellDue) -> list[OverdueDose]:
    match event:
        case DoseFellDue(prescription=prescription, medication=medication, dose=dose):
            due_at, until = event.due_at, event.until
        case PrescriptionTakenOver(carried=carried):
            schedule, dose = carried.what.schedule, carried.next_dose
            if schedule is None or not carried.is_due:
                return []
            prescription, medication = carried.prescription, carried.what.medication
            due_at, until = schedule.due_at(dose), schedule.due_at(dose) + schedule.window
    return [
        OverdueDose(
            prescription=prescription, medication=medication, dose=dose, due_at=due_at, until=until
        )
    ]


def _counted(document: OverdueDoseList, doses: tuple[OverdueDose, ...]) -> OverdueDoseList:
    ordered = tuple(sorted(doses, key=lambda each: (each.due_at, each.prescription)))
    return replace(
        document,
        doses=ordered,
        count=len(ordered),
        due_at=ordered[0].due_at if ordered else None,
    )


overdue_doses = Projection(
    document=OverdueDoseList, keys=lambda event: [event.patient], evolve=evolve
)
