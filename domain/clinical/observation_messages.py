"""What is said of observations: what is measured, ordered, reported and reviewed.

FHIR's Observation, ServiceRequest and DiagnosticReport.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from domain.clinical.codes import ObservationInterpretation, ReferenceRange
from domain.clinical.terms import CLINICIAN, LABORATORY, NURSE, Quantity
from domain.model import Actor, NewId, Now, Role, Roles, command, event, value


class ServiceRequestPriority(StrEnum):
    """How soon a requested service is needed."""

    ROUTINE = "ROUTINE"
    URGENT = "URGENT"
    ASAP = "ASAP"
    STAT = "STAT"


@value
class ReportedValue:
    """One measured value of a report, with the range that is normal where it was measured."""

    code: str
    value: Decimal
    unit: str
    range: ReferenceRange | None = None


@event("clinical.ObservationRecorded")
class ObservationRecorded:
    """A value was measured; `report` is the report that it came in, if it came in one.

    It awaits a review where its interpretation is anything but normal.
    """

    patient: str
    observation: str
    code: str
    quantity: Quantity
    range: ReferenceRange | None
    interpretation: ObservationInterpretation | None
    awaits_review: bool
    report: str | None
    observed_at: datetime
    at: datetime
    by: str
    entry: int = 0


@event("clinical.ResultReviewed")
class ResultReviewed:
    """Somebody has seen an abnormal value and says what follows."""

    patient: str
    observation: str
    note: str | None
    at: datetime
    by: str
    entry: int = 0


@event("clinical.ServiceRequested")
class ServiceRequested:
    """An examination was ordered."""

    patient: str
    request: str
    code: str
    priority: ServiceRequestPriority
    reason: str | None
    at: datetime
    by: str
    entry: int = 0


@event("clinical.ServiceRequestRevoked")
class ServiceRequestRevoked:
    """An order was taken back."""

    patient: str
    request: str
    code: str
    reason: str
    at: datetime
    by: str
    entry: int = 0


@event("clinical.DiagnosticReported")
class DiagnosticReported:
    """The results of an examination are final, and the order, where there was one, completed.

    Each value follows as an observation of its own.
    """

    patient: str
    report: str
    request: str | None
    code: str
    conclusion: str | None
    values: int
    at: datetime
    by: str
    entry: int = 0


ObservationEvent = (
    ObservationRecorded
    | ResultReviewed
    | ServiceRequested
    | ServiceRequestRevoked
    | DiagnosticReported
)


@command(allow=Role(CLINICIAN, NURSE))
class RecordObservation:
    """Note a measured value, by its LOINC code and UCUM unit; the range says what it means.

    `observed_at` is when it was measured, if not now.
    """

    patient: str
    observation: NewId
    code: str
    value: Decimal
    unit: str
    range: ReferenceRange | None = None
    observed_at: datetime | None = None
    at: Now
    by: Actor


@command(allow=Role(CLINICIAN))
class ReviewResult:
    """Note that one has seen an abnormal value, and what follows."""

    patient: str
    observation: str
    note: str | None = None
    at: Now
    by: Actor


@command(allow=Role(CLINICIAN))
class RequestService:
    """Order an examination, by its LOINC code."""

    patient: str
    request: NewId
    code: str
    priority: ServiceRequestPriority = ServiceRequestPriority.ROUTINE
    reason: str | None = None
    at: Now
    by: Actor


@command(allow=Role(CLINICIAN))
class RevokeServiceRequest:
    """Take an order back that has no report yet."""

    patient: str
    request: str
    reason: str
    at: Now
    by: Actor


@command(allow=Role(CLINICIAN, NURSE, LABORATORY))
class ReportDiagnostic:
    """Give the final results of an examination; a laboratory does so for an order, others may."""

    patient: str
    report: NewId
    code: str
    values: tuple[ReportedValue, ...] = ()
    request: str | None = None
    conclusion: str | None = None
    observed_at: datetime | None = None
    at: Now
    by: Actor
    roles: Roles


ObservationCommand = (
    RecordObservation | ReviewResult | RequestService | RevokeServiceRequest | ReportDiagnostic
)
