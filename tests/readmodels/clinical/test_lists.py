"""What is shown of a patient beside the chart: the plan, adherence, reviews and doses due."""

from dataclasses import replace
from decimal import Decimal

from domain.clinical.codes import ObservationInterpretation
from domain.clinical.medication_messages import (
    Fill,
    MedicationDispensed,
    MedicationStopped,
    PrescriptionHeld,
)
from domain.clinical.patient_states import ChartEvent
from domain.clinical.terms import Quantity
from readmodels.clinical.abnormal_results import abnormal_results
from readmodels.clinical.adherence import Adherence, adherences
from readmodels.clinical.overdue_doses import OverdueDoseList, overdue_doses
from readmodels.clinical.treatment_plan import TreatmentPlan, treatment_plans
from tests.domain.clinical.facts import (
    ADMITTED,
    ANN,
    DOC,
    IN_BED,
    METFORMIN,
    PILLS,
    T0,
    fell_due,
    given_dose,
    minutes,
    missed_dose,
    prescribed,
)
from tests.domain.clinical.test_medications import STOPPED
from tests.domain.clinical.test_merges import MERGED
from tests.domain.clinical.test_records import DIABETES, POTASSIUM
from tests.readmodels.clinical.test_charts import GOAL, REVIEWED, chart, seen, taken_over


def plan(*events: ChartEvent) -> TreatmentPlan:
    return seen(treatment_plans, *events)


def adherence(*events: ChartEvent) -> Adherence:
    return seen(adherences, *events)


def overdue(*events: ChartEvent) -> OverdueDoseList:
    return seen(overdue_doses, *events)


def dispensed(month: int, day: int, days: int) -> MedicationDispensed:
    at = T0.replace(month=month, day=day)
    return MedicationDispensed(
        patient=ANN,
        prescription=PILLS,
        medication="Metformin",
        drug="metformin",
        fill=Fill(on=at.date(), days_supply=days),
        quantity=Quantity(value=Decimal(days), unit="{tbl}"),
        at=at,
        by="pharmacist-1",
    )


def test_a_plan_has_what_is_active_and_open() -> None:
    found = plan(DIABETES, GOAL, METFORMIN, prescribed("amoxicillin", id="rx-2"))
    assert [each.code for each in found.conditions] == ["E11.9"]
    assert (found.next_target_on, found.next_due_at) == (GOAL.target_on, minutes(60))
    assert [each.medication for each in found.medications] == ["Metformin", "Amoxicillin"]
    held = PrescriptionHeld(
        patient=ANN, prescription="rx-2", medication="A", warnings=("w",), reason="r", at=T0, by=DOC
    )
    assert plan(METFORMIN, prescribed("amoxicillin", id="rx-2"), held).on_hold == 1
    assert plan(METFORMIN, STOPPED).medications == ()
    assert plan(METFORMIN, MERGED).medications == ()


def test_adherence_counts_by_drug_and_year() -> None:
    found = adherence(METFORMIN, dispensed(3, 2, 90), dispensed(5, 20, 90), dispensed(11, 1, 90))
    (metformin,) = found.drugs
    assert (metformin.drug, metformin.year, metformin.fills[0].days_supply) == (
        "metformin", 2026, 90,
    )  # fmt: skip
    assert (metformin.days, metformin.days_covered) == (305, 90 + 90 + 61)
    assert (found.lowest, found.lasts_until) == (metformin.proportion, metformin.lasts_until)
    assert not metformin.is_adherent
    assert metformin.is_measured


def test_adherence_takes_over_the_fills_of_a_merged_record_once() -> None:
    assert adherence(taken_over("p-2")).drugs[0].days_covered == 30
    back = adherence(METFORMIN, dispensed(3, 2, 30), taken_over(ANN))
    assert back.drugs[0].days_covered == 30


def test_abnormal_results_wait_for_a_review_the_oldest_first() -> None:
    second = replace(
        POTASSIUM,
        observation="v-2",
        interpretation=ObservationInterpretation.H,
        at=minutes(5),
    )
    waiting = seen(abnormal_results, ADMITTED, IN_BED, POTASSIUM, second)
    assert [each.observation for each in waiting.waiting] == ["v-1", "v-2"]
    assert (waiting.count, waiting.critical, waiting.oldest_at) == (2, 1, T0)
    assert waiting.ward == "w-3"
    left = seen(abnormal_results, POTASSIUM, second, REVIEWED)
    assert (left.count, left.critical, left.oldest_at) == (1, 0, minutes(5))


def test_a_dose_is_overdue_until_it_is_given_or_missed() -> None:
    due = overdue(fell_due(1))
    assert (due.count, due.due_at) == (1, minutes(60))
    assert due.doses[0].until == minutes(80)
    for end in (given_dose(1, minutes(70)), missed_dose(1, "late", minutes(80))):
        assert overdue(fell_due(1), end).count == 0
    assert overdue(fell_due(1), MERGED).count == 0
    assert overdue(taken_over("p-2", is_due=True)).due_at == minutes(120)


def test_a_stop_ends_what_is_overdue() -> None:
    missed = missed_dose(1, "the prescription was stopped", T0)
    stopped = chart(METFORMIN, fell_due(1), missed, STOPPED)
    assert isinstance(STOPPED, MedicationStopped)
    assert stopped.medications[0].missed == 1
    assert overdue(fell_due(1), missed).doses == ()
