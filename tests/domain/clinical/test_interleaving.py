"""Whatever crosses, comes late or comes twice: beds, doses, allergies and records are right."""

from collections import Counter
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clinical import dose_messages as doses
from domain.clinical import medication_messages as meds
from domain.clinical import merge_messages as merges
from domain.clinical import patient_messages as people
from domain.clinical.encounter_messages import (
    BedTransferred,
    BedTransferRefused,
    EncounterCancelled,
    EncounterStatus,
    PatientDischarged,
)
from domain.clinical.interactions import contraindications
from domain.clinical.patient_states import Merged, Record, Registered
from domain.clinical.patients import patients
from domain.clinical.wards import Opened, wards
from tests.domain.clinical.hospital import Hospital
from tests.domain.clinical.simulator import Stream, World

ACTS = 300


def run(seed: int) -> World:
    """A world at rest, after people did many things in it."""
    random = Random(seed)
    world = World(random)
    hospital = Hospital(world, random)
    hospital.open()
    eagerness = random.choice((0, 1, 3, 10))
    for _ in range(ACTS):
        hospital.act()
        for _ in range(random.randint(0, eagerness)):
            world.step()
            check_beds_at_every_moment(world)
        check_prescriptions_at_every_moment(world)
    while world.step():
        check_beds_at_every_moment(world)
    world.settle()
    return world


def records(world: World) -> dict[str, Record]:
    """The records of patients that are active."""
    return {
        each.id: each.state.record
        for each in world.of(patients)
        if isinstance(each.state, Registered)
    }


def check_beds_at_every_moment(world: World) -> None:
    """Nobody lies in two beds; that no two lie in one is the shape of a ward's state."""
    lying = Counter(
        hold.patient
        for stream in world.of(wards)
        if isinstance(stream.state, Opened)
        for hold in stream.state.holds.values()
        if hold.is_occupied
    )
    assert all(count == 1 for count in lying.values()), lying


def check_prescriptions_at_every_moment(world: World) -> None:
    """What is active against an allergy or another drug was overridden for just that."""
    for record in records(world).values():
        active = [each.what for each in record.prescriptions.values() if not each.is_held]
        for what in active:
            against = contraindications(what.ingredients, record.substances, ())
            assert set(against) <= set(what.overridden), (what, record.substances)
            for other in active:
                found = contraindications(what.ingredients, (), other.ingredients)
                assert set(found) <= {*what.overridden, *other.overridden}


def check_beds(world: World) -> None:
    """At rest every stay has its bed, every bed that is not free its stay, and nobody waits."""
    stays = {id: record.stay for id, record in records(world).items() if record.stay}
    found: dict[str, Any] = {}
    for stream in world.of(wards):
        for bed, hold in getattr(stream.state, "holds", {}).items():
            assert hold.is_occupied
            assert hold.patient not in found, "in two beds"
            found[hold.patient] = (stream.id, bed, hold.encounter, hold.move)
    assert all(each.status is EncounterStatus.IN_PROGRESS for each in stays.values()), stays
    assert found == {
        id: (each.bed.ward, each.bed.bed, each.encounter, each.bed_move)
        for id, each in stays.items()
        if each.bed and each.wanted is None
    }
    assert len(found) == len(stays)


def check_doses(world: World) -> None:
    """Each due dose was given or missed, once; none after the end, and none on hold."""
    due: set[tuple[str, int]] = set()
    ended: Counter[tuple[str, int]] = Counter()
    schedules: dict[str, int] = {}
    stopped: set[str] = set()
    for stream in world.of(patients):
        check_order_of_doses(stream)
        for event in stream.events:
            match event:
                case doses.DoseFellDue(prescription=id, dose=dose):
                    due.add((id, dose))
                case (
                    doses.MedicationAdministered(prescription=id, dose=dose)
                    | doses.DoseMissed(prescription=id, dose=dose)
                ):
                    ended[id, dose] += 1
                case meds.MedicationPrescribed(prescription=id, what=what) if what.schedule:
                    schedules[id] = what.schedule.doses
                case meds.MedicationStopped(prescription=id):
                    stopped.add(id)
                case _:
                    pass
    assert all(count == 1 for count in ended.values()), ended
    assert due <= ended.keys()
    for id, count in schedules.items():
        if id not in stopped:
            assert {dose for other, dose in ended if other == id} == set(range(1, count + 1))


def check_order_of_doses(stream: Stream) -> None:
    held: set[str] = set()
    over: set[str] = set()
    is_merged = False
    for event in stream.events:
        match event:
            case (
                meds.MedicationStopped(prescription=id) | doses.MedicationCompleted(prescription=id)
            ):
                over.add(id)
            case meds.PrescriptionHeld(prescription=id):
                held.add(id)
            case meds.PrescriptionResumed(prescription=id):
                held.discard(id)
            case meds.PrescriptionTakenOver(carried=carried) if carried.is_held:
                held.add(carried.prescription)
            case doses.MedicationAdministered(prescription=id):
                assert id not in over | held
                assert not is_merged
            case merges.PatientMerged():
                is_merged = True
            case merges.PatientMergeReverted():
                is_merged = False
            case _:
                pass


def check_merges(world: World) -> None:
    """A merged record was taken over by its survivor, once, with all that must not be lost."""
    open = Counter(id for record in records(world).values() for id in record.prescriptions)
    assert all(count == 1 for count in open.values()), open
    for stream in world.of(patients):
        if not isinstance(stream.state, Merged):
            continue
        survivor = world.stream(patients, stream.state.survivor)
        taken = [
            each
            for each in survivor.events
            if isinstance(each, merges.RecordTakenOver) and each.source == stream.id
        ]
        assert len(taken) == 1
        known = {e.substance for e in survivor.events if isinstance(e, meds.AllergyRecorded)}
        assert set(stream.state.record.substances) <= known
        moved = {
            each.carried.prescription
            for each in survivor.events
            if isinstance(each, meds.PrescriptionTakenOver)
        }
        assert set(stream.state.record.prescriptions) <= moved


def check_access(world: World) -> None:
    """No glass stays broken, and each was mended once."""
    for stream in world.of(patients):
        broken = [each.glass for each in stream.events if isinstance(each, people.GlassBroken)]
        ended = [
            each.glass for each in stream.events if isinstance(each, people.EmergencyAccessEnded)
        ]
        assert sorted(broken) == sorted(ended)
        if isinstance(stream.state, Registered | Merged):
            assert stream.state.record.access.emergency == ()


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**32))
def test_whatever_crosses_beds_doses_and_records_are_right_in_the_end(seed: int) -> None:
    world = run(seed)
    check_beds(world)
    check_doses(world)
    check_merges(world)
    check_access(world)


def test_the_simulated_hospital_comes_to_every_kind_of_end() -> None:
    seen: set[type] = set()
    for seed in range(40):
        seen |= {type(event) for stream in run(seed).of(patients) for event in stream.events}
    assert {
        BedTransferred,
        BedTransferRefused,
        EncounterCancelled,
        PatientDischarged,
        doses.MedicationCompleted,
        doses.DoseMissed,
        meds.PrescriptionHeld,
        meds.PrescriptionTakenOver,
        merges.PatientMergeReverted,
        merges.RecordTakenOver,
        people.EmergencyAccessEnded,
    } <= seen
