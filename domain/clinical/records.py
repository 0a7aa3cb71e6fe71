"""What is noted of conditions, procedures and goals."""

from domain.clinical.codes import checked_icd10
from domain.clinical.patient_states import Record
from domain.clinical.record_messages import (
    ConditionRecorded,
    ConditionResolved,
    EndGoal,
    GoalEnded,
    GoalSet,
    ProcedurePerformed,
    RecordCommand,
    RecordCondition,
    RecordEvent,
    RecordProcedure,
    ResolveCondition,
    SetGoal,
)
from domain.clinical.terms import (
    NOTE_LENGTH_MAX,
    REASON_LENGTH_MAX,
    checked_limit,
    checked_optional,
    checked_text,
)
from domain.model import Rejected

CONDITIONS_MAX = 200
"""How many conditions may be active at once."""
GOALS_MAX = 50
"""How many goals may be open at once."""


def decide_record(command: RecordCommand, record: Record) -> list[RecordEvent]:
    match command:
        case RecordCondition():
            return _condition(command, record)
        case ResolveCondition(patient=patient, condition=condition, at=at, by=by):
            known = record.conditions.get(condition)
            if known is None:
                raise Rejected(
                    "CONDITION_UNKNOWN", f"there is no active condition {condition:.40}; look it up"
                )
            return [
                ConditionResolved(
                    patient=patient,
                    condition=condition,
                    code=known.code,
                    name=known.name,
                    at=at,
                    by=by,
                )
            ]
        case RecordProcedure():
            return _procedure(command)
        case SetGoal():
            return _goal(command, record)
        case EndGoal(patient=patient, goal=goal, outcome=outcome, at=at, by=by):
            if goal not in record.goals:
                raise Rejected("GOAL_UNKNOWN", f"there is no open goal {goal:.40}; look it up")
            return [GoalEnded(patient=patient, goal=goal, outcome=outcome, at=at, by=by)]


def _condition(command: RecordCondition, record: Record) -> list[RecordEvent]:
    code = checked_icd10(command.code)
    if any(each.code == code for each in record.conditions.values()):
        raise Rejected("CONDITION_KNOWN", f"{code} is active already; resolve it first")
    checked_limit(
        len(record.conditions), CONDITIONS_MAX, "active conditions", "TOO_MANY_CONDITIONS"
    )
    if command.onset is not None and command.onset > command.at.date():
        raise Rejected("INVALID_DATE", f"an onset on {command.onset} lies ahead; give a day past")
    return [
        ConditionRecorded(
            patient=command.patient,
            condition=command.condition,
            code=code,
            name=checked_text(command.name, "name"),
            onset=command.onset,
            at=command.at,
            by=command.by,
        )
    ]


def _procedure(command: RecordProcedure) -> list[RecordEvent]:
    performed_at = command.performed_at or command.at
    if performed_at > command.at:
        raise Rejected("INVALID_DATE", f"{performed_at} lies ahead; note what was done")
    return [
        ProcedurePerformed(
            patient=command.patient,
            procedure=command.procedure,
            name=checked_text(command.name, "name"),
            note=checked_optional(command.note, "note", NOTE_LENGTH_MAX),
            performed_at=performed_at,
            at=command.at,
            by=command.by,
        )
    ]


def _goal(command: SetGoal, record: Record) -> list[RecordEvent]:
    if command.condition is not None and command.condition not in record.conditions:
        raise Rejected(
            "CONDITION_UNKNOWN", f"there is no active condition {command.condition:.40}; look it up"
        )
    checked_limit(len(record.goals), GOALS_MAX, "open goals", "TOO_MANY_GOALS")
    return [
        GoalSet(
            patient=command.patient,
            goal=command.goal,
            description=checked_text(command.description, "description", REASON_LENGTH_MAX),
            condition=command.condition,
            target_on=command.target_on,
            at=command.at,
            by=command.by,
        )
    ]
