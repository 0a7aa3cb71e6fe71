"""A patient's treatment plan: what for, what with, and where to."""

from datetime import date, datetime

from domain.clinical.dose_messages import (
    DoseEvent,
    DoseFellDue,
    DoseMissed,
    MedicationAdministered,
    MedicationCompleted,
)
from domain.clinical.medication_messages import (
    MedicationDispensed,
    MedicationPrescribed,
    MedicationStopped,
    PrescriptionHeld,
    PrescriptionResumed,
    PrescriptionTakenOver,
)
from domain.clinical.merge_messages import PatientMerged, RecordTakenOver
from domain.clinical.patient_messages import (
    CareTeamMemberAssigned,
    CareTeamMemberRemoved,
    EmergencyAccessEnded,
    GlassBroken,
    PatientRegistered,
    PatientUpdated,
)
from domain.clinical.record_messages import ConditionRecorded, ConditionResolved, GoalEnded, GoalSet
from domain.model import value
from readmodels.clinical.chart_medication import ChartMedication, prescriptions_after
from readmodels.clinical.chart_parts import ChartCondition, conditions_after
from readmodels.clinical.reading import CARE_TEAM, AccessEvent
from readmodels.model import Projection, document, index, replace

PlanEvent = (
    PatientRegistered
    | PatientUpdated
    | PatientMerged
    | AccessEvent
    | ConditionRecorded
    | ConditionResolved
    | GoalSet
    | GoalEnded
    | MedicationPrescribed
    | PrescriptionTakenOver
    | MedicationDispensed
    | PrescriptionHeld
    | PrescriptionResumed
    | MedicationStopped
    | DoseEvent
)


@value
class PlannedGoal:
    """What is to be reached, for which condition, by when."""

    id: str
    description: str
    condition: str | None
    target_on: date | None
    set_at: datetime
    set_by: str


@document(
    read=CARE_TEAM,
    indexes=[index("name"), index("next_target_on"), index("next_due_at"), index("on_hold")],
)
class TreatmentPlan:
    """Active conditions, open prescriptions and open goals; `on_hold` counts what needs a word."""

    id: str
    name: str
    care_team: tuple[str, ...]
    emergency: tuple[str, ...]
    conditions: tuple[ChartCondition, ...]
    medications: tuple[ChartMedication, ...]
    goals: tuple[PlannedGoal, ...]
    next_target_on: date | None
    next_due_at: datetime | None
    on_hold: int


def evolve(document: TreatmentPlan | None, event: PlanEvent) -> TreatmentPlan | None:
    if isinstance(event, PatientRegistered):
        return _registered(event)
    return document and _summed(_changed(document, event))


def _registered(event: PatientRegistered) -> TreatmentPlan:
    return TreatmentPlan(
        id=event.patient,
        name=event.who.name,
        care_team=event.access.care_team,
        emergency=event.access.emergency,
        conditions=(),
        medications=(),
        goals=(),
        next_target_on=None,
        next_due_at=None,
        on_hold=0,
    )


def _changed(plan: TreatmentPlan, event: PlanEvent) -> TreatmentPlan:
    match event:
        case PatientRegistered():
            return plan
        case PatientUpdated(who=who):
            return replace(plan, name=who.name)
        case (
            CareTeamMemberAssigned(access=access)
            | CareTeamMemberRemoved(access=access)
            | GlassBroken(access=access)
            | EmergencyAccessEnded(access=access)
            | RecordTakenOver(access=access)
        ):
            return replace(plan, care_team=access.care_team, emergency=access.emergency)
        case ConditionRecorded() | ConditionResolved():
            return replace(plan, conditions=conditions_after(plan.conditions, event))
        case GoalSet():
            return replace(plan, goals=(*plan.goals, _goal(event)))
        case GoalEnded(goal=goal):
            return replace(plan, goals=tuple(each for each in plan.goals if each.id != goal))
        case (
            PatientMerged()
            | MedicationPrescribed()
            | PrescriptionTakenOver()
            | MedicationDispensed()
            | PrescriptionHeld()
            | PrescriptionResumed()
            | MedicationStopped()
            | DoseFellDue()
            | MedicationAdministered()
            | DoseMissed()
            | MedicationCompleted()
        ):
            after = prescriptions_after(plan.medications, event)
            return replace(plan, medications=tuple(each for each in after if each.is_open))


def _goal(event: GoalSet) -> PlannedGoal:
    return PlannedGoal(
        id=event.goal,
        description=event.description,
        condition=event.condition,
        target_on=event.target_on,
        set_at=event.at,
        set_by=event.by,
    )


def _summed(plan: TreatmentPlan) -> TreatmentPlan:
    due = (each.next_due_at for each in plan.medications)
    return replace(
        plan,
        next_target_on=min((e.target_on for e in plan.goals if e.target_on), default=None),
        next_due_at=min((each for each in due if each), default=None),
        on_hold=sum(each.status.value == "ON_HOLD" for each in plan.medications),
    )


treatment_plans = Projection(
    document=TreatmentPlan, keys=lambda event: [event.patient], evolve=evolve
)
