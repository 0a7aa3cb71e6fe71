"""Who may do or see what, as data: rules name roles and owners and are evaluated elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Public:
    """Everyone, signed in or not."""

    def __or__(self, other: "Rule") -> "AnyOf":
        return any_of(self, other)


@dataclass(frozen=True, init=False)
class Role:
    """Whoever holds at least one of the named roles: `Role("clerk", "admin")`."""

    names: frozenset[str]

    def __init__(self, *names: str) -> None:
        if not names:
            raise TypeError("Role() names no role; name at least one, or use Public()")
        object.__setattr__(self, "names", frozenset(names))

    def __or__(self, other: "Rule") -> "AnyOf":
        return any_of(self, other)


@dataclass(frozen=True)
class Owner:
    """Whoever's subject stands in the named field of the document (in it, if it is a tuple)."""

    field: str

    def __or__(self, other: "Rule") -> "AnyOf":
        return any_of(self, other)


@dataclass(frozen=True)
class AnyOf:
    """Whoever at least one of the rules admits: `Owner("customer") | Role("clerk")`."""

    rules: "tuple[Public | Role | Owner, ...]"

    def __or__(self, other: "Rule") -> "AnyOf":
        return any_of(self, other)


Rule = Public | Role | Owner | AnyOf


def alternatives(rule: Rule) -> "tuple[Public | Role | Owner, ...]":
    """The rules of which one must admit; a rule that is no union is its own only alternative."""
    return rule.rules if isinstance(rule, AnyOf) else (rule,)


def any_of(*rules: Rule) -> AnyOf:
    """The union of the rules, flattened, in order."""

    def flat() -> "Iterator[Public | Role | Owner]":
        for rule in rules:
            yield from alternatives(rule)

    return AnyOf(tuple(flat()))


def roles_of(rule: Rule | None) -> frozenset[str]:
    """Every role that the rule names; empty for None."""
    if rule is None:
        return frozenset()
    named = (r.names for r in alternatives(rule) if isinstance(r, Role))
    return frozenset[str]().union(*named)


@dataclass(frozen=True)
class Viewer:
    """Whoever asks: the subject and roles of a verified token; no subject where there is none."""

    subject: str | None = None
    roles: frozenset[str] = frozenset()


def admits(rule: Rule | None, viewer: Viewer) -> bool:
    """Whether the rule lets the viewer in whatever the document; never so by `Owner` or None."""
    if rule is None:
        return False
    return any(
        isinstance(each, Public) or (isinstance(each, Role) and bool(each.names & viewer.roles))
        for each in alternatives(rule)
    )
