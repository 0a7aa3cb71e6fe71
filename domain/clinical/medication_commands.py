"""What can be asked for about allergies and prescriptions."""

from domain.clinical.medication_messages import (
    AdministrationRoute,
    AllergyCriticality,
    DoseSchedule,
)
from domain.clinical.terms import CLINICIAN, NURSE, PHARMACIST, Quantity
from domain.model import Actor, NewId, Now, Role, command


@command(allow=Role(CLINICIAN, NURSE))
class RecordAllergy:
    """Note that the patient does not tolerate a substance, or a class such as penicillin.

    What is prescribed against it is put on hold until somebody decides.
    """

    patient: str
    allergy: NewId
    substance: str
    criticality: AllergyCriticality
    reaction: str | None = None
    at: Now
    by: Actor


@command(allow=Role(CLINICIAN))
class RefuteAllergy:
    """Note that an allergy has turned out to be none; nothing is resumed by itself."""

    patient: str
    allergy: str
    reason: str
    at: Now
    by: Actor


@command(allow=Role(CLINICIAN))
class PrescribeMedication:
    """Prescribe a medication by its ingredients (INN); without a schedule, as needed.

    An allergy or a listed interaction refuses it, unless the reason to override that is given.
    """

    patient: str
    prescription: NewId
    medication: str
    ingredients: tuple[str, ...]
    dose: Quantity
    route: AdministrationRoute
    schedule: DoseSchedule | None = None
    override_reason: str | None = None
    at: Now
    by: Actor


@command(allow=Role(PHARMACIST))
class DispenseMedication:
    """Hand out a supply of what is prescribed, for so many days."""

    patient: str
    prescription: str
    quantity: Quantity
    days_supply: int
    at: Now
    by: Actor


@command(allow=Role(CLINICIAN, NURSE))
class HoldPrescription:
    """Let nothing be given until the prescription is resumed."""

    patient: str
    prescription: str
    reason: str
    at: Now
    by: Actor


@command(allow=Role(CLINICIAN))
class ResumePrescription:
    """Let a held prescription go on; what speaks against it must be overridden with a reason."""

    patient: str
    prescription: str
    override_reason: str | None = None
    at: Now
    by: Actor


@command(allow=Role(CLINICIAN))
class StopPrescription:
    """End a prescription: no dose of it is given any more."""

    patient: str
    prescription: str
    reason: str
    at: Now
    by: Actor


MedicationCommand = (
    RecordAllergy
    | RefuteAllergy
    | PrescribeMedication
    | DispenseMedication
    | HoldPrescription
    | ResumePrescription
    | StopPrescription
)
