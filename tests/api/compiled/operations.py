"""Operations by chance over a whole schema: right ones, odd ones, and ones that must fail."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
)

__all__ = ["Operation", "OperationMaker"]

DEPTH_MAX = 7


_get_named_type: Any = get_named_type
_required: Any = GraphQLNonNull
_lists: Any = GraphQLList
_leaves: Any = (GraphQLEnumType, GraphQLScalarType)
"""Untyped here, since graphql-core leaves their generics open."""


class Operation:
    """The text of an operation, with its variables."""

    def __init__(self, text: str, variables: dict[str, Any]) -> None:
        self.text = text
        self.variables = variables

    def __repr__(self) -> str:
        return f"{self.text}\n{json.dumps(self.variables)}"


class OperationMaker:
    """Makes one operation; `ids` are those of documents that there may be.

    `tokens` are places that are passed, and then such as are not; `cursors` were given out.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        random: Random,
        ids: list[str],
        *,
        tokens: tuple[list[str], list[str]] = (["3:5", "3:7"], ["3:9", "x"]),
        cursors: Sequence[str] = (),
    ) -> None:
        self._schema = schema
        self._random = random
        self._ids = ids
        self._cursor_share = 0.3 if cursors else 0.03
        self._variables: dict[str, tuple[str, Any]] = {}
        self._fragments: list[str] = []
        self._count = 0
        self._scalars: dict[str, tuple[list[Any], list[Any]]] = {
            "ID": ([*ids, "none"], [""]),
            "String": (["", "a", "Lamp", *ids], ["\0"]),
            "Int": ([1, 2, 3, 7], [0, -1, 500, 501, 2**31]),
            "Float": ([0.0, 0.5, 3, -1.5], ["x"]),
            "Boolean": ([True, False], ["true"]),
            "Decimal": (["0", "3.00", "12.5", "1E+3"], ["x", 0.5]),
            "DateTime": (["2026-01-02T03:04:05Z", "2026-07-02T05:04:05+02:00"], ["2026-01-02"]),
            "Date": (["2026-01-02"], ["2026-02-30"]),
            "Token": tokens,
            "Cursor": (list(cursors), ["abc", "", "W10"]),
        }
        """Good values, and bad ones, which are rare."""

    def of(self, kind: str) -> Operation:
        """An operation: a `query`, a `mutation` or a `subscription`."""
        root = {
            "query": self._schema.query_type,
            "mutation": self._schema.mutation_type,
            "subscription": self._schema.subscription_type,
        }[kind]
        assert root is not None
        names = list(root.fields)
        most = 1 if kind == "subscription" else 3
        chosen = [self._random.choice(names) for _ in range(self._random.randint(1, most))]
        body = " ".join(self._field(name, root.fields[name], 0) for name in chosen)
        if kind != "subscription" and self._chance(0.1):
            body += " __typename"
        given = ", ".join(f"${name}: {type_}" for name, (type_, _) in self._variables.items())
        text = f"{kind} Made{f'({given})' if given else ''} {{ {body} }}"
        values = {name: value for name, (_, value) in self._variables.items()}
        left_out = [
            name
            for name, (type_, _) in self._variables.items()
            if self._chance(0.5 if "=" in type_ else 0.01)
        ]
        for name in left_out:
            del values[name]
        return Operation("\n".join([text, *self._fragments]), values)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _name(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"

    def _field(self, name: str, field: Any, depth: int) -> str:
        alias = f"{self._name('a')}: " if depth == 0 or self._chance(0.2) else ""
        arguments = self._arguments(field)
        named = _get_named_type(field.type)
        below = "" if isinstance(named, _leaves) else f" {{ {self._selection(named, depth + 1)} }}"
        if not alias and arguments:
            alias = f"{self._name('a')}: "  # two with other arguments would not be merged
        return f"{alias}{name}{arguments}{self._condition(0.05)}{below}"

    def _condition(self, share: float) -> str:
        if not self._chance(share):
            return ""
        word = self._random.choice(["include", "skip"])
        value = self._random.choice(["true", "false"])
        if self._chance(0.5):
            value = self._variable("Boolean!", self._chance(0.5))
        return f" @{word}(if: {value})"

    def _selection(self, type_: Any, depth: int) -> str:
        if isinstance(type_, GraphQLUnionType):
            chosen = self._random.sample(type_.types, self._random.randint(1, len(type_.types)))
            parts = [f"... on {e.name} {{ {self._selection(e, depth)} }}" for e in chosen]
            return " ".join(["__typename", *parts])
        assert isinstance(type_, GraphQLObjectType)
        fields: Any = type_.fields
        names = list(fields)
        picked = self._random.choices(names, k=self._random.randint(1, min(6, 2 * len(names))))
        if depth >= DEPTH_MAX:
            picked = [n for n in picked if isinstance(_get_named_type(fields[n].type), _leaves)]
        parts = [self._part(type_, name, depth) for name in picked]
        if not parts or self._chance(0.1):
            parts.append(self._random.choice(["__typename", f"{self._name('a')}: __typename"]))
        self._random.shuffle(parts)
        return " ".join(parts)

    def _part(self, type_: GraphQLObjectType, name: str, depth: int) -> str:
        text = self._field(name, type_.fields[name], depth)
        if self._chance(0.1):
            return f"...{self._condition(0.3)} {{ {text} }}"
        if self._chance(0.1):
            return f"... on {type_.name}{self._condition(0.3)} {{ {text} }}"
        if self._chance(0.1):
            fragment = self._name("F")
            self._fragments.append(f"fragment {fragment} on {type_.name} {{ {text} }}")
            return f"...{fragment}{self._condition(0.3)} ...{fragment}"
        return text

    def _arguments(self, field: Any) -> str:
        given: list[str] = []
        for name, argument in field.args.items():
            is_needed = isinstance(argument.type, _required)
            if not is_needed and not self._chance(
                self._cursor_share if name in ("after", "since") else 0.25
            ):
                continue
            value = self._value(argument.type)
            if self._chance(0.4):
                given.append(f"{name}: {self._given(argument.type, value)}")
            else:
                given.append(f"{name}: {self._literal(argument.type, value)}")
        return f"({', '.join(given)})" if given else ""

    def _given(self, type_: Any, value: Any) -> str:
        """A variable of that value, at times with a default."""
        if not self._chance(0.2):
            return self._variable(str(type_), value)
        default = self._literal(type_, self._value(type_), plain=True)
        return self._variable(f"{type_} = {default}", value)

    def _variable(self, type_: str, value: Any) -> str:
        name = self._name("v")
        self._variables[name] = (type_, value)
        return f"${name}"

    def _value(self, type_: Any, depth: int = 0) -> Any:
        """A value of the type, as JSON has it."""
        if isinstance(type_, _required):
            return self._value(type_.of_type, depth)
        return None if depth and self._chance(0.02) else self._value_of(type_, depth)

    def _value_of(self, type_: Any, depth: int) -> Any:
        if isinstance(type_, _lists):
            most = 0 if depth > 3 else 2
            return [
                self._value(type_.of_type, depth + 1) for _ in range(self._random.randint(0, most))
            ]
        if isinstance(type_, GraphQLEnumType):
            return self._random.choice(list(type_.values))
        if isinstance(type_, GraphQLInputObjectType):
            fields: Any = type_.fields
            return {
                name: self._value(each.type, depth + 1)
                for name, each in fields.items()
                if isinstance(each.type, _required) or self._chance(0.35 if depth < 3 else 0.0)
            }
        good, bad = self._scalars[type_.name]
        return self._random.choice(bad if not good or self._chance(0.02) else good)

    def _literal(self, type_: Any, value: Any, plain: bool = False) -> str:
        """The value as GraphQL's text has it, with variables inside unless it is to be plain."""
        if isinstance(type_, _required):
            return self._literal(type_.of_type, value, plain)
        if value is None:
            return "null"
        if isinstance(type_, _lists):
            items = [self._inside(type_.of_type, each, plain) for each in value]
            return f"[{', '.join(items)}]"
        if isinstance(type_, GraphQLEnumType):
            return str(value)
        if isinstance(type_, GraphQLInputObjectType):
            inside = (
                f"{name}: {self._inside(type_.fields[name].type, each, plain)}"
                for name, each in value.items()
            )
            return f"{{ {', '.join(inside)} }}"
        return json.dumps(value)

    def _inside(self, type_: Any, value: Any, plain: bool) -> str:
        if not plain and self._chance(0.15):
            return self._given(type_, value)
        return self._literal(type_, value, plain)
