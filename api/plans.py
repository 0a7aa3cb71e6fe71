"""Documents parsed, validated and measured once, and kept while they are asked for."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
    validate,
)

from api.cost import Cost, Pricing
from api.errors import BAD_USER_INPUT, LIMIT_EXCEEDED, Fault, shown_request_error
from api.limits import check_shape, fragments_of
from api.settings import Settings

__all__ = ["Operation", "Plan", "Plans", "RequestError"]

TOO_MANY_TOKENS = "Document contains more than"
TOKENS_OF_KEPT_PART = 4
"""A kept document weighs at most 1/4 of the cache, so that one cannot empty it."""


class RequestError(Exception):
    """The request cannot be executed at all; `errors` are the shown ones, there is no `data`."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(errors[0]["message"] if errors else "")
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a document: what kind it is, and what it costs."""

    name: str | None
    kind: OperationType
    cost: Cost


@dataclass(frozen=True, slots=True)
class Plan:
    """A valid document with its operations."""

    document: DocumentNode
    operations: Mapping[str | None, Operation]

    def chosen(self, name: str | None) -> Operation:
        """The operation of the name, or the only one. Raises `RequestError`."""
        if name:
            operation = self.operations.get(name)
            missing = f"Unknown operation named '{name[:80]}'"
        else:
            operation = next(iter(self.operations.values()), None)
            missing = "The document has no operation"
            if len(self.operations) > 1:
                operation = None
                missing = "operationName is missing, and the document has several operations"
        if operation is None:
            extensions = {"code": BAD_USER_INPUT}
            raise RequestError([{"message": missing, "extensions": extensions}])
        return operation


class Plans:
    """The plans of the documents used last, at most `plans_tokens_max` tokens of them."""

    def __init__(self, schema: GraphQLSchema, settings: Settings) -> None:
        self._schema = schema
        self._settings = settings
        self._kept: OrderedDict[str, tuple[int, Plan]] = OrderedDict()
        self._tokens = 0

    def of(self, query: str) -> Plan:
        """The plan of a document's text. Raises `RequestError`."""
        kept = self._kept.get(query)
        if kept is not None:
            self._kept.move_to_end(query)
            return kept[1]
        try:
            document, plan = self._plan(query)
        except Fault as fault:
            raise RequestError([fault.formatted]) from None
        self._keep(query, _weight(document, query), plan)
        return plan

    def _plan(self, query: str) -> tuple[DocumentNode, Plan]:
        document = self._parsed(query)
        check_shape(document, self._settings)
        errors = validate(self._schema, document, max_errors=20)
        if errors:
            raise RequestError([shown_request_error(each) for each in errors])
        pricing = Pricing(self._schema, fragments_of(document))
        operations = {
            name: Operation(name, each.operation, pricing.of(each))
            for each in document.definitions
            if isinstance(each, OperationDefinitionNode)
            for name in [each.name.value if each.name else None]
        }
        return document, Plan(document, operations)

    def _parsed(self, query: str) -> DocumentNode:
        tokens_max = self._settings.tokens_max
        try:
            return parse(query, max_lexical_tokens=tokens_max, max_comments=tokens_max)
        except GraphQLError as error:
            if TOO_MANY_TOKENS in error.message:
                message = f"The document has more than {tokens_max} tokens (tokens_max)"
                raise Fault(LIMIT_EXCEEDED, message, limit="tokens_max", max=tokens_max) from None
            raise RequestError([shown_request_error(error)]) from None

    def _keep(self, query: str, tokens: int, plan: Plan) -> None:
        tokens_max = self._settings.plans_tokens_max
        if tokens > tokens_max // TOKENS_OF_KEPT_PART:
            return
        self._kept[query] = (tokens, plan)
        self._tokens += tokens
        while self._tokens > tokens_max:
            _, (dropped, _) = self._kept.popitem(last=False)
            self._tokens -= dropped


def _weight(document: DocumentNode, query: str) -> int:
    """What keeping a document takes, in tokens; a very long token counts as several."""
    return max(document.token_count or 0, len(query) // 64, 1)
