"""A client without a network: operations executed by graphql-core, as one who is signed in."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from inspect import isawaitable
from typing import Any

import graphql
from graphql import ExecutionResult, GraphQLSchema, parse, validate

from api.context import Request, Session
from api.schema import core, derive
from domain.rules import Viewer
from tests.api.schema.fakes import Fakes
from tests.api.schema.shop import shop

SCHEMA = core(derive(shop()))
ANN = Viewer("ann", frozenset({"clerk"}))
BOB = Viewer("bob")
NOBODY = Viewer()
_core: Any = graphql
_execute, _subscribe = _core.execute, _core.subscribe
"""Untyped here, since graphql-core leaves their generics open."""


@dataclass
class Client:
    """Asks as a viewer, of services in memory."""

    viewer: Viewer = ANN
    services: Fakes = field(default_factory=Fakes)
    schema: GraphQLSchema = SCHEMA

    def as_(self, viewer: Viewer) -> "Client":
        """The same services, asked by someone else."""
        return replace(self, viewer=viewer)

    def request(self) -> Request[Fakes]:
        return Request(
            Session(self.viewer), self.services, "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
        )

    async def run(self, text: str, **variables: object) -> ExecutionResult:
        """The result of a query or a mutation."""
        document = parse(text)
        if errors := validate(self.schema, document):
            return ExecutionResult(None, errors)
        result: Any = _execute(
            self.schema, document, variable_values=variables, context_value=self.request()
        )
        answer: ExecutionResult = await result if isawaitable(result) else result
        return answer

    async def ask(self, text: str, **variables: object) -> dict[str, Any]:
        """The data of a query or a mutation that has to succeed."""
        result = await self.run(text, **variables)
        assert result.errors is None, result.errors
        assert result.data is not None
        return result.data

    async def refused(self, text: str, **variables: object) -> tuple[str | None, str]:
        """The code and the message of the one error there has to be."""
        errors = (await self.run(text, **variables)).errors or []
        assert len(errors) == 1, errors
        extensions: dict[str, Any] = errors[0].extensions or {}
        return extensions.get("code"), errors[0].message

    async def watch(
        self, text: str, **variables: object
    ) -> AsyncGenerator[ExecutionResult, None] | ExecutionResult:
        """The results of a subscription, or why it does not start."""
        document = parse(text)
        if errors := validate(self.schema, document):
            return ExecutionResult(None, errors)
        result: Any = _subscribe(
            self.schema, document, variable_values=variables, context_value=self.request()
        )
        results: AsyncGenerator[ExecutionResult, None] | ExecutionResult
        results = await result if isawaitable(result) else result
        return results
