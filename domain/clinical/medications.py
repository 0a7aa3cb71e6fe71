"""Allergies and prescriptions: what is refused, what is overridden, what is put on hold.

No prescription is active against a known allergy or a listed interaction unless a reason was
given to override just that. What an allergy that is found later speaks against is put on hold.
"""

from datetime import timedelta

from domain.clinical.codes import checked_number, checked_quantity
from domain.clinical.dose_messages import DoseMissed
from domain.clinical.interactions import ALLERGY, contraindications, ingredients_together
from domain.clinical.medication_commands import (
    DispenseMedication,
    HoldPrescription,
    MedicationCommand,
    PrescribeMedication,
    RecordAllergy,
    RefuteAllergy,
    ResumePrescription,
    StopPrescription,
)
from domain.clinical.medication_messages import (
    AllergyRecorded,
    AllergyRefuted,
    DoseSchedule,
    Fill,
    MedicationDispensed,
    MedicationPrescribed,
    MedicationRequestStatus,
    MedicationStopped,
    Prescribed,
    PrescriptionHeld,
    PrescriptionResumed,
)
from domain.clinical.merge_messages import TakeOverRecord
from domain.clinical.patient_states import PatientEvent, Prescription, Record
from domain.clinical.terms import (
    NAME_LENGTH_MAX,
    REASON_LENGTH_MAX,
    checked_count,
    checked_limit,
    checked_optional,
    checked_text,
)
from domain.model import Rejected, replace

ALLERGIES_MAX = 100
"""How many allergies a patient may have."""
PRESCRIPTIONS_MAX = 60
"""How many prescriptions may be open at once."""
INGREDIENTS_MAX = 10
"""How many ingredients a medication may have."""
FILLS_MAX = 60
"""How many times a prescription may be dispensed."""
DAYS_SUPPLY_MAX = 400
DOSES_MAX = 1_000
"""How many doses a schedule may have."""
EVERY_MINUTES_MIN = 10
EVERY_MINUTES_MAX = 60 * 24 * 31
FIRST_DOSE_AFTER_MAX = timedelta(days=400)

Cause = RecordAllergy | HoldPrescription | TakeOverRecord
"""What may put a prescription on hold."""


def decide_medication(command: MedicationCommand, record: Record) -> list[PatientEvent]:
    match command:
        case RecordAllergy():
            return _record_allergy(command, record)
        case RefuteAllergy():
            return [_refuted(command, record)]
        case PrescribeMedication():
            return [_prescribed(command, record)]
        case DispenseMedication():
            return [_dispensed(command, record)]
        case HoldPrescription(prescription=id, reason=reason):
            known = open_prescription(id, record)
            reason = checked_text(reason, "reason", REASON_LENGTH_MAX)
            return [] if known.is_held else [held(command, id, known, (), reason)]
        case ResumePrescription(prescription=id):
            known = open_prescription(id, record)
            return [_resumed(command, known, record)] if known.is_held else []
        case StopPrescription(prescription=id, reason=reason):
            known = open_prescription(id, record)
            reason = checked_text(reason, "reason", REASON_LENGTH_MAX)
            return _stopped(command, known, reason)


def open_prescription(id: str, record: Record) -> Prescription:
    """The prescription. Raises Rejected where there is none, or it has ended."""
    known = record.prescriptions.get(id)
    if known is None:
        raise Rejected(
            "PRESCRIPTION_NOT_OPEN",
            f"there is no open prescription {id:.40}: it was stopped, has ended or is another's",
        )
    return known


def _stopped(command: StopPrescription, known: Prescription, reason: str) -> list[PatientEvent]:
    """A dose that is due then is missed; nothing was given of what is cancelled, not stopped."""
    medication, is_begun = known.what.medication, known.given or known.fills
    end = MedicationStopped(
        patient=command.patient,
        prescription=command.prescription,
        medication=medication,
        status=MedicationRequestStatus.STOPPED if is_begun else MedicationRequestStatus.CANCELLED,
        reason=reason,
        at=command.at,
        by=command.by,
    )
    if not known.is_due:
        return [end]
    missed = DoseMissed(
        patient=command.patient,
        prescription=command.prescription,
        medication=medication,
        dose=known.next_dose,
        reason="the prescription was stopped",
        next_due_at=None,
        at=command.at,
        by=command.by,
    )
    return [missed, end]


def warnings_of(id: str | None, what: Prescribed, record: Record) -> tuple[str, ...]:
    """What speaks against the medication beside all else, and was not overridden for it."""
    beside = record.ingredients_beside(id)
    found = contraindications(what.ingredients, record.substances, beside)
    return tuple(
        each
        for each in sorted({*found, *ingredients_together(what.ingredients)})
        if each not in what.overridden
    )


def held(
    cause: Cause, id: str, known: Prescription, warnings: tuple[str, ...], reason: str
) -> PrescriptionHeld:
    """The event that puts a prescription on hold."""
    return PrescriptionHeld(
        patient=cause.patient,
        prescription=id,
        medication=known.what.medication,
        warnings=warnings,
        reason=reason,
        at=cause.at,
        by=cause.by,
    )


def held_for_allergies(cause: Cause, substances: list[str], record: Record) -> list[PatientEvent]:
    """Puts on hold whatever new allergies speak against."""
    events: list[PatientEvent] = []
    for id, each in record.prescriptions.items():
        found = contraindications(each.what.ingredients, substances, ())
        warnings = tuple(one for one in found if one not in each.what.overridden)
        if warnings and not each.is_held:
            events.append(held(cause, id, each, warnings, "an allergy was recorded"))
    return events


