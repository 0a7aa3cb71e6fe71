"""The same operation answered twice: by its plan, and by graphql-core alone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from msgspec import structs

from api.compiled.operation import Compiled
from api.context import Request
from api.execution import Operations, Params, Planned, Result
from tests.api.compiled.operations import Operation

__all__ = ["Watched", "planned", "told"]


class Never(Compiled):
    """Leaves everything to graphql-core."""

    def __init__(self) -> None:
        pass

    def run(self, request: Request[Any], variables: Mapping[str, Any]) -> None:
        return None


class Watched(Operations):
    """Counts how often graphql-core was asked."""

    asked = 0

    def _executor(self, planned: Planned, request: Request[Any]) -> Any:
        self.asked += 1
        return super()._executor(planned, request)


def planned(operations: Operations, operation: Operation, *, compiled: bool) -> Planned:
    """The operation as it comes for the second time."""
    plan = operations.plan(Params(query=operation.text, variables=operation.variables))
    if not compiled:
        return structs.replace(plan, operation=replace(plan.operation, compiled=Never()))
    plan.operation.compiled.uses = 1
    return plan


def told(results: Sequence[Result]) -> Any:
    """The answers with their keys in order, and without what differs each time."""
    text = [json.loads(each.body, object_pairs_hook=_ordered) for each in results]
    return text, [each.codes for each in results]


def _ordered(pairs: list[tuple[str, Any]]) -> Any:
    if pairs and pairs[0][0] == "message" and ("errorId" in str(pairs)):
        return "an unexpected error", [each for each in pairs if each[0] in ("locations", "path")]
    return pairs
