"""How allergies, prescriptions and doses change a patient's record."""

from domain.clinical.dose_messages import (
    DoseEvent,
    DoseFellDue,
    DoseMissed,
    MedicationAdministered,
    MedicationCompleted,
)
from domain.clinical.medication_messages import (
    AllergyRecorded,
    AllergyRefuted,
    MedicationDispensed,
    MedicationEvent,
    MedicationPrescribed,
    MedicationStopped,
    PrescriptionHeld,
    PrescriptionResumed,
    PrescriptionTakenOver,
)
from domain.clinical.patient_states import (
    Allergy,
    Prescription,
    Record,
    with_prescription,
    without,
)
from domain.model import replace


def medicated(record: Record, event: MedicationEvent) -> Record:
    match event:
        case AllergyRecorded(allergy=id):
            allergy = Allergy(
                substance=event.substance, criticality=event.criticality, reaction=event.reaction
            )
            return replace(record, allergies={**record.allergies, id: allergy})
        case AllergyRefuted(allergy=id):
            return replace(record, allergies=without(record.allergies, id))
        case MedicationPrescribed(prescription=id, what=what):
            made = Prescription(
                what=what, is_held=False, next_dose=1, is_due=False, given=0, fills=()
            )
            return with_prescription(record, id, made)
        case PrescriptionTakenOver(carried=carried):
            made = Prescription(
                what=carried.what,
                is_held=carried.is_held,
                next_dose=carried.next_dose,
                is_due=carried.is_due,
                given=carried.given,
                fills=carried.fills,
            )
            return with_prescription(record, carried.prescription, made)
        case MedicationStopped(prescription=id):
            return with_prescription(record, id, None)
        case MedicationDispensed() | PrescriptionHeld() | PrescriptionResumed():
            known = record.prescriptions.get(event.prescription)
            changed = known and _changed(known, event)
            return with_prescription(record, event.prescription, changed)


def _changed(
    known: Prescription, event: MedicationDispensed | PrescriptionHeld | PrescriptionResumed
) -> Prescription:
    match event:
        case MedicationDispensed(fill=fill):
            return replace(known, fills=(*known.fills, fill))
        case PrescriptionHeld():
            return replace(known, is_held=True)
        case PrescriptionResumed(overridden=more, override_reason=reason):
            what = replace(
                known.what,
                overridden=tuple(sorted({*known.what.overridden, *more})),
                override_reason=reason or known.what.override_reason,
            )
            return replace(known, is_held=False, what=what)


def dosed(record: Record, event: DoseEvent) -> Record:
    known = record.prescriptions.get(event.prescription)
    if known is None:
        return record
    match event:
        case DoseFellDue():
            changed = replace(known, is_due=True)
        case MedicationAdministered(dose=dose):
            changed = replace(known, next_dose=dose + 1, is_due=False, given=known.given + 1)
        case DoseMissed(dose=dose):
            changed = replace(known, next_dose=dose + 1, is_due=False)
        case MedicationCompleted():
            return with_prescription(record, event.prescription, None)
    return with_prescription(record, event.prescription, changed)
