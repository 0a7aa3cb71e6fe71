"""What is shown of a patient: the chart and its pages, and who may read them."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar

from domain.clinical.codes import ObservationInterpretation
from domain.clinical.dose_messages import MedicationCompleted
from domain.clinical.encounter_messages import BedTransferred, EncounterStatus
from domain.clinical.medication_messages import (
    CarriedPrescription,
    Fill,
    MedicationRequestStatus,
    PrescriptionTakenOver,
)
from domain.clinical.merge_messages import PatientMergeReverted
from domain.clinical.observation_messages import DiagnosticReported, ResultReviewed
from domain.clinical.patient_messages import (
    CareTeamMemberRemoved,
    ChartPageBegun,
    EmergencyAccessEnded,
)
from domain.clinical.patient_states import ChartEvent
from domain.clinical.record_messages import GoalSet
from domain.clinical.terms import PAGE_ENTRIES, ChartAccess, Quantity
from domain.composition import parameter
from domain.testing import shown
from readmodels.clinical.abnormal_results import abnormal_results
from readmodels.clinical.adherence import adherences
from readmodels.clinical.break_glass_access import break_glass_accesses
from readmodels.clinical.chart_page import ChartPage, chart_pages
from readmodels.clinical.chart_parts import ServiceRequestStatus
from readmodels.clinical.overdue_doses import overdue_doses
from readmodels.clinical.patient_chart import PatientChart, patient_charts
from readmodels.clinical.treatment_plan import treatment_plans
from readmodels.model import Projection
from tests.domain.clinical.facts import (
    ADMITTED,
    ANN,
    BED_1,
    BED_2,
    DISCHARGED,
    DOC,
    IN_BED,
    LEFT,
    METFORMIN,
    MOVING,
    NURSE_NINA,
    PILLS,
    REGISTERED,
    T0,
    TEAM,
    allergy_to,
    fell_due,
    given_dose,
    glass_broken,
    minutes,
    missed_dose,
    what,
)
from tests.domain.clinical.test_medications import HELD, RESUMED, STOPPED
from tests.domain.clinical.test_merges import MERGED
from tests.domain.clinical.test_records import DIABETES, ORDERED, POTASSIUM

D = TypeVar("D")

MOVED = BedTransferred(patient=ANN, encounter="e-1", source=BED_1, bed=BED_2, at=T0, by="p")
REVIEWED = ResultReviewed(patient=ANN, observation="v-1", note=None, at=T0, by=DOC)
GOAL = GoalSet(
    patient=ANN,
    goal="z-1",
    description="HbA1c under 7 %",
    condition="c-1",
    target_on=(T0 + timedelta(days=90)).date(),
    at=T0,
    by=DOC,
)
NINA_LEFT = CareTeamMemberRemoved(
    patient=ANN,
    member=NURSE_NINA,
    access=ChartAccess(care_team=(DOC,), emergency=()),
    at=T0,
    by=DOC,
)
GLASS_MENDED = EmergencyAccessEnded(
    patient=ANN, glass="g-1", subject="dr-eve", access=TEAM, at=minutes(240), by="p"
)
REVERTED = PatientMergeReverted(patient=ANN, survivor="p-anna", reason="gone", at=T0, by="p")


def numbered(*events: ChartEvent) -> list[Any]:
    """The events with their numbers in the timeline, from 1."""
    return [replace(each, entry=number) for number, each in enumerate(events, 1)]


def seen(projection: Projection[Any, D], *events: ChartEvent) -> D:
    """Ann's document after her registration and these events, of those that it handles."""
    handled = parameter(projection.evolve, 1, "a projection")
    told = [each for each in numbered(REGISTERED, *events) if isinstance(each, handled)]
    return shown(projection, *told)[ANN]


def chart(*events: ChartEvent) -> PatientChart:
    return seen(patient_charts, *events)


def taken_over(source: str, *, is_due: bool = False) -> PrescriptionTakenOver:
    carried = CarriedPrescription(
        prescription=PILLS,
        what=what("metformin"),
        is_held=False,
        next_dose=2,
        is_due=is_due,
        given=1,
        fills=(Fill(on=T0.date(), days_supply=30),),
    )
    return PrescriptionTakenOver(
        patient=ANN, source=source, carried=carried, warnings=(), at=minutes(100), by="p"
    )


def test_a_chart_says_who_the_patient_is_and_what_is_so() -> None:
    found = chart(DIABETES, allergy_to("latex"), POTASSIUM, ORDERED, METFORMIN)
    assert (found.name, found.birth_date.year) == ("Ann Ash", 1980)
    assert [each.code for each in found.conditions] == ["E11.9"]
    assert [each.substance for each in found.allergies] == ["latex"]
    assert [each.interpretation for each in found.observations] == [ObservationInterpretation.HH]
    assert [each.status for each in found.orders] == [ServiceRequestStatus.ACTIVE]
    assert [each.status for each in found.medications] == [MedicationRequestStatus.ACTIVE]
    assert found.entries == 6


def test_a_chart_has_the_latest_value_of_each_code_and_whether_it_was_reviewed() -> None:
    later = replace(
        POTASSIUM,
        observation="v-2",
        quantity=Quantity(value=Decimal("4.0"), unit="mmol/L"),
        interpretation=ObservationInterpretation.N,
        awaits_review=False,
    )
    sodium = replace(later, observation="v-3", code="2951-2")
    (one,) = chart(POTASSIUM, REVIEWED).observations
    assert one.is_reviewed
    assert [each.id for each in chart(POTASSIUM, sodium, later).observations] == ["v-2", "v-3"]
    before = replace(later, observed_at=minutes(-60))
    assert [each.id for each in chart(POTASSIUM, before).observations] == ["v-1"]


