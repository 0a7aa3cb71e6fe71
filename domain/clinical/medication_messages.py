"""What is said of a patient's allergies and prescriptions, from prescribing to the end.

FHIR's AllergyIntolerance, MedicationRequest and MedicationDispense.
"""

from datetime import date, datetime, timedelta
from enum import StrEnum

from domain.clinical.terms import Quantity
from domain.model import event, value


class AllergyCriticality(StrEnum):
    """How much harm a further exposure may do."""

    LOW = "LOW"
    HIGH = "HIGH"
    UNABLE_TO_ASSESS = "UNABLE_TO_ASSESS"


class AdministrationRoute(StrEnum):
    """How a dose gets into the body."""

    ORAL = "ORAL"
    SUBLINGUAL = "SUBLINGUAL"
    INTRAVENOUS = "INTRAVENOUS"
    INTRAMUSCULAR = "INTRAMUSCULAR"
    SUBCUTANEOUS = "SUBCUTANEOUS"
    INHALATION = "INHALATION"
    TOPICAL = "TOPICAL"
    RECTAL = "RECTAL"


class MedicationRequestStatus(StrEnum):
    """Where a prescription stands."""

    ACTIVE = "ACTIVE"
    ON_HOLD = "ON_HOLD"
    CANCELLED = "CANCELLED"
    COMPLETED = "COMPLETED"
    STOPPED = "STOPPED"


@value
class DoseSchedule:
    """When doses are due: the first, then every so many minutes, `doses` in all.

    A dose may be given from `window_minutes` before it is due until as many after.
    """

    first_at: datetime
    every_minutes: int
    doses: int
    window_minutes: int

    @property
    def window(self) -> timedelta:
        """How long before and after its time a dose may be given."""
        return timedelta(minutes=self.window_minutes)

    def due_at(self, dose: int) -> datetime:
        """When a dose is due, counted from 1."""
        return self.first_at + (dose - 1) * timedelta(minutes=self.every_minutes)


@value
class Prescribed:
    """What a prescription is for. `overridden` names the warnings it was given in spite of."""

    medication: str
    ingredients: tuple[str, ...]
    dose: Quantity
    route: AdministrationRoute
    schedule: DoseSchedule | None
    overridden: tuple[str, ...]
    override_reason: str | None

    @property
    def drug(self) -> str:
        """What it is to those who count supply: its ingredients, in the order of the alphabet."""
        return " + ".join(self.ingredients)


@value
class Fill:
    """What was dispensed on a day, and for how many days it lasts."""

    on: date
    days_supply: int


@value
class CarriedAllergy:
    """An allergy as it goes from one record to another."""

    allergy: str
    substance: str
    criticality: AllergyCriticality
    reaction: str | None


@value
class CarriedPrescription:
    """An open prescription as it goes from one record to another.

    `next_dose` is the next to be given, `is_due` whether its time has come, `given` how many were.
    """

    prescription: str
    what: Prescribed
    is_held: bool
    next_dose: int
    is_due: bool
    given: int
    fills: tuple[Fill, ...]


@event("clinical.AllergyRecorded")
class AllergyRecorded:
    """The patient does not tolerate a substance; `source` is the record it was taken from."""

    patient: str
    allergy: str
    substance: str
    criticality: AllergyCriticality
    reaction: str | None
    source: str | None
    at: datetime
    by: str
    entry: int = 0


@event("clinical.AllergyRefuted")
class AllergyRefuted:
    """An allergy has turned out to be none."""

    patient: str
    allergy: str
    substance: str
    reason: str
    at: datetime
    by: str
    entry: int = 0


@event("clinical.MedicationPrescribed")
class MedicationPrescribed:
    """A medication is to be taken or given."""

    patient: str
    prescription: str
    what: Prescribed
    at: datetime
    by: str
    entry: int = 0


@event("clinical.PrescriptionTakenOver")
class PrescriptionTakenOver:
    """An open prescription goes on in this record: from another one, or after a merge failed."""

    patient: str
    source: str
    carried: CarriedPrescription
    warnings: tuple[str, ...]
    at: datetime
    by: str
    entry: int = 0


@event("clinical.MedicationDispensed")
class MedicationDispensed:
    """A supply of the medication was handed out."""

    patient: str
    prescription: str
    medication: str
    drug: str
    fill: Fill
    quantity: Quantity
    at: datetime
    by: str
    entry: int = 0


@event("clinical.PrescriptionHeld")
class PrescriptionHeld:
    """Nothing is to be given until somebody resumes it; `warnings` are what speaks against it."""

    patient: str
    prescription: str
    medication: str
    warnings: tuple[str, ...]
    reason: str
    at: datetime
    by: str
    entry: int = 0


@event("clinical.PrescriptionResumed")
class PrescriptionResumed:
    """It goes on, in spite of `overridden` where that is not empty."""

    patient: str
    prescription: str
    medication: str
    overridden: tuple[str, ...]
    override_reason: str | None
    at: datetime
    by: str
    entry: int = 0


@event("clinical.MedicationStopped")
class MedicationStopped:
    """Nothing of it is given any more: STOPPED, or CANCELLED where nothing was given before."""

    patient: str
    prescription: str
    medication: str
    status: MedicationRequestStatus
    reason: str
    at: datetime
    by: str
    entry: int = 0


MedicationEvent = (
    AllergyRecorded
    | AllergyRefuted
    | MedicationPrescribed
    | PrescriptionTakenOver
    | MedicationDispensed
    | PrescriptionHeld
    | PrescriptionResumed
    | MedicationStopped
)