def _record_allergy(command: RecordAllergy, record: Record) -> list[PatientEvent]:
    substance = checked_text(command.substance, "substance").strip().lower()
    if substance in record.substances:
        raise Rejected("ALLERGY_KNOWN", f"an allergy to {substance} is recorded already")
    checked_limit(len(record.allergies), ALLERGIES_MAX, "allergies", "TOO_MANY_ALLERGIES")
    recorded = AllergyRecorded(
        patient=command.patient,
        allergy=command.allergy,
        substance=substance,
        criticality=command.criticality,
        reaction=checked_optional(command.reaction, "reaction", REASON_LENGTH_MAX),
        source=None,
        at=command.at,
        by=command.by,
    )
    return [recorded, *held_for_allergies(command, [substance], record)]


def _refuted(command: RefuteAllergy, record: Record) -> AllergyRefuted:
    known = record.allergies.get(command.allergy)
    if known is None:
        raise Rejected("ALLERGY_UNKNOWN", f"there is no allergy {command.allergy:.40}; look it up")
    return AllergyRefuted(
        patient=command.patient,
        allergy=command.allergy,
        substance=known.substance,
        reason=checked_text(command.reason, "reason", REASON_LENGTH_MAX),
        at=command.at,
        by=command.by,
    )


def _prescribed(command: PrescribeMedication, record: Record) -> MedicationPrescribed:
    checked_limit(
        len(record.prescriptions), PRESCRIPTIONS_MAX, "open prescriptions", "TOO_MANY_PRESCRIPTIONS"
    )
    checked_number(command.dose.value, "the dose")
    if command.dose.value <= 0:
        raise Rejected("INVALID_QUANTITY", f"a dose of {command.dose.value:.40f}; give more than 0")
    what = Prescribed(
        medication=checked_text(command.medication, "medication"),
        ingredients=_checked_ingredients(command.ingredients),
        dose=checked_quantity(command.dose, "the dose"),
        route=command.route,
        schedule=_checked_schedule(command),
        overridden=(),
        override_reason=None,
    )
    warnings = warnings_of(None, what, record)
    reason = _override(warnings, command.override_reason)
    return MedicationPrescribed(
        patient=command.patient,
        prescription=command.prescription,
        what=replace(what, overridden=warnings, override_reason=reason),
        at=command.at,
        by=command.by,
    )


def _override(warnings: tuple[str, ...], reason: str | None) -> str | None:
    """The reason, where one is needed. Raises Rejected where it is needed and missing."""
    if not warnings:
        return None
    if reason is None:
        is_allergy = any(each.startswith(ALLERGY) for each in warnings)
        raise Rejected(
            "ALLERGY_CONFLICT" if is_allergy else "INTERACTION_CONFLICT",
            f"{'; '.join(warnings)}: prescribe something else, or give a reason to override it",
        )
    return checked_text(reason, "the reason to override", REASON_LENGTH_MAX)


def _checked_ingredients(ingredients: tuple[str, ...]) -> tuple[str, ...]:
    """In the order of the alphabet, in lower case. Raises Rejected."""
    if not 1 <= len(ingredients) <= INGREDIENTS_MAX:
        raise Rejected(
            "INVALID_INGREDIENTS",
            f"there are {len(ingredients)} ingredients; give 1 to {INGREDIENTS_MAX}, by their INN",
        )
    named = (checked_text(each, "ingredient", NAME_LENGTH_MAX) for each in ingredients)
    return tuple(sorted({each.strip().lower() for each in named}))


def _checked_schedule(command: PrescribeMedication) -> DoseSchedule | None:
    schedule, at = command.schedule, command.at
    if schedule is None:
        return None
    checked_count(schedule.doses, "doses", 1, DOSES_MAX)
    checked_count(
        schedule.every_minutes, "minutes between doses", EVERY_MINUTES_MIN, EVERY_MINUTES_MAX
    )
    checked_count(schedule.window_minutes, "minutes of the window", 1, schedule.every_minutes // 2)
    if not at <= schedule.first_at <= at + FIRST_DOSE_AFTER_MAX:
        raise Rejected(
            "INVALID_DATE",
            f"the first dose at {schedule.first_at} lies behind, or more than "
            f"{FIRST_DOSE_AFTER_MAX.days} days ahead",
        )
    return schedule


def _dispensed(command: DispenseMedication, record: Record) -> MedicationDispensed:
    known = open_prescription(command.prescription, record)
    if known.is_held:
        raise Rejected("PRESCRIPTION_ON_HOLD", "the prescription is on hold; ask who prescribed it")
    checked_limit(len(known.fills), FILLS_MAX, "supplies dispensed", "TOO_MANY_FILLS")
    checked_quantity(command.quantity, "the quantity")
    days = checked_count(command.days_supply, "days of supply", 1, DAYS_SUPPLY_MAX)
    return MedicationDispensed(
        patient=command.patient,
        prescription=command.prescription,
        medication=known.what.medication,
        drug=known.what.drug,
        fill=Fill(on=command.at.date(), days_supply=days),
        quantity=command.quantity,
        at=command.at,
        by=command.by,
    )


def _resumed(
    command: ResumePrescription, known: Prescription, record: Record
) -> PrescriptionResumed:
    warnings = warnings_of(command.prescription, known.what, record)
    reason = _override(warnings, command.override_reason)
    return PrescriptionResumed(
        patient=command.patient,
        prescription=command.prescription,
        medication=known.what.medication,
        overridden=warnings,
        override_reason=reason,
        at=command.at,
        by=command.by,
    )
