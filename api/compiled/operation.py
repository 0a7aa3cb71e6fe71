"""An operation that is asked for again: made into functions, one plan for each way to include."""

import logging
from collections.abc import Mapping
from typing import Any

from graphql import (
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)

from api.compiled.collecting import Collector, Uncovered, conditions_of
from api.compiled.doing import Mutations, mutations
from api.compiled.planner import Planner
from api.compiled.pushing import Pushes, pushes
from api.compiled.roots import Queries, queries
from api.compiled.run import Run
from api.compiled.variables import Variables
from api.context import Request
from api.schema.asking import Services

__all__ = ["Compiled"]

PLANS_MAX = 4
"""For how many combinations of included and skipped parts an operation is planned.

A plan keeps some 350 bytes for each token of its document; `plans_tokens_max` bounds those.
"""

_log = logging.getLogger("headrace.api")

Plan = Queries | Mutations | Pushes


class Compiled:
    """The plans of one operation, made when it comes for the second time."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._fragments = fragments
        self._conditions = sorted(conditions_of(operation, fragments))
        self._plans: dict[tuple[bool, ...], Plan | None] = {}
        self._variables: Variables | None = None
        self.uses = 0

    def run(
        self, request: Request[Services], variables: Mapping[str, Any]
    ) -> tuple[Plan, Run] | None:
        """The plan for these variables, and its run; None where graphql-core is to answer."""
        self.uses += 1
        if self.uses < 2:
            return None
        if self._variables is None:
            definitions = self._operation.variable_definitions or ()
            self._variables = Variables(self._schema, definitions)
        values = self._variables.given(variables)
        if values is None:
            return None
        plan = self._plan(values.coerced)
        return None if plan is None else (plan, Run(request, values))

    def _plan(self, given: Mapping[str, Any]) -> Plan | None:
        truths = {name: given[name] for name in self._conditions if given.get(name) is not None}
        if len(truths) < len(self._conditions):
            return None
        key = tuple(truths.values())
        if key not in self._plans:
            if len(self._plans) >= PLANS_MAX:
                return None
            self._plans[key] = self._planned(truths)
        return self._plans[key]

    def _planned(self, truths: Mapping[str, bool]) -> Plan | None:
        operation, schema = self._operation, self._schema
        planner = Planner(schema, Collector(schema, self._fragments, truths))
        sets = [operation.selection_set]
        try:
            type_ = planner.object_type(_ROOTS[operation.operation])
            if operation.operation is OperationType.QUERY:
                return queries(planner, type_, sets)
            if operation.operation is OperationType.MUTATION:
                return mutations(planner, type_, sets, planner.object_type("Query"))
            return pushes(planner, type_, sets)
        except (Uncovered, GraphQLError):  # which of them is wrong is told by graphql-core
            return None
        except Exception:  # ours, and to be seen; the client is answered all the same
            _log.exception("An operation cannot be planned; graphql-core answers it")
            return None


_ROOTS = {
    OperationType.QUERY: "Query",
    OperationType.MUTATION: "Mutation",
    OperationType.SUBSCRIPTION: "Subscription",
}
