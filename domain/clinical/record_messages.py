"""What is said of a patient's conditions, of what was done about them, and of what is to be."""

from datetime import date, datetime
from enum import StrEnum

from domain.clinical.terms import CLINICIAN, NURSE
from domain.model import Actor, NewId, Now, Role, command, event


class GoalOutcome(StrEnum):
    """How a goal ended: FHIR's lifecycle statuses after ACTIVE."""

    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


@event("clinical.ConditionRecorded")
class ConditionRecorded:
    """The patient has a condition, clinically active."""

    patient: str
    condition: str
    code: str
    name: str
    onset: date | None
    at: datetime
    by: str
    entry: int = 0


@event("clinical.ConditionResolved")
class ConditionResolved:
    """A condition is over."""

    patient: str
    condition: str
    code: str
    name: str
    at: datetime
    by: str
    entry: int = 0


@event("clinical.ProcedurePerformed")
class ProcedurePerformed:
    """Something was done to the patient."""

    patient: str
    procedure: str
    name: str
    note: str | None
    performed_at: datetime
    at: datetime
    by: str
    entry: int = 0


@event("clinical.GoalSet")
class GoalSet:
    """Something is to be reached with the patient."""

    patient: str
    goal: str
    description: str
    condition: str | None
    target_on: date | None
    at: datetime
    by: str
    entry: int = 0


@event("clinical.GoalEnded")
class GoalEnded:
    """A goal was reached, or is given up."""

    patient: str
    goal: str
    outcome: GoalOutcome
    at: datetime
    by: str
    entry: int = 0


RecordEvent = ConditionRecorded | ConditionResolved | ProcedurePerformed | GoalSet | GoalEnded


@command(allow=Role(CLINICIAN))
class RecordCondition:
    """Note a condition, by its ICD-10 code."""

    patient: str
    condition: NewId
    code: str
    name: str
    onset: date | None = None
    at: Now
    by: Actor


@command(allow=Role(CLINICIAN))
class ResolveCondition:
    """Note that a condition is over."""

    patient: str
    condition: str
    at: Now
    by: Actor


@command(allow=Role(CLINICIAN, NURSE))
class RecordProcedure:
    """Note what was done to the patient, and when, if not now."""

    patient: str
    procedure: NewId
    name: str
    note: str | None = None
    performed_at: datetime | None = None
    at: Now
    by: Actor


@command(allow=Role(CLINICIAN))
class SetGoal:
    """Say what is to be reached with the patient, for a condition or in general."""

    patient: str
    goal: NewId
    description: str
    condition: str | None = None
    target_on: date | None = None
    at: Now
    by: Actor


@command(allow=Role(CLINICIAN))
class EndGoal:
    """Note that a goal was reached, or is given up."""

    patient: str
    goal: str
    outcome: GoalOutcome
    at: Now
    by: Actor


RecordCommand = RecordCondition | ResolveCondition | RecordProcedure | SetGoal | EndGoal
