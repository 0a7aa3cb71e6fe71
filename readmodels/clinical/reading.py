"""Who may read a patient's documents: those whom the patient's own events name.

Every document that holds a patient's data has `care_team` and `emergency`, and is touched by every
event that changes them; so who loses the right loses the documents with that event.
"""

from domain.clinical.encounter_messages import (
    BedTransferred,
    EncounterStarted,
    PatientDischarged,
)
from domain.clinical.merge_messages import RecordTakenOver
from domain.clinical.patient_messages import (
    CareTeamMemberAssigned,
    CareTeamMemberRemoved,
    EmergencyAccessEnded,
    GlassBroken,
)
from readmodels.model import Owner

CARE_TEAM = Owner("care_team") | Owner("emergency")
"""The care team, and whoever has broken the glass and may still read."""

AccessEvent = (
    CareTeamMemberAssigned
    | CareTeamMemberRemoved
    | GlassBroken
    | EmergencyAccessEnded
    | RecordTakenOver
)
"""What changes who may read, after the registration."""

WhereEvent = EncounterStarted | BedTransferred | PatientDischarged
"""What changes the ward that a patient lies in."""


def ward_of(event: WhereEvent) -> str | None:
    """The ward that the patient lies in after the event."""
    return None if isinstance(event, PatientDischarged) else event.bed.ward
