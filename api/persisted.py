"""A request may name its document instead of sending it: by its SHA-256, or by an id in a list.

By its SHA-256 (automatic persisted queries): a client sends the hash alone; where it is not
known, it is told so, and sends the hash once more with the text, which is kept as long as its
plan is. With a list of operations, only what stands in it is admitted, by name or by its text.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Protocol

from graphql import GraphQLSchema

from api.errors import BAD_USER_INPUT, Fault
from api.operation_list import read_operations
from api.params import Params
from api.plans import Plan, Plans, RequestError
from api.settings import Settings, SettingsError

__all__ = ["NOT_ALLOWED", "NOT_FOUND", "NOT_SUPPORTED", "Planner", "planner"]

NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
NOT_ALLOWED = "OPERATION_NOT_ALLOWED"
SHA256_PREFIX = "sha256:"
WRONG_SHOWN_MAX = 20


class Planner(Protocol):
    """Gives the plan of the document that a request sends or names."""

    def plan(self, params: Params) -> Plan:
        """The plan. Raises `RequestError` where there is no such document, or a wrong one."""
        ...


def planner(schema: GraphQLSchema, settings: Settings) -> Planner:
    """The planner that the settings ask for. Raises SettingsError for a wrong list."""
    plans = Plans(schema, settings)
    if settings.operations is not None:
        return _Listed(plans, _checked(plans, read_operations(settings.operations), settings))
    if settings.persisted_queries == "on" and settings.plans_tokens_max > 0:
        return _Automatic(plans)
    return _Unnamed(plans)


class _Unnamed:
    """Documents are sent, never named."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans

    def plan(self, params: Params) -> Plan:
        """The plan of the text; a hash beside it is not looked at."""
        if not params.query and _name(params) is not None:
            # Clients know this message and the next by heart, and send the text from then on.
            raise _refused(NOT_SUPPORTED, "PersistedQueryNotSupported")
        return self._plans.of(params.query or "")


class _Automatic:
    """A hash stands for a document from when both have come together, while its plan is kept."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans

    def plan(self, params: Params) -> Plan:
        """The plan of the text, or of the one that the hash stands for."""
        name = _name(params)
        if name is None:
            return self._plans.of(params.query or "")
        digest = name.removeprefix(SHA256_PREFIX)
        if params.query:
            if digest != _digest(params.query):
                raise _mismatch(name)
            return self._plans.of(params.query, digest)
        plan = self._plans.named(digest)
        if plan is None:
            raise _refused(NOT_FOUND, "PersistedQueryNotFound")
        return plan


class _Listed:
    """Only the operations of a list are admitted."""

    def __init__(self, plans: Plans, texts: Mapping[str, str]) -> None:
        self._plans = plans
        self._named = _by_name(texts)
        self._texts = frozenset(texts.values())

    def plan(self, params: Params) -> Plan:
        """The plan of the listed operation that is named, or that has exactly this text."""
        name = _name(params)
        query = params.query
        text = query if name is None else self._named.get(name)
        if text is None or text not in self._texts:
            raise _refused(NOT_ALLOWED, "This server admits listed operations only; this is none")
        if query and query != text:
            raise _mismatch(name)
        return self._plans.of(text)


def _name(params: Params) -> str | None:
    """What the request calls its document by, if it does."""
    if params.documentId:
        return params.documentId
    match params.persisted:
        case None:
            return None
        case {"version": 1, "sha256Hash": str(name)} if name:
            return name
        case _:
            message = "extensions.persistedQuery must be {version: 1, sha256Hash: <a hash>}"
            raise _refused(BAD_USER_INPUT, message)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _refused(code: str, message: str) -> RequestError:
    return RequestError([Fault(code, message).formatted])


def _mismatch(name: str | None) -> RequestError:
    message = (
        f"The query is not the one that {str(name)[:80]!r} stands for: send one, or both alike"
    )
    return _refused(BAD_USER_INPUT, message)


def _by_name(texts: Mapping[str, str]) -> dict[str, str]:
    """The texts by all their names: the id in the list, and the SHA-256 with its prefix and bare.

    Where an id is another text's hash, the list is right.
    """
    named: dict[str, str] = {}
    for text in texts.values():
        named[_digest(text)] = named[SHA256_PREFIX + _digest(text)] = text
    return named | dict(texts)


def _checked(plans: Plans, texts: Mapping[str, str], settings: Settings) -> Mapping[str, str]:
    """The texts as they are. Raises SettingsError where one is not of this schema."""
    wrong: list[str] = []
    for name, text in texts.items():
        try:
            plans.of(text)
        except RequestError as error:
            wrong.append(f"  {name[:80]}: {error}")
    if wrong:
        shown = [*wrong[:WRONG_SHOWN_MAX], f"  and {len(wrong) - WRONG_SHOWN_MAX:,} more"]
        lines = "\n".join(shown if len(wrong) > WRONG_SHOWN_MAX else wrong)
        raise SettingsError(
            f"--operations (HEADRACE_OPERATIONS) names {settings.operations}, and {len(wrong):,} "
            f"of its {len(texts):,} operations do not fit this schema and its limits:\n{lines}"
        )
    return texts
