"""What is said of single doses: due, given or missed. FHIR's MedicationAdministration."""

from datetime import datetime

from domain.clinical.terms import CLINICIAN, NURSE
from domain.model import Actor, Now, Role, command, event


@event("clinical.DoseFellDue")
class DoseFellDue:
    """The time of a dose has come; it may be given `until` its window ends."""

    patient: str
    prescription: str
    medication: str
    dose: int
    due_at: datetime
    until: datetime
    at: datetime
    by: str
    entry: int = 0


@event("clinical.MedicationAdministered")
class MedicationAdministered:
    """A dose was given; `next_due_at` is when the next is, if there is one and it has a time."""

    patient: str
    prescription: str
    medication: str
    dose: int
    next_due_at: datetime | None
    at: datetime
    by: str
    entry: int = 0


@event("clinical.DoseMissed")
class DoseMissed:
    """A dose was not given, and will not be."""

    patient: str
    prescription: str
    medication: str
    dose: int
    reason: str
    next_due_at: datetime | None
    at: datetime
    by: str
    entry: int = 0


@event("clinical.MedicationCompleted")
class MedicationCompleted:
    """The last dose of the schedule was given or missed."""

    patient: str
    prescription: str
    medication: str
    at: datetime
    by: str
    entry: int = 0


DoseEvent = DoseFellDue | MedicationAdministered | DoseMissed | MedicationCompleted


@command(allow=Role(CLINICIAN, NURSE))
class AdministerDose:
    """Give a dose, by its number: within its window, or, as needed, the next one."""

    patient: str
    prescription: str
    dose: int
    at: Now
    by: Actor


@command(allow=Role(CLINICIAN, NURSE))
class RecordMissedDose:
    """Note that a dose that is due will not be given, and why."""

    patient: str
    prescription: str
    dose: int
    reason: str
    at: Now
    by: Actor


@command()
class CallDose:
    """Let a dose fall due whose time has come."""

    patient: str
    prescription: str
    dose: int
    at: Now
    by: Actor


@command()
class MissDose:
    """Count a dose as missed whose window has ended."""

    patient: str
    prescription: str
    dose: int
    at: Now
    by: Actor


DoseCommand = AdministerDose | RecordMissedDose | CallDose | MissDose
