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

from api.compiled.operation import Compiled
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


@dataclass(slots=True)
class Operation:
    """One operation of a document: what kind it is, what it costs, and its functions."""

    name: str | None
    kind: OperationType
    cost: Cost
    compiled: Compiled
    affordable: tuple[int, ...] | None = None
    """The sizes of its pages that were last within the limits: the cost depends on nothing else."""


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
    """The plans of the documents used last, at most `plans_tokens_max` tokens of them.

    A document that was asked for once goes before any that was asked for again, so that a client
    with a new document in each request takes no other client's from the cache.
    """

    def __init__(self, schema: GraphQLSchema, settings: Settings) -> None:
        self._schema = schema
        self._settings = settings
        self._kept = _Kept(settings.plans_tokens_max)

    def of(self, query: str, digest: str | None = None) -> Plan:
        """The plan of a document's text, and from now on of its digest. Raises `RequestError`."""
        entry = self._kept.get(query)
        if entry is None:
            try:
                document, plan = self._plan(query)
            except Fault as fault:
                raise RequestError([fault.formatted]) from None
            entry = _Entry(plan, _weight(document, query))
            self._kept.put(query, entry)
        if digest is not None:
            self._kept.name(digest, query)
        return entry.plan

    def named(self, digest: str) -> Plan | None:
        """The plan that the digest was given for; None where it is not kept, or not any more."""
        entry = self._kept.get_named(digest)
        return None if entry is None else entry.plan

    def _plan(self, query: str) -> tuple[DocumentNode, Plan]:
        document = self._parsed(query)
        check_shape(document, self._settings)
        errors = validate(self._schema, document, max_errors=20)
        if errors:
            raise RequestError([shown_request_error(each) for each in errors])
        fragments = fragments_of(document)
        pricing = Pricing(self._schema, fragments)
        operations = {
            name: Operation(
                name, each.operation, pricing.of(each), Compiled(self._schema, each, fragments)
            )
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


class _Entry:
    """A plan that is kept: what it weighs, and the digest that it may be asked for by."""

    def __init__(self, plan: Plan, tokens: int) -> None:
        self.plan = plan
        self.tokens = tokens
        self.digest: str | None = None


class _Kept:
    """Plans by their texts and digests, in two parts: asked for once, and asked for again.

    What is asked for again moves to the second part, whose oldest move back where it takes more
    than its share of the tokens. The oldest of the first part are dropped, each with its digest.
    """

    def __init__(self, tokens_max: int) -> None:
        self._tokens_max = tokens_max
        self._again_tokens_max = tokens_max - tokens_max // TOKENS_OF_KEPT_PART
        self._once: OrderedDict[str, _Entry] = OrderedDict()
        self._again: OrderedDict[str, _Entry] = OrderedDict()
        self._texts: dict[str, str] = {}
        self._tokens = 0
        self._again_tokens = 0

    def get(self, text: str) -> _Entry | None:
        """The entry of a text, which is asked for again by this."""
        entry = self._again.get(text)
        if entry is not None:
            self._again.move_to_end(text)
            return entry
        entry = self._once.pop(text, None)
        if entry is not None:
            self._again[text] = entry
            self._again_tokens += entry.tokens
            while self._again_tokens > self._again_tokens_max:
                oldest, demoted = self._again.popitem(last=False)
                self._again_tokens -= demoted.tokens
                self._once[oldest] = demoted
        return entry

    def get_named(self, digest: str) -> _Entry | None:
        """The entry of a digest, which is asked for again by this."""
        text = self._texts.get(digest)
        return None if text is None else self.get(text)

    def put(self, text: str, entry: _Entry) -> None:
        """Keeps an entry, unless it weighs so much that it would empty the cache."""
        if entry.tokens > self._tokens_max // TOKENS_OF_KEPT_PART:
            return
        self._once[text] = entry
        self._tokens += entry.tokens
        while self._tokens > self._tokens_max:
            _, dropped = self._once.popitem(last=False)
            self._tokens -= dropped.tokens
            if dropped.digest is not None:
                del self._texts[dropped.digest]

    def name(self, digest: str, text: str) -> None:
        """Lets a digest stand for a text, as long as it is kept."""
        entry = self._again.get(text) or self._once.get(text)
        if entry is not None:
            entry.digest = digest
            self._texts[digest] = text


def _weight(document: DocumentNode, query: str) -> int:
    """What keeping a document takes, in tokens; a very long token counts as several."""
    return max(document.token_count or 0, len(query) // 64, 1)
