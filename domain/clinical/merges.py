"""Two records of one person become one: the second is closed, the survivor takes over.

What must not be lost goes with it: allergies, open prescriptions with their doses, and the care
team. The rest stays readable where it is, linked by the survivor's id. The survivor may be unable
to take it over: it then says why, and the `merging` process makes the second record active again.
Between the two moments nothing of the second record can be given, since it takes no commands.
"""

from dataclasses import replace

from domain.clinical.access import CARE_TEAM_MAX
from domain.clinical.encounter_messages import EncounterCancelled
from domain.clinical.medication_messages import (
    AllergyRecorded,
    CarriedPrescription,
    CarriedRecord,
    PrescriptionTakenOver,
)
from domain.clinical.medications import (
    ALLERGIES_MAX,
    PRESCRIPTIONS_MAX,
    held_for_allergies,
    warnings_of,
)
from domain.clinical.merge_messages import (
    HandOverRecord,
    MergePatient,
    PatientMerged,
    PatientMergeReverted,
    RecordHandedOver,
    RecordTakenOver,
    RecordTakeoverRefused,
    RevertPatientMerge,
    TakeOverRecord,
)
from domain.clinical.patient_states import (
    Allergy,
    Merged,
    Patient,
    PatientEvent,
    Prescription,
    Record,
    Registered,
    Unregistered,
    carried_allergy,
    carried_prescription,
    with_prescription,
)
from domain.clinical.terms import REASON_LENGTH_MAX, ChartAccess, checked_id, checked_text
from domain.model import Rejected

SOURCES_MAX = 50
"""How many records may be merged into one."""


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


def take_over(command: TakeOverRecord, state: Patient) -> list[PatientEvent]:
    match state:
        case Unregistered():
            return [_refused(command, "there is no such patient")]
        case Merged(survivor=survivor):
            return [_refused(command, f"it was itself merged into {survivor}")]
        case Registered(record=record) if command.source in record.sources:
            return []
        case Registered(record=record):
            team = tuple(dict.fromkeys((*record.access.care_team, *command.record.care_team)))
            full = _what_is_full(command.record, record, team)
            if full is not None:
                return [_refused(command, f"it has too many {full}")]
            return _taken_over(command, record, replace(record.access, care_team=team))


def _refused(command: TakeOverRecord, reason: str) -> RecordTakeoverRefused:
    return RecordTakeoverRefused(
        patient=command.patient,
        source=command.source,
        reason=reason,
        at=command.at,
        by=command.by,
    )


def _what_is_full(carried: CarriedRecord, record: Record, team: tuple[str, ...]) -> str | None:
    if len(record.sources) >= SOURCES_MAX:
        return "merged records"
    if len(record.allergies) + len(carried.allergies) > ALLERGIES_MAX:
        return "allergies"
    if len(record.prescriptions) + len(carried.prescriptions) > PRESCRIPTIONS_MAX:
        return "open prescriptions"
    return "members of the care team" if len(team) > CARE_TEAM_MAX else None


def _taken_over(command: TakeOverRecord, record: Record, access: ChartAccess) -> list[PatientEvent]:
    """Allergies first: what they speak against, here or there, is put on hold."""
    events: list[PatientEvent] = [
        RecordTakenOver(
            patient=command.patient,
            source=command.source,
            access=access,
            at=command.at,
            by=command.by,
        )
    ]
    fresh = [each for each in command.record.allergies if each.substance not in record.substances]
    for each in fresh:
        events.append(
            AllergyRecorded(
                patient=command.patient,
                allergy=each.allergy,
                substance=each.substance,
                criticality=each.criticality,
                reaction=each.reaction,
                source=command.source,
                at=command.at,
                by=command.by,
            )
        )
        known = Allergy(
            substance=each.substance, criticality=each.criticality, reaction=each.reaction
        )
        record = replace(record, allergies={**record.allergies, each.allergy: known})
    events += held_for_allergies(command, [each.substance for each in fresh], record)
    for prescription in command.record.prescriptions:
        taken = _taken(command, prescription, record)
        events.append(taken)
        record = _with(record, taken.carried)
    return events


def _taken(
    command: TakeOverRecord, carried: CarriedPrescription, record: Record
) -> PrescriptionTakenOver:
    warnings = warnings_of(carried.prescription, carried.what, record)
    return PrescriptionTakenOver(
        patient=command.patient,
        source=command.source,
        carried=replace(carried, is_held=carried.is_held or bool(warnings)),
        warnings=warnings,
        at=command.at,
        by=command.by,
    )


def _with(record: Record, carried: CarriedPrescription) -> Record:
    made = Prescription(
        what=carried.what,
        is_held=carried.is_held,
        next_dose=carried.next_dose,
        is_due=carried.is_due,
        given=carried.given,
        fills=carried.fills,
    )
    return with_prescription(record, carried.prescription, made)
