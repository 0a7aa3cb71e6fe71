"""Whatever is done to a patient's medications: no dose too many, none unaccounted for."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domain.clinical import dose_messages as doses
from domain.clinical import medication_commands as meds
from domain.clinical.interactions import contraindications
from domain.clinical.medication_messages import (
    AllergyRecorded,
    DoseSchedule,
    MedicationPrescribed,
    MedicationStopped,
    PrescriptionHeld,
    PrescriptionResumed,
)
from domain.clinical.patient_states import Patient, PatientEvent, Registered
from domain.clinical.patients import PatientCommand, patients
from domain.model import Rejected
from tests.domain.clinical.facts import (
    ANN,
    DOC,
    NURSE_NINA,
    REGISTERED,
    T0,
    prescribe,
    record_allergy,
)

IDS = st.sampled_from(["rx-1", "rx-2", "rx-3"])
DRUGS = st.sampled_from(["amoxicillin", "simvastatin", "clarithromycin"])
DOSES = st.integers(1, 3)
REASONS = st.sampled_from([None, None, "needed"])


class Medications(RuleBasedStateMachine):
    """A patient, and a ledger of what was given, missed, held and stopped, by prescription."""

    def __init__(self) -> None:
        super().__init__()
        self.state: Patient = patients.evolve(patients.initial(), REGISTERED)
        self.now: datetime = T0
        self.held: set[str] = set()
        self.open: dict[str, DoseSchedule] = {}
        self.ended: set[tuple[str, int]] = set()
        self.due: set[tuple[str, int]] = set()
        self.used: set[str] = set()

    def send(self, command: PatientCommand) -> list[PatientEvent]:
        try:
            events = patients.decide(command, self.state)
        except Rejected:
            return []
        for event in events:
            self.state = patients.evolve(self.state, event)
            self._note(event)
        return events

    def _note(self, event: PatientEvent) -> None:
        match event:
            case MedicationPrescribed(prescription=id, what=what):
                assert what.schedule is not None
                self.open[id] = what.schedule
            case PrescriptionHeld(prescription=id):
                self.held.add(id)
            case PrescriptionResumed(prescription=id):
                self.held.discard(id)
            case doses.DoseFellDue(prescription=id, dose=dose):
                assert (id, dose) not in self.ended | self.due
                self.due.add((id, dose))
            case doses.MedicationAdministered(prescription=id, dose=dose):
                assert id in self.open, "nothing is given after the end"
                assert id not in self.held, "nothing is given on hold"
                late = abs(self.now - self.open[id].due_at(dose))
                assert late <= self.open[id].window, "nothing is given outside its window"
                self._end(id, dose)
            case doses.DoseMissed(prescription=id, dose=dose):
                self._end(id, dose)
            case doses.MedicationCompleted(prescription=id) | MedicationStopped(prescription=id):
                assert not [dose for other, dose in self.due if other == id]
                del self.open[id]
                self.held.discard(id)
            case _:
                pass

    def _end(self, id: str, dose: int) -> None:
        assert (id, dose) not in self.ended, "a dose ends once"
        self.ended.add((id, dose))
        self.due.discard((id, dose))

    @rule(id=IDS, drug=DRUGS, reason=REASONS)
    def prescribe(self, id: str, drug: str, reason: str | None) -> None:
        schedule = DoseSchedule(first_at=self.now, every_minutes=60, doses=3, window_minutes=20)
        if id in self.used:
            return
        command = prescribe(drug, id=id, schedule=schedule, reason=reason)
        if self.send(replace(command, at=self.now)):
            self.used.add(id)

    @rule(substance=st.sampled_from(["penicillin", "simvastatin", "latex"]))
    def find_an_allergy(self, substance: str) -> None:
        events = self.send(record_allergy(substance, f"a-{substance}"))
        assert not events or isinstance(events[0], AllergyRecorded)

    @rule(id=IDS, dose=DOSES)
    def give(self, id: str, dose: int) -> None:
        command = doses.AdministerDose(
            patient=ANN, prescription=id, dose=dose, at=self.now, by=NURSE_NINA
        )
        self.send(command)

    @rule(id=IDS, dose=DOSES)
    def call(self, id: str, dose: int) -> None:
        call = doses.CallDose(patient=ANN, prescription=id, dose=dose, at=self.now, by="p")
        self.send(call)
        assert self.send(call) == [], "a repeat says nothing"

    @rule(id=IDS, dose=DOSES)
    def miss(self, id: str, dose: int) -> None:
        miss = doses.MissDose(patient=ANN, prescription=id, dose=dose, at=self.now, by="p")
        is_due = (id, dose) in self.due
        assert bool(self.send(miss)) == is_due
        assert self.send(miss) == [], "a repeat says nothing"

    @rule(id=IDS)
    def hold(self, id: str) -> None:
        self.send(
            meds.HoldPrescription(patient=ANN, prescription=id, reason="x", at=self.now, by=DOC)
        )

    @rule(id=IDS, reason=REASONS)
    def resume(self, id: str, reason: str | None) -> None:
        self.send(
            meds.ResumePrescription(
                patient=ANN, prescription=id, override_reason=reason, at=self.now, by=DOC
            )
        )

    @rule(id=IDS)
    def stop(self, id: str) -> None:
        self.send(
            meds.StopPrescription(patient=ANN, prescription=id, reason="x", at=self.now, by=DOC)
        )

    @rule(minutes=st.sampled_from([5, 20, 40, 60]))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @invariant()
    def what_is_active_against_an_allergy_was_overridden(self) -> None:
        assert isinstance(self.state, Registered)
        record = self.state.record
        assert record.prescriptions.keys() == self.open.keys()
        for id, each in record.prescriptions.items():
            assert each.is_held == (id in self.held)
            against = contraindications(each.what.ingredients, record.substances, ())
            assert each.is_held or set(against) <= set(each.what.overridden)


Medications.TestCase.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestMedications = Medications.TestCase
