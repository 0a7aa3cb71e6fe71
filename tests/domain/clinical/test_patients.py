"""A patient as a person: registered, cared for, read in an emergency, merged."""

from dataclasses import replace
from datetime import date, timedelta

from domain.clinical.medication_messages import (
    CarriedAllergy,
    CarriedPrescription,
    PrescriptionHeld,
    PrescriptionTakenOver,
)
from domain.clinical.merge_messages import (
    CarriedRecord,
    HandOverRecord,
    MergePatient,
    PatientMerged,
    PatientMergeReverted,
    RecordHandedOver,
    RecordTakenOver,
    RecordTakeoverRefused,
    RevertPatientMerge,
    TakeOverRecord,
)
from domain.clinical.observation_messages import ReviewResult
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
    ADMITTED,
    ANN,
    CLERK,
    CLINICIANS,
    DOC,
    METFORMIN,
    NURSE_NINA,
    PILLS,
    REGISTERED,
    REGISTRARS,
    T0,
    TEAM,
    WHO,
    allergy_to,
    fell_due,
    glass_broken,
    minutes,
    prescribed,
    refused,
    told,
    what,
    when,
)
from tests.domain.clinical.test_records import DIABETES, ORDERED, POTASSIUM

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
MERGE = MergePatient(patient=ANN, survivor="p-anna", reason="same person", at=T0, by=CLERK)
CARRIED = CarriedRecord(
    care_team=TEAM.care_team, allergies=(), prescriptions=(), conditions=(), requests=()
)
MERGED = PatientMerged(patient=ANN, survivor="p-anna", reason="same person", at=T0, by=CLERK)
HANDED_OVER = RecordHandedOver(patient=ANN, survivor="p-anna", record=CARRIED, at=T0, by="p")


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


def test_a_second_record_of_a_person_is_closed_with_what_must_not_be_lost() -> None:
    past = (REGISTERED, allergy_to("penicillin"), METFORMIN, fell_due(1))
    assert when(MERGE, *past) == [MERGED]
    for command in (BREAK, MERGE):
        assert refused(command, *past, MERGED) == "PATIENT_MERGED"
    hand_over = HandOverRecord(patient=ANN, survivor="p-anna", at=T0, by="p")
    (handed,) = when(hand_over, *past, MERGED)
    assert isinstance(handed, RecordHandedOver)
    assert [each.substance for each in handed.record.allergies] == ["penicillin"]
    (pills,) = handed.record.prescriptions
    assert (pills.prescription, pills.next_dose, pills.is_due) == (PILLS, 1, True)
    assert handed.record.care_team == (DOC, NURSE_NINA)
    assert when(hand_over, *past, MERGED, handed) == [], "a repeat says nothing"
    assert when(hand_over, *past) == []


def test_a_patient_in_a_bed_is_not_merged_away_nor_anyone_into_themselves() -> None:
    assert refused(MERGE, REGISTERED, ADMITTED) == "PATIENT_ADMITTED"
    assert refused(replace(MERGE, survivor=ANN), REGISTERED) == "SAME_PATIENT"


def take_over(*prescriptions: CarriedPrescription, allergies: str = "") -> TakeOverRecord:
    carried = tuple(
        CarriedAllergy(
            allergy=f"a-{each}",
            substance=each,
            criticality=allergy_to("x").criticality,
            reaction=None,
        )
        for each in allergies.split()
    )
    record = replace(CARRIED, care_team=(EVE,), allergies=carried, prescriptions=prescriptions)
    return TakeOverRecord(patient=ANN, source="p-2", record=record, at=T0, by="process:merging")


def carried(*ingredients: str) -> CarriedPrescription:
    return CarriedPrescription(
        prescription="rx-9",
        what=what(*ingredients),
        is_held=False,
        next_dose=2,
        is_due=False,
        given=1,
        fills=(),
    )


