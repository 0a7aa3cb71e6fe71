"""Every list of a patient's record has a limit, and one more is refused with its own code."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import domain.clinical
from domain.clinical.access import CARE_TEAM_MAX, GLASSES_MAX
from domain.clinical.codes import ReferenceRange
from domain.clinical.encounter_messages import PlanEncounter
from domain.clinical.encounters import PLANNED_MAX
from domain.clinical.medication_commands import DispenseMedication
from domain.clinical.medications import ALLERGIES_MAX, FILLS_MAX, PRESCRIPTIONS_MAX
from domain.clinical.observation_messages import RecordObservation, RequestService
from domain.clinical.observations import REQUESTS_MAX, UNREVIEWED_MAX
from domain.clinical.patient_messages import (
    AdministrativeGender,
    AssignCareTeamMember,
    BreakGlass,
    RegisterPatient,
)
from domain.clinical.patient_states import Patient, Registered
from domain.clinical.patients import ENTRIES_MAX, PatientCommand, patients
from domain.clinical.record_messages import RecordCondition, RecordProcedure, SetGoal
from domain.clinical.records import CONDITIONS_MAX, GOALS_MAX
from domain.clinical.terms import Quantity
from domain.model import Rejected
from domain.testing import given
from tests.domain.clinical.facts import (
    ANN,
    CLERK,
    DOC,
    METFORMIN,
    NURSE_NINA,
    PILLS,
    REGISTERED,
    REGISTRARS,
    T0,
    minutes,
    prescribe,
    record_allergy,
    refused,
)

HIGH = ReferenceRange(unit="1", high=Decimal(1))


def assign(n: int) -> PatientCommand:
    return AssignCareTeamMember(patient=ANN, member=f"m-{n}", at=T0, by=CLERK, roles=REGISTRARS)


def break_glass(n: int) -> PatientCommand:
    return BreakGlass(patient=ANN, glass=f"g-{n}", reason="why", at=T0, by="dr-eve")


def condition(n: int) -> PatientCommand:
    code = f"A{n // 10:02}.{n % 10}"
    return RecordCondition(patient=ANN, condition=f"c-{n}", code=code, name="x", at=T0, by=DOC)


def goal(n: int) -> PatientCommand:
    return SetGoal(patient=ANN, goal=f"z-{n}", description="x", at=T0, by=DOC)


def observe(n: int) -> PatientCommand:
    return RecordObservation(
        patient=ANN,
        observation=f"v-{n}",
        code="2823-3",
        value=Decimal(2),
        unit="1",
        range=HIGH,
        at=T0,
        by=DOC,
    )


def order(n: int) -> PatientCommand:
    return RequestService(patient=ANN, request=f"s-{n}", code="2823-3", at=T0, by=DOC)


def allergy(n: int) -> PatientCommand:
    return record_allergy(f"substance-{n}", f"a-{n}")


def prescription(n: int) -> PatientCommand:
    return prescribe(f"ingredient-{n}", id=f"rx-more-{n}")


def plan(n: int) -> PatientCommand:
    return PlanEncounter(
        patient=ANN,
        encounter=f"e-{n}",
        reason="x",
        start_at=minutes(1),
        at=T0,
        by=CLERK,
        roles=REGISTRARS,
    )


def dispense(n: int) -> PatientCommand:
    return DispenseMedication(
        patient=ANN,
        prescription=PILLS,
        quantity=Quantity(value=Decimal(n + 1), unit="1"),
        days_supply=1,
        at=T0,
        by="pharmacist-1",
    )


@pytest.mark.parametrize(
    ("make", "most", "code"),
    [
        (assign, CARE_TEAM_MAX - 2, "CARE_TEAM_FULL"),
        (break_glass, GLASSES_MAX, "TOO_MANY_GLASSES"),
        (condition, CONDITIONS_MAX, "TOO_MANY_CONDITIONS"),
        (goal, GOALS_MAX, "TOO_MANY_GOALS"),
        (observe, UNREVIEWED_MAX, "REVIEWS_OVERDUE"),
        (order, REQUESTS_MAX, "TOO_MANY_REQUESTS"),
        (allergy, ALLERGIES_MAX, "TOO_MANY_ALLERGIES"),
        (prescription, PRESCRIPTIONS_MAX - 1, "TOO_MANY_PRESCRIPTIONS"),
        (plan, PLANNED_MAX, "TOO_MANY_ENCOUNTERS"),
        (dispense, FILLS_MAX, "TOO_MANY_FILLS"),
    ],
)
def test_one_more_than_there_may_be_is_refused(
    make: Callable[[int], PatientCommand], most: int, code: str
) -> None:
    state: Patient = given(patients, REGISTERED, METFORMIN).state
    for number in range(most):
        for event in patients.decide(make(number), state):
            state = patients.evolve(state, event)
    with pytest.raises(Rejected) as no:
        patients.decide(make(most), state)
    assert no.value.code == code


def test_a_team_is_registered_within_its_limit() -> None:
    register = RegisterPatient(
        patient=ANN,
        name="Ann",
        birth_date=date(1980, 1, 1),
        gender=AdministrativeGender.OTHER,
        care_team=tuple(f"m-{n}" for n in range(CARE_TEAM_MAX + 1)),
        at=T0,
        by=CLERK,
    )
    assert refused(register) == "CARE_TEAM_FULL"
    assert refused(replace(register, care_team=()), REGISTERED) == "PATIENT_EXISTS"
    assert refused(goal(1)) == "PATIENT_UNKNOWN"


def test_a_full_chart_takes_nothing_new_and_ends_what_is_open() -> None:
    state = given(patients, REGISTERED, METFORMIN).state
    assert isinstance(state, Registered)
    full = replace(state, record=replace(state.record, entries=ENTRIES_MAX))
    note = RecordProcedure(patient=ANN, procedure="o-1", name="x", at=T0, by=NURSE_NINA)
    with pytest.raises(Rejected) as no:
        patients.decide(note, full)
    assert no.value.code == "CHART_FULL"
    assert patients.decide(dispense(1), full) != []


def test_every_code_of_the_domain_stands_in_a_test() -> None:
    here, there = Path(__file__).parent, Path(domain.clinical.__file__).parent
    code = re.compile(r'"([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)"')
    refusals = {
        found
        for file in there.glob("*.py")
        if not file.name.endswith("messages.py")
        for found in code.findall(file.read_text())
    }
    tested = {found for file in here.glob("test_*.py") for found in code.findall(file.read_text())}
    assert refusals - tested == set()
