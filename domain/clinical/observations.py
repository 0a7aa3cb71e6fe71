"""What is measured, ordered, reported and reviewed."""

from domain.clinical.access import require_member
from domain.clinical.codes import (
    ObservationInterpretation,
    ReferenceRange,
    checked_loinc,
    checked_quantity,
    checked_range,
    interpretation_of,
)
from domain.clinical.observation_messages import (
    DiagnosticReported,
    ObservationCommand,
    ObservationEvent,
    ObservationRecorded,
    ReportDiagnostic,
    RequestService,
    ResultReviewed,
    ReviewResult,
    RevokeServiceRequest,
    ServiceRequested,
    ServiceRequestRevoked,
)
from domain.clinical.observation_messages import RecordObservation as Observe
from domain.clinical.patient_states import Record
from domain.clinical.terms import (
    LABORATORY,
    NOTE_LENGTH_MAX,
    REASON_LENGTH_MAX,
    Quantity,
    checked_limit,
    checked_optional,
    checked_text,
)
from domain.model import Rejected

REQUESTS_MAX = 200
"""How many orders may be without a report at once."""
UNREVIEWED_MAX = 500
"""How many abnormal values may wait for a review at once."""
VALUES_MAX = 50
"""How many values a report may have."""


def decide_observation(command: ObservationCommand, record: Record) -> list[ObservationEvent]:
    _require_right(command, record)
    match command:
        case Observe(observation=id, code=code):
            quantity = Quantity(value=command.value, unit=command.unit)
            return [_observed(command, record, id, code, quantity, command.range, None, 0)]
        case ReviewResult(patient=patient, observation=id, note=note, at=at, by=by):
            if id not in record.unreviewed:
                raise Rejected(
                    "NOTHING_TO_REVIEW", f"value {id:.40} waits for no review; look the list up"
                )
            note = checked_optional(note, "note", NOTE_LENGTH_MAX)
            return [ResultReviewed(patient=patient, observation=id, note=note, at=at, by=by)]
        case RequestService():
            return _request(command, record)
        case RevokeServiceRequest(patient=patient, request=request, at=at, by=by):
            return [
                ServiceRequestRevoked(
                    patient=patient,
                    request=request,
                    code=_open_request(request, record),
                    reason=checked_text(command.reason, "reason", REASON_LENGTH_MAX),
                    at=at,
                    by=by,
                )
            ]
        case ReportDiagnostic():
            return _report(command, record)


def _require_right(command: ObservationCommand, record: Record) -> None:
    """A laboratory sees no patients, but reports on the orders that it was given."""
    is_laboratory = isinstance(command, ReportDiagnostic) and LABORATORY in command.roles
    if not is_laboratory:
        require_member(command.by, record)
    elif isinstance(command, ReportDiagnostic) and command.request is None:
        raise Rejected("REQUEST_UNKNOWN", "a laboratory reports on an order; name the request")


def _observed(
    command: Observe | ReportDiagnostic,
    record: Record,
    id: str,
    code: str,
    quantity: Quantity,
    range: ReferenceRange | None,
    report: str | None,
    before: int,
) -> ObservationRecorded:
    """The value as it is noted; `before` is how many of the same report wait for a review."""
    quantity = checked_quantity(quantity, "the value")
    observed_at = command.observed_at or command.at
    if observed_at > command.at:
        raise Rejected("INVALID_DATE", f"{observed_at} lies ahead; note what was measured")
    range = checked_range(range, quantity)
    interpretation = interpretation_of(quantity.value, range)
    awaits_review = interpretation not in (None, ObservationInterpretation.N)
    if awaits_review:
        waiting = len(record.unreviewed) + before
        checked_limit(waiting, UNREVIEWED_MAX, "values to review", "REVIEWS_OVERDUE")
    return ObservationRecorded(
        patient=command.patient,
        observation=id,
        code=checked_loinc(code),
        quantity=quantity,
        range=range,
        interpretation=interpretation,
        awaits_review=awaits_review,
        report=report,
        observed_at=observed_at,
        at=command.at,
        by=command.by,
    )


def _request(command: RequestService, record: Record) -> list[ObservationEvent]:
    checked_limit(len(record.requests), REQUESTS_MAX, "open orders", "TOO_MANY_REQUESTS")
    return [
        ServiceRequested(
            patient=command.patient,
            request=command.request,
            code=checked_loinc(command.code),
            priority=command.priority,
            reason=checked_optional(command.reason, "reason", REASON_LENGTH_MAX),
            at=command.at,
            by=command.by,
        )
    ]


def _open_request(request: str, record: Record) -> str:
    """The code that was ordered. Raises Rejected where the order is unknown, or has ended."""
    known = record.requests.get(request)
    if known is None:
        raise Rejected("REQUEST_UNKNOWN", f"there is no open order {request:.40}; look it up")
    return known.code


def _report(command: ReportDiagnostic, record: Record) -> list[ObservationEvent]:
    if command.request is not None:
        _open_request(command.request, record)
    if not command.values and command.conclusion is None:
        raise Rejected("EMPTY_REPORT", "a report has values or a conclusion; give some")
    if len(command.values) > VALUES_MAX:
        raise Rejected("TOO_MANY_VALUES", f"{len(command.values)} values; give {VALUES_MAX} a time")
    values: list[ObservationEvent] = []
    waiting = 0
    for number, each in enumerate(command.values, 1):
        id, quantity = f"{command.report}-{number}", Quantity(value=each.value, unit=each.unit)
        value = _observed(
            command, record, id, each.code, quantity, each.range, command.report, waiting
        )
        waiting += value.awaits_review
        values.append(value)
    return [
        DiagnosticReported(
            patient=command.patient,
            report=command.report,
            request=command.request,
            code=checked_loinc(command.code),
            conclusion=checked_optional(command.conclusion, "conclusion", NOTE_LENGTH_MAX),
            values=len(values),
            at=command.at,
            by=command.by,
        ),
        *values,
    ]
