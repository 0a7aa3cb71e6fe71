"""A hospital through a real server: beds, charts, results, adherence, and what dashboards ask."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.hospital import Clinic
from tests.serving import Json, fresh
from tests.shop import Refusal, Shop
from tests.subscribing import subscribed

pytestmark = pytest.mark.asyncio(loop_scope="session")

DOC = ("dora", "clinician")
BOARD = """query($id: ID!) { wardBoard(id: $id) {
  name occupied reserved free beds { bed status patient name } } }"""
CHART = """query($id: ID!) { patientChart(id: $id) {
  name ward mergedInto entries
  conditions { code } allergies { substance } observations { code interpretation isReviewed }
  medications { id medication status overridden warnings given missed }
  encounters { status bed { ward bed } refusal }
  recent { number section what by }
  pages(orderBy: [{ field: PAGE, direction: ASC }]) {
    nodes { page entries { number what } } } } }"""


@pytest.fixture
def clinic(shop: Shop) -> Clinic:
    return Clinic(shop.server)


async def test_a_ward_board_follows_who_comes_moves_and_leaves(clinic: Clinic) -> None:
    ward, nurse = fresh("ward"), fresh("nina")
    await clinic.open_ward(ward, nurse)
    ann, bob = await clinic.register("dora"), await clinic.register("dora")
    token = clinic.server.token(nurse, "nurse")
    watch = "subscription($id: ID!) { wardBoard(id: $id) { occupied beds { bed patient } } }"

    def lies(data: Json, **beds: str | None) -> bool:
        found = {f"bed_{each['bed']}": each["patient"] for each in data["wardBoard"]["beds"]}
        return data["wardBoard"]["occupied"] == len([e for e in beds.values() if e]) and (
            found == beds
        )

    async with subscribed(clinic.server.socket_url, watch, {"id": ward}, token) as board:
        assert (await board.next())["wardBoard"]["occupied"] == 0
        await clinic.admit(ann, ward, "1")
        await board.until(lambda data: lies(data, bed_1=ann, bed_2=None))
        refused = await clinic.admit(bob, ward, "1")
        cancelled = await clinic.see_until(
            CHART,
            *DOC,
            id=bob,
            holds=lambda data: any(e["refusal"] for e in data["patientChart"]["encounters"]),
        )
        assert cancelled["patientChart"]["encounters"][0]["status"] == "CANCELLED"
        assert refused["events"][0]["type"] == "clinical.PatientAdmitted"
        await clinic.do("transferBed", {"patient": ann, "bed": {"ward": ward, "bed": "2"}}, *DOC)
        await board.until(lambda data: lies(data, bed_1=None, bed_2=ann))
        await clinic.see_until(
            CHART, *DOC, id=ann,
            holds=lambda data: data["patientChart"]["encounters"][0]["bed"]["bed"] == "2",
        )  # fmt: skip
        home = {"patient": ann, "disposition": "home"}
        await clinic.do("dischargePatient", home, *DOC)
        await board.until(lambda data: lies(data, bed_1=None, bed_2=None))


async def test_a_chart_has_what_was_noted_and_its_pages_all_of_it(clinic: Clinic) -> None:
    ann = await clinic.register("dora")
    for name, input in [
        ("recordCondition", {"code": "E11.9", "name": "Type 2 diabetes"}),
        ("recordAllergy", {"substance": "penicillin", "criticality": "HIGH"}),
        ("recordProcedure", {"name": "Foot exam"}),
    ]:
        await clinic.do(name, {"patient": ann, **input}, *DOC)
    amoxicillin = {
        "patient": ann, "medication": "Amoxil", "ingredients": ["amoxicillin"],
        "dose": {"value": "500", "unit": "mg"}, "route": "ORAL",
    }  # fmt: skip
    with pytest.raises(Refusal) as no:
        await clinic.do("prescribeMedication", amoxicillin, *DOC)
    assert no.value.code == "ALLERGY_CONFLICT"
    over = {**amoxicillin, "overrideReason": "tested: tolerated"}
    await clinic.do("prescribeMedication", over, *DOC)
    data = await clinic.see_until(
        CHART, *DOC, id=ann, holds=lambda data: bool(data["patientChart"]["medications"])
    )
    chart = data["patientChart"]
    assert chart["conditions"] == [{"code": "E11.9"}]
    assert chart["medications"][0]["overridden"] == ["allergy: penicillin (amoxicillin)"]
    assert [each["number"] for each in chart["recent"]] == [5, 4, 3, 2, 1]
    (page,) = chart["pages"]["nodes"]
    assert [each["what"] for each in page["entries"]][:2] == ["registered", "E11.9 Type 2 diabetes"]


async def test_an_abnormal_result_waits_in_a_live_list_until_it_is_reviewed(
    clinic: Clinic,
) -> None:
    doctor = fresh("dora")
    ann = await clinic.register(doctor)
    watch = """subscription { abnormalResultLists(where: { critical: { gt: 0 } }) {
      nodes { id critical waiting { observation code interpretation } } } }"""
    token = clinic.server.token(doctor, "clinician")
    async with subscribed(clinic.server.socket_url, watch, token=token) as waiting:
        assert (await waiting.next())["abnormalResultLists"]["nodes"] == []
        order = {"patient": ann, "code": "24321-2", "priority": "STAT"}
        ordered = await clinic.do("requestService", order, doctor, "clinician")
        request = ordered["events"][0]["data"]["request"]
        bounds = {"unit": "mmol/L", "low": "3.5", "high": "5.1", "criticalHigh": "6.2"}
        value = {"code": "2823-3", "value": "6.8", "unit": "mmol/L", "range": bounds}
        report = {"patient": ann, "code": "24321-2", "request": request, "values": [value]}
        await clinic.do("reportDiagnostic", report, "lab-1", "laboratory")
        found = await waiting.until(lambda data: data["abnormalResultLists"]["nodes"])
        (one,) = found["abnormalResultLists"]["nodes"]
        (result,) = one["waiting"]
        assert (one["id"], result["interpretation"]) == (ann, "HH")
        review = {"patient": ann, "observation": result["observation"], "note": "treated"}
        await clinic.do("reviewResult", review, doctor, "clinician")
        await waiting.until(lambda data: data["abnormalResultLists"]["nodes"] == [])


async def test_what_a_pharmacist_dispenses_counts_for_adherence(clinic: Clinic) -> None:
    doctor = fresh("dora")
    ann = await clinic.register(doctor)
    prescribe = {
        "patient": ann, "medication": "Glucophage", "ingredients": ["Metformin"],
        "dose": {"value": "850", "unit": "mg"}, "route": "ORAL",
    }  # fmt: skip
    prescribed = await clinic.do("prescribeMedication", prescribe, doctor, "clinician")
    dispense = {
        "patient": ann, "prescription": prescribed["events"][0]["data"]["prescription"],
        "quantity": {"value": "90", "unit": "{tbl}"}, "daysSupply": 90,
    }  # fmt: skip
    await clinic.do("dispenseMedication", dispense, "phil", "pharmacist")
    query = """{ adherences(where: { lowest: { gt: "0" } }) {
      nodes { id lowest drugs { drug fills { daysSupply } daysCovered days } } } }"""
    found = await clinic.see_until(
        query, doctor, "clinician", holds=lambda data: bool(data["adherences"]["nodes"])
    )
    (one,) = found["adherences"]["nodes"]
    (drug,) = one["drugs"]
    assert (one["id"], drug["drug"]) == (ann, "metformin")
    assert drug["daysCovered"] == min(90, drug["days"])


DASHBOARD = """query($ward: ID!, $now: DateTime!, $id: ID!) {
  inWard: patientCharts(where: { ward: { eq: $ward } }) { nodes { id } }
  byName: patientCharts(where: { name: { startsWith: "Ann" }, birthDate: { eq: "1980-05-01" } },
    orderBy: [{ field: NAME, direction: ASC }]) { nodes { id } }
  onHold: treatmentPlans(where: { onHold: { gt: 0 } }) { nodes { id goals { description } } }
  dueSoon: treatmentPlans(where: { nextDueAt: { gte: $now } },
    orderBy: [{ field: NEXT_DUE_AT, direction: ASC }]) { nodes { id } }
  critical: abnormalResultLists(where: { ward: { eq: $ward }, critical: { gt: 0 } },
    orderBy: [{ field: OLDEST_AT, direction: ASC }]) { nodes { id } }
  overdue: overdueDoseLists(where: { ward: { eq: $ward }, count: { gt: 0 } }) { nodes { id } }
  low: adherences(where: { lowest: { lt: "0.80" }, lastsUntil: { isNull: false } }) { nodes { id } }
  pages: chartPages(where: { patient: { eq: $id } }) { nodes { page } }
}"""


async def test_the_questions_of_a_dashboard_are_answered(clinic: Clinic) -> None:
    doctor, ward = (fresh("dora"), "clinician"), fresh("ward")
    ann = await clinic.register(doctor[0])
    await clinic.open_ward(ward, fresh("nina"))
    await clinic.admit(ann, ward, "1")
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    pills = {
        "patient": ann, "medication": "Amoxil", "ingredients": ["amoxicillin"],
        "dose": {"value": "500", "unit": "mg"}, "route": "ORAL",
        "schedule": {"firstAt": soon, "everyMinutes": 60, "doses": 2, "windowMinutes": 20},
    }  # fmt: skip
    await clinic.do("prescribeMedication", pills, *doctor)
    fever = {"unit": "Cel", "high": "37.5", "criticalHigh": "41"}
    notes: dict[str, Json] = {
        "recordAllergy": {"substance": "penicillin", "criticality": "HIGH"},
        "setGoal": {"description": "no fever"},
        "recordObservation": {"code": "8310-5", "value": "41.6", "unit": "Cel", "range": fever},
    }
    for name, note in notes.items():
        await clinic.do(name, {"patient": ann, **note}, *doctor)
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    found = await clinic.see_until(
        DASHBOARD, *doctor, ward=ward, now=now, id=ann,
        holds=lambda data: bool(data["critical"]["nodes"] and data["inWard"]["nodes"]),
    )  # fmt: skip
    mine = {"nodes": [{"id": ann}]}
    assert [found[each] for each in ("inWard", "byName", "dueSoon", "critical")] == [mine] * 4
    assert found["onHold"] == {"nodes": [{"id": ann, "goals": [{"description": "no fever"}]}]}
    assert found["pages"] == {"nodes": [{"page": 1}]}
    assert found["overdue"] == found["low"] == {"nodes": []}
