"""The merge of two records: one hands over, the other takes over, or the merge is reverted.

The survivor answers in its own stream, since it may live in another partition. TakeOverRecord
relies on its command id: one that comes again after the survivor refused must not be accepted.
"""

from domain.clinical.merge_messages import (
    HandOverRecord,
    PatientMerged,
    RecordHandedOver,
    RecordTakeoverRefused,
    RevertPatientMerge,
    TakeOverRecord,
)
from domain.model import After, Process, value

ACTOR = "process:merging"

MergingEvent = PatientMerged | RecordHandedOver | RecordTakeoverRefused
MergingCommand = HandOverRecord | TakeOverRecord | RevertPatientMerge


@value
class Merging:
    """What is to be known stands in the events; nothing is kept."""


def _source(event: MergingEvent) -> str:
    return event.source if isinstance(event, RecordTakeoverRefused) else event.patient


def evolve(state: Merging, event: MergingEvent) -> Merging:
    return state


def react(state: Merging, event: MergingEvent) -> list[MergingCommand | After[MergingCommand]]:
    match event:
        case PatientMerged(patient=source, survivor=survivor, at=at):
            return [HandOverRecord(patient=source, survivor=survivor, at=at, by=ACTOR)]
        case RecordHandedOver(survivor=survivor, record=record, at=at):
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
