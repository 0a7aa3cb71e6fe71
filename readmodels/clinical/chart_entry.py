"""The timeline of a chart: who did what when, in words, and which kind of thing it was."""

from datetime import datetime
from enum import StrEnum

from domain.clinical.dose_messages import (
    DoseEvent,
    DoseFellDue,
    DoseMissed,
    MedicationAdministered,
    MedicationCompleted,
)
from domain.clinical.encounter_messages import (
    BedLeft,
    BedTransferred,
    BedTransferRefused,
    BedTransferRequested,
    EncounterCancelled,
    EncounterEvent,
    EncounterPlanned,
    EncounterStarted,
    PatientAdmitted,
    PatientDischarged,
)
from domain.clinical.medication_messages import (
    AllergyRecorded,
    AllergyRefuted,
    MedicationDispensed,
    MedicationEvent,
    MedicationPrescribed,
    MedicationStopped,
    PrescriptionHeld,
    PrescriptionResumed,
    PrescriptionTakenOver,
)
from domain.clinical.merge_messages import (
    PatientMerged,
    PatientMergeReverted,
    RecordHandedOver,
    RecordTakenOver,
)
from domain.clinical.observation_messages import (
    DiagnosticReported,
    ObservationEvent,
    ObservationRecorded,
    ResultReviewed,
    ServiceRequested,
    ServiceRequestRevoked,
)
from domain.clinical.patient_messages import (
    CareTeamMemberAssigned,
    CareTeamMemberRemoved,
    ChartPageBegun,
    EmergencyAccessEnded,
    GlassBroken,
    PatientRegistered,
    PatientUpdated,
    PersonEvent,
)
from domain.clinical.patient_states import ChartEvent
from domain.clinical.record_messages import (
    ConditionRecorded,
    ConditionResolved,
    GoalEnded,
    GoalSet,
    ProcedurePerformed,
    RecordEvent,
)
from domain.clinical.terms import Quantity, WardBed
from domain.model import value


class ChartSection(StrEnum):
    """What an entry is about, by the name of the resource."""

    PATIENT = "PATIENT"
    ACCESS = "ACCESS"
    CONDITION = "CONDITION"
    PROCEDURE = "PROCEDURE"
    GOAL = "GOAL"
    OBSERVATION = "OBSERVATION"
    SERVICE_REQUEST = "SERVICE_REQUEST"
    DIAGNOSTIC_REPORT = "DIAGNOSTIC_REPORT"
    ALLERGY_INTOLERANCE = "ALLERGY_INTOLERANCE"
    MEDICATION_REQUEST = "MEDICATION_REQUEST"
    MEDICATION_DISPENSE = "MEDICATION_DISPENSE"
    MEDICATION_ADMINISTRATION = "MEDICATION_ADMINISTRATION"
    ENCOUNTER = "ENCOUNTER"


@value
class ChartEntry:
    """What happened to a patient, when, by whom. `about` is the id of what it is about."""

    number: int
    section: ChartSection
    about: str
    what: str
    at: datetime
    by: str


def entry_of(event: ChartEvent) -> ChartEntry | None:
    """The entry that stands for the event; none for the turn of a page."""
    if isinstance(event, ChartPageBegun):
        return None
    section, about, what = _words(event)
    return ChartEntry(
        number=event.entry, section=section, about=about, what=what, at=event.at, by=event.by
    )


Words = tuple[ChartSection, str, str]


def _words(event: ChartEvent) -> Words:
    if isinstance(event, PersonEvent):
        return _person(event)
    if isinstance(event, RecordEvent):
        return _recorded(event)
    if isinstance(event, ObservationEvent):
        return _observed(event)
    if isinstance(event, MedicationEvent):
        return _medicated(event)
    if isinstance(event, DoseEvent):
        return _dosed(event)
    return ChartSection.ENCOUNTER, event.encounter, _stayed(event)


def _person(event: PersonEvent) -> Words:
    match event:
        case PatientRegistered(patient=id):
            return ChartSection.PATIENT, id, "registered"
        case PatientUpdated(patient=id):
            return ChartSection.PATIENT, id, "details corrected"
        case CareTeamMemberAssigned(member=member):
            return ChartSection.ACCESS, member, f"{member} joined the care team"
        case CareTeamMemberRemoved(member=member):
            return ChartSection.ACCESS, member, f"{member} left the care team"
        case GlassBroken(glass=glass, by=by, reason=reason):
            return ChartSection.ACCESS, glass, f"{by} broke the glass: {reason}"
        case EmergencyAccessEnded(glass=glass, subject=subject):
            return ChartSection.ACCESS, glass, f"the emergency access of {subject} ended"
        case PatientMerged(survivor=survivor, reason=reason):
            return ChartSection.PATIENT, survivor, f"merged into {survivor}: {reason}"
        case RecordHandedOver(survivor=survivor):
            return ChartSection.PATIENT, survivor, f"handed over to {survivor}"
        case PatientMergeReverted(survivor=survivor, reason=reason):
            return ChartSection.PATIENT, survivor, f"not merged into {survivor}: {reason}"
        case RecordTakenOver(source=source):
            return ChartSection.PATIENT, source, f"took over the record {source}"
        case ChartPageBegun(patient=id):
            return ChartSection.PATIENT, id, "a page began"


