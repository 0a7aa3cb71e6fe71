"""The ward board: who lies in which bed since when, and what is free."""

from datetime import datetime
from enum import StrEnum

from domain.clinical.terms import WARD_MANAGER
from domain.clinical.ward_messages import (
    BedOccupied,
    BedRefused,
    BedReserved,
    BedVacated,
    WardBedAdded,
    WardBedRemoved,
    WardEvent,
    WardOpened,
    WardStaffChanged,
)
from domain.model import value
from readmodels.model import Owner, Projection, Role, document, index, replace


class WardBedStatus(StrEnum):
    """Whether somebody lies in a bed, or is on the way to it."""

    FREE = "FREE"
    RESERVED = "RESERVED"
    OCCUPIED = "OCCUPIED"


@value
class BoardBed:
    """A bed, and who it is for; `since` is when it got its status."""

    bed: str
    status: WardBedStatus
    patient: str | None
    name: str | None
    encounter: str | None
    since: datetime


@document(
    read=Owner("staff") | Role(WARD_MANAGER),
    indexes=[index("name"), index("free"), index("occupied")],
)
class WardBoard:
    """A ward at a glance; the beds in the order in which they came."""

    id: str
    name: str
    staff: tuple[str, ...]
    beds: tuple[BoardBed, ...]
    occupied: int
    reserved: int
    free: int


def evolve(document: WardBoard | None, event: WardEvent) -> WardBoard | None:
    match event:
        case WardOpened(ward=ward, name=name, staff=staff, beds=beds, at=at):
            board = WardBoard(
                id=ward, name=name, staff=staff, beds=(), occupied=0, reserved=0, free=0
            )
            return _counted(board, tuple(_free(each, at) for each in beds))
        case WardStaffChanged(staff=staff):
            return document and replace(document, staff=staff)
        case WardBedAdded(bed=bed, at=at):
            return document and _counted(document, (*document.beds, _free(bed, at)))
        case WardBedRemoved(bed=bed):
            left = tuple(each for each in document.beds if each.bed != bed) if document else ()
            return document and _counted(document, left)
        case BedRefused():
            return document
        case BedReserved() | BedOccupied() | BedVacated():
            return document and _counted(
                document,
                tuple(
                    _after(each, event) if each.bed == event.bed else each for each in document.beds
                ),
            )


def _free(bed: str, at: datetime) -> BoardBed:
    return BoardBed(
        bed=bed, status=WardBedStatus.FREE, patient=None, name=None, encounter=None, since=at
    )


def _after(bed: BoardBed, event: BedReserved | BedOccupied | BedVacated) -> BoardBed:
    match event:
        case BedReserved(patient=patient, name=name, encounter=encounter, at=at):
            return BoardBed(
                bed=bed.bed,
                status=WardBedStatus.RESERVED,
                patient=patient,
                name=name,
                encounter=encounter,
                since=at,
            )
        case BedOccupied(at=at):
            return replace(bed, status=WardBedStatus.OCCUPIED, since=at)
        case BedVacated(at=at):
            return _free(bed.bed, at)


def _counted(board: WardBoard, beds: tuple[BoardBed, ...]) -> WardBoard:
    statuses = [each.status for each in beds]
    return replace(
        board,
        beds=beds,
        occupied=statuses.count(WardBedStatus.OCCUPIED),
        reserved=statuses.count(WardBedStatus.RESERVED),
        free=statuses.count(WardBedStatus.FREE),
    )


ward_boards = Projection(document=WardBoard, keys=lambda event: [event.ward], evolve=evolve)
