"""What a hospital does by itself as time passes, over restarts: doses, merges, broken glass."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.clinical.dose_messages import AdministerDose
from domain.clinical.medication_commands import PrescribeMedication, RecordAllergy
from domain.clinical.medication_messages import (
    AdministrationRoute,
    AllergyCriticality,
    DoseSchedule,
    MedicationRequestStatus,
)
from domain.clinical.merge_messages import MergePatient
from domain.clinical.patient_messages import (
    AdministrativeGender,
    BreakGlass,
    RegisterPatient,
)
from domain.clinical.terms import Quantity
from eventlog.outcome import Refused
from readmodels.clinical.break_glass_access import BreakGlassAccess
from readmodels.clinical.overdue_doses import OverdueDoseList
from readmodels.clinical.patient_chart import PatientChart
from tests.hospital import Clock, Engine, running

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DOC = ("dora", "clinician")


async def register(engine: Engine, *care_team: str) -> str:
    return await engine.send(
        RegisterPatient, "rex", "registrar", name="Ann Ash", birth_date=date(1980, 5, 1),
        gender=AdministrativeGender.FEMALE, care_team=care_team,
    )  # fmt: skip


async def prescribe(engine: Engine, patient: str, **more: Any) -> str:
    """The id of the prescription."""
    fields: dict[str, Any] = {
        "medication": "Pills", "ingredients": ("metformin",),
        "dose": Quantity(value=Decimal(500), unit="mg"), "route": AdministrationRoute.ORAL,
        "schedule": None, "override_reason": None,
    }  # fmt: skip
    await engine.send(PrescribeMedication, *DOC, patient=patient, **{**fields, **more})
    chart = await engine.see(PatientChart, patient, *DOC)
    assert chart is not None
    return chart.medications[-1].id


async def chart_of(engine: Engine, patient: str) -> PatientChart:
    chart = await engine.see(PatientChart, patient, *DOC)
    assert chart is not None
    return chart


async def test_a_dose_that_nobody_gives_is_missed_by_itself_over_a_restart(tmp_path: Path) -> None:
    clock = Clock(NOON)
    hourly = DoseSchedule(
        first_at=NOON + timedelta(hours=1), every_minutes=60, doses=3, window_minutes=20
    )
    async with running(tmp_path, clock) as engine:
        ann = await register(engine, "dora", "nina")
        pills = await prescribe(engine, ann, schedule=hourly)
        await engine.settle()
        clock.now = NOON + timedelta(minutes=61)
        await engine.settle()
        due = await engine.see(OverdueDoseList, ann, "nina", "nurse")
        assert due is not None
        assert [(each.dose, each.due_at) for each in due.doses] == [(1, hourly.first_at)]
        await engine.send(AdministerDose, "nina", "nurse", patient=ann, prescription=pills, dose=1)
        clock.now = NOON + timedelta(minutes=121)
        await engine.settle()
        assert (await chart_of(engine, ann)).medications[0].given == 1
    clock.now = NOON + timedelta(hours=9)
    async with running(tmp_path, clock) as engine:
        await engine.settle()
        chart = await chart_of(engine, ann)
        (done,) = chart.medications
        assert (done.given, done.missed) == (1, 2)
        assert done.status is MedicationRequestStatus.COMPLETED
        missed = [each for each in chart.recent if "missed" in each.what]
        assert [each.at for each in missed] == [
            NOON + timedelta(minutes=200), NOON + timedelta(minutes=140),
        ]  # fmt: skip
        late = await engine.outcome(
            AdministerDose, "nina", "nurse", patient=ann, prescription=pills, dose=3
        )
        assert isinstance(late, Refused)
        assert late.code == "PRESCRIPTION_NOT_OPEN"


async def test_a_merge_carries_allergies_over_and_one_that_fails_is_undone(tmp_path: Path) -> None:
    async with running(tmp_path, Clock(NOON)) as engine:
        ann, twin = await register(engine, "dora"), await register(engine, "eve")
        await engine.send(
            RecordAllergy, "eve", "clinician", patient=twin, substance="penicillin",
            criticality=AllergyCriticality.HIGH, reaction=None,
        )  # fmt: skip
        amoxicillin = await prescribe(engine, ann, ingredients=("amoxicillin",))
        same = {"reason": "same person"}
        await engine.send(MergePatient, "rex", "registrar", patient=twin, survivor=ann, **same)
        await engine.settle()
        chart = await chart_of(engine, ann)
        assert [each.substance for each in chart.allergies] == ["penicillin"]
        assert chart.care_team == ("dora", "eve")
        assert [(each.id, each.status) for each in chart.medications] == [
            (amoxicillin, MedicationRequestStatus.ON_HOLD)
        ]
        old = await engine.see(PatientChart, twin, "eve", "clinician")
        assert old is not None
        assert old.merged_into == ann
        no = await engine.outcome(BreakGlass, "fay", "clinician", patient=twin, reason="why")
        assert isinstance(no, Refused)
        assert no.code == "PATIENT_MERGED"
        assert ann in no.message
        await engine.send(MergePatient, "rex", "registrar", patient=ann, survivor="nobody", **same)
        await engine.settle()
        assert (await chart_of(engine, ann)).merged_into is None


async def test_a_broken_glass_is_mended_after_four_hours(tmp_path: Path) -> None:
    clock = Clock(NOON)
    async with running(tmp_path, clock) as engine:
        ann = await register(engine, "dora")
        assert await engine.see(PatientChart, ann, "eve", "clinician") is None
        await engine.send(BreakGlass, "eve", "clinician", patient=ann, reason="unconscious")
        await engine.settle()
        chart = await engine.see(PatientChart, ann, "eve", "clinician")
        assert chart is not None
        assert chart.recent[0].what == "eve broke the glass: unconscious"
        clock.now = NOON + timedelta(hours=3, minutes=59)
        await engine.settle()
        assert await engine.see(PatientChart, ann, "eve", "clinician") is not None
    clock.now = NOON + timedelta(hours=12)
    async with running(tmp_path, clock) as engine:
        await engine.settle()
        assert await engine.see(PatientChart, ann, "eve", "clinician") is None
        (glass,) = [
            each.about
            for each in (await chart_of(engine, ann)).recent
            if each.what.startswith("eve broke")
        ]
        access = await engine.see(BreakGlassAccess, glass, "pia", "privacy_officer")
        assert access is not None
        assert (access.subject, access.is_open) == ("eve", False)
        assert access.ended_at == NOON + timedelta(hours=4)
