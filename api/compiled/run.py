"""One execution of a plan, and its reads."""

from collections.abc import Sequence
from typing import Any

import msgspec

from api.compiled.variables import Given
from api.context import Request
from api.errors import Fault
from api.schema.asking import Services, answered
from api.schema.reading import Positions
from domain.rules import Viewer
from eventlog.envelope import Position
from readmodels.documents import Ask, Documents, TooLate
from readmodels.query import Page

__all__ = ["Run", "read"]


class Run(msgspec.Struct, frozen=True):
    """One execution: who asks, with which variables, and after which positions."""

    request: Request[Services]
    variables: Given
    at_least: Positions = ()

    @property
    def documents(self) -> Documents:
        return self.request.services.documents

    @property
    def viewer(self) -> Viewer:
        return self.request.session.viewer

    def after(self, position: Position | None) -> "Run":
        """The same, after one position more."""
        if position is None:
            return self
        latest = {each.partition: each for each in self.at_least}
        latest[position.partition] = max(position, latest.get(position.partition, position))
        return Run(self.request, self.variables, tuple(latest.values()))


async def read(run: Run, asks: Sequence[Ask]) -> list[Page[Any]]:
    """A page for each. Raises Fault; one of having waited in vain is remembered."""
    try:
        return await answered(run.documents.read(asks, run.viewer, run.at_least))
    except Fault as fault:
        if isinstance(fault.__cause__, TooLate) and fault.__cause__.document is not None:
            run.request.late[fault.__cause__.document, run.at_least] = fault
        raise
