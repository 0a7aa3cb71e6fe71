"""What a record takes over of another one of the same person that was merged into it."""

from domain.clinical.access import CARE_TEAM_MAX
from domain.clinical.medication_messages import (
    AllergyRecorded,
    CarriedAllergy,
    CarriedPrescription,
    PrescriptionTakenOver,
)
from domain.clinical.medications import (
    ALLERGIES_MAX,
    PRESCRIPTIONS_MAX,
    held_for_allergies,
    warnings_of,
)
from domain.clinical.merge_messages import (
    CarriedRecord,
    CarriedRequest,
    RecordTakenOver,
    RecordTakeoverRefused,
    TakeOverRecord,
)
from domain.clinical.observation_messages import ServiceRequested
from domain.clinical.observations import REQUESTS_MAX
from domain.clinical.patient_states import (
    Allergy,
    Merged,
    Patient,
    PatientEvent,
    Record,
    Registered,
    Unregistered,
)
from domain.clinical.record_messages import ConditionRecorded
from domain.clinical.records import CONDITIONS_MAX
from domain.clinical.terms import ChartAccess
from domain.model import replace

SOURCES_MAX = 50
"""How many records may be merged into one."""


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
    if len(record.conditions) + len(carried.conditions) > CONDITIONS_MAX:
        return "active conditions"
    if len(record.requests) + len(carried.requests) > REQUESTS_MAX:
        return "open orders"
    return "members of the care team" if len(team) > CARE_TEAM_MAX else None


def _taken_over(command: TakeOverRecord, record: Record, access: ChartAccess) -> list[PatientEvent]:
    """Allergies first: what they speak against, here or there, is put on hold."""
    taken = RecordTakenOver(
        patient=command.patient,
        source=command.source,
        access=access,
        at=command.at,
        by=command.by,
    )
    fresh = [each for each in command.record.allergies if each.substance not in record.substances]
    allergies = [_allergy(command, each) for each in fresh]
    known = {
        each.allergy: Allergy(
            substance=each.substance, criticality=each.criticality, reaction=each.reaction
        )
        for each in fresh
    }
    with_allergies = replace(record, allergies={**record.allergies, **known})
    return [
        taken,
        *allergies,
        *held_for_allergies(command, [each.substance for each in fresh], record),
        *(_prescription(command, each, with_allergies) for each in command.record.prescriptions),
        *_conditions(command, record),
        *(_request(command, each) for each in command.record.requests),
    ]


def _allergy(command: TakeOverRecord, carried: CarriedAllergy) -> AllergyRecorded:
    return AllergyRecorded(
        patient=command.patient,
        allergy=carried.allergy,
        substance=carried.substance,
        criticality=carried.criticality,
        reaction=carried.reaction,
        source=command.source,
        at=command.at,
        by=command.by,
    )


def _prescription(
    command: TakeOverRecord, carried: CarriedPrescription, record: Record
) -> PrescriptionTakenOver:
    """Held where something here speaks against it; those that come with it were weighed before."""
    warnings = warnings_of(carried.prescription, carried.what, record)
    return PrescriptionTakenOver(
        patient=command.patient,
        source=command.source,
        carried=replace(carried, is_held=carried.is_held or bool(warnings)),
        warnings=warnings,
        at=command.at,
        by=command.by,
    )


def _conditions(command: TakeOverRecord, record: Record) -> list[ConditionRecorded]:
    active = {each.code for each in record.conditions.values()}
    return [
        ConditionRecorded(
            patient=command.patient,
            condition=each.condition,
            code=each.code,
            name=each.name,
            onset=None,
            at=command.at,
            by=command.by,
        )
        for each in command.record.conditions
        if each.code not in active
    ]


def _request(command: TakeOverRecord, carried: CarriedRequest) -> ServiceRequested:
    return ServiceRequested(
        patient=command.patient,
        request=carried.request,
        code=carried.code,
        priority=carried.priority,
        reason=f"ordered in the record {command.source}",
        at=command.at,
        by=command.by,
    )
