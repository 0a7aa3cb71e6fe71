"""Subscriptions pushed to a WebSocket as they change: no task and no encoding for each push."""

import asyncio

from api.execution import Live
from api.frames import Frames, frame_of
from readmodels.documents import NOTHING, Follower

__all__ = ["Push"]

WRITTEN_AT_ONCE_MAX = 2
"""How many messages one subscription writes before others have their turn."""


class Push:
    """One subscription of a socket: woken by its live set, it writes what there is to take.

    A client that has not taken what was sent before is sent the latest when it has. What cannot
    be encoded as it is, is left to `odd`: the task that waits for it sends it, and goes on.
    """

    def __init__(self, live: Live, frames: Frames, head: bytes) -> None:
        """`head` is the beginning of each message, up to the result."""
        self._live = live
        self._frames = frames
        self._head = head
        self._follower: Follower | None = None
        self._is_waiting = False
        self._odd: asyncio.Future[object] = asyncio.get_running_loop().create_future()

    def wake(self) -> None:
        """There may be something to take."""
        if self._follower is not None and not self._is_waiting and not self._odd.done():
            self._write_all(self._follower)

    def begin(self, follower: Follower) -> None:
        """Write what there is, and from now on what comes."""
        self._follower = follower
        self.wake()

    def end(self) -> None:
        """Write nothing any more."""
        self._follower = None
        self._frames.never_mind(self._go_on)

    async def odd(self) -> object:
        """Wait for something that is to be told in another way. Raises what the set raises.

        What comes after it waits until that is done: then `go_on`.
        """
        return await self._odd

    def go_on(self) -> None:
        """What was odd is told: write what came meanwhile."""
        self._odd = asyncio.get_running_loop().create_future()
        self.wake()

    def _write_all(self, follower: Follower) -> None:
        for _ in range(WRITTEN_AT_ONCE_MAX):
            if not self._frames.is_writable:
                self._is_waiting = True
                self._frames.once_writable(self._go_on)
                return
            try:
                pushed = follower.take()
            except Exception as fault:
                self._odd.set_exception(fault)
                return
            if pushed is NOTHING:
                return
            body = self._live.encoded(pushed)
            if body is None:
                self._odd.set_result(pushed)
                return
            self._frames.write(frame_of(self._head, body, b"}"))
        self._is_waiting = True
        asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        self._is_waiting = False
        self.wake()
