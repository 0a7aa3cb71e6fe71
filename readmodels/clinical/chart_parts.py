"""The parts of a chart, and how each changes. Lists are newest first, and bounded."""

from datetime import date, datetime
from enum import StrEnum

from domain.clinical.codes import ObservationInterpretation, ReferenceRange
from domain.clinical.encounter_messages import (
    BedLeft,
    BedTransferred,
    BedTransferRefused,
    BedTransferRequested,
    EncounterCancelled,
    EncounterEvent,
    EncounterPlanned,
    EncounterStarted,
    EncounterStatus,
    PatientAdmitted,
    PatientDischarged,
)
from domain.clinical.medication_messages import (
    AllergyCriticality,
    AllergyRecorded,
    AllergyRefuted,
)
from domain.clinical.observation_messages import (
    DiagnosticReported,
    ObservationRecorded,
    ResultReviewed,
    ServiceRequested,
    ServiceRequestPriority,
    ServiceRequestRevoked,
)
from domain.clinical.record_messages import (
    ConditionRecorded,
    ConditionResolved,
    ProcedurePerformed,
)
from domain.clinical.terms import Quantity, WardBed
from domain.model import value
from readmodels.model import replace

ENCOUNTERS_MAX = 20
OBSERVATIONS_MAX = 200
"""How many codes have their latest value in the chart; those measured last."""
ORDERS_MAX = 50
PROCEDURES_MAX = 50


class ServiceRequestStatus(StrEnum):
    """Where an order stands."""

    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    REVOKED = "REVOKED"


@value
class ChartCondition:
    """An active condition, by its ICD-10 code."""

    id: str
    code: str
    name: str
    onset: date | None
    recorded_at: datetime


@value
class ChartAllergy:
    """What the patient does not tolerate."""

    id: str
    substance: str
    criticality: AllergyCriticality
    reaction: str | None
    recorded_at: datetime


@value
class ChartObservation:
    """The latest value of a LOINC code, and what it means where it was measured."""

    id: str
    code: str
    quantity: Quantity
    range: ReferenceRange | None
    interpretation: ObservationInterpretation | None
    is_reviewed: bool
    observed_at: datetime


@value
class ChartOrder:
    """An examination that was ordered, or reported without an order, and its conclusion."""

    id: str
    code: str
    priority: ServiceRequestPriority | None
    status: ServiceRequestStatus
    report: str | None
    conclusion: str | None
    at: datetime


@value
class ChartProcedure:
    """What was done to the patient."""

    id: str
    name: str
    note: str | None
    performed_at: datetime


@value
class ChartEncounter:
    """A stay; `bed` is where the patient lies or lay last, `wanted` what the ward is asked for."""

    id: str
    status: EncounterStatus
    reason: str
    bed: WardBed | None
    wanted: WardBed | None
    refusal: str | None
    start_at: datetime
    end_at: datetime | None
    disposition: str | None


def conditions_after(
    conditions: tuple[ChartCondition, ...], event: ConditionRecorded | ConditionResolved
) -> tuple[ChartCondition, ...]:
    """The active ones."""
    if isinstance(event, ConditionResolved):
        return tuple(each for each in conditions if each.id != event.condition)
    made = ChartCondition(
        id=event.condition,
        code=event.code,
        name=event.name,
        onset=event.onset,
        recorded_at=event.at,
    )
    return (made, *conditions)


def allergies_after(
    allergies: tuple[ChartAllergy, ...], event: AllergyRecorded | AllergyRefuted
) -> tuple[ChartAllergy, ...]:
    """Those that hold."""
    if isinstance(event, AllergyRefuted):
        return tuple(each for each in allergies if each.id != event.allergy)
    made = ChartAllergy(
        id=event.allergy,
        substance=event.substance,
        criticality=event.criticality,
        reaction=event.reaction,
        recorded_at=event.at,
    )
    return (made, *allergies)


def observations_after(
    observations: tuple[ChartObservation, ...], event: ObservationRecorded | ResultReviewed
) -> tuple[ChartObservation, ...]:
    """The latest per code, by the time it was measured."""
    if isinstance(event, ResultReviewed):
        return tuple(
            replace(each, is_reviewed=True) if each.id == event.observation else each
            for each in observations
        )
    made = ChartObservation(
        id=event.observation,
        code=event.code,
        quantity=event.quantity,
        range=event.range,
        interpretation=event.interpretation,
        is_reviewed=not event.awaits_review,
        observed_at=event.observed_at,
    )
    known = next((each for each in observations if each.code == event.code), None)
    if known is not None and known.observed_at > made.observed_at:
        return observations
    others = (each for each in observations if each.code != event.code)
    return (made, *others)[:OBSERVATIONS_MAX]