def test_the_survivor_takes_over_allergies_prescriptions_and_the_care_team() -> None:
    command = take_over(carried("metformin"), allergies="latex")
    events = when(command, REGISTERED)
    access = replace(TEAM, care_team=(DOC, NURSE_NINA, EVE))
    taken = RecordTakenOver(patient=ANN, source="p-2", access=access, at=T0, by="process:merging")
    allergy = replace(
        allergy_to("latex", "a-latex"), reaction=None, source="p-2", by="process:merging"
    )
    pills = PrescriptionTakenOver(
        patient=ANN,
        source="p-2",
        carried=carried("metformin"),
        warnings=(),
        at=T0,
        by="process:merging",
    )
    assert events == [taken, allergy, pills]
    assert when(command, REGISTERED, *events) == [], "a repeat says nothing"


def test_what_speaks_against_each_other_after_a_merge_is_put_on_hold() -> None:
    past = (REGISTERED, allergy_to("sulfonamide"), prescribed("amoxicillin"))
    events = when(take_over(carried("sulfadiazine"), allergies="penicillin"), *past)
    held = [each for each in events if isinstance(each, PrescriptionHeld)]
    assert [(each.prescription, each.warnings) for each in held] == [
        (PILLS, ("allergy: penicillin (amoxicillin)",))
    ]
    taken = events[-1]
    assert isinstance(taken, PrescriptionTakenOver)
    assert taken.carried.is_held
    assert taken.warnings == ("allergy: sulfonamide (sulfadiazine)",)


def test_conditions_and_open_orders_go_with_a_record_so_that_results_find_it() -> None:
    hand_over = HandOverRecord(patient=ANN, survivor="p-anna", at=T0, by="p")
    (handed,) = when(hand_over, REGISTERED, DIABETES, ORDERED, MERGED)
    assert isinstance(handed, RecordHandedOver)
    command = replace(take_over(), record=handed.record)
    events = when(command, REGISTERED)[1:]
    robot, reason = "process:merging", "ordered in the record p-2"
    assert events == [replace(DIABETES, by=robot), replace(ORDERED, by=robot, reason=reason)]
    assert when(command, REGISTERED, DIABETES)[1:] == events[1:], "it is known here already"


def test_what_waits_for_a_review_in_a_merged_record_can_still_be_reviewed() -> None:
    review = ReviewResult(patient=ANN, observation="v-1", at=T0, by=DOC)
    assert when(review, REGISTERED, POTASSIUM, MERGED) != []
    assert refused(replace(review, by=EVE), REGISTERED, POTASSIUM, MERGED) == "NOT_IN_CARE_TEAM"


def test_what_was_weighed_in_one_record_is_not_put_on_hold_in_the_other() -> None:
    over = ("interaction: clarithromycin with simvastatin (rhabdomyolysis)",)
    second = carried("clarithromycin")
    second = replace(
        second, prescription="rx-8", what=replace(second.what, overridden=over, override_reason="x")
    )
    for order in ((carried("simvastatin"), second), (second, carried("simvastatin"))):
        taken = when(take_over(*order), REGISTERED)
        pills = [each for each in taken if isinstance(each, PrescriptionTakenOver)]
        assert [each.carried.is_held for each in pills] == [False, False]


def test_who_cannot_take_a_record_over_says_why() -> None:
    no = RecordTakeoverRefused(
        patient=ANN, source="p-2", reason="there is no such patient", at=T0, by="process:merging"
    )
    assert when(take_over()) == [no]
    why = "it was itself merged into p-anna"
    assert when(take_over(), REGISTERED, MERGED) == [replace(no, reason=why)]
    many = tuple(carried("metformin") for _ in range(61))
    why = "it has too many open prescriptions"
    assert when(take_over(*many), REGISTERED) == [replace(no, reason=why)]


def test_a_merge_that_fails_leaves_the_record_as_it_was() -> None:
    revert = RevertPatientMerge(
        patient=ANN, survivor="p-anna", reason="there is no such patient", at=T0, by="process:m"
    )
    reverted = PatientMergeReverted(
        patient=ANN, survivor="p-anna", reason="there is no such patient", at=T0, by="process:m"
    )
    past = (REGISTERED, METFORMIN, MERGED)
    events = when(revert, *past)
    assert events[0] == reverted
    assert isinstance(events[1], PrescriptionTakenOver)
    assert when(BREAK, *past, *events) != []
    assert when(revert, *past, *events) == [], "a repeat says nothing"
    assert when(replace(revert, survivor="p-other"), *past) == []


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
