"""Two records of one person: one is closed, the other takes over, or says why it cannot."""

from dataclasses import replace

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
from domain.clinical.patient_messages import BreakGlass
from tests.domain.clinical.facts import (
    ADMITTED,
    ANN,
    CLERK,
    DOC,
    METFORMIN,
    NURSE_NINA,
    PILLS,
    REGISTERED,
    T0,
    TEAM,
    allergy_to,
    fell_due,
    prescribed,
    refused,
    what,
    when,
)
from tests.domain.clinical.test_records import DIABETES, ORDERED, POTASSIUM

EVE = "dr-eve"
BREAK = BreakGlass(patient=ANN, glass="g-1", reason="found unconscious", at=T0, by=EVE)
MERGE = MergePatient(patient=ANN, survivor="p-anna", reason="same person", at=T0, by=CLERK)
CARRIED = CarriedRecord(
    care_team=TEAM.care_team, allergies=(), prescriptions=(), conditions=(), requests=()
)
MERGED = PatientMerged(patient=ANN, survivor="p-anna", reason="same person", at=T0, by=CLERK)
HANDED_OVER = RecordHandedOver(patient=ANN, survivor="p-anna", record=CARRIED, at=T0, by="p")


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
