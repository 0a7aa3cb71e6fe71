"""How a patient's record changes with each of its events."""

from domain.clinical.dose_messages import DoseEvent
from domain.clinical.encounter_messages import (
    BedLeft,
    BedTransferred,
    BedTransferRefused,
    BedTransferRequested,
    EncounterCancelled,
    EncounterEvent,
    EncounterPlanned,
    EncounterStarted,
    EncounterStatus,
    PatientAdmitted,
    PatientDischarged,
)
from domain.clinical.medication_folding import dosed, medicated
from domain.clinical.medication_messages import MedicationEvent
from domain.clinical.merge_messages import (
    PatientMerged,
    PatientMergeReverted,
    RecordHandedOver,
    RecordTakenOver,
    RecordTakeoverRefused,
)
from domain.clinical.observation_messages import (
    DiagnosticReported,
    ObservationEvent,
    ObservationRecorded,
    ResultReviewed,
    ServiceRequested,
    ServiceRequestRevoked,
)
from domain.clinical.patient_messages import (
    CareTeamMemberAssigned,
    CareTeamMemberRemoved,
    ChartPageBegun,
    EmergencyAccessEnded,
    GlassBroken,
    PatientRegistered,
    PatientUpdated,
    PersonEvent,
)
from domain.clinical.patient_states import (
    ChartEvent,
    Condition,
    Merged,
    OpenRequest,
    Patient,
    PatientEvent,
    Record,
    Registered,
    Stay,
    Unregistered,
    without,
)
from domain.clinical.record_messages import (
    ConditionRecorded,
    ConditionResolved,
    GoalEnded,
    GoalSet,
    ProcedurePerformed,
    RecordEvent,
)
from domain.model import replace


def evolve(state: Patient, event: PatientEvent) -> Patient:
    match event, state:
        case RecordTakeoverRefused(), _:
            return state
        case PatientRegistered(), _:
            return Registered(record=_opened(event))
        case _, Unregistered():
            return state
        case PatientMerged(survivor=survivor), Registered(record=record):
            return Merged(survivor=survivor, record=_counted(record), is_handed_over=False)
        case RecordHandedOver(), Merged(record=record):
            return replace(state, record=_counted(record), is_handed_over=True)
        case PatientMergeReverted(), Merged(record=record):
            return Registered(record=_counted(record))
        case _, Registered(record=record):
            return Registered(record=_counted(_folded(record, event)))
        case _, Merged(record=record):
            return replace(state, record=_counted(_folded(record, event)))


def _opened(event: PatientRegistered) -> Record:
    return Record(
        who=event.who,
        access=event.access,
        glasses={},
        entries=1,
        sources=(),
        conditions={},
        goals={},
        requests={},
        unreviewed=(),
        allergies={},
        prescriptions={},
        planned=(),
        stay=None,
    )


def _counted(record: Record) -> Record:
    return replace(record, entries=record.entries + 1)


def _folded(record: Record, event: ChartEvent) -> Record:
    if isinstance(event, PersonEvent):
        return _person(record, event)
    if isinstance(event, RecordEvent):
        return _recorded(record, event)
    if isinstance(event, ObservationEvent):
        return _observed(record, event)
    if isinstance(event, MedicationEvent):
        return medicated(record, event)
    if isinstance(event, DoseEvent):
        return dosed(record, event)
    return replace(record, stay=_stayed(record, event), planned=_planned(record, event))


def _person(record: Record, event: PersonEvent) -> Record:
    match event:
        case PatientUpdated(who=who):
            return replace(record, who=who)
        case CareTeamMemberAssigned(access=access) | CareTeamMemberRemoved(access=access):
            return replace(record, access=access)
        case GlassBroken(glass=glass, access=access, by=by):
            return replace(record, access=access, glasses={**record.glasses, glass: by})
        case EmergencyAccessEnded(glass=glass, access=access):
            return replace(record, access=access, glasses=without(record.glasses, glass))
        case RecordTakenOver(access=access, source=source):
            return replace(record, access=access, sources=(*record.sources, source))
        case (
            PatientRegistered()
            | PatientMerged()
            | RecordHandedOver()
            | PatientMergeReverted()
            | ChartPageBegun()
        ):
            return record


def _recorded(record: Record, event: RecordEvent) -> Record:
    match event:
        case ConditionRecorded(condition=condition, code=code, name=name):
            conditions = {**record.conditions, condition: Condition(code=code, name=name)}
            return replace(record, conditions=conditions)
        case ConditionResolved(condition=condition):
            return replace(record, conditions=without(record.conditions, condition))
        case GoalSet(goal=goal, description=description):
            return replace(record, goals={**record.goals, goal: description})
        case GoalEnded(goal=goal):
            return replace(record, goals=without(record.goals, goal))
        case ProcedurePerformed():
            return record


def _observed(record: Record, event: ObservationEvent) -> Record:
    match event:
        case ObservationRecorded(observation=observation, awaits_review=True):
            return replace(record, unreviewed=(*record.unreviewed, observation))
        case ResultReviewed(observation=observation):
            left = tuple(each for each in record.unreviewed if each != observation)
            return replace(record, unreviewed=left)
        case ServiceRequested(request=request, code=code, priority=priority):
            made = OpenRequest(code=code, priority=priority)
            return replace(record, requests={**record.requests, request: made})
        case ServiceRequestRevoked(request=request):
            return replace(record, requests=without(record.requests, request))
        case DiagnosticReported(request=completed):
            return replace(record, requests=without(record.requests, completed))
        case ObservationRecorded():
            return record


def _stayed(record: Record, event: EncounterEvent) -> Stay | None:
    stay = record.stay
    match event:
        case PatientAdmitted(encounter=encounter, bed=bed, move=move):
            return Stay(
                encounter=encounter,
                status=EncounterStatus.ARRIVED,
                bed=None,
                bed_move=0,
                wanted=bed,
                move=move,
            )
        case EncounterStarted(bed=bed) | BedTransferred(bed=bed):
            return stay and replace(
                stay, status=EncounterStatus.IN_PROGRESS, bed=bed, bed_move=stay.move, wanted=None
            )
        case BedTransferRequested(bed=bed, move=move):
            return stay and replace(stay, wanted=bed, move=move)
        case BedTransferRefused():
            return stay and replace(stay, wanted=None)
        case PatientDischarged():
            return stay and replace(stay, status=EncounterStatus.FINISHED)
        case BedLeft():
            return None
        case EncounterCancelled(encounter=encounter):
            return None if stay and stay.encounter == encounter else stay
        case EncounterPlanned():
            return stay


def _planned(record: Record, event: EncounterEvent) -> tuple[str, ...]:
    if isinstance(event, EncounterPlanned):
        return (*record.planned, event.encounter)
    return tuple(each for each in record.planned if each != event.encounter)
