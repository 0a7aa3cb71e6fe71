"""People at random in a small hospital: two wards of two beds, six records, four drugs."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from domain.clinical import encounter_messages as stays
from domain.clinical import medication_commands as meds
from domain.clinical import merge_messages as merges
from domain.clinical import observation_messages as labs
from domain.clinical import patient_messages as people
from domain.clinical import record_messages as notes
from domain.clinical.codes import ReferenceRange
from domain.clinical.dose_messages import AdministerDose, RecordMissedDose
from domain.clinical.medication_messages import (
    AdministrationRoute,
    AllergyCriticality,
    DoseSchedule,
)
from domain.clinical.patient_states import Record, Registered
from domain.clinical.patients import patients
from domain.clinical.terms import CLINICIAN, REGISTRAR, Quantity, WardBed
from domain.clinical.ward_messages import OpenWard
from domain.model import Rejected
from tests.domain.clinical.facts import MILLIGRAMS
from tests.domain.clinical.simulator import World

PATIENTS = [f"p-{n}" for n in range(6)]
BEDS = [WardBed(ward=f"w-{ward}", bed=str(bed)) for ward in range(2) for bed in range(2)]
DRUGS = ["amoxicillin", "simvastatin", "clarithromycin", "metformin"]
SUBSTANCES = ["penicillin", "metformin", "latex"]
ROLES = frozenset({CLINICIAN, REGISTRAR})
DOC = "dr-dora"
POTASSIUM = ReferenceRange(unit="mmol/L", low=Decimal("3.5"), high=Decimal("5.1"))
EVERY = timedelta(minutes=30)


@dataclass
class Hospital:
    """Somebody does something, which may be refused."""

    world: World
    random: Random
    count: int = 0

    def open(self) -> None:
        """The wards are opened, and some patients registered."""
        for ward in ("w-0", "w-1"):
            beds = tuple(each.bed for each in BEDS if each.ward == ward)
            self.world.send(
                OpenWard(ward=ward, name=ward, beds=beds, at=self.world.now, by="manager")
            )
        for patient in PATIENTS[:4]:
            self.register(patient)

    def register(self, patient: str) -> None:
        command = people.RegisterPatient(
            patient=patient,
            name=patient,
            birth_date=date(1980, 1, 1),
            gender=people.AdministrativeGender.UNKNOWN,
            care_team=(DOC,),
            at=self.world.now,
            by="registrar",
        )
        with suppress(Rejected):
            self.world.send(command)

    def act(self) -> None:
        """One thing at random; time passes now and then."""
        acts: list[tuple[int, Callable[[], Any]]] = [
            (9, self._stay), (5, self._prescribe), (8, self._dose), (3, self._change),
            (2, self._allergy), (2, self._access), (2, self._note), (1, self._merge),
            (1, lambda: self.register(self.random.choice(PATIENTS))), (4, self._wait),
        ]  # fmt: skip
        weights = [weight for weight, _ in acts]
        ((_, act),) = self.random.choices(acts, weights)
        with suppress(Rejected):
            act()

    def _id(self, kind: str) -> str:
        self.count += 1
        return f"{kind}-{self.count}"

    def _patient(self) -> str:
        return self.random.choice(PATIENTS)

    def _record(self, patient: str) -> Record | None:
        state = self.world.stream(patients, patient).state
        return state.record if isinstance(state, Registered) else None

    def _wait(self) -> None:
        self.world.now += timedelta(minutes=self.random.choice([1, 7, 15, 40]))

    def _stay(self) -> None:
        patient, at, bed = self._patient(), self.world.now, self.random.choice(BEDS)
        who: dict[str, Any] = {"at": at, "by": DOC, "roles": ROLES}
        command = self.random.choice(
            [
                stays.AdmitPatient(
                    patient=patient, encounter=self._id("e"), bed=bed, reason="fever", **who
                ),
                stays.TransferBed(patient=patient, bed=bed, **who),
                stays.TransferBed(patient=patient, bed=bed, **who),
                stays.DischargePatient(patient=patient, disposition="home", at=at, by=DOC),
                stays.PlanEncounter(
                    patient=patient, encounter=self._id("e"), reason="hip", start_at=at, **who
                ),
            ]
        )
        self.world.send(command)

    def _prescribe(self) -> None:
        random, at = self.random, self.world.now
        schedule = DoseSchedule(
            first_at=at + random.choice([timedelta(), EVERY]),
            every_minutes=30,
            doses=random.randint(1, 4),
            window_minutes=random.choice([5, 15]),
        )
        self.world.send(
            meds.PrescribeMedication(
                patient=self._patient(),
                prescription=self._id("rx"),
                medication="a drug",
                ingredients=tuple(random.sample(DRUGS, random.choice([1, 1, 1, 2]))),
                dose=MILLIGRAMS,
                route=AdministrationRoute.ORAL,
                schedule=random.choice([schedule, schedule, schedule, None]),
                override_reason=random.choice([None, None, "needed"]),
                at=at,
                by=DOC,
            )
        )

    def _any_prescription(self) -> tuple[str, str, int]:
        """One that is open, of some patient, and its next dose."""
        open = [
            (patient, id, each.next_dose)
            for patient in PATIENTS
            if (record := self._record(patient))
            for id, each in record.prescriptions.items()
        ]
        return self.random.choice(open) if open else (self._patient(), "rx-none", 1)

    def _dose(self) -> None:
        patient, id, dose = self._any_prescription()
        who: dict[str, Any] = {"patient": patient, "at": self.world.now, "by": DOC}
        dose += self.random.choice([0, 0, 0, 0, -1, 1])
        if self.random.random() < 0.2:
            self.world.send(RecordMissedDose(prescription=id, dose=dose, reason="asleep", **who))
        else:
            self.world.send(AdministerDose(prescription=id, dose=dose, **who))

    def _change(self) -> None:
        patient, id, _ = self._any_prescription()
        who: dict[str, Any] = {"patient": patient, "at": self.world.now, "by": DOC}
        reason = self.random.choice([None, "needed"])
        tablets = Quantity(value=Decimal(30), unit="{tbl}")
        command = self.random.choice(
            [
                meds.StopPrescription(prescription=id, reason="enough", **who),
                meds.HoldPrescription(prescription=id, reason="surgery", **who),
                meds.ResumePrescription(prescription=id, override_reason=reason, **who),
                meds.DispenseMedication(prescription=id, quantity=tablets, days_supply=30, **who),
            ]
        )
        self.world.send(command)

    def _allergy(self) -> None:
        patient = self._patient()
        who: dict[str, Any] = {"patient": patient, "at": self.world.now, "by": DOC}
        record = self._record(patient)
        if record and record.allergies and self.random.random() < 0.3:
            id = self.random.choice(list(record.allergies))
            self.world.send(meds.RefuteAllergy(allergy=id, reason="tested", **who))
            return
        substance = self.random.choice(SUBSTANCES)
        high = AllergyCriticality.HIGH
        id = self._id("a")
        self.world.send(
            meds.RecordAllergy(allergy=id, substance=substance, criticality=high, **who)
        )

    def _access(self) -> None:
        patient, at = self._patient(), self.world.now
        member = self.random.choice(["nurse-1", "nurse-2"])
        who: dict[str, Any] = {"patient": patient, "member": member, "at": at, "by": DOC}
        command = self.random.choice(
            [
                people.AssignCareTeamMember(roles=ROLES, **who),
                people.RemoveCareTeamMember(roles=ROLES, **who),
                people.BreakGlass(
                    patient=patient, glass=self._id("g"), reason="now", at=at, by="dr-eve"
                ),
            ]
        )
        self.world.send(command)

    def _note(self) -> None:
        patient = self._patient()
        who: dict[str, Any] = {"patient": patient, "at": self.world.now, "by": DOC}
        record = self._record(patient)
        value = self.random.choice(["3.0", "4.0", "6.0"])
        measure = labs.RecordObservation(
            observation=self._id("v"),
            code="2823-3",
            value=Decimal(value),
            unit="mmol/L",
            range=POTASSIUM,
            **who,
        )
        choices: list[Any] = [
            measure,
            notes.RecordCondition(condition=self._id("c"), code="I10", name="pressure", **who),
            notes.RecordProcedure(procedure=self._id("o"), name="dressing", **who),
        ]
        if record and record.unreviewed:
            choices.append(labs.ReviewResult(observation=record.unreviewed[0], **who))
        self.world.send(self.random.choice(choices))

    def _merge(self) -> None:
        self.world.send(
            merges.MergePatient(
                patient=self._patient(),
                survivor=self.random.choice([*PATIENTS, "p-nobody"]),
                reason="twins they are not",
                at=self.world.now,
                by="registrar",
            )
        )
