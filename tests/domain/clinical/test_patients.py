"""A patient as a person: registered, cared for, and read in an emergency."""

from dataclasses import replace
from datetime import date, timedelta

from domain.clinical.merge_messages import RecordTakeoverRefused
from domain.clinical.patient_messages import (
    AdministrativeGender,
    AssignCareTeamMember,
    BreakGlass,
    CareTeamMemberAssigned,
    CareTeamMemberRemoved,
    ChartPageBegun,
    EmergencyAccessEnded,
    EndEmergencyAccess,
    PatientUpdated,
    RegisterPatient,
    RemoveCareTeamMember,
    UpdatePatient,
)
from domain.clinical.patients import patients
from domain.clinical.record_messages import RecordProcedure
from domain.clinical.terms import PAGE_ENTRIES, ChartAccess
from domain.testing import given
from tests.domain.clinical.facts import (
    ANN,
    CLERK,
    CLINICIANS,
    DOC,
    NURSE_NINA,
    REGISTERED,
    REGISTRARS,
    T0,
    TEAM,
    WHO,
    glass_broken,
    minutes,
    refused,
    told,
    when,
)
from tests.domain.clinical.test_merges import MERGED

REGISTER = RegisterPatient(
    patient=ANN,
    name="Ann Ash",
    birth_date=date(1980, 5, 1),
    gender=AdministrativeGender.FEMALE,
    care_team=(DOC, NURSE_NINA),
    at=T0,
    by=CLERK,
)
EVE = "dr-eve"
BREAK = BreakGlass(patient=ANN, glass="g-1", reason="found unconscious", at=T0, by=EVE)


def test_a_person_is_registered_with_a_care_team() -> None:
    assert when(REGISTER) == [REGISTERED]


def test_what_was_noted_wrongly_is_corrected_and_the_rest_stays() -> None:
    correct = UpdatePatient(patient=ANN, name="Anna Ash", at=T0, by=CLERK)
    anna = replace(WHO, name="Anna Ash")
    assert when(correct, REGISTERED) == [PatientUpdated(patient=ANN, who=anna, at=T0, by=CLERK)]
    assert when(replace(correct, name="Ann Ash"), REGISTERED) == []


def test_a_registrar_or_one_of_the_team_says_who_is_in_it() -> None:
    assign = AssignCareTeamMember(patient=ANN, member=EVE, at=T0, by=CLERK, roles=REGISTRARS)
    larger = ChartAccess(care_team=(DOC, NURSE_NINA, EVE), emergency=())
    assigned = CareTeamMemberAssigned(patient=ANN, member=EVE, access=larger, at=T0, by=CLERK)
    assert when(assign, REGISTERED) == [assigned]
    assert when(assign, REGISTERED, assigned) == []
    by_doc = replace(assign, by=DOC, roles=CLINICIANS)
    assert when(by_doc, REGISTERED) == [replace(assigned, by=DOC)]
    assert refused(replace(by_doc, by=EVE), REGISTERED) == "NOT_IN_CARE_TEAM"
    assert refused(replace(by_doc, by=EVE), REGISTERED, glass_broken()) == "NOT_IN_CARE_TEAM"


def test_who_leaves_the_team_is_no_longer_among_those_who_may_read() -> None:
    remove = RemoveCareTeamMember(patient=ANN, member=NURSE_NINA, at=T0, by=DOC, roles=CLINICIANS)
    left = CareTeamMemberRemoved(
        patient=ANN,
        member=NURSE_NINA,
        access=ChartAccess(care_team=(DOC,), emergency=()),
        at=T0,
        by=DOC,
    )
    assert when(remove, REGISTERED) == [left]
    assert when(remove, REGISTERED, left) == []
    assert when(remove, REGISTERED, MERGED) == [left], "a merged record is still read"


def test_breaking_the_glass_is_for_four_hours_and_has_a_reason() -> None:
    assert when(BREAK, REGISTERED) == [glass_broken()]
    assert refused(replace(BREAK, reason=" "), REGISTERED) == "INVALID_TEXT"
    assert refused(replace(BREAK, by=DOC), REGISTERED) == "IN_CARE_TEAM"


def test_an_emergency_access_ends_once_and_others_go_on() -> None:
    end = EndEmergencyAccess(patient=ANN, glass="g-1", at=minutes(240), by="process:it")
    ended = EmergencyAccessEnded(
        patient=ANN, glass="g-1", subject=EVE, access=TEAM, at=minutes(240), by="process:it"
    )
    assert when(end, REGISTERED, glass_broken()) == [ended]
    assert when(end, REGISTERED, glass_broken(), ended) == []
    again = replace(glass_broken(glass="g-2", at=minutes(60)))
    still = [replace(ended, access=replace(TEAM, emergency=(EVE,)))]
    assert when(end, REGISTERED, glass_broken(), again) == still


def test_who_broke_the_glass_may_treat_the_patient_until_it_ends() -> None:
    treat = RecordProcedure(patient=ANN, procedure="o-1", name="Intubation", at=T0, by=EVE)
    assert refused(treat, REGISTERED) == "NOT_IN_CARE_TEAM"
    assert when(treat, REGISTERED, glass_broken()) != []


def test_every_event_has_its_number_and_every_hundredth_begins_a_page() -> None:
    state = given(patients, REGISTERED).state
    numbers: list[int] = []
    begun: list[ChartPageBegun] = []
    for number in range(PAGE_ENTRIES):
        note = RecordProcedure(patient=ANN, procedure=f"o-{number}", name="Dressing", at=T0, by=DOC)
        for event in patients.decide(note, state):
            state = patients.evolve(state, event)
            assert not isinstance(event, RecordTakeoverRefused)
            numbers.append(event.entry)
            if isinstance(event, ChartPageBegun):
                begun.append(event)
    assert numbers == list(range(2, PAGE_ENTRIES + 3))
    assert told([*begun]) == [ChartPageBegun(patient=ANN, access=TEAM, at=T0, by=DOC)]
    assert begun[0].entry == PAGE_ENTRIES + 1


def test_nobody_is_born_tomorrow_or_before_the_oldest_are() -> None:
    for born in (T0.date() + timedelta(days=3), date(1800, 1, 1)):
        assert refused(replace(REGISTER, birth_date=born)) == "INVALID_DATE"
