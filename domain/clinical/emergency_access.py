"""Breaking the glass lasts four hours: a timer ends it, whatever else happens to the patient."""

from domain.clinical.patient_messages import EmergencyAccessEnded, EndEmergencyAccess, GlassBroken
from domain.model import After, Process, value

ACTOR = "process:emergency_access"


@value
class Glass:
    """What is to be known stands in the events; nothing is kept."""


def evolve(state: Glass, event: GlassBroken | EmergencyAccessEnded) -> Glass:
    return state


def react(
    state: Glass, event: GlassBroken | EmergencyAccessEnded
) -> list[EndEmergencyAccess | After[EndEmergencyAccess]]:
    if isinstance(event, EmergencyAccessEnded):
        return []
    end = EndEmergencyAccess(patient=event.patient, glass=event.glass, at=event.until, by=ACTOR)
    return [After(event.until - event.at, end)]


emergency_access = Process(
    name="emergency_access",
    key=lambda event: event.glass,
    initial=Glass,
    evolve=evolve,
    react=react,
)
