"""Two records of one person become one: the second is closed, the survivor takes over.

What must not be lost goes with it: allergies, open prescriptions with their doses, active
conditions, orders without a report, and the care team. The rest stays readable where it is, linked
by the survivor's id, and what waits there for a review can still be reviewed. The survivor may be
unable to take it over: it then says why, and the `merging` process makes the second record active
again. Until then nothing of the second record can be given, since it takes no commands.
"""

from domain.clinical.encounter_messages import EncounterCancelled
from domain.clinical.medication_messages import PrescriptionTakenOver
from domain.clinical.merge_messages import (
    CarriedCondition,
    CarriedRecord,
    CarriedRequest,
    HandOverRecord,
    MergePatient,
    PatientMerged,
    PatientMergeReverted,
    RecordHandedOver,
    RevertPatientMerge,
)
from domain.clinical.patient_states import (
    Merged,
    Patient,
    PatientEvent,
    Record,
    carried_allergy,
    carried_prescription,
)
from domain.clinical.terms import REASON_LENGTH_MAX, checked_id, checked_text
from domain.model import Rejected


def merge(command: MergePatient, record: Record) -> list[PatientEvent]:
    survivor = checked_id(command.survivor, "survivor")
    if survivor == command.patient:
        raise Rejected("SAME_PATIENT", "a record cannot be merged into itself; name another")
    if record.stay is not None:
        raise Rejected("PATIENT_ADMITTED", "the patient lies in a bed; discharge them first")
    reason = checked_text(command.reason, "reason", REASON_LENGTH_MAX)
    cancelled = [
        EncounterCancelled(
            patient=command.patient,
            encounter=each,
            reason=f"the record was merged into {survivor}",
            at=command.at,
            by=command.by,
        )
        for each in record.planned
    ]
    merged = PatientMerged(
        patient=command.patient, survivor=survivor, reason=reason, at=command.at, by=command.by
    )
    return [*cancelled, merged]


def hand_over(command: HandOverRecord, state: Patient) -> list[PatientEvent]:
    """In an event of its own: who merges two records need not be one who may read them."""
    if not isinstance(state, Merged) or state.survivor != command.survivor or state.is_handed_over:
        return []
    record = state.record
    carried = CarriedRecord(
        care_team=record.access.care_team,
        allergies=tuple(carried_allergy(id, each) for id, each in record.allergies.items()),
        prescriptions=tuple(
            carried_prescription(id, each) for id, each in record.prescriptions.items()
        ),
        conditions=tuple(
            CarriedCondition(condition=id, code=each.code, name=each.name)
            for id, each in record.conditions.items()
        ),
        requests=tuple(
            CarriedRequest(request=id, code=each.code, priority=each.priority)
            for id, each in record.requests.items()
        ),
    )
    return [
        RecordHandedOver(
            patient=command.patient,
            survivor=command.survivor,
            record=carried,
            at=command.at,
            by=command.by,
        )
    ]


def revert(command: RevertPatientMerge, state: Patient) -> list[PatientEvent]:
    """The record goes on as it was, each of its prescriptions from the dose it was at."""
    if not isinstance(state, Merged) or state.survivor != command.survivor:
        return []
    reverted = PatientMergeReverted(
        patient=command.patient,
        survivor=command.survivor,
        reason=command.reason,
        at=command.at,
        by=command.by,
    )
    resumed = [
        PrescriptionTakenOver(
            patient=command.patient,
            source=command.patient,
            carried=carried_prescription(id, each),
            warnings=(),
            at=command.at,
            by=command.by,
        )
        for id, each in state.record.prescriptions.items()
    ]
    return [reverted, *resumed]
