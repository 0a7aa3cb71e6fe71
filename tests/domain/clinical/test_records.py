"""Conditions, procedures, goals; what is measured, ordered, reported and reviewed."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from domain.clinical.codes import ObservationInterpretation, ReferenceRange
from domain.clinical.observation_messages import (
    DiagnosticReported,
    ObservationRecorded,
    RecordObservation,
    ReportDiagnostic,
    ReportedValue,
    RequestService,
    ResultReviewed,
    ReviewResult,
    RevokeServiceRequest,
    ServiceRequested,
    ServiceRequestPriority,
    ServiceRequestRevoked,
)
from domain.clinical.record_messages import (
    ConditionRecorded,
    ConditionResolved,
    EndGoal,
    GoalEnded,
    GoalOutcome,
    GoalSet,
    ProcedurePerformed,
    RecordCondition,
    RecordProcedure,
    ResolveCondition,
    SetGoal,
)
from domain.clinical.terms import Quantity
from tests.domain.clinical.facts import (
    ANN,
    CLINICIANS,
    DOC,
    NURSE_NINA,
    REGISTERED,
    T0,
    minutes,
    refused,
    when,
)

DIABETES = ConditionRecorded(
    patient=ANN, condition="c-1", code="E11.9", name="Type 2 diabetes", onset=None, at=T0, by=DOC
)
RECORD = RecordCondition(
    patient=ANN, condition="c-1", code="E11.9", name="Type 2 diabetes", at=T0, by=DOC
)
RANGE = ReferenceRange(
    unit="mmol/L", low=Decimal("3.5"), high=Decimal("5.1"), critical_high=Decimal("6.2")
)
MEASURE = RecordObservation(
    patient=ANN,
    observation="v-1",
    code="2823-3",
    value=Decimal("6.5"),
    unit="mmol/L",
    range=RANGE,
    at=T0,
    by=NURSE_NINA,
)
POTASSIUM = ObservationRecorded(
    patient=ANN,
    observation="v-1",
    code="2823-3",
    quantity=Quantity(value=Decimal("6.5"), unit="mmol/L"),
    range=RANGE,
    interpretation=ObservationInterpretation.HH,
    awaits_review=True,
    report=None,
    observed_at=T0,
    at=T0,
    by=NURSE_NINA,
)
ORDER = RequestService(
    patient=ANN,
    request="s-1",
    code="2823-3",
    priority=ServiceRequestPriority.STAT,
    reason="weak",
    at=T0,
    by=DOC,
)
ORDERED = ServiceRequested(
    patient=ANN,
    request="s-1",
    code="2823-3",
    priority=ServiceRequestPriority.STAT,
    reason="weak",
    at=T0,
    by=DOC,
)
REPORT = ReportDiagnostic(
    patient=ANN,
    report="d-1",
    code="24321-2",
    values=(
        ReportedValue(code="2823-3", value=Decimal("6.5"), unit="mmol/L", range=RANGE),
        ReportedValue(code="2345-7", value=Decimal("5"), unit="mmol/L"),
    ),
    request="s-1",
    at=T0,
    by="lab-1",
    roles=frozenset({"laboratory"}),
)


def test_a_condition_is_active_until_it_is_resolved() -> None:
    assert when(RECORD, REGISTERED) == [DIABETES]
    assert refused(replace(RECORD, condition="c-2"), REGISTERED, DIABETES) == "CONDITION_KNOWN"
    resolve = ResolveCondition(patient=ANN, condition="c-1", at=T0, by=DOC)
    resolved = ConditionResolved(
        patient=ANN, condition="c-1", code="E11.9", name="Type 2 diabetes", at=T0, by=DOC
    )
    assert when(resolve, REGISTERED, DIABETES) == [resolved]
    assert refused(resolve, REGISTERED, DIABETES, resolved) == "CONDITION_UNKNOWN"


def test_a_condition_has_an_icd10_code_and_began_in_the_past() -> None:
    assert refused(replace(RECORD, code="diabetes"), REGISTERED) == "INVALID_ICD10"
    assert refused(replace(RECORD, onset=date(2027, 1, 1)), REGISTERED) == "INVALID_DATE"


def test_a_procedure_is_noted_when_it_was_done() -> None:
    note = RecordProcedure(patient=ANN, procedure="o-1", name="Suture", at=T0, by=NURSE_NINA)
    done = ProcedurePerformed(
        patient=ANN,
        procedure="o-1",
        name="Suture",
        note=None,
        performed_at=T0,
        at=T0,
        by=NURSE_NINA,
    )
    assert when(note, REGISTERED) == [done]
    earlier = minutes(-60)
    assert when(replace(note, performed_at=earlier), REGISTERED) == [
        replace(done, performed_at=earlier)
    ]
    assert refused(replace(note, performed_at=minutes(1)), REGISTERED) == "INVALID_DATE"


def test_a_goal_is_for_an_active_condition_and_ends_once() -> None:
    set_goal = SetGoal(
        patient=ANN, goal="z-1", description="HbA1c under 7 %", condition="c-1", at=T0, by=DOC
    )
    goal = GoalSet(
        patient=ANN,
        goal="z-1",
        description="HbA1c under 7 %",
        condition="c-1",
        target_on=None,
        at=T0,
        by=DOC,
    )
    assert when(set_goal, REGISTERED, DIABETES) == [goal]
    assert refused(set_goal, REGISTERED) == "CONDITION_UNKNOWN"
    end = EndGoal(patient=ANN, goal="z-1", outcome=GoalOutcome.COMPLETED, at=T0, by=DOC)
    ended = GoalEnded(patient=ANN, goal="z-1", outcome=GoalOutcome.COMPLETED, at=T0, by=DOC)
    assert when(end, REGISTERED, DIABETES, goal) == [ended]
    assert refused(end, REGISTERED, DIABETES, goal, ended) == "GOAL_UNKNOWN"


def test_a_value_out_of_its_range_waits_for_a_review() -> None:
    assert when(MEASURE, REGISTERED) == [POTASSIUM]
    normal = when(replace(MEASURE, value=Decimal("4.0")), REGISTERED)[0]
    assert isinstance(normal, ObservationRecorded)
    assert (normal.interpretation, normal.awaits_review) == (ObservationInterpretation.N, False)
    earlier = replace(MEASURE, observed_at=minutes(-30))
    assert when(earlier, REGISTERED) == [replace(POTASSIUM, observed_at=minutes(-30))]
    assert refused(replace(MEASURE, observed_at=minutes(1)), REGISTERED) == "INVALID_DATE"
    review = ReviewResult(patient=ANN, observation="v-1", note="repeat", at=T0, by=DOC)
    reviewed = ResultReviewed(patient=ANN, observation="v-1", note="repeat", at=T0, by=DOC)
    assert when(review, REGISTERED, POTASSIUM) == [reviewed]
    assert refused(review, REGISTERED, POTASSIUM, reviewed) == "NOTHING_TO_REVIEW"


def test_a_value_has_a_loinc_code_and_the_unit_of_its_range() -> None:
    assert refused(replace(MEASURE, code="2823-4"), REGISTERED) == "INVALID_LOINC"
    assert refused(replace(MEASURE, unit="mg/dL"), REGISTERED) == "UNIT_MISMATCH"
    assert refused(replace(MEASURE, unit="a b"), REGISTERED) == "INVALID_UNIT"
    assert refused(replace(MEASURE, value=Decimal("NaN")), REGISTERED) == "INVALID_QUANTITY"


def test_an_order_is_open_until_its_report_or_until_it_is_revoked() -> None:
    assert when(ORDER, REGISTERED) == [ORDERED]
    revoke = RevokeServiceRequest(patient=ANN, request="s-1", reason="better", at=T0, by=DOC)
    revoked = ServiceRequestRevoked(
        patient=ANN, request="s-1", code="2823-3", reason="better", at=T0, by=DOC
    )
    assert when(revoke, REGISTERED, ORDERED) == [revoked]
    assert refused(revoke, REGISTERED, ORDERED, revoked) == "REQUEST_UNKNOWN"
    assert refused(REPORT, REGISTERED, ORDERED, revoked) == "REQUEST_UNKNOWN"


def test_a_laboratory_outside_the_care_team_reports_on_an_order() -> None:
    report, high, normal = when(REPORT, REGISTERED, ORDERED)
    assert isinstance(report, DiagnosticReported)
    assert (report.request, report.values) == ("s-1", 2)
    assert high == replace(POTASSIUM, observation="d-1-1", report="d-1", by="lab-1")
    assert isinstance(normal, ObservationRecorded)
    assert (normal.observation, normal.interpretation) == ("d-1-2", None)
    unasked = replace(REPORT, request=None)
    assert refused(unasked, REGISTERED) == "REQUEST_UNKNOWN"
    assert refused(replace(unasked, roles=CLINICIANS), REGISTERED) == "NOT_IN_CARE_TEAM"
    assert when(replace(unasked, by=DOC, roles=CLINICIANS), REGISTERED) != []


def test_a_report_says_something() -> None:
    assert refused(replace(REPORT, values=()), REGISTERED, ORDERED) == "EMPTY_REPORT"
    many = (ReportedValue(code="2345-7", value=Decimal("5"), unit="mmol/L"),) * 51
    assert refused(replace(REPORT, values=many), REGISTERED, ORDERED) == "TOO_MANY_VALUES"


def test_what_is_refused_of_a_report_refuses_all_of_it() -> None:
    wrong = replace(REPORT.values[1], code="2345-1")
    report = replace(REPORT, values=(REPORT.values[0], wrong))
    assert refused(report, REGISTERED, ORDERED) == "INVALID_LOINC"
