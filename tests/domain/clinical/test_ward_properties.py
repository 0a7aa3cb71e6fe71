"""Whatever a ward is asked, no bed has two patients, and each is accounted for."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domain.clinical.ward_messages import (
    AddWardBed,
    BedOccupied,
    BedRefused,
    BedReserved,
    BedVacated,
    OccupyBed,
    RemoveWardBed,
    ReserveBed,
    VacateBed,
    WardCommand,
    WardEvent,
)
from domain.clinical.wards import Opened, Ward, wards
from domain.model import Rejected
from tests.domain.clinical.facts import T0
from tests.domain.clinical.test_wards import OPENED

BEDS = st.sampled_from(["1", "2", "3"])
STAYS = st.sampled_from(["e-1", "e-2", "e-3"])
MOVES = st.integers(1, 3)


class WardBeds(RuleBasedStateMachine):
    """A ward, and a ledger of its own: whom each bed was promised, and who lies in it."""

    def __init__(self) -> None:
        super().__init__()
        self.state: Ward = wards.evolve(wards.initial(), OPENED)
        self.beds = {"1", "2"}
        self.kept: dict[str, tuple[str, int]] = {}
        self.lying: set[str] = set()

    def send(self, command: WardCommand) -> list[WardEvent]:
        try:
            events = wards.decide(command, self.state)
        except Rejected:
            return []
        for event in events:
            self.state = wards.evolve(self.state, event)
        is_refusal = any(isinstance(event, BedRefused) for event in events)
        if not is_refusal:
            assert wards.decide(command, self.state) == [], "a repeat says nothing"
        return events

    @rule(bed=BEDS, stay=STAYS, move=MOVES)
    def reserve(self, bed: str, stay: str, move: int) -> None:
        events = self.send(
            ReserveBed(
                ward="w-3",
                bed=bed,
                encounter=stay,
                move=move,
                patient=f"p-{stay}",
                name="Ann",
                at=T0,
                by="p",
            )
        )
        kept = self.kept.get(bed)
        if bed not in self.beds or (kept and kept[0] != stay):
            assert isinstance(events[0], BedRefused)
        elif kept and kept[1] >= move:
            assert events == []
        else:
            assert isinstance(events[0], BedReserved)
            self.kept[bed] = (stay, move)
            self.lying.discard(bed)

    @rule(bed=BEDS, stay=STAYS, move=MOVES)
    def occupy(self, bed: str, stay: str, move: int) -> None:
        events = self.send(OccupyBed(ward="w-3", bed=bed, encounter=stay, move=move, at=T0, by="p"))
        may = self.kept.get(bed) == (stay, move) and bed not in self.lying
        assert [type(each) for each in events] == ([BedOccupied] if may else [])
        if may:
            self.lying.add(bed)

    @rule(bed=BEDS, stay=STAYS, move=MOVES)
    def vacate(self, bed: str, stay: str, move: int) -> None:
        events = self.send(VacateBed(ward="w-3", bed=bed, encounter=stay, move=move, at=T0, by="p"))
        may = self.kept.get(bed) == (stay, move)
        assert [type(each) for each in events] == ([BedVacated] if may else [])
        if may:
            del self.kept[bed]
            self.lying.discard(bed)

    @rule(bed=BEDS, is_added=st.booleans())
    def furnish(self, bed: str, is_added: bool) -> None:
        if is_added:
            self.send(AddWardBed(ward="w-3", bed=bed, at=T0, by="m"))
            self.beds.add(bed)
        else:
            self.send(RemoveWardBed(ward="w-3", bed=bed, at=T0, by="m"))
            if bed not in self.kept:
                self.beds.discard(bed)

    @invariant()
    def the_ward_agrees_with_the_ledger(self) -> None:
        assert isinstance(self.state, Opened)
        assert set(self.state.beds) == self.beds
        assert {bed: (e.encounter, e.move) for bed, e in self.state.holds.items()} == self.kept
        lying = {bed for bed, each in self.state.holds.items() if each.is_occupied}
        assert lying == self.lying


WardBeds.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestWardBeds = WardBeds.TestCase
