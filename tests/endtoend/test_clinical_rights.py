"""Who may see what of a patient and a ward, role by role, and who loses it while they look."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from domain.clinical.patient_messages import BreakGlass
from domain.rules import Viewer
from readmodels.clinical.patient_chart import PatientChart
from tests.endtoend.test_clinical_time import register
from tests.hospital import Clinic, Clock, running
from tests.serving import Json
from tests.shop import Shop, until
from tests.subscribing import LiveMap, subscribed

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
OF_PATIENT = (
    "patientChart", "chartPage", "treatmentPlan", "adherence", "abnormalResultList",
    "overdueDoseList",
)  # fmt: skip
EVERY = (*OF_PATIENT, "wardBoard", "breakGlassAccess")
PLURALS = {"breakGlassAccess": "breakGlassAccesses"}
SUBJECTS = {
    "clinician of the care team": ("dora", "clinician"),
    "nurse of the care team": ("nora", "nurse"),
    "another clinician": ("eve", "clinician"),
    "clinician who broke the glass": ("gil", "clinician"),
    "nurse of the ward": ("nina", "nurse"),
    "nurse of another ward": ("ned", "nurse"),
    "pharmacist": ("phil", "pharmacist"),
    "laboratory": ("lab", "laboratory"),
    "registrar": ("rex", "registrar"),
    "ward manager": ("mia", "ward_manager"),
    "privacy officer": ("pia", "privacy_officer"),
}
SEEN = {
    "clinician of the care team": set(OF_PATIENT),
    "nurse of the care team": set(OF_PATIENT),
    "another clinician": set[str](),
    "clinician who broke the glass": set(OF_PATIENT),
    "nurse of the ward": {"wardBoard"},
    "nurse of another ward": set[str](),
    "pharmacist": set[str](),
    "laboratory": set[str](),
    "registrar": set[str](),
    "ward manager": {"wardBoard"},
    "privacy officer": {"breakGlassAccess"},
}


@dataclass(frozen=True)
class Case:
    """A patient in a ward, cared for by dora and nora; gil has broken the glass."""

    clinic: Clinic
    ids: dict[str, str]
    subjects: dict[str, tuple[str, str]]

    async def answer(self, kind: str, who: str | None) -> Json:
        """What somebody is answered who asks for the document by its id and in a list."""
        many = PLURALS.get(kind, f"{kind}s")
        query = f"""query($id: ID!) {{ one: {kind}(id: $id) {{ id }}
          many: {many}(where: {{ id: {{ eq: $id }} }}) {{ totalCount nodes {{ id }} }} }}"""
        token = None if who is None else self.clinic.server.token(*self.subjects[who])
        return await self.clinic.server.graphql(query, {"id": self.ids[kind]}, token)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def case(shop: Shop) -> AsyncGenerator[Case]:
    tag, clinic = uuid4().hex[:8], Clinic(shop.server)
    subjects = {who: (f"{name}-{tag}", role) for who, (name, role) in SUBJECTS.items()}
    sub = {name: f"{name}-{tag}" for name, _ in SUBJECTS.values()}
    patient = await clinic.register(sub["dora"], sub["nora"])
    ward = f"ward-{tag}"
    await clinic.open_ward(ward, sub["nina"])
    await clinic.open_ward(f"other-{tag}", sub["ned"])
    await clinic.admit(patient, ward, "1")
    emergency = {"patient": patient, "reason": "found unconscious"}
    broken = await clinic.do("breakGlass", emergency, sub["gil"], "clinician")
    glass = broken["events"][0]["data"]["glass"]
    ids = {**dict.fromkeys(EVERY, patient), "chartPage": f"{patient}~1"}
    ids |= {"wardBoard": ward, "breakGlassAccess": glass}
    made = Case(clinic, ids, subjects)
    for kind in EVERY:  # all is shown before anybody is asked
        whoever = next(who for who, kinds in SEEN.items() if kind in kinds)
        await until(lambda: made.answer(kind, whoever), lambda found: found["data"]["one"])  # noqa: B023 - awaited at once
    yield made


@pytest.mark.parametrize("who", SUBJECTS)
async def test_everyone_sees_what_is_theirs_and_nothing_else(case: Case, who: str) -> None:
    seen: set[str] = set()
    for kind in EVERY:
        answer = await case.answer(kind, who)
        if "errors" in answer:
            assert {each["extensions"]["code"] for each in answer["errors"]} == {"FORBIDDEN"}
        elif answer["data"]["one"] is None:
            assert answer["data"]["many"] == {"totalCount": 0, "nodes": []}, kind
        else:
            assert answer["data"]["one"] == {"id": case.ids[kind]}
            assert answer["data"]["many"]["totalCount"] == 1
            seen.add(kind)
    assert seen == SEEN[who]


async def test_nobody_without_a_token_sees_anything(case: Case) -> None:
    for kind in EVERY:
        answer = await case.answer(kind, None)
        codes = {each["extensions"]["code"] for each in answer["errors"]}
        assert codes == {"UNAUTHENTICATED"}, kind


async def test_the_history_of_a_patient_is_for_nobody(case: Case) -> None:
    query = f'{{ history(stream: "patient-{case.ids["patientChart"]}") {{ nodes {{ type }} }} }}'
    for who in SUBJECTS:
        token = case.clinic.server.token(*case.subjects[who])
        answer = await case.clinic.server.graphql(query, token=token)
        assert answer.get("errors"), who


async def test_a_registrar_is_not_shown_who_broke_the_glass(case: Case) -> None:
    clinic, member = case.clinic, f"nan-{uuid4().hex[:8]}"
    team = {"patient": case.ids["patientChart"], "member": member}
    done = await clinic.do("assignCareTeamMember", team, *case.subjects["registrar"])
    (event,) = done["events"]
    assert event["data"]["member"] == member
    gil, _ = case.subjects["clinician who broke the glass"]
    assert gil not in str(event)


async def test_who_is_outside_the_care_team_writes_nothing(case: Case) -> None:
    patient, clinic = case.ids["patientChart"], case.clinic
    note = {"patient": patient, "name": "Suture"}
    for who in ("another clinician", "nurse of the ward", "nurse of another ward"):
        answer = await clinic.send("recordProcedure", note, *case.subjects[who])
        assert answer["code"] == "NOT_IN_CARE_TEAM", who
    for who in ("clinician of the care team", "clinician who broke the glass"):
        answer = await clinic.send("recordProcedure", note, *case.subjects[who])
        assert answer["__typename"] == "Accepted", who


async def test_every_document_leaves_the_set_of_who_leaves_the_care_team(case: Case) -> None:
    clinic, nurse = case.clinic, f"nell-{uuid4().hex[:8]}"
    patient = await clinic.register("dora", nurse)
    token = clinic.server.token(nurse, "nurse")
    maps = {kind: LiveMap() for kind in OF_PATIENT}
    async with AsyncExitStack() as stack:
        watching = {
            kind: await stack.enter_async_context(
                subscribed(
                    clinic.server.socket_url,
                    f"""subscription {{ {kind}Changes {{ cursor reset more
                      entered {{ id }} changed {{ id }} left }} }}""",
                    token=token,
                )
            )
            for kind in OF_PATIENT
        }
        for kind, changes in watching.items():
            while not maps[kind].documents:
                maps[kind].apply((await changes.next())[f"{kind}Changes"])
        removed = {"patient": patient, "member": nurse}
        await clinic.do("removeCareTeamMember", removed, "rex", "registrar")
        note = {"patient": patient, "name": "Suture"}
        await clinic.do("recordProcedure", note, "dora", "clinician")
        for kind, changes in watching.items():
            while maps[kind].documents:
                message = (await changes.next())[f"{kind}Changes"]
                maps[kind].apply(message)
            assert maps[kind].oddities == []
        with pytest.raises(TimeoutError):
            await watching["patientChart"].next(wait_s=0.3)


async def test_who_broke_the_glass_sees_the_chart_go_when_the_time_is_over(tmp_path: Path) -> None:
    clock = Clock(NOON)
    async with running(tmp_path, clock) as engine:
        ann = await register(engine, "dora")
        eve = Viewer("eve", frozenset({"clinician"}))
        async with (
            asyncio.timeout(60),
            aclosing(engine.runtime.documents.watch(PatientChart, ann, eve)) as charts,
        ):
            assert await anext(charts) is None
            await engine.send(BreakGlass, "eve", "clinician", patient=ann, reason="unconscious")
            chart = await anext(charts)
            assert chart is not None
            assert chart.emergency == ("eve",)
            await engine.settle()
            clock.now = NOON + timedelta(hours=4)
            await engine.settle()
            assert await anext(charts) is None
