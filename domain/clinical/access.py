"""Who a patient is and who may read of them: registration, the care team, and break-glass."""

from datetime import date, datetime, timedelta

from domain.clinical.patient_messages import (
    AssignCareTeamMember,
    BreakGlass,
    CareTeamMemberAssigned,
    CareTeamMemberRemoved,
    Demographics,
    EmergencyAccessEnded,
    EndEmergencyAccess,
    GlassBroken,
    PatientRegistered,
    PatientUpdated,
    PersonEvent,
    RegisterPatient,
    RemoveCareTeamMember,
    UpdatePatient,
)
from domain.clinical.patient_states import Record, without
from domain.clinical.terms import (
    REASON_LENGTH_MAX,
    REGISTRAR,
    ChartAccess,
    checked_id,
    checked_limit,
    checked_text,
)
from domain.model import Rejected, replace

CARE_TEAM_MAX = 100
"""How many may care for a patient at once."""
GLASSES_MAX = 20
"""How many times the glass may be broken at once."""
EMERGENCY_ACCESS = timedelta(hours=4)
"""How long one may read after breaking the glass."""
EARLIEST_BIRTH = date(1870, 1, 1)


def require_member(by: str, record: Record, roles: frozenset[str] = frozenset()) -> None:
    """Raises Rejected where the patient is not in one's care, nor registering one's role."""
    if REGISTRAR not in roles and not record.access.admits(by):
        raise Rejected(
            "NOT_IN_CARE_TEAM",
            "you are not in the care team; be assigned to it, or break the glass with a reason",
        )


def _require_lasting(by: str, record: Record, roles: frozenset[str]) -> None:
    """Raises Rejected for whoever only broke the glass: that opens no door to stay."""
    if REGISTRAR not in roles and by not in record.access.care_team:
        raise Rejected("NOT_IN_CARE_TEAM", "only the care team or a registrar says who is in it")


def register(command: RegisterPatient) -> list[PersonEvent]:
    team = tuple(dict.fromkeys(checked_id(each, "member") for each in command.care_team))
    if len(team) > CARE_TEAM_MAX:
        raise Rejected("CARE_TEAM_FULL", f"{len(team)} members; give {CARE_TEAM_MAX} at most")
    who = Demographics(
        name=checked_text(command.name, "name"),
        birth_date=_checked_birth(command.birth_date, command.at),
        gender=command.gender,
    )
    return [
        PatientRegistered(
            patient=checked_id(command.patient, "patient"),
            who=who,
            access=ChartAccess(care_team=team, emergency=()),
            at=command.at,
            by=command.by,
        )
    ]


def update(command: UpdatePatient, record: Record) -> list[PersonEvent]:
    before = record.who
    name, birth, gender = command.name, command.birth_date, command.gender
    who = Demographics(
        name=before.name if name is None else checked_text(name, "name"),
        birth_date=before.birth_date if birth is None else _checked_birth(birth, command.at),
        gender=gender or before.gender,
    )
    if who == before:
        return []
    return [PatientUpdated(patient=command.patient, who=who, at=command.at, by=command.by)]


def _checked_birth(on: date, at: datetime) -> date:
    if not EARLIEST_BIRTH <= on <= at.date() + timedelta(days=1):
        raise Rejected("INVALID_DATE", f"born on {on}? Give a day from {EARLIEST_BIRTH} to today")
    return on


def assign(command: AssignCareTeamMember, record: Record) -> list[PersonEvent]:
    _require_lasting(command.by, record, command.roles)
    member, team = checked_id(command.member, "member"), record.access.care_team
    if member in team:
        return []
    checked_limit(len(team), CARE_TEAM_MAX, "members of the care team", "CARE_TEAM_FULL")
    return [
        CareTeamMemberAssigned(
            patient=command.patient,
            member=member,
            access=replace(record.access, care_team=(*team, member)),
            at=command.at,
            by=command.by,
        )
    ]


def remove(command: RemoveCareTeamMember, record: Record) -> list[PersonEvent]:
    _require_lasting(command.by, record, command.roles)
    team = record.access.care_team
    if command.member not in team:
        return []
    left = tuple(each for each in team if each != command.member)
    return [
        CareTeamMemberRemoved(
            patient=command.patient,
            member=command.member,
            access=replace(record.access, care_team=left),
            at=command.at,
            by=command.by,
        )
    ]


def break_glass(command: BreakGlass, record: Record) -> list[PersonEvent]:
    """Each time counts for itself: four hours from then, for the reason given then."""
    if command.by in record.access.care_team:
        raise Rejected("IN_CARE_TEAM", "you are in the care team and may read without that")
    checked_limit(len(record.glasses), GLASSES_MAX, "broken glasses", "TOO_MANY_GLASSES")
    return [
        GlassBroken(
            patient=command.patient,
            glass=command.glass,
            reason=checked_text(command.reason, "reason", REASON_LENGTH_MAX),
            access=_with_glasses(record, {**record.glasses, command.glass: command.by}),
            until=command.at + EMERGENCY_ACCESS,
            at=command.at,
            by=command.by,
        )
    ]


def end_access(command: EndEmergencyAccess, record: Record) -> list[PersonEvent]:
    subject = record.glasses.get(command.glass)
    if subject is None:
        return []
    return [
        EmergencyAccessEnded(
            patient=command.patient,
            glass=command.glass,
            subject=subject,
            access=_with_glasses(record, without(record.glasses, command.glass)),
            at=command.at,
            by=command.by,
        )
    ]


def _with_glasses(record: Record, glasses: dict[str, str]) -> ChartAccess:
    return replace(record.access, emergency=tuple(dict.fromkeys(glasses.values())))
