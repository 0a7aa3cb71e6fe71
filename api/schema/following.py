"""Links in a subscription: what a push has read through them is followed until the next push."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, ExitStack, aclosing
from typing import TypeVar

__all__ = ["Links", "again"]

T = TypeVar("T")


class Links:
    """What was read through the links of one subscription; `changed` when any of it changes."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self._read = ExitStack()

    def follow(
        self, followed: Callable[[Callable[[], None]], AbstractContextManager[None]]
    ) -> None:
        """Be told of what is about to be read, from now on until the next push is answered."""
        self._read.enter_context(followed(self.changed.set))

    def begin(self) -> ExitStack:
        """A push begins; what the one before it has read is to be left once it is answered."""
        self.changed.clear()
        before, self._read = self._read, ExitStack()
        return before

    def close(self) -> None:
        """Follow nothing any more."""
        self._read.close()


async def again(source: AsyncGenerator[T, None], links: Links) -> AsyncGenerator[T, None]:
    """What the source gives, and the last of it once more whenever a link of it has changed.

    Whoever iterates has answered what was given, and so read its links, before asking for more.
    """
    async with aclosing(source):
        coming = asyncio.ensure_future(_next(source))
        changed = asyncio.ensure_future(links.changed.wait())
        try:
            latest = await coming
            while latest is not None:
                if coming.done():
                    coming = asyncio.ensure_future(_next(source))
                with links.begin():
                    yield latest[0]
                changed = asyncio.ensure_future(links.changed.wait())
                await asyncio.wait({coming, changed}, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
                if coming.done():
                    latest = coming.result()
        finally:
            links.close()
            coming.cancel()
            changed.cancel()
            await asyncio.gather(coming, changed, return_exceptions=True)


async def _next(source: AsyncGenerator[T, None]) -> tuple[T] | None:
    """What the source gives next; None at its end."""
    async for each in source:
        return (each,)
    return None
