"""A stay's way from bed to bed: ask the ward, leave the old bed, lie down in the new one, say so.

The old bed is given back before the new one is occupied, so that at no moment a patient is in two;
while the new one is already kept, so that nobody else takes it. Where the ward refuses, the
patient stays where they are, and an admission is cancelled. A bed that was kept for a move that is
no longer wanted is given back.
"""

from datetime import datetime

from domain.clinical.encounter_messages import (
    BedTransferRequested,
    EncounterCancelled,
    LeaveBed,
    PatientAdmitted,
    PatientDischarged,
    SettleInBed,
    TurnAwayFromBed,
)
from domain.clinical.terms import WardBed
from domain.clinical.ward_messages import (
    BedOccupied,
    BedRefused,
    BedReserved,
    BedVacated,
    OccupyBed,
    ReserveBed,
    VacateBed,
)
from domain.model import After, Process, replace, value

ACTOR = "process:bed_moves"

BedMoveEvent = (
    PatientAdmitted
    | BedTransferRequested
    | PatientDischarged
    | EncounterCancelled
    | BedReserved
    | BedRefused
    | BedOccupied
    | BedVacated
)
BedMoveCommand = ReserveBed | OccupyBed | VacateBed | SettleInBed | TurnAwayFromBed | LeaveBed
Reactions = list[BedMoveCommand | After[BedMoveCommand]]


@value
class Whereabouts:
    """The bed that the last move goes to, and the one that it leaves.

    `is_over` where the bed was refused, or the stay has ended; `is_leaving` where that is so, and
    the bed is the one to be given back.
    """

    patient: str = ""
    move: int = 0
    bed: WardBed | None = None
    source: WardBed | None = None
    source_move: int = 0
    is_over: bool = False
    is_leaving: bool = False

    def awaits(self, event: BedReserved | BedOccupied | BedVacated) -> bool:
        """Whether the event is about the bed that the last move goes to."""
        return (
            not self.is_over
            and self.move == event.move
            and self.bed == WardBed(ward=event.ward, bed=event.bed)
        )


def evolve(state: Whereabouts, event: BedMoveEvent) -> Whereabouts:
    match event:
        case PatientAdmitted(patient=patient, bed=bed, move=move):
            return Whereabouts(patient=patient, move=move, bed=bed)
        case BedTransferRequested(patient=patient, bed=bed, move=move):
            return Whereabouts(
                patient=patient,
                move=move,
                bed=bed,
                source=event.source,
                source_move=event.source_move,
            )
        case PatientDischarged(patient=patient, bed=bed, move=move):
            return Whereabouts(patient=patient, move=move, bed=bed, is_over=True, is_leaving=True)
        case EncounterCancelled():
            return replace(state, is_over=True)
        case BedRefused(ward=ward, bed=bed, move=move):
            is_last = move == state.move and state.bed == WardBed(ward=ward, bed=bed)
            return replace(state, is_over=True) if is_last else state
        case BedReserved() | BedOccupied() | BedVacated():
            return state


def react(state: Whereabouts, event: BedMoveEvent) -> list[BedMoveCommand | After[BedMoveCommand]]:
    match event:
        case PatientAdmitted() | BedTransferRequested():
            return [
                ReserveBed(
                    ward=event.bed.ward,
                    bed=event.bed.bed,
                    encounter=event.encounter,
                    move=event.move,
                    patient=event.patient,
                    name=event.name,
                    at=event.at,
                    by=ACTOR,
                )
            ]
        case BedReserved():
            return [_on_reserved(state, event)]
        case BedVacated():
            return _on_vacated(state, event)
        case BedOccupied(ward=ward, bed=bed, at=at):
            if not state.awaits(event):
                return [_vacate(event.encounter, WardBed(ward=ward, bed=bed), event.move, at)]
            return [
                SettleInBed(
                    patient=event.patient,
                    encounter=event.encounter,
                    bed=WardBed(ward=ward, bed=bed),
                    move=event.move,
                    at=at,
                    by=ACTOR,
                )
            ]
        case BedRefused(ward=ward, bed=bed, at=at):
            return [
                TurnAwayFromBed(
                    patient=event.patient,
                    encounter=event.encounter,
                    bed=WardBed(ward=ward, bed=bed),
                    move=event.move,
                    reason=event.reason,
                    at=at,
                    by=ACTOR,
                )
            ]
        case PatientDischarged(bed=bed, move=move, at=at):
            return [_vacate(event.encounter, bed, move, at)]
        case EncounterCancelled():
            return []


def _on_reserved(state: Whereabouts, event: BedReserved) -> OccupyBed | VacateBed:
    if not state.awaits(event):
        bed = WardBed(ward=event.ward, bed=event.bed)
        return _vacate(event.encounter, bed, event.move, event.at)
    if state.source is not None:
        return _vacate(event.encounter, state.source, state.source_move, event.at)
    return _occupy(state.bed, event)


def _on_vacated(state: Whereabouts, event: BedVacated) -> Reactions:
    """The source of a move was left, and the other bed is to be occupied; or all has ended."""
    bed = WardBed(ward=event.ward, bed=event.bed)
    if state.is_leaving and (state.bed, state.move) == (bed, event.move):
        return [
            LeaveBed(
                patient=event.patient, encounter=event.encounter, bed=bed, at=event.at, by=ACTOR
            )
        ]
    is_source = (state.source, state.source_move) == (bed, event.move)
    return [_occupy(state.bed, event, state.move)] if is_source and not state.is_over else []


def _occupy(
    bed: WardBed | None, event: BedReserved | BedVacated, move: int | None = None
) -> OccupyBed:
    assert bed is not None, "a move goes to a bed"
    return OccupyBed(
        ward=bed.ward,
        bed=bed.bed,
        encounter=event.encounter,
        move=event.move if move is None else move,
        at=event.at,
        by=ACTOR,
    )


def _vacate(encounter: str, bed: WardBed, move: int, at: datetime) -> VacateBed:
    return VacateBed(ward=bed.ward, bed=bed.bed, encounter=encounter, move=move, at=at, by=ACTOR)


bed_moves = Process(
    name="bed_moves",
    key=lambda event: event.encounter,
    initial=Whereabouts,
    evolve=evolve,
    react=react,
)
