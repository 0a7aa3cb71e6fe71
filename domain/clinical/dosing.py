"""The doses of a prescription: each is called when its time has come, and missed when that is over.

One dose after the other: the next is called only when the one before was given or missed. Calling
a dose that was given early, or missing one that was given, comes to nothing.
"""

from datetime import datetime, timedelta

from domain.clinical.dose_messages import (
    CallDose,
    DoseFellDue,
    DoseMissed,
    MedicationAdministered,
    MissDose,
)
from domain.clinical.medication_messages import MedicationPrescribed, PrescriptionTakenOver
from domain.model import After, Process, value

ACTOR = "process:dosing"

DosingEvent = (
    MedicationPrescribed | PrescriptionTakenOver | DoseFellDue | MedicationAdministered | DoseMissed
)
Reactions = list[CallDose | MissDose | After[CallDose | MissDose]]


@value
class Doses:
    """What is to be known stands in the events; nothing is kept."""


def evolve(state: Doses, event: DosingEvent) -> Doses:
    return state


def react(
    state: Doses, event: DosingEvent
) -> list[CallDose | MissDose | After[CallDose | MissDose]]:
    match event:
        case MedicationPrescribed(what=what):
            return _call(event, 1, what.schedule.first_at if what.schedule else None)
        case MedicationAdministered(dose=dose) | DoseMissed(dose=dose):
            return _call(event, dose + 1, event.next_due_at)
        case DoseFellDue(dose=dose, until=until):
            return [_miss(event, dose, until)]
        case PrescriptionTakenOver(carried=carried):
            schedule, dose = carried.what.schedule, carried.next_dose
            if schedule is None:
                return []
            if carried.is_due:
                return [_miss(event, dose, schedule.due_at(dose) + schedule.window)]
            return _call(event, dose, schedule.due_at(dose))


def _call(event: DosingEvent, dose: int, due_at: datetime | None) -> Reactions:
    if due_at is None:
        return []
    delay = max(due_at - event.at, timedelta())
    return [
        After(
            delay,
            CallDose(
                patient=event.patient,
                prescription=_prescription(event),
                dose=dose,
                at=event.at + delay,
                by=ACTOR,
            ),
        )
    ]


def _miss(event: DosingEvent, dose: int, until: datetime) -> After[CallDose | MissDose]:
    delay = max(until - event.at, timedelta())
    return After(
        delay,
        MissDose(
            patient=event.patient,
            prescription=_prescription(event),
            dose=dose,
            at=event.at + delay,
            by=ACTOR,
        ),
    )


def _prescription(event: DosingEvent) -> str:
    if isinstance(event, PrescriptionTakenOver):
        return event.carried.prescription
    return event.prescription


dosing = Process(
    name="dosing",
    key=_prescription,
    initial=Doses,
    evolve=evolve,
    react=react,
)
