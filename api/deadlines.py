"""Deadlines of many things that all may take as long: one timer watches over all of them.

`asyncio.timeout` sets a timer for each, which costs more than a quick answer itself.
"""

import asyncio
from types import TracebackType

__all__ = ["Deadlines"]


class Deadlines:
    """Ends what takes longer than `limit_s` seconds: `with deadlines.begin(): await ...`."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._running: dict[Deadline, None] = {}
        """Those that have begun, oldest and so due first."""
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> "Deadline":
        """A context in which this task may stay so long; leaving it late raises TimeoutError."""
        task = asyncio.current_task()
        assert task is not None
        loop = task.get_loop()
        deadline = Deadline(self._running, task, loop.time() + self._limit_s)
        self._running[deadline] = None
        if self._timer is None:
            self._timer = loop.call_at(deadline.due, self._look, loop)
        return deadline

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        for each in list(self._running):
            if each.due > now:
                self._timer = loop.call_at(each.due, self._look, loop)
                return
            each.end()


class Deadline:
    """One of them."""

    __slots__ = ("_cancelled_before", "_is_over", "_running", "_task", "due")

    def __init__(
        self, running: "dict[Deadline, None]", task: "asyncio.Task[object]", due: float
    ) -> None:
        self.due = due
        self._running = running
        self._task = task
        self._cancelled_before = task.cancelling()
        self._is_over = False

    def end(self) -> None:
        """The time is over."""
        self._is_over = True
        self._running.pop(self, None)
        self._task.cancel()

    def __enter__(self) -> None:
        """It has begun already."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running.pop(self, None)
        if not self._is_over:
            return
        is_ours_alone = self._task.uncancel() <= self._cancelled_before
        if is_ours_alone and kind is asyncio.CancelledError:
            raise TimeoutError from error
