"""A patient: one stream for the person, the record, the medications and the stay.

They are one consistency boundary, so that its rules hold at every moment: who is not in the care
team writes nothing, a merged record takes no commands, nothing is prescribed against an allergy
that is known, and a patient has one stay. Many hands write to it, but few at once.
"""

from collections.abc import Iterator

from domain.clinical import access, merges, takeovers
from domain.clinical.dose_messages import (
    CallDose,
    DoseCommand,
    MissDose,
)
from domain.clinical.doses import decide_dose
from domain.clinical.encounter_messages import (
    AdmitPatient,
    EncounterCommand,
    LeaveBed,
    PlanEncounter,
    SettleInBed,
    TurnAwayFromBed,
)
from domain.clinical.encounters import decide_encounter
from domain.clinical.medication_commands import (
    DispenseMedication,
    MedicationCommand,
    PrescribeMedication,
)
from domain.clinical.medications import decide_medication
from domain.clinical.merge_messages import (
    HandOverRecord,
    MergePatient,
    RecordTakeoverRefused,
    RevertPatientMerge,
    TakeOverRecord,
)
from domain.clinical.observation_messages import (
    ObservationCommand,
    RecordObservation,
    RequestService,
    ReviewResult,
)
from domain.clinical.observations import decide_observation
from domain.clinical.patient_folding import evolve
from domain.clinical.patient_messages import (
    AssignCareTeamMember,
    BreakGlass,
    ChartPageBegun,
    EndEmergencyAccess,
    PersonCommand,
    RegisterPatient,
    RemoveCareTeamMember,
    UpdatePatient,
)
from domain.clinical.patient_states import (
    Merged,
    Patient,
    PatientEvent,
    Record,
    Registered,
    Unregistered,
)
from domain.clinical.record_messages import (
    RecordCommand,
    RecordCondition,
    RecordProcedure,
    SetGoal,
)
from domain.clinical.records import decide_record
from domain.clinical.terms import PAGE_ENTRIES
from domain.model import Aggregate, Rejected, replace

PatientCommand = (
    PersonCommand
    | RecordCommand
    | ObservationCommand
    | MedicationCommand
    | DoseCommand
    | EncounterCommand
)
Opening = (
    RecordCondition
    | RecordProcedure
    | SetGoal
    | RecordObservation
    | RequestService
    | PrescribeMedication
    | PlanEncounter
    | AdmitPatient
)
"""What begins something."""
ENTRIES_MAX = 50_000
"""How many entries a chart's timeline may have before nothing more begins in it."""


def decide(command: PatientCommand, state: Patient) -> list[PatientEvent]:
    """The events, each with its number in the chart's timeline, and where a page begins, that."""
    return [*_numbered(_decided(command, state), state)]


def _numbered(events: list[PatientEvent], state: Patient) -> Iterator[PatientEvent]:
    for each in events:
        entry = 1 if isinstance(state, Unregistered) else state.record.entries + 1
        if isinstance(each, RecordTakeoverRefused):
            yield each
            continue
        if not isinstance(state, Unregistered) and entry % PAGE_ENTRIES == 1:
            access = state.record.access
            begun = ChartPageBegun(
                patient=each.patient, access=access, at=each.at, by=each.by, entry=entry
            )
            yield begun
            state, entry = evolve(state, begun), entry + 1
        numbered = replace(each, entry=entry)
        yield numbered
        state = evolve(state, numbered)


def _decided(command: PatientCommand, state: Patient) -> list[PatientEvent]:
    match command, state:
        case RegisterPatient(), Unregistered():
            return [*access.register(command)]
        case RegisterPatient(patient=patient), _:
            raise Rejected("PATIENT_EXISTS", f"patient {patient:.40} is registered already")
        case TakeOverRecord(), _:
            return takeovers.take_over(command, state)
        case HandOverRecord(), _:
            return merges.hand_over(command, state)
        case RevertPatientMerge(), _:
            return merges.revert(command, state)
        case _, Unregistered():
            raise Rejected(
                "PATIENT_UNKNOWN", f"there is no patient {command.patient:.40}; register them first"
            )
        case EndEmergencyAccess(), Registered(record=record) | Merged(record=record):
            return [*access.end_access(command, record)]
        case RemoveCareTeamMember(), Registered(record=record) | Merged(record=record):
            return [*access.remove(command, record)]
        case ReviewResult(), Merged(record=record):
            return [*decide_observation(command, record)]
        case CallDose() | MissDose() | SettleInBed() | TurnAwayFromBed() | LeaveBed(), Merged():
            return []
        case _, Merged(survivor=survivor):
            raise Rejected(
                "PATIENT_MERGED", f"the record was merged into {survivor}; go on in that one"
            )
        case _, Registered(record=record):
            return _on_record(command, record)


def _on_record(command: PatientCommand, record: Record) -> list[PatientEvent]:
    match command:
        case UpdatePatient():
            return [*access.update(command, record)]
        case AssignCareTeamMember():
            return [*access.assign(command, record)]
        case BreakGlass():
            return [*access.break_glass(command, record)]
        case MergePatient():
            return merges.merge(command, record)
        case _:
            return _on_chart(command, record)


def _on_chart(command: PatientCommand, record: Record) -> list[PatientEvent]:
    """A full chart takes nothing new; what is open in it goes on to its end."""
    if isinstance(command, Opening) and record.entries >= ENTRIES_MAX:
        raise Rejected(
            "CHART_FULL", f"it has {ENTRIES_MAX} entries: register anew, and merge this into that"
        )
    if isinstance(command, RecordCommand):
        access.require_member(command.by, record)
        return [*decide_record(command, record)]
    if isinstance(command, ObservationCommand):
        return [*decide_observation(command, record)]
    if isinstance(command, MedicationCommand):
        if not isinstance(command, DispenseMedication):
            access.require_member(command.by, record)
        return decide_medication(command, record)
    if isinstance(command, DoseCommand):
        if not isinstance(command, CallDose | MissDose):
            access.require_member(command.by, record)
        return [*decide_dose(command, record)]
    assert isinstance(command, EncounterCommand), "all others were decided before"
    return [*decide_encounter(command, record)]


patients = Aggregate(
    name="patient",
    key=lambda command: command.patient,
    initial=Unregistered,
    decide=decide,
    evolve=evolve,
)
