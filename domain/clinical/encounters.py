"""A patient's stay: one at a time, in one bed at a time.

The ward says who lies in its beds; here stands where the patient is and which bed was asked for.
One bed is asked for at a time, and the ward's answer is awaited before anything else is done.
"""

from domain.clinical.access import require_member
from domain.clinical.encounter_messages import (
    AdmitPatient,
    BedLeft,
    BedTransferred,
    BedTransferRefused,
    BedTransferRequested,
    CancelEncounter,
    DischargePatient,
    EncounterCancelled,
    EncounterCommand,
    EncounterEvent,
    EncounterPlanned,
    EncounterStarted,
    EncounterStatus,
    LeaveBed,
    PatientAdmitted,
    PatientDischarged,
    PlanEncounter,
    SettleInBed,
    TransferBed,
    TurnAwayFromBed,
)
from domain.clinical.patient_states import Record, Stay
from domain.clinical.terms import (
    REASON_LENGTH_MAX,
    WardBed,
    checked_id,
    checked_limit,
    checked_text,
)
from domain.model import Rejected

PLANNED_MAX = 20
"""How many stays may be planned at once."""


def decide_encounter(command: EncounterCommand, record: Record) -> list[EncounterEvent]:
    match command:
        case PlanEncounter():
            return _plan(command, record)
        case CancelEncounter():
            return _cancel(command, record)
        case AdmitPatient():
            return _admit(command, record)
        case TransferBed():
            return _transfer(command, record)
        case DischargePatient():
            return _discharge(command, record)
        case SettleInBed():
            return _settle(command, record.stay)
        case TurnAwayFromBed():
            return _turn_away(command, record.stay)
        case LeaveBed(patient=patient, encounter=encounter, bed=bed, at=at, by=by):
            is_left = record.stay is not None and record.stay.encounter == encounter
            left = BedLeft(patient=patient, encounter=encounter, bed=bed, at=at, by=by)
            return [left] if is_left else []


def _plan(command: PlanEncounter, record: Record) -> list[EncounterEvent]:
    require_member(command.by, record, command.roles)
    checked_limit(len(record.planned), PLANNED_MAX, "planned stays", "TOO_MANY_ENCOUNTERS")
    if command.start_at < command.at:
        raise Rejected("INVALID_DATE", f"{command.start_at} lies behind; plan what is to come")
    return [
        EncounterPlanned(
            patient=command.patient,
            encounter=command.encounter,
            reason=checked_text(command.reason, "reason", REASON_LENGTH_MAX),
            start_at=command.start_at,
            at=command.at,
            by=command.by,
        )
    ]


def _cancel(command: CancelEncounter, record: Record) -> list[EncounterEvent]:
    require_member(command.by, record, command.roles)
    _require_planned(command.encounter, record)
    return [
        EncounterCancelled(
            patient=command.patient,
            encounter=command.encounter,
            reason=checked_text(command.reason, "reason", REASON_LENGTH_MAX),
            at=command.at,
            by=command.by,
        )
    ]


def _require_planned(encounter: str, record: Record) -> None:
    if encounter not in record.planned:
        raise Rejected("ENCOUNTER_NOT_PLANNED", f"there is no planned stay {encounter:.40}")


def _admit(command: AdmitPatient, record: Record) -> list[EncounterEvent]:
    require_member(command.by, record, command.roles)
    if record.stay is not None and record.stay.status is EncounterStatus.FINISHED:
        raise Rejected("MOVE_UNDER_WAY", "the bed of the last stay is being freed; try again soon")
    if record.stay is not None:
        raise Rejected("PATIENT_ADMITTED", "the patient is admitted already; transfer the bed")
    if command.planned is not None:
        _require_planned(command.planned, record)
    return [
        PatientAdmitted(
            patient=command.patient,
            encounter=command.planned or command.encounter,
            name=record.who.name,
            reason=checked_text(command.reason, "reason", REASON_LENGTH_MAX),
            bed=_checked_bed(command.bed),
            move=1,
            at=command.at,
            by=command.by,
        )
    ]


def _checked_bed(bed: WardBed) -> WardBed:
    return WardBed(ward=checked_id(bed.ward, "ward"), bed=checked_id(bed.bed, "bed"))


def _settled(record: Record) -> tuple[Stay, WardBed]:
    """The stay and its bed. Raises Rejected where there is none, or a bed was just asked for."""
    stay = record.stay
    if stay is None or stay.status is EncounterStatus.FINISHED:
        raise Rejected("PATIENT_NOT_ADMITTED", "the patient is not admitted; admit them first")
    if stay.wanted is not None or stay.bed is None:
        raise Rejected("MOVE_UNDER_WAY", "the ward is being asked for a bed; try again soon")
    return stay, stay.bed


def _transfer(command: TransferBed, record: Record) -> list[EncounterEvent]:
    require_member(command.by, record, command.roles)
    stay, source = _settled(record)
    bed = _checked_bed(command.bed)
    if bed == source:
        return []
    return [
        BedTransferRequested(
            patient=command.patient,
            encounter=stay.encounter,
            name=record.who.name,
            source=source,
            source_move=stay.bed_move,
            bed=bed,
            move=stay.move + 1,
            at=command.at,
            by=command.by,
        )
    ]


def _discharge(command: DischargePatient, record: Record) -> list[EncounterEvent]:
    require_member(command.by, record)
    stay, bed = _settled(record)
    return [
        PatientDischarged(
            patient=command.patient,
            encounter=stay.encounter,
            bed=bed,
            move=stay.bed_move,
            disposition=checked_text(command.disposition, "disposition", REASON_LENGTH_MAX),
            at=command.at,
            by=command.by,
        )
    ]


def _waits(stay: Stay | None, command: SettleInBed | TurnAwayFromBed) -> bool:
    """Whether the answer is to what was asked last."""
    return (
        stay is not None
        and stay.encounter == command.encounter
        and stay.wanted == command.bed
        and stay.move == command.move
    )


def _settle(command: SettleInBed, stay: Stay | None) -> list[EncounterEvent]:
    if stay is None or not _waits(stay, command):
        return []
    if stay.bed is None:
        return [
            EncounterStarted(
                patient=command.patient,
                encounter=command.encounter,
                bed=command.bed,
                at=command.at,
                by=command.by,
            )
        ]
    return [
        BedTransferred(
            patient=command.patient,
            encounter=command.encounter,
            source=stay.bed,
            bed=command.bed,
            at=command.at,
            by=command.by,
        )
    ]


def _turn_away(command: TurnAwayFromBed, stay: Stay | None) -> list[EncounterEvent]:
    if stay is None or not _waits(stay, command):
        return []
    if stay.bed is None:
        return [
            EncounterCancelled(
                patient=command.patient,
                encounter=command.encounter,
                reason=command.reason,
                at=command.at,
                by=command.by,
            )
        ]
    return [
        BedTransferRefused(
            patient=command.patient,
            encounter=command.encounter,
            bed=command.bed,
            reason=command.reason,
            at=command.at,
            by=command.by,
        )
    ]