def test_an_order_is_completed_by_its_report() -> None:
    report = DiagnosticReported(
        patient=ANN,
        report="d-1",
        request="s-1",
        code="24321-2",
        conclusion="high potassium",
        values=1,
        at=T0,
        by="lab-1",
    )
    (done,) = chart(ORDERED, report).orders
    assert (done.id, done.status, done.report) == ("s-1", ServiceRequestStatus.COMPLETED, "d-1")
    (unasked,) = chart(replace(report, request=None)).orders
    assert (unasked.id, unasked.priority) == ("d-1", None)


def test_a_stay_is_shown_from_arrival_to_discharge() -> None:
    (arrived,) = chart(ADMITTED).encounters
    assert (arrived.status, arrived.bed, arrived.wanted) == (EncounterStatus.ARRIVED, None, BED_1)
    lying = chart(ADMITTED, IN_BED)
    assert (lying.ward, lying.encounters[0].status) == ("w-3", EncounterStatus.IN_PROGRESS)
    moved = chart(ADMITTED, IN_BED, MOVING, MOVED).encounters[0]
    assert (moved.bed, moved.wanted) == (BED_2, None)
    gone = chart(ADMITTED, IN_BED, DISCHARGED, LEFT)
    assert (gone.ward, gone.encounters[0].status) == (None, EncounterStatus.FINISHED)
    assert gone.encounters[0].disposition == "home"


def test_a_prescription_shows_its_status_and_its_doses() -> None:
    doses = (fell_due(1), given_dose(1, minutes(61)), fell_due(2))
    (pills,) = chart(METFORMIN, *doses, missed_dose(2, "late", minutes(140))).medications
    assert (pills.given, pills.missed, pills.next_due_at) == (1, 1, minutes(180))
    (held,) = chart(METFORMIN, HELD).medications
    assert (held.status, held.status_reason) == (MedicationRequestStatus.ON_HOLD, "surgery")
    (resumed,) = chart(METFORMIN, HELD, RESUMED).medications
    assert (resumed.status, resumed.status_reason) == (MedicationRequestStatus.ACTIVE, None)
    (stopped,) = chart(METFORMIN, STOPPED).medications
    assert (stopped.status, stopped.next_due_at) == (MedicationRequestStatus.STOPPED, None)
    completed = MedicationCompleted(
        patient=ANN, prescription=PILLS, medication="Metformin", at=T0, by="p"
    )
    (over,) = chart(METFORMIN, completed).medications
    assert over.status is MedicationRequestStatus.COMPLETED


def test_a_merged_chart_names_the_survivor_and_hands_its_prescriptions_on() -> None:
    merged = chart(METFORMIN, MERGED)
    assert (merged.merged_into, merged.medications) == ("p-anna", ())
    back = chart(METFORMIN, MERGED, REVERTED, taken_over(ANN))
    assert back.merged_into is None
    assert [(each.id, each.given) for each in back.medications] == [(PILLS, 1)]


def test_breaking_the_glass_stands_in_the_chart_and_lets_somebody_in() -> None:
    broken = chart(glass_broken())
    assert broken.emergency == ("dr-eve",)
    assert broken.recent[0].what == "dr-eve broke the glass: found unconscious"
    assert chart(glass_broken(), GLASS_MENDED).emergency == ()


def test_who_leaves_the_care_team_is_gone_from_every_document() -> None:
    past = numbered(REGISTERED, NINA_LEFT)
    for projection in (
        patient_charts, chart_pages, treatment_plans, adherences, abnormal_results, overdue_doses,
    ):  # fmt: skip
        show: Any = shown
        (document,) = show(projection, *past).values()
        assert document.care_team == (DOC,), projection.document.__name__


def test_every_access_outside_the_care_team_is_listed() -> None:
    (open,) = shown(break_glass_accesses, glass_broken()).values()
    assert (open.id, open.patient, open.subject, open.is_open) == ("g-1", ANN, "dr-eve", True)
    (ended,) = shown(break_glass_accesses, glass_broken(), GLASS_MENDED).values()
    assert (ended.ended_at, ended.is_open) == (minutes(240), False)


def test_the_timeline_has_pages_and_whoever_leaves_loses_all_of_them() -> None:
    first: list[ChartEvent] = [REGISTERED, *[POTASSIUM] * (PAGE_ENTRIES - 1)]
    begun = ChartPageBegun(patient=ANN, access=TEAM, at=T0, by=DOC)
    pages = delivered(*first, begun, REVIEWED, GOAL)
    assert [len(each.entries) for each in pages.values()] == [PAGE_ENTRIES, 2]
    assert [each.page for each in pages.values()] == [1, 2]
    assert [each.number for each in pages[f"{ANN}~2"].entries] == [102, 103]
    after = delivered(*first, begun, REVIEWED, GOAL, NINA_LEFT)
    assert {each.care_team for each in after.values()} == {(DOC,)}


def delivered(*events: ChartEvent) -> dict[str, ChartPage]:
    """The pages after these events; all batch sizes of so many would take too long."""
    pages: dict[str, ChartPage | None] = {}
    for event in numbered(*events):
        for key in chart_pages.keys(event):
            pages[key] = chart_pages.evolve(pages.get(key), event)
    return {key: page for key, page in pages.items() if page}
