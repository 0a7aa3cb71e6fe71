"""What is said of a patient's stay: admission, the move from bed to bed, and discharge.

FHIR's Encounter. `move` counts the beds that an encounter has asked for: 1 is the admission's.
"""

from datetime import datetime
from enum import StrEnum

from domain.clinical.terms import CLINICIAN, NURSE, REGISTRAR, WardBed
from domain.model import Actor, NewId, Now, Role, Roles, command, event


class EncounterStatus(StrEnum):
    """Where a stay stands: ARRIVED waits for its bed, IN_PROGRESS has one."""

    PLANNED = "PLANNED"
    ARRIVED = "ARRIVED"
    IN_PROGRESS = "IN_PROGRESS"
    FINISHED = "FINISHED"
    CANCELLED = "CANCELLED"


@event("clinical.EncounterPlanned")
class EncounterPlanned:
    """A stay is going to begin."""

    patient: str
    encounter: str
    reason: str
    start_at: datetime
    at: datetime
    by: str
    entry: int = 0


@event("clinical.PatientAdmitted")
class PatientAdmitted:
    """The patient has arrived and waits for a bed."""

    patient: str
    encounter: str
    name: str
    reason: str
    bed: WardBed
    move: int
    at: datetime
    by: str
    entry: int = 0


@event("clinical.EncounterStarted")
class EncounterStarted:
    """The patient lies in the bed that the admission asked for."""

    patient: str
    encounter: str
    bed: WardBed
    at: datetime
    by: str
    entry: int = 0


@event("clinical.EncounterCancelled")
class EncounterCancelled:
    """The stay never began."""

    patient: str
    encounter: str
    reason: str
    at: datetime
    by: str
    entry: int = 0


@event("clinical.BedTransferRequested")
class BedTransferRequested:
    """The patient is to move to another bed."""

    patient: str
    encounter: str
    name: str
    source: WardBed
    source_move: int
    bed: WardBed
    move: int
    at: datetime
    by: str
    entry: int = 0


@event("clinical.BedTransferred")
class BedTransferred:
    """The patient lies in the other bed."""

    patient: str
    encounter: str
    source: WardBed
    bed: WardBed
    at: datetime
    by: str
    entry: int = 0


@event("clinical.BedTransferRefused")
class BedTransferRefused:
    """The other bed was not to be had; the patient stays."""

    patient: str
    encounter: str
    bed: WardBed
    reason: str
    at: datetime
    by: str
    entry: int = 0


@event("clinical.PatientDischarged")
class PatientDischarged:
    """The stay has ended, and the bed is to be freed."""

    patient: str
    encounter: str
    bed: WardBed
    move: int
    disposition: str
    at: datetime
    by: str
    entry: int = 0


@event("clinical.BedLeft")
class BedLeft:
    """The ward has the bed of a patient who was discharged back."""

    patient: str
    encounter: str
    bed: WardBed
    at: datetime
    by: str
    entry: int = 0


EncounterEvent = (
    EncounterPlanned
    | PatientAdmitted
    | EncounterStarted
    | EncounterCancelled
    | BedTransferRequested
    | BedTransferred
    | BedTransferRefused
    | PatientDischarged
    | BedLeft
)


@command(allow=Role(REGISTRAR, CLINICIAN, NURSE))
class PlanEncounter:
    """Announce a stay."""

    patient: str
    encounter: NewId
    reason: str
    start_at: datetime
    at: Now
    by: Actor
    roles: Roles


@command(allow=Role(REGISTRAR, CLINICIAN, NURSE))
class CancelEncounter:
    """Take a planned stay back."""

    patient: str
    encounter: str
    reason: str
    at: Now
    by: Actor
    roles: Roles


@command(allow=Role(REGISTRAR, CLINICIAN, NURSE))
class AdmitPatient:
    """Admit the patient to a bed; `planned` names the stay that begins with it, if one does."""

    patient: str
    encounter: NewId
    bed: WardBed
    reason: str
    planned: str | None = None
    at: Now
    by: Actor
    roles: Roles


@command(allow=Role(REGISTRAR, CLINICIAN, NURSE))
class TransferBed:
    """Move the patient to another bed, of this ward or another."""

    patient: str
    bed: WardBed
    at: Now
    by: Actor
    roles: Roles


@command(allow=Role(CLINICIAN))
class DischargePatient:
    """End the patient's stay, and say where to."""

    patient: str
    disposition: str
    at: Now
    by: Actor


@command()
class SettleInBed:
    """Note that the ward has put the patient into the bed that was asked for."""

    patient: str
    encounter: str
    bed: WardBed
    move: int
    at: Now
    by: Actor


@command()
class TurnAwayFromBed:
    """Note that the bed that was asked for is not to be had."""

    patient: str
    encounter: str
    bed: WardBed
    move: int
    reason: str
    at: Now
    by: Actor


@command()
class LeaveBed:
    """Note that the ward has the bed back after the discharge."""

    patient: str
    encounter: str
    bed: WardBed
    at: Now
    by: Actor


EncounterCommand = (
    PlanEncounter
    | CancelEncounter
    | AdmitPatient
    | TransferBed
    | DischargePatient
    | SettleInBed
    | TurnAwayFromBed
    | LeaveBed
)
