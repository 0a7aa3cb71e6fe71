"""What is said about a patient as a person: registration, care team, break-glass and merge.

Every event of a patient's stream that belongs in the chart has an `entry`, its number in the
chart's timeline: a projection then knows the page that it stands on, and how many there are.
Every event that changes who may read the chart carries all who may from then on, for the documents:
a registrar, say, who sends one is not shown who broke the glass.
"""

from datetime import date, datetime
from enum import StrEnum

from domain.clinical.merge_messages import (
    HandOverRecord,
    MergePatient,
    PatientMerged,
    PatientMergeReverted,
    RecordHandedOver,
    RecordTakenOver,
    RevertPatientMerge,
    TakeOverRecord,
)
from domain.clinical.terms import CLINICIAN, NURSE, REGISTRAR, ChartAccess
from domain.model import Actor, NewId, Now, Role, Roles, Withheld, command, event, value


class AdministrativeGender(StrEnum):
    """The gender that the record is kept under, as FHIR's Patient.gender has it."""

    MALE = "MALE"
    FEMALE = "FEMALE"
    OTHER = "OTHER"
    UNKNOWN = "UNKNOWN"


@value
class Demographics:
    """Who a patient is."""

    name: str
    birth_date: date
    gender: AdministrativeGender


@event("clinical.PatientRegistered")
class PatientRegistered:
    """A person has a record."""

    patient: str
    who: Demographics
    access: ChartAccess
    at: datetime
    by: str
    entry: int = 0


@event("clinical.PatientUpdated")
class PatientUpdated:
    """What was noted of the person was corrected."""

    patient: str
    who: Demographics
    at: datetime
    by: str
    entry: int = 0


@event("clinical.CareTeamMemberAssigned")
class CareTeamMemberAssigned:
    """Somebody cares for the patient from now on."""

    patient: str
    member: str
    access: Withheld[ChartAccess]
    at: datetime
    by: str
    entry: int = 0


@event("clinical.CareTeamMemberRemoved")
class CareTeamMemberRemoved:
    """Somebody no longer cares for the patient."""

    patient: str
    member: str
    access: Withheld[ChartAccess]
    at: datetime
    by: str
    entry: int = 0


@event("clinical.GlassBroken")
class GlassBroken:
    """Somebody outside the care team may read for a while, and has said why."""

    patient: str
    glass: str
    reason: str
    access: Withheld[ChartAccess]
    until: datetime
    at: datetime
    by: str
    entry: int = 0


@event("clinical.EmergencyAccessEnded")
class EmergencyAccessEnded:
    """The while is over; `subject` has read, or could have."""

    patient: str
    glass: str
    subject: str
    access: Withheld[ChartAccess]
    at: datetime
    by: str
    entry: int = 0


@event("clinical.ChartPageBegun")
class ChartPageBegun:
    """The chart's timeline goes on on another page, for those who may read it then."""

    patient: str
    access: Withheld[ChartAccess]
    at: datetime
    by: str
    entry: int = 0


PersonEvent = (
    PatientRegistered
    | PatientUpdated
    | CareTeamMemberAssigned
    | CareTeamMemberRemoved
    | GlassBroken
    | EmergencyAccessEnded
    | PatientMerged
    | RecordHandedOver
    | PatientMergeReverted
    | RecordTakenOver
    | ChartPageBegun
)


@command(allow=Role(REGISTRAR))
class RegisterPatient:
    """Open the record of a person, with those who care for them."""

    patient: NewId
    name: str
    birth_date: date
    gender: AdministrativeGender
    care_team: tuple[str, ...] = ()
    at: Now
    by: Actor


@command(allow=Role(REGISTRAR))
class UpdatePatient:
    """Correct what is noted of the person; what is left out stays."""

    patient: str
    name: str | None = None
    birth_date: date | None = None
    gender: AdministrativeGender | None = None
    at: Now
    by: Actor


@command(allow=Role(REGISTRAR, CLINICIAN))
class AssignCareTeamMember:
    """Let somebody care for the patient: as a registrar, or as one of the team."""

    patient: str
    member: str
    at: Now
    by: Actor
    roles: Roles


@command(allow=Role(REGISTRAR, CLINICIAN))
class RemoveCareTeamMember:
    """End somebody's care for the patient; from then on they see no more of it."""

    patient: str
    member: str
    at: Now
    by: Actor
    roles: Roles


@command(allow=Role(CLINICIAN, NURSE))
class BreakGlass:
    """Read and treat a patient outside one's care for four hours; the reason is kept and seen."""

    patient: str
    glass: NewId
    reason: str
    at: Now
    by: Actor


@command()
class EndEmergencyAccess:
    """End what breaking the glass began."""

    patient: str
    glass: str
    at: Now
    by: Actor


PersonCommand = (
    RegisterPatient
    | UpdatePatient
    | AssignCareTeamMember
    | RemoveCareTeamMember
    | BreakGlass
    | EndEmergencyAccess
    | MergePatient
    | HandOverRecord
    | RevertPatientMerge
    | TakeOverRecord
)