def orders_after(
    orders: tuple[ChartOrder, ...],
    event: ServiceRequested | ServiceRequestRevoked | DiagnosticReported,
) -> tuple[ChartOrder, ...]:
    """What was ordered, and reports that nobody had ordered."""
    match event:
        case ServiceRequested(request=request, code=code, priority=priority, at=at):
            made = ChartOrder(
                id=request,
                code=code,
                priority=priority,
                status=ServiceRequestStatus.ACTIVE,
                report=None,
                conclusion=None,
                at=at,
            )
            return (made, *orders)[:ORDERS_MAX]
        case ServiceRequestRevoked(request=request):
            status = ServiceRequestStatus.REVOKED
            return tuple(replace(e, status=status) if e.id == request else e for e in orders)
        case DiagnosticReported(request=request, report=report, conclusion=conclusion, at=at):
            known = next((each for each in orders if each.id == request), None)
            done = ChartOrder(
                id=request or report,
                code=event.code,
                priority=known.priority if known else None,
                status=ServiceRequestStatus.COMPLETED,
                report=report,
                conclusion=conclusion,
                at=at,
            )
            return (done, *(each for each in orders if each.id != done.id))[:ORDERS_MAX]


def procedures_after(
    procedures: tuple[ChartProcedure, ...], event: ProcedurePerformed
) -> tuple[ChartProcedure, ...]:
    """The newest."""
    made = ChartProcedure(
        id=event.procedure, name=event.name, note=event.note, performed_at=event.performed_at
    )
    return (made, *procedures)[:PROCEDURES_MAX]


Encounters = tuple[ChartEncounter, ...]


def encounters_after(
    encounters: Encounters, ward: str | None, event: EncounterEvent
) -> tuple[Encounters, str | None]:
    """The stays, and the ward that the patient lies in."""
    match event:
        case EncounterPlanned(start_at=at) | PatientAdmitted(at=at):
            made = _stay(event, at)
            others = (each for each in encounters if each.id != event.encounter)
            return (made, *others)[:ENCOUNTERS_MAX], ward
        case EncounterStarted(bed=bed) | BedTransferred(bed=bed):
            ward = bed.ward
        case PatientDischarged():
            ward = None
        case EncounterCancelled() | BedTransferRequested() | BedTransferRefused() | BedLeft():
            pass
    changed = (_changed(e, event) if e.id == event.encounter else e for e in encounters)
    return tuple(changed), ward


def _stay(event: EncounterPlanned | PatientAdmitted, start_at: datetime) -> ChartEncounter:
    is_here = isinstance(event, PatientAdmitted)
    return ChartEncounter(
        id=event.encounter,
        status=EncounterStatus.ARRIVED if is_here else EncounterStatus.PLANNED,
        reason=event.reason,
        bed=None,
        wanted=event.bed if isinstance(event, PatientAdmitted) else None,
        refusal=None,
        start_at=start_at,
        end_at=None,
        disposition=None,
    )


def _changed(stay: ChartEncounter, event: EncounterEvent) -> ChartEncounter:
    match event:
        case EncounterStarted(bed=bed) | BedTransferred(bed=bed):
            return replace(
                stay, status=EncounterStatus.IN_PROGRESS, bed=bed, wanted=None, refusal=None
            )
        case BedTransferRequested(bed=bed):
            return replace(stay, wanted=bed, refusal=None)
        case BedTransferRefused(reason=reason):
            return replace(stay, wanted=None, refusal=reason)
        case EncounterCancelled(reason=reason, at=at):
            return replace(
                stay, status=EncounterStatus.CANCELLED, wanted=None, refusal=reason, end_at=at
            )
        case PatientDischarged(disposition=disposition, at=at):
            return replace(
                stay, status=EncounterStatus.FINISHED, end_at=at, disposition=disposition
            )
        case EncounterPlanned() | PatientAdmitted() | BedLeft():
            return stay
