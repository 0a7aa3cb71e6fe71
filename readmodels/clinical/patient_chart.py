"""A patient's chart: who they are, what is so now, and the newest of what happened."""

from datetime import date

from domain.clinical.dose_messages import DoseEvent
from domain.clinical.encounter_messages import EncounterEvent
from domain.clinical.medication_messages import (
    AllergyRecorded,
    AllergyRefuted,
    MedicationEvent,
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
    AdministrativeGender,
    CareTeamMemberAssigned,
    CareTeamMemberRemoved,
    ChartPageBegun,
    EmergencyAccessEnded,
    GlassBroken,
    PatientRegistered,
    PatientUpdated,
    PersonEvent,
)
from domain.clinical.record_messages import (
    ConditionRecorded,
    ConditionResolved,
    GoalEnded,
    GoalSet,
    ProcedurePerformed,
    RecordEvent,
)
from readmodels.clinical.chart_entry import ChartEntry, entry_of
from readmodels.clinical.chart_medication import ChartMedication, prescriptions_after
from readmodels.clinical.chart_parts import (
    ChartAllergy,
    ChartCondition,
    ChartEncounter,
    ChartObservation,
    ChartOrder,
    ChartProcedure,
    allergies_after,
    conditions_after,
    encounters_after,
    observations_after,
    orders_after,
    procedures_after,
)
from readmodels.clinical.reading import CARE_TEAM
from readmodels.model import Projection, document, index, many, replace

RECENT_MAX = 20
"""How many entries of the timeline stand in the chart itself; its pages have all."""

PatientNews = (
    PersonEvent | RecordEvent | ObservationEvent | MedicationEvent | DoseEvent | EncounterEvent
)


@document(
    read=CARE_TEAM,
    indexes=[
        index("name", "birth_date"),
        index("birth_date"),
        index("ward", "name"),
        index("merged_into"),
    ],
    links=[many("pages", to="ChartPage", by="patient")],
)
class PatientChart:
    """A patient; `ward` is where they lie, `merged_into` the record that goes on in its place."""

    id: str
    name: str
    birth_date: date
    gender: AdministrativeGender
    care_team: tuple[str, ...]
    emergency: tuple[str, ...]
    merged_into: str | None
    ward: str | None
    conditions: tuple[ChartCondition, ...]
    allergies: tuple[ChartAllergy, ...]
    medications: tuple[ChartMedication, ...]
    encounters: tuple[ChartEncounter, ...]
    observations: tuple[ChartObservation, ...]
    orders: tuple[ChartOrder, ...]
    procedures: tuple[ChartProcedure, ...]
    entries: int
    recent: tuple[ChartEntry, ...]


def evolve(document: PatientChart | None, event: PatientNews) -> PatientChart | None:
    chart = _registered(event) if isinstance(event, PatientRegistered) else document
    if chart is None:
        return None
    entry = entry_of(event)
    recent = chart.recent if entry is None else (entry, *chart.recent)[:RECENT_MAX]
    return replace(_changed(chart, event), entries=event.entry, recent=recent)


def _registered(event: PatientRegistered) -> PatientChart:
    return PatientChart(
        id=event.patient,
        name=event.who.name,
        birth_date=event.who.birth_date,
        gender=event.who.gender,
        care_team=event.access.care_team,
        emergency=event.access.emergency,
        merged_into=None,
        ward=None,
        conditions=(),
        allergies=(),
        medications=(),
        encounters=(),
        observations=(),
        orders=(),
        procedures=(),
        entries=1,
        recent=(),
    )


def _changed(chart: PatientChart, event: PatientNews) -> PatientChart:
    if isinstance(event, PersonEvent):
        return _person(chart, event)
    if isinstance(event, EncounterEvent):
        encounters, ward = encounters_after(chart.encounters, chart.ward, event)
        return replace(chart, encounters=encounters, ward=ward)
    if isinstance(event, AllergyRecorded | AllergyRefuted):
        return replace(chart, allergies=allergies_after(chart.allergies, event))
    if isinstance(event, MedicationEvent | DoseEvent):
        return replace(chart, medications=prescriptions_after(chart.medications, event))
    return _record(chart, event)


def _record(chart: PatientChart, event: RecordEvent | ObservationEvent) -> PatientChart:
    match event:
        case ConditionRecorded() | ConditionResolved():
            return replace(chart, conditions=conditions_after(chart.conditions, event))
        case ProcedurePerformed():
            return replace(chart, procedures=procedures_after(chart.procedures, event))
        case ObservationRecorded() | ResultReviewed():
            return replace(chart, observations=observations_after(chart.observations, event))
        case ServiceRequested() | ServiceRequestRevoked() | DiagnosticReported():
            return replace(chart, orders=orders_after(chart.orders, event))
        case GoalSet() | GoalEnded():
            return chart


def _person(chart: PatientChart, event: PersonEvent) -> PatientChart:
    match event:
        case PatientUpdated(who=who):
            return replace(chart, name=who.name, birth_date=who.birth_date, gender=who.gender)
        case (
            CareTeamMemberAssigned(access=access)
            | CareTeamMemberRemoved(access=access)
            | GlassBroken(access=access)
            | EmergencyAccessEnded(access=access)
            | RecordTakenOver(access=access)
        ):
            return replace(chart, care_team=access.care_team, emergency=access.emergency)
        case PatientMerged(survivor=survivor):
            left = prescriptions_after(chart.medications, event)
            return replace(chart, merged_into=survivor, medications=left)
        case PatientMergeReverted():
            return replace(chart, merged_into=None)
        case PatientRegistered() | ChartPageBegun() | RecordHandedOver():
            return chart


patient_charts = Projection(
    document=PatientChart, keys=lambda event: [event.patient], evolve=evolve
)
