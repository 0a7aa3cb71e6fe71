"""Abnormal results that nobody has reviewed yet, by patient."""

from datetime import datetime

from domain.clinical.codes import ObservationInterpretation, ReferenceRange
from domain.clinical.encounter_messages import (
    BedTransferred,
    EncounterStarted,
    PatientDischarged,
)
from domain.clinical.merge_messages import RecordTakenOver
from domain.clinical.observation_messages import ObservationRecorded, ResultReviewed
from domain.clinical.patient_messages import (
    CareTeamMemberAssigned,
    CareTeamMemberRemoved,
    EmergencyAccessEnded,
    GlassBroken,
    PatientRegistered,
)
from domain.clinical.terms import Quantity
from domain.model import value
from readmodels.clinical.reading import CARE_TEAM, AccessEvent, WhereEvent, ward_of
from readmodels.model import Projection, document, index, replace

CRITICAL = (ObservationInterpretation.LL, ObservationInterpretation.HH)

ResultEvent = PatientRegistered | AccessEvent | WhereEvent | ObservationRecorded | ResultReviewed


@value
class AbnormalResult:
    """A value outside its reference range that waits for a review."""

    observation: str
    code: str
    quantity: Quantity
    range: ReferenceRange | None
    interpretation: ObservationInterpretation
    observed_at: datetime
    waits_since: datetime


@document(
    read=CARE_TEAM,
    indexes=[
        index("critical", "oldest_at"),
        index("count", "oldest_at"),
        index("oldest_at"),
        index("ward", "oldest_at"),
    ],
)
class AbnormalResultList:
    """What waits for a review with a patient, oldest first; `critical` counts LL and HH."""

    id: str
    care_team: tuple[str, ...]
    emergency: tuple[str, ...]
    ward: str | None
    waiting: tuple[AbnormalResult, ...]
    count: int
    critical: int
    oldest_at: datetime | None


def evolve(document: AbnormalResultList | None, event: ResultEvent) -> AbnormalResultList | None:
    match event:
        case PatientRegistered(patient=patient, access=access):
            return AbnormalResultList(
                id=patient,
                care_team=access.care_team,
                emergency=access.emergency,
                ward=None,
                waiting=(),
                count=0,
                critical=0,
                oldest_at=None,
            )
        case (
            CareTeamMemberAssigned(access=access)
            | CareTeamMemberRemoved(access=access)
            | GlassBroken(access=access)
            | EmergencyAccessEnded(access=access)
            | RecordTakenOver(access=access)
        ):
            return document and replace(
                document, care_team=access.care_team, emergency=access.emergency
            )
        case EncounterStarted() | BedTransferred() | PatientDischarged():
            return document and replace(document, ward=ward_of(event))
        case ObservationRecorded(interpretation=interpretation):
            if document is None or not event.awaits_review or interpretation is None:
                return document
            made = _waiting(event, interpretation)
            return _counted(document, (*document.waiting, made))
        case ResultReviewed(observation=id):
            left = document.waiting if document else ()
            left = tuple(each for each in left if each.observation != id)
            return document and _counted(document, left)


def _waiting(
    event: ObservationRecorded, interpretation: ObservationInterpretation
) -> AbnormalResult:
    return AbnormalResult(
        observation=event.observation,
        code=event.code,
        quantity=event.quantity,
        range=event.range,
        interpretation=interpretation,
        observed_at=event.observed_at,
        waits_since=event.at,
    )


def _counted(
    document: AbnormalResultList, waiting: tuple[AbnormalResult, ...]
) -> AbnormalResultList:
    return replace(
        document,
        waiting=waiting,
        count=len(waiting),
        critical=sum(each.interpretation in CRITICAL for each in waiting),
        oldest_at=waiting[0].waits_since if waiting else None,
    )


abnormal_results = Projection(
    document=AbnormalResultList, keys=lambda event: [event.patient], evolve=evolve
)
