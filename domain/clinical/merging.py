"""The merge of two records: the survivor takes over, or the merge is reverted.

The survivor answers in its own stream, since it may live in another partition. TakeOverRecord
relies on its command id: one that comes again after the survivor refused must not be accepted.
"""

from domain.clinical.patient_messages import (
    PatientMerged,
    RecordTakeoverRefused,
    RevertPatientMerge,
    TakeOverRecord,
)
from domain.model import After, Process, value

ACTOR = "process:merging"

MergingCommand = TakeOverRecord | RevertPatientMerge


@value
class Merging:
    """What is to be known stands in the events; nothing is kept."""


def _source(event: PatientMerged | RecordTakeoverRefused) -> str:
    return event.patient if isinstance(event, PatientMerged) else event.source


def evolve(state: Merging, event: PatientMerged | RecordTakeoverRefused) -> Merging:
    return state


def react(
    state: Merging, event: PatientMerged | RecordTakeoverRefused
) -> list[MergingCommand | After[MergingCommand]]:
    match event:
        case PatientMerged(survivor=survivor, record=record, at=at):
            return [
                TakeOverRecord(
                    patient=survivor, source=event.patient, record=record, at=at, by=ACTOR
                )
            ]
        case RecordTakeoverRefused(patient=survivor, source=source, reason=reason, at=at):
            return [
                RevertPatientMerge(
                    patient=source, survivor=survivor, reason=reason, at=at, by=ACTOR
                )
            ]


merging = Process(
    name="merging",
    key=_source,
    initial=Merging,
    evolve=evolve,
    react=react,
)
