"""A hospital over a real server or an engine in this process: who does what, and what they see."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from api import runtime as runtimes
from api.contexts import shipped
from api.runtime import embedded
from domain.rules import Viewer
from eventlog.dispatcher import Sender
from eventlog.outcome import Accepted, Outcome
from tests.serving import Json, ProcessServer
from tests.shop import Refusal, mutation, until

__all__ = ["Clinic", "Clock", "Engine", "running"]

D = TypeVar("D")
WAIT_S = 60.0
ANN: Json = {"name": "Ann Ash", "birthDate": "1980-05-01", "gender": "FEMALE"}


@dataclass
class Clinic:
    """What people do with a server that runs clinical."""

    server: ProcessServer

    async def send(self, name: str, input: Json, sub: str, *roles: str) -> Json:
        """The result, Accepted or Rejected, of a command."""
        token = self.server.token(sub, *roles)
        data = await self.server.data(mutation(name), {"input": input}, token)
        result: Json = data["result"]
        return result

    async def do(self, name: str, input: Json, sub: str, *roles: str) -> Json:
        """The Accepted of a command. Raises Refusal."""
        result = await self.send(name, input, sub, *roles)
        if result["__typename"] == "Rejected":
            raise Refusal(result["code"], result["message"])
        return result

    async def register(self, *care_team: str) -> str:
        """A patient's id."""
        input = {**ANN, "careTeam": list(care_team)}
        id: str = (await self.do("registerPatient", input, "rex", "registrar"))["id"]
        return id

    async def open_ward(self, ward: str, *staff: str, beds: int = 2) -> None:
        named = [str(number + 1) for number in range(beds)]
        input = {"ward": ward, "name": f"Ward {ward}", "beds": named, "staff": list(staff)}
        await self.do("openWard", input, "mia", "ward_manager")

    async def admit(self, patient: str, ward: str, bed: str) -> Json:
        input = {"patient": patient, "bed": {"ward": ward, "bed": bed}, "reason": "fever"}
        return await self.do("admitPatient", input, "rex", "registrar")

    async def see(self, query: str, sub: str, *roles: str, **variables: Any) -> Json:
        """The data of a query, as somebody sees it."""
        return await self.server.data(query, variables, self.server.token(sub, *roles))

    async def see_until(
        self, query: str, sub: str, *roles: str, holds: Callable[[Json], bool], **variables: Any
    ) -> Json:
        """The same, once something holds of it."""
        found: Json = await until(lambda: self.see(query, sub, *roles, **variables), holds)
        return found


@dataclass
class Clock:
    """The time as the test sets it."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class Engine:
    """Every context on an engine in this process, whose processes send when they are told."""

    runtime: runtimes.Embedded

    async def outcome(self, command: type[Any], sub: str, *roles: str, **fields: Any) -> Outcome:
        sender = Sender(actor=sub, roles=frozenset(roles))
        return await self.runtime.dispatcher.dispatch(command, fields, sender)

    async def send(self, command: type[Any], sub: str, *roles: str, **fields: Any) -> str:
        """The id of the instance that took the command."""
        outcome = await self.outcome(command, sub, *roles, **fields)
        assert isinstance(outcome, Accepted), outcome
        return outcome.id

    async def settle(self) -> None:
        """Let the processes do all that is due by now."""
        async with asyncio.timeout(WAIT_S):
            while True:
                ends = await self.runtime.log.ends()
                for sender in self.runtime.senders:
                    await self.runtime.caught_up(sender.collection, ends)
                    await sender.send_due()
                if await self.runtime.log.ends() == ends:
                    return

    async def see(self, document: type[D], id: str, sub: str, *roles: str) -> D | None:
        """The document as somebody sees it, when all is shown that the log has."""
        shown = self.runtime.model.shown[document]
        await self.runtime.caught_up(shown.collection, await self.runtime.log.ends())
        return await self.runtime.documents.get(document, id, Viewer(sub, frozenset(roles)))


@asynccontextmanager
async def running(directory: Path, clock: Clock) -> AsyncGenerator[Engine]:
    """An engine over a directory."""
    async with embedded(shipped(), directory, clock=clock, sending=False) as runtime:
        for shown in runtime.model.shown.values():
            await asyncio.wait_for(runtime.feed.until_built(shown.collection), WAIT_S)
        yield Engine(runtime)
