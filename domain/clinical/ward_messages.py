"""What is said of a ward: its beds and who lies in them, and those who work there."""

from datetime import datetime

from domain.clinical.terms import WARD_MANAGER
from domain.model import Actor, Now, Role, command, event


@event("clinical.WardOpened")
class WardOpened:
    """A ward has beds, all free."""

    ward: str
    name: str
    beds: tuple[str, ...]
    staff: tuple[str, ...]
    at: datetime
    by: str


@event("clinical.WardBedAdded")
class WardBedAdded:
    """A ward has one bed more."""

    ward: str
    bed: str
    at: datetime
    by: str


@event("clinical.WardBedRemoved")
class WardBedRemoved:
    """A free bed was taken out of a ward."""

    ward: str
    bed: str
    at: datetime
    by: str


@event("clinical.WardStaffChanged")
class WardStaffChanged:
    """These work on the ward from now on, and no others."""

    ward: str
    staff: tuple[str, ...]
    at: datetime
    by: str


@event("clinical.BedReserved")
class BedReserved:
    """A bed is kept for a patient who is on the way."""

    ward: str
    bed: str
    encounter: str
    move: int
    patient: str
    name: str
    at: datetime
    by: str


@event("clinical.BedRefused")
class BedRefused:
    """A bed was asked for that is not to be had."""

    ward: str
    bed: str
    encounter: str
    move: int
    patient: str
    reason: str
    at: datetime
    by: str


@event("clinical.BedOccupied")
class BedOccupied:
    """The patient for whom it was kept lies in the bed."""

    ward: str
    bed: str
    encounter: str
    move: int
    patient: str
    at: datetime
    by: str


@event("clinical.BedVacated")
class BedVacated:
    """The bed is free again."""

    ward: str
    bed: str
    encounter: str
    move: int
    patient: str
    at: datetime
    by: str


BedEvent = BedReserved | BedRefused | BedOccupied | BedVacated
WardEvent = (
    WardOpened
    | WardBedAdded
    | WardBedRemoved
    | WardStaffChanged
    | BedReserved
    | BedRefused
    | BedOccupied
    | BedVacated
)


@command(allow=Role(WARD_MANAGER))
class OpenWard:
    """Open a ward under an id of your own, with its beds and those who work there."""

    ward: str
    name: str
    beds: tuple[str, ...]
    staff: tuple[str, ...] = ()
    at: Now
    by: Actor


@command(allow=Role(WARD_MANAGER))
class AddWardBed:
    """Put one bed more into a ward."""

    ward: str
    bed: str
    at: Now
    by: Actor


@command(allow=Role(WARD_MANAGER))
class RemoveWardBed:
    """Take a free bed out of a ward."""

    ward: str
    bed: str
    at: Now
    by: Actor


@command(allow=Role(WARD_MANAGER))
class AssignWardStaff:
    """Let somebody work on a ward, and see its board."""

    ward: str
    member: str
    at: Now
    by: Actor


@command(allow=Role(WARD_MANAGER))
class RemoveWardStaff:
    """End somebody's work on a ward."""

    ward: str
    member: str
    at: Now
    by: Actor


@command()
class ReserveBed:
    """Keep a bed for a patient; the answer, yes or no, is an event."""

    ward: str
    bed: str
    encounter: str
    move: int
    patient: str
    name: str
    at: Now
    by: Actor


@command()
class OccupyBed:
    """Put the patient into the bed that is kept for them."""

    ward: str
    bed: str
    encounter: str
    move: int
    at: Now
    by: Actor


@command()
class VacateBed:
    """Free the bed that a move of an encounter holds, if it still does."""

    ward: str
    bed: str
    encounter: str
    move: int
    at: Now
    by: Actor


WardCommand = (
    OpenWard
    | AddWardBed
    | RemoveWardBed
    | AssignWardStaff
    | RemoveWardStaff
    | ReserveBed
    | OccupyBed
    | VacateBed
)
