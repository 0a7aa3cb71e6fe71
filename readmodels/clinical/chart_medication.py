"""The prescriptions of a patient as a chart and a plan list them."""

from datetime import datetime

from domain.clinical.dose_messages import (
    DoseEvent,
    DoseFellDue,
    DoseMissed,
    MedicationAdministered,
    MedicationCompleted,
)
from domain.clinical.medication_messages import (
    AdministrationRoute,
    MedicationDispensed,
    MedicationPrescribed,
    MedicationRequestStatus,
    MedicationStopped,
    Prescribed,
    PrescriptionHeld,
    PrescriptionResumed,
    PrescriptionTakenOver,
)
from domain.clinical.merge_messages import PatientMerged
from domain.clinical.terms import Quantity
from domain.model import value
from readmodels.model import replace

ENDED_MAX = 40
"""How many prescriptions that have ended are listed; the newest."""

PrescriptionEvent = (
    MedicationPrescribed
    | PrescriptionTakenOver
    | MedicationDispensed
    | PrescriptionHeld
    | PrescriptionResumed
    | MedicationStopped
    | DoseEvent
    | PatientMerged
)


@value
class ChartMedication:
    """A prescription, its status, and how its doses went; `warnings` is why it is on hold."""

    id: str
    medication: str
    ingredients: tuple[str, ...]
    dose: Quantity
    route: AdministrationRoute
    every_minutes: int | None
    doses: int | None
    status: MedicationRequestStatus
    status_reason: str | None
    warnings: tuple[str, ...]
    overridden: tuple[str, ...]
    override_reason: str | None
    given: int
    missed: int
    next_due_at: datetime | None
    dispensed_at: datetime | None
    prescribed_at: datetime
    prescribed_by: str

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.status in (MedicationRequestStatus.ACTIVE, MedicationRequestStatus.ON_HOLD)


Medications = tuple[ChartMedication, ...]


def prescriptions_after(medications: Medications, event: PrescriptionEvent) -> Medications:
    """The list after the event, oldest first."""
    match event:
        case MedicationPrescribed(prescription=id, what=what):
            return (*medications, _made(id, what, event))
        case PrescriptionTakenOver(carried=carried):
            taken = replace(
                _made(carried.prescription, carried.what, event),
                status=MedicationRequestStatus.ON_HOLD
                if carried.is_held
                else MedicationRequestStatus.ACTIVE,
                warnings=event.warnings,
                given=carried.given,
                missed=carried.next_dose - 1 - carried.given,
                next_due_at=_due_at(carried.what, carried.next_dose),
            )
            others = (each for each in medications if each.id != carried.prescription)
            return (*others, taken)
        case PatientMerged():
            return tuple(each for each in medications if not each.is_open)
        case _:
            changed = tuple(
                _changed(each, event) if each.id == event.prescription else each
                for each in medications
            )
            return _bounded(changed)


def _made(
    id: str, what: Prescribed, event: MedicationPrescribed | PrescriptionTakenOver
) -> ChartMedication:
    return ChartMedication(
        id=id,
        medication=what.medication,
        ingredients=what.ingredients,
        dose=what.dose,
        route=what.route,
        every_minutes=what.schedule.every_minutes if what.schedule else None,
        doses=what.schedule.doses if what.schedule else None,
        status=MedicationRequestStatus.ACTIVE,
        status_reason=None,
        warnings=(),
        overridden=what.overridden,
        override_reason=what.override_reason,
        given=0,
        missed=0,
        next_due_at=_due_at(what, 1),
        dispensed_at=None,
        prescribed_at=event.at,
        prescribed_by=event.by,
    )


def _due_at(what: Prescribed, dose: int) -> datetime | None:
    return what.schedule.due_at(dose) if what.schedule else None


Change = (
    MedicationDispensed | PrescriptionHeld | PrescriptionResumed | MedicationStopped | DoseEvent
)


def _changed(medication: ChartMedication, event: Change) -> ChartMedication:
    match event:
        case MedicationDispensed(at=at):
            return replace(medication, dispensed_at=at)
        case PrescriptionHeld(warnings=warnings, reason=reason):
            return replace(
                medication,
                status=MedicationRequestStatus.ON_HOLD,
                status_reason=reason,
                warnings=warnings,
            )
        case PrescriptionResumed(overridden=more, override_reason=reason):
            return replace(
                medication,
                status=MedicationRequestStatus.ACTIVE,
                status_reason=None,
                warnings=(),
                overridden=tuple(sorted({*medication.overridden, *more})),
                override_reason=reason or medication.override_reason,
            )
        case MedicationStopped(status=status, reason=reason):
            return replace(medication, status=status, status_reason=reason, next_due_at=None)
        case DoseFellDue():
            return medication
        case MedicationAdministered(next_due_at=due_at):
            return replace(medication, given=medication.given + 1, next_due_at=due_at)
        case DoseMissed(next_due_at=due_at):
            return replace(medication, missed=medication.missed + 1, next_due_at=due_at)
        case MedicationCompleted():
            return replace(medication, status=MedicationRequestStatus.COMPLETED, next_due_at=None)


def _bounded(medications: Medications) -> Medications:
    """All that are open, and the newest of those that have ended."""
    ended = [each.id for each in medications if not each.is_open]
    gone = set(ended[:-ENDED_MAX])
    return tuple(each for each in medications if each.id not in gone)
