"""What is held back: each commit is told as one, whatever others come in between."""

from dataclasses import dataclass, field
from random import Random

import pytest

from readmodels import mongo_held
from readmodels.mongo_held import Held
from readmodels.mongo_stream import Seen
from readmodels.store import Change
from tests.contracts.stores import Thing

WRITERS = 4


def seen(mark: int, id: str, positions: dict[int, int], moved: dict[int, int]) -> Seen:
    return Seen(mark, Change(id, None, Thing(id=id)), positions, moved)


@dataclass
class Writers:
    """Each commits one thing after another; their writes come in any order between each other."""

    random: Random
    held: Held = field(default_factory=lambda: Held({}))
    mark: int = 0
    positions: dict[str, dict[int, int]] = field(default_factory=dict[str, dict[int, int]])
    left: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    """What each has still to write of the commit that it is at."""
    offsets: dict[int, int] = field(default_factory=lambda: dict.fromkeys(range(WRITERS), -1))
    shares: bool = True
    """Whether they write the same documents."""
    commit_of: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])
    told_in: dict[tuple[int, int], set[int]] = field(
        default_factory=dict[tuple[int, int], set[int]]
    )
    """The turns in which something of each commit was told."""
    seen: list[Seen] = field(default_factory=list[Seen])
    told: list[Seen] = field(default_factory=list[Seen])
    reached: dict[int, int] = field(default_factory=dict[int, int])
    turn: int = 0

    def step(self) -> None:
        writer = self.random.randrange(WRITERS)
        if writer not in self.left:
            ids = self.random.sample("abcdefgh", self.random.randint(1, 5))
            self.left[writer] = [id if self.shares else f"{writer}{id}" for id in ids]
            self.offsets[writer] += 10
        elif ids := self.left[writer]:
            self._write(writer, ids.pop())
        else:
            del self.left[writer]
            self.mark += 1
            self.held.reach({writer: self.offsets[writer]})
            self.tell()

    def _write(self, writer: int, id: str) -> None:
        self.mark += 1
        moved = {writer: self.offsets[writer] - self.random.randrange(10)}
        self.positions[id] = self.positions.get(id, {}) | moved
        self.commit_of[self.mark] = (writer, self.offsets[writer])
        self.seen.append(seen(self.mark, id, self.positions[id], moved))
        self.held.take(self.seen[-1], self.mark)

    def tell(self) -> None:
        self.turn += 1
        changes, checkpoint = self.held.told()
        self.told += changes
        self.reached |= checkpoint
        for each in changes:
            self.told_in.setdefault(self.commit_of[each.mark], set()).add(self.turn)


@pytest.mark.parametrize("shares", [True, False], ids=["shared documents", "documents apart"])
@pytest.mark.parametrize("seed", range(20))
def test_each_commit_is_told_in_one_turn_with_its_checkpoint(seed: int, shares: bool) -> None:
    writers = Writers(Random(seed), shares=shares)
    for _ in range(400):
        writers.step()
        marks = {each.mark for each in writers.told}
        for mark, (writer, offset) in writers.commit_of.items():
            if writers.reached.get(writer, -1) >= offset:
                assert mark in marks, "a checkpoint comes after all that it stands for"
        if not shares:  # nobody waits for another
            done = {
                each: end - 10 * (each in writers.left) for each, end in writers.offsets.items()
            }
            assert writers.reached == {each: end for each, end in done.items() if end >= 0}
    assert all(len(turns) == 1 for turns in writers.told_in.values())
    by_document: dict[str, list[int]] = {}
    for each in writers.told:
        by_document.setdefault(each.change.id, []).append(each.mark)
    assert all(marks == sorted(set(marks)) for marks in by_document.values())
    assert len(writers.told_in) > 30


@pytest.mark.parametrize("seed", range(20))
def test_the_place_says_exactly_what_is_still_to_be_told(seed: int) -> None:
    writers, random = Writers(Random(seed)), Random(seed)
    for _ in range(300):
        writers.step()
        if random.random() < 0.05:
            writers.held.give_up(writers.mark - random.randrange(8))
        writers.tell()
        place = writers.held.place(writers.mark)
        assert [each.mark for each in writers.seen if each.is_told(place)] == sorted(
            each.mark for each in writers.told
        )


def test_what_a_silent_writer_left_is_told_without_its_checkpoint() -> None:
    held = Held({0: 4})
    held.take(seen(1, "a", {0: 5}, {0: 5}), at=1.0)
    held.take(seen(2, "b", {1: 7}, {1: 7}), at=1.0)
    held.take(seen(3, "c", {1: 8}, {1: 8}), at=2.0)
    assert held.silent_since == 1.0
    held.give_up(1.0)
    freed, checkpoint = held.told()
    assert ([each.change.id for each in freed], checkpoint) == (["a"], {})
    assert (held.first, held.silent_since) == (2, 2.0)
    # What is written upon it does not wait once more for a writer that may be dead.
    held.take(seen(4, "a", {0: 5, 2: 1}, {2: 1}), at=3.0)
    held.reach({2: 1})
    freed, checkpoint = held.told()
    assert ([each.change.id for each in freed], checkpoint) == (["a"], {2: 1})


def test_too_many_are_told_without_their_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mongo_held, "HELD_CHANGES_MAX", 3)
    held = Held({})
    for mark in range(1, 5):
        held.take(seen(mark, str(mark), {0: mark}, {0: mark}), at=0.0)
    freed, checkpoint = held.told()
    assert ([each.mark for each in freed], checkpoint) == ([1, 2, 3, 4], {})
    held.reach({0: 4})
    assert held.told() == ([], {0: 4})


def test_two_who_always_write_one_document_are_told_commit_by_commit() -> None:
    held, positions = Held({}), dict[int, int]()
    told: list[tuple[int, dict[int, int]]] = []
    for number in range(1, 20):
        writer = number % 2
        positions = positions | {writer: number}
        held.take(seen(number, "total", positions, {writer: number}), at=0.0)
        if number > 1:  # the checkpoint of the other's, after this has written upon it
            held.reach({1 - writer: number - 1})
            freed, checkpoint = held.told()
            told.append((len(freed), checkpoint))
    assert told == [(1, {1 - number % 2: number - 1}) for number in range(2, 20)]