def _recorded(event: RecordEvent) -> Words:
    match event:
        case ConditionRecorded(condition=id, code=code, name=name):
            return ChartSection.CONDITION, id, f"{code} {name}"
        case ConditionResolved(condition=id, code=code, name=name):
            return ChartSection.CONDITION, id, f"{code} {name}: resolved"
        case ProcedurePerformed(procedure=id, name=name):
            return ChartSection.PROCEDURE, id, name
        case GoalSet(goal=id, description=description):
            return ChartSection.GOAL, id, description
        case GoalEnded(goal=id, outcome=outcome):
            return ChartSection.GOAL, id, outcome.lower()


def _observed(event: ObservationEvent) -> Words:
    match event:
        case ObservationRecorded(observation=id, code=code, quantity=quantity):
            flag = f" {event.interpretation}" if event.interpretation else ""
            return ChartSection.OBSERVATION, id, f"{code}: {measured(quantity)}{flag}"
        case ResultReviewed(observation=id, note=note):
            return ChartSection.OBSERVATION, id, f"reviewed: {note}" if note else "reviewed"
        case ServiceRequested(request=id, code=code, priority=priority):
            return ChartSection.SERVICE_REQUEST, id, f"{code} ordered, {priority.lower()}"
        case ServiceRequestRevoked(request=id, code=code, reason=reason):
            return ChartSection.SERVICE_REQUEST, id, f"{code} revoked: {reason}"
        case DiagnosticReported(report=id, code=code, conclusion=conclusion):
            return ChartSection.DIAGNOSTIC_REPORT, id, f"{code}: {conclusion or 'see values'}"


def _medicated(event: MedicationEvent) -> Words:
    request = ChartSection.MEDICATION_REQUEST
    match event:
        case AllergyRecorded(allergy=id, substance=substance):
            return ChartSection.ALLERGY_INTOLERANCE, id, f"allergy to {substance}"
        case AllergyRefuted(allergy=id, substance=substance, reason=reason):
            return ChartSection.ALLERGY_INTOLERANCE, id, f"no allergy to {substance}: {reason}"
        case MedicationPrescribed(prescription=id, what=what):
            over = f", in spite of {'; '.join(what.overridden)}" if what.overridden else ""
            dose = f"{measured(what.dose)} {what.route.lower()}"
            return request, id, f"{what.medication} {dose} prescribed{over}"
        case PrescriptionTakenOver(carried=carried, source=source):
            held = ", on hold" if carried.is_held else ""
            return request, carried.prescription, f"taken over from {source}{held}"
        case MedicationDispensed(prescription=id, medication=medication, fill=fill):
            supply = f"{medication} for {fill.days_supply} days"
            return ChartSection.MEDICATION_DISPENSE, id, supply
        case PrescriptionHeld(prescription=id, medication=medication, reason=reason):
            return request, id, f"{medication} on hold: {reason}"
        case PrescriptionResumed(prescription=id, medication=medication, overridden=overridden):
            over = f", in spite of {'; '.join(overridden)}" if overridden else ""
            return request, id, f"{medication} resumed{over}"
        case MedicationStopped(prescription=id, medication=medication, status=status):
            return request, id, f"{medication} {status.lower()}: {event.reason}"


def _dosed(event: DoseEvent) -> Words:
    section, id = ChartSection.MEDICATION_ADMINISTRATION, event.prescription
    match event:
        case DoseFellDue(medication=medication, dose=dose):
            return section, id, f"{medication}, dose {dose} is due"
        case MedicationAdministered(medication=medication, dose=dose):
            return section, id, f"{medication}, dose {dose} given"
        case DoseMissed(medication=medication, dose=dose, reason=reason):
            return section, id, f"{medication}, dose {dose} missed: {reason}"
        case MedicationCompleted(medication=medication):
            return ChartSection.MEDICATION_REQUEST, id, f"{medication} completed"


def _stayed(event: EncounterEvent) -> str:
    match event:
        case EncounterPlanned(start_at=start_at, reason=reason):
            return f"planned for {start_at.date()}: {reason}"
        case PatientAdmitted(bed=bed, reason=reason):
            return f"arrived for {named(bed)}: {reason}"
        case EncounterStarted(bed=bed):
            return f"in {named(bed)}"
        case EncounterCancelled(reason=reason):
            return f"cancelled: {reason}"
        case BedTransferRequested(bed=bed):
            return f"to move to {named(bed)}"
        case BedTransferred(bed=bed):
            return f"moved to {named(bed)}"
        case BedTransferRefused(bed=bed, reason=reason):
            return f"not moved to {named(bed)}: {reason}"
        case PatientDischarged(disposition=disposition):
            return f"discharged: {disposition}"
        case BedLeft(bed=bed):
            return f"left {named(bed)}"


def measured(quantity: Quantity) -> str:
    """The quantity as it is written, such as `5.4 mmol/L`."""
    return f"{quantity.value:f} {quantity.unit}"


def named(bed: WardBed) -> str:
    """The bed as it is written, such as `ward 3, bed 12`."""
    return f"ward {bed.ward}, bed {bed.bed}"
