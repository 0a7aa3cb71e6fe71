"""What is pushed to a socket comes in order, only when there is room, and leaves nothing behind."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from api.compiled.pushing import Pushes
from api.execution import Live
from api.frames import frame_of
from api.pushing import Push
from readmodels.documents import NOTHING

HEAD = b'{"payload":'


class Wire:
    """The frames of a socket that takes so many messages until it is read."""

    def __init__(self, room: int = 1_000_000) -> None:
        self.room = room
        self.sent: list[bytes] = []
        self.waiting: dict[Callable[[], None], None] = {}

    @property
    def is_writable(self) -> bool:
        return self.room > 0

    def write(self, frame: bytes) -> None:
        self.room -= 1
        self.sent.append(frame)

    def once_writable(self, call: Callable[[], None]) -> None:
        self.waiting[call] = None

    def never_mind(self, call: Callable[[], None]) -> None:
        self.waiting.pop(call, None)

    def read(self, room: int) -> None:
        """The client takes what was sent, and there is room again."""
        self.room = room
        waiting, self.waiting = self.waiting, {}
        for call in waiting:
            call()


class Queue:
    """A follower that is given what it is to have to take."""

    def __init__(self, *pushed: Any) -> None:
        self.pushed = list(pushed)

    async def begin(self) -> None:
        pass

    def take(self) -> Any:
        if not self.pushed:
            return NOTHING
        taken = self.pushed.pop(0)
        if isinstance(taken, Exception):
            raise taken
        return taken


class Plain:
    """A subscription that shows bytes as they are, and text in another way."""

    def encoded(self, pushed: object) -> bytes | None:
        return pushed if isinstance(pushed, bytes) else None


def push_to(wire: Wire) -> Push:
    return Push(cast(Live, Plain()), wire, HEAD)


def frames(*bodies: bytes) -> list[bytes]:
    return [frame_of(HEAD, each, b"}") for each in bodies]


async def some_turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_comes_while_something_odd_is_told_comes_after_it() -> None:
    wire, queue = Wire(), Queue(b"1", "odd", b"3")
    push = push_to(wire)
    push.begin(queue)
    assert await push.odd() == "odd"
    queue.pushed.append(b"4")
    push.wake()
    await some_turns()
    assert wire.sent == frames(b"1")
    wire.write(b"odd")
    push.go_on()
    await some_turns()
    assert wire.sent == [*frames(b"1"), b"odd", *frames(b"3", b"4")]


async def test_a_fault_comes_after_what_was_there_before_it_and_nothing_after_it() -> None:
    wire, queue = Wire(), Queue(b"1", ValueError("gone"), b"3")
    push = push_to(wire)
    push.begin(queue)
    with pytest.raises(ValueError, match="gone"):
        await push.odd()
    push.wake()
    await some_turns()
    assert wire.sent == frames(b"1")


async def test_a_client_that_has_not_taken_what_was_sent_is_sent_the_rest_when_it_has() -> None:
    wire, queue = Wire(room=1), Queue(b"1", b"2")
    push = push_to(wire)
    push.begin(queue)
    push.wake()
    assert (wire.sent, len(wire.waiting)) == (frames(b"1"), 1)
    wire.read(room=5)
    await some_turns()
    assert wire.sent == frames(b"1", b"2")


async def test_a_push_that_ends_while_it_waits_for_room_is_forgotten() -> None:
    wire, queue = Wire(room=0), Queue(b"1")
    ended = [push_to(wire) for _ in range(100)]
    for push in ended:
        push.begin(queue)
        push.end()
    assert wire.waiting == {}
    wire.read(room=5)
    for push in ended:
        push.wake()
    assert wire.sent == []


async def test_a_long_snapshot_lets_others_have_their_turn() -> None:
    wire = Wire()
    push = push_to(wire)
    push.begin(Queue(*(b"%d" % at for at in range(100))))
    assert len(wire.sent) < 10
    while len(wire.sent) < 100:
        before = len(wire.sent)
        await asyncio.sleep(0)
        assert before < len(wire.sent) < before + 10
    assert wire.sent == frames(*(b"%d" % at for at in range(100)))


class Counted:
    """A selection that counts how often it is answered."""

    def __init__(self) -> None:
        self.plans: list[Any] = []
        self.answers = 0

    async def answer(self, _run: Any, documents: list[Any]) -> list[Any]:
        self.answers += 1
        return [{"id": each} for each in documents]


async def test_what_several_follow_is_encoded_once_and_not_kept_when_they_are_gone() -> None:
    nothing: Any = None
    below: Any = Counted()
    plan = Pushes("thing", nothing, nothing, below)
    with plan.used(), plan.used():
        for _ in range(3):
            assert await plan.encoded(nothing, "a") == b'{"data":{"thing":{"id":"a"}}}'
        assert below.answers == 1
    with plan.used():
        await plan.encoded(nothing, "a")
        assert below.answers == 2
    with plan.used(), plan.used():
        await plan.encoded(nothing, "a")
    assert below.answers == 3
