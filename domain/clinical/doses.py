"""Single doses: each that is due becomes given or missed, once, and none is given after the end.

The next dose is called when its time has come, by the `dosing` process, and counted as missed when
its window has ended. Windows do not overlap, so at most one dose of a prescription is due.
"""

from domain.clinical.dose_messages import (
    AdministerDose,
    CallDose,
    DoseCommand,
    DoseEvent,
    DoseFellDue,
    DoseMissed,
    MedicationAdministered,
    MedicationCompleted,
    MissDose,
    RecordMissedDose,
)
from domain.clinical.medications import open_prescription
from domain.clinical.patient_states import Prescription, Record
from domain.clinical.terms import REASON_LENGTH_MAX, checked_text
from domain.model import Rejected


def decide_dose(command: DoseCommand, record: Record) -> list[DoseEvent]:
    match command:
        case AdministerDose():
            return _administer(command, open_prescription(command.prescription, record))
        case RecordMissedDose(reason=reason):
            known = open_prescription(command.prescription, record)
            _require_next(command, known)
            if not known.is_due:
                raise Rejected("DOSE_NOT_DUE", f"dose {command.dose} is not due yet")
            return missed(command, known, checked_text(reason, "reason", REASON_LENGTH_MAX))
        case CallDose() | MissDose():
            known_or_none = record.prescriptions.get(command.prescription)
            if known_or_none is None or command.dose != known_or_none.next_dose:
                return []
            if isinstance(command, CallDose):
                return _call(command, known_or_none)
            if not known_or_none.is_due:
                return []
            why = "it was on hold" if known_or_none.is_held else "not given within its window"
            return missed(command, known_or_none, why)


def _require_next(command: AdministerDose | RecordMissedDose, known: Prescription) -> None:
    if command.dose < known.next_dose:
        raise Rejected("DOSE_ENDED", f"dose {command.dose} was given or missed already")
    if command.dose > known.next_dose:
        raise Rejected("DOSE_NOT_NEXT", f"the next dose is number {known.next_dose}")


def _administer(command: AdministerDose, known: Prescription) -> list[DoseEvent]:
    _require_next(command, known)
    if known.is_held:
        raise Rejected("PRESCRIPTION_ON_HOLD", "the prescription is on hold; nothing is given")
    schedule = known.what.schedule
    if schedule is not None:
        due_at, window = schedule.due_at(command.dose), schedule.window
        if command.at < due_at - window:
            raise Rejected("DOSE_NOT_DUE", f"it is due at {due_at}; not before {due_at - window}")
        if command.at > due_at + window:
            raise Rejected("DOSE_OVERDUE", f"its window ended at {due_at + window}; it is missed")
    given = MedicationAdministered(
        patient=command.patient,
        prescription=command.prescription,
        medication=known.what.medication,
        dose=command.dose,
        next_due_at=known.due_at(command.dose + 1),
        at=command.at,
        by=command.by,
    )
    return [given, *_completed(command, known)]


def _call(command: CallDose, known: Prescription) -> list[DoseEvent]:
    schedule = known.what.schedule
    if known.is_due or schedule is None:
        return []
    due_at = schedule.due_at(command.dose)
    return [
        DoseFellDue(
            patient=command.patient,
            prescription=command.prescription,
            medication=known.what.medication,
            dose=command.dose,
            due_at=due_at,
            until=due_at + schedule.window,
            at=command.at,
            by=command.by,
        )
    ]


def missed(command: DoseCommand, known: Prescription, reason: str) -> list[DoseEvent]:
    """What it comes to that the next dose is missed."""
    missed = DoseMissed(
        patient=command.patient,
        prescription=command.prescription,
        medication=known.what.medication,
        dose=known.next_dose,
        reason=reason,
        next_due_at=known.due_at(known.next_dose + 1),
        at=command.at,
        by=command.by,
    )
    return [missed, *_completed(command, known)]


def _completed(command: DoseCommand, known: Prescription) -> list[DoseEvent]:
    """The end of a schedule whose last dose is done with."""
    schedule = known.what.schedule
    if schedule is None or known.next_dose < schedule.doses:
        return []
    return [
        MedicationCompleted(
            patient=command.patient,
            prescription=command.prescription,
            medication=known.what.medication,
            at=command.at,
            by=command.by,
        )
    ]
