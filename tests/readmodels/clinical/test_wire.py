"""Everything of clinical that is stored comes back from its JSON as it was, in whatever order."""

from random import Random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clinical.patient_states import Registered
from domain.clinical.patients import patients
from domain.clinical.wards import Opened, wards
from domain.composition import parameter
from eventlog.codec import Codec
from readmodels.clinical import PROJECTIONS
from readmodels.clinical.abnormal_results import AbnormalResultList
from readmodels.clinical.adherence import Adherence
from readmodels.clinical.chart_page import ChartPage
from readmodels.clinical.overdue_doses import OverdueDoseList
from readmodels.clinical.patient_chart import PatientChart
from readmodels.clinical.treatment_plan import TreatmentPlan
from readmodels.clinical.ward_board import WardBoard
from tests.domain.clinical.simulator import DOMAIN, World
from tests.domain.clinical.test_interleaving import run

CODEC = Codec(DOMAIN)
Documents = dict[type[Any], dict[str, Any]]


def documents(world: World, random: Random) -> Documents:
    """What is shown when the events of different streams come in any order."""
    found: Documents = {each.document: {} for each in PROJECTIONS}
    handled = {each.document: parameter(each.evolve, 1, "a projection") for each in PROJECTIONS}
    waiting = [list(each.events) for each in world.streams.values() if each.events]
    while waiting:
        stream = random.choice(waiting)
        event = stream.pop(0)
        if not stream:
            waiting.remove(stream)
        for projection in PROJECTIONS:
            kept = found[projection.document]
            if isinstance(event, handled[projection.document]):
                for key in projection.keys(event):
                    kept[key] = projection.evolve(kept.get(key), event)
    return found


def type_of(event: object) -> type[object]:
    return type(event)


def check_patients(world: World, found: Documents) -> None:
    """The documents agree with the states that the rules rest on."""
    for stream in world.of(patients):
        if not isinstance(stream.state, Registered):
            continue
        record = stream.state.record
        chart: PatientChart = found[PatientChart][stream.id]
        open = {each.id for each in chart.medications if each.is_open}
        assert open == record.prescriptions.keys()
        assert {each.id for each in chart.allergies} == record.allergies.keys()
        assert {each.id for each in chart.conditions} == record.conditions.keys()
        assert chart.ward == (record.stay.bed.ward if record.stay and record.stay.bed else None)
        assert (chart.merged_into, chart.entries) == (None, record.entries)
        plan: TreatmentPlan = found[TreatmentPlan][stream.id]
        assert {each.id for each in plan.medications} == open
        waiting: AbnormalResultList = found[AbnormalResultList][stream.id]
        assert tuple(each.observation for each in waiting.waiting) == record.unreviewed
        overdue: OverdueDoseList = found[OverdueDoseList][stream.id]
        due = {id for id, each in record.prescriptions.items() if each.is_due}
        assert {each.prescription for each in overdue.doses} == due
        pages = [each for each in found[ChartPage].values() if each.patient == stream.id]
        entries = [each for page in pages for each in page.entries]
        turns = len(pages) - 1
        assert len(entries) + turns == record.entries
        readers = [chart, plan, waiting, overdue, found[Adherence][stream.id], *pages]
        for document in readers:
            assert (document.care_team, document.emergency) == (
                record.access.care_team,
                record.access.emergency,
            )


def check_wards(world: World, found: Documents) -> None:
    for stream in world.of(wards):
        if isinstance(stream.state, Opened):
            board: WardBoard = found[WardBoard][stream.id]
            taken = {each.bed: each.encounter for each in board.beds if each.encounter}
            assert taken == {bed: each.encounter for bed, each in stream.state.holds.items()}
            assert board.free == len(stream.state.beds) - len(taken)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_the_documents_show_the_same_whichever_stream_is_read_first(seed: int) -> None:
    world = run(seed)
    shown = documents(world, Random(seed))
    assert shown == documents(world, Random(seed + 1))
    check_patients(world, shown)
    check_wards(world, shown)


def test_every_event_state_and_document_comes_back_as_it_was() -> None:
    for seed in range(6):
        world = run(seed)
        for stream in world.streams.values():
            for event in stream.events:
                assert msgspec.json.decode(CODEC.encode(event), type=type_of(event)) == event
            data = CODEC.encode_state(stream.state)
            assert CODEC.decode_state(stream.aggregate, data) == stream.state
        for document, kept in documents(world, Random(1)).items():
            for each in kept.values():
                assert msgspec.json.decode(msgspec.json.encode(each), type=document) == each
