"""Every time the glass was broken, for the privacy officer."""

from datetime import datetime

from domain.clinical.patient_messages import EmergencyAccessEnded, GlassBroken
from domain.clinical.terms import PRIVACY_OFFICER
from readmodels.model import Projection, Role, document, index, replace


@document(
    read=Role(PRIVACY_OFFICER),
    indexes=[
        index("started_at"),
        index("patient", "started_at"),
        index("subject", "started_at"),
        index("is_open", "started_at"),
    ],
)
class BreakGlassAccess:
    """Who read whose chart outside the care team, why, and from when until when."""

    id: str
    patient: str
    subject: str
    reason: str
    started_at: datetime
    until: datetime
    ended_at: datetime | None
    is_open: bool


def evolve(
    document: BreakGlassAccess | None, event: GlassBroken | EmergencyAccessEnded
) -> BreakGlassAccess | None:
    match event:
        case GlassBroken(glass=glass, patient=patient, by=by, reason=reason, at=at, until=until):
            return BreakGlassAccess(
                id=glass,
                patient=patient,
                subject=by,
                reason=reason,
                started_at=at,
                until=until,
                ended_at=None,
                is_open=True,
            )
        case EmergencyAccessEnded(at=at):
            return document and replace(document, ended_at=at, is_open=False)


break_glass_accesses = Projection(
    document=BreakGlassAccess, keys=lambda event: [event.glass], evolve=evolve
)
