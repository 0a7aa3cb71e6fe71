"""What is said of the merge of two records of one person."""

from datetime import datetime

from domain.clinical.medication_messages import CarriedAllergy, CarriedPrescription
from domain.clinical.observation_messages import ServiceRequestPriority
from domain.clinical.terms import REGISTRAR, ChartAccess
from domain.model import Actor, Now, Role, Withheld, command, event, value


@value
class CarriedCondition:
    """An active condition as it goes from one record to another."""

    condition: str
    code: str
    name: str


@value
class CarriedRequest:
    """An order without a report as it goes from one record to another."""

    request: str
    code: str
    priority: ServiceRequestPriority


@value
class CarriedRecord:
    """What must not be lost of a record that is merged into another."""

    care_team: tuple[str, ...]
    allergies: tuple[CarriedAllergy, ...]
    prescriptions: tuple[CarriedPrescription, ...]
    conditions: tuple[CarriedCondition, ...]
    requests: tuple[CarriedRequest, ...]


@event("clinical.PatientMerged")
class PatientMerged:
    """The record was a second one of the same person: it is inactive, and `survivor` goes on."""

    patient: str
    survivor: str
    reason: str
    at: datetime
    by: str
    entry: int = 0


@event("clinical.RecordHandedOver")
class RecordHandedOver:
    """What must not be lost of a merged record is on its way to the survivor."""

    patient: str
    survivor: str
    record: CarriedRecord
    at: datetime
    by: str
    entry: int = 0


@event("clinical.PatientMergeReverted")
class PatientMergeReverted:
    """The record is active again, as its survivor could not take it over."""

    patient: str
    survivor: str
    reason: str
    at: datetime
    by: str
    entry: int = 0


@event("clinical.RecordTakenOver")
class RecordTakenOver:
    """A second record of the same person was merged into this one, with those who care for it."""

    patient: str
    source: str
    access: Withheld[ChartAccess]
    at: datetime
    by: str
    entry: int = 0


@event("clinical.RecordTakeoverRefused")
class RecordTakeoverRefused:
    """A record could not be merged into this one; it is told why, and nothing changes here."""

    patient: str
    source: str
    reason: str
    at: datetime
    by: str


@command(allow=Role(REGISTRAR))
class MergePatient:
    """Merge a second record of a person into the one that survives."""

    patient: str
    survivor: str
    reason: str
    at: Now
    by: Actor


@command()
class HandOverRecord:
    """Say what the survivor of a merge is to take over."""

    patient: str
    survivor: str
    at: Now
    by: Actor


@command()
class RevertPatientMerge:
    """Make a merged record active again."""

    patient: str
    survivor: str
    reason: str
    at: Now
    by: Actor


@command()
class TakeOverRecord:
    """Take over what must not be lost of a record that was merged into this one."""

    patient: str
    source: str
    record: CarriedRecord
    at: Now
    by: Actor
