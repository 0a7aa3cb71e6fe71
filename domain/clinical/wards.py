"""A ward: the consistency boundary of its beds, so that no two patients are in one.

A bed is free, kept for a move of an encounter, or occupied by it. What a move was given, only the
same move takes up or gives back; so a command that comes late or twice does no harm.
"""

from domain.clinical.terms import (
    WARD_MANAGER,
    checked_id,
    checked_limit,
    checked_text,
)
from domain.clinical.ward_messages import (
    AddWardBed,
    AssignWardStaff,
    BedOccupied,
    BedRefused,
    BedReserved,
    BedVacated,
    OccupyBed,
    OpenWard,
    RemoveWardBed,
    RemoveWardStaff,
    ReserveBed,
    VacateBed,
    WardBedAdded,
    WardBedRemoved,
    WardCommand,
    WardEvent,
    WardOpened,
    WardStaffChanged,
)
from domain.model import Aggregate, Rejected, Role, replace, value

BEDS_MAX = 200
"""How many beds a ward may have."""
STAFF_MAX = 300
"""How many may work on a ward."""


@value
class Hold:
    """Whom a bed is kept for, or who lies in it."""

    encounter: str
    move: int
    patient: str
    is_occupied: bool


@value
class Unopened:
    """There is no such ward."""


@value
class Opened:
    """A ward at work; `holds` has the beds that are not free."""

    beds: tuple[str, ...]
    staff: tuple[str, ...]
    holds: dict[str, Hold]


Ward = Unopened | Opened


def evolve(state: Ward, event: WardEvent) -> Ward:
    match event, state:
        case WardOpened(beds=beds, staff=staff), _:
            return Opened(beds=beds, staff=staff, holds={})
        case _, Unopened():
            return state
        case WardBedAdded(bed=bed), Opened(beds=beds):
            return replace(state, beds=(*beds, bed))
        case WardBedRemoved(bed=bed), Opened(beds=beds):
            return replace(state, beds=tuple(each for each in beds if each != bed))
        case WardStaffChanged(staff=staff), Opened():
            return replace(state, staff=staff)
        case BedReserved(bed=bed, encounter=encounter, move=move, patient=patient), Opened():
            hold = Hold(encounter=encounter, move=move, patient=patient, is_occupied=False)
            return replace(state, holds={**state.holds, bed: hold})
        case BedOccupied(bed=bed), Opened(holds=holds):
            return replace(state, holds={**holds, bed: replace(holds[bed], is_occupied=True)})
        case BedVacated(bed=bed), Opened(holds=holds):
            return replace(state, holds={key: e for key, e in holds.items() if key != bed})
        case BedRefused(), Opened():
            return state


def decide(command: WardCommand, state: Ward) -> list[WardEvent]:
    if isinstance(state, Unopened):
        return _decide_unopened(command)
    match command:
        case OpenWard(ward=ward):
            raise Rejected("WARD_EXISTS", f"ward {ward:.40} is open already; take another id")
        case AddWardBed() | RemoveWardBed():
            return _furnish(command, state)
        case AssignWardStaff() | RemoveWardStaff():
            return _staff(command, state)
        case ReserveBed():
            return _reserve(command, state)
        case OccupyBed() | VacateBed():
            return _use(command, state)


def _decide_unopened(command: WardCommand) -> list[WardEvent]:
    match command:
        case OpenWard():
            return [_opened(command)]
        case ReserveBed(ward=ward):
            return [_refused(command, f"there is no ward {ward}")]
        case OccupyBed() | VacateBed():
            return []
        case AddWardBed() | RemoveWardBed() | AssignWardStaff() | RemoveWardStaff():
            raise Rejected("WARD_UNKNOWN", f"there is no ward {command.ward:.40}; open it first")


def _opened(command: OpenWard) -> WardOpened:
    beds = tuple(checked_id(each, "bed") for each in command.beds)
    staff = tuple(dict.fromkeys(checked_id(each, "member") for each in command.staff))
    if len(set(beds)) < len(beds):
        raise Rejected("BED_EXISTS", "a bed is named twice; name each once")
    checked_limit(len(beds) - 1, BEDS_MAX, "beds", "TOO_MANY_BEDS")
    checked_limit(len(staff) - 1, STAFF_MAX, "members of staff", "TOO_MANY_STAFF")
    return WardOpened(
        ward=checked_id(command.ward, "ward"),
        name=checked_text(command.name, "name"),
        beds=beds,
        staff=staff,
        at=command.at,
        by=command.by,
    )


def _furnish(command: AddWardBed | RemoveWardBed, state: Opened) -> list[WardEvent]:
    bed, ward, at, by = command.bed, command.ward, command.at, command.by
    if isinstance(command, AddWardBed):
        if bed in state.beds:
            return []
        checked_limit(len(state.beds), BEDS_MAX, "beds", "TOO_MANY_BEDS")
        return [WardBedAdded(ward=ward, bed=checked_id(bed, "bed"), at=at, by=by)]
    if bed in state.holds:
        raise Rejected("BED_IN_USE", f"bed {bed:.40} is not free; transfer its patient first")
    return [WardBedRemoved(ward=ward, bed=bed, at=at, by=by)] if bed in state.beds else []


def _staff(command: AssignWardStaff | RemoveWardStaff, state: Opened) -> list[WardEvent]:
    others = tuple(each for each in state.staff if each != command.member)
    if isinstance(command, AssignWardStaff):
        if command.member in state.staff:
            return []
        checked_limit(len(others), STAFF_MAX, "members of staff", "TOO_MANY_STAFF")
        others = (*others, checked_id(command.member, "member"))
    elif others == state.staff:
        return []
    return [WardStaffChanged(ward=command.ward, staff=others, at=command.at, by=command.by)]


def _reserve(command: ReserveBed, state: Opened) -> list[WardEvent]:
    hold = state.holds.get(command.bed)
    if command.bed not in state.beds:
        return [_refused(command, f"ward {command.ward} has no bed {command.bed}")]
    if hold is not None and hold.encounter == command.encounter and hold.move >= command.move:
        return []
    if hold is not None and hold.encounter != command.encounter:
        return [_refused(command, f"bed {command.bed} of {command.ward} is taken")]
    return [
        BedReserved(
            ward=command.ward,
            bed=command.bed,
            encounter=command.encounter,
            move=command.move,
            patient=command.patient,
            name=command.name,
            at=command.at,
            by=command.by,
        )
    ]


def _refused(command: ReserveBed, reason: str) -> BedRefused:
    return BedRefused(
        ward=command.ward,
        bed=command.bed,
        encounter=command.encounter,
        move=command.move,
        patient=command.patient,
        reason=reason,
        at=command.at,
        by=command.by,
    )


def _use(command: OccupyBed | VacateBed, state: Opened) -> list[WardEvent]:
    hold = state.holds.get(command.bed)
    if hold is None or (hold.encounter, hold.move) != (command.encounter, command.move):
        return []
    if isinstance(command, OccupyBed) and hold.is_occupied:
        return []
    made = BedOccupied if isinstance(command, OccupyBed) else BedVacated
    return [
        made(
            ward=command.ward,
            bed=command.bed,
            encounter=command.encounter,
            move=command.move,
            patient=hold.patient,
            at=command.at,
            by=command.by,
        )
    ]


wards = Aggregate(
    name="ward",
    key=lambda command: command.ward,
    initial=Unopened,
    decide=decide,
    evolve=evolve,
    history=Role(WARD_MANAGER),
)
