"""A small schema that does everything a protocol can meet: answers, fails, ticks, floods, hangs."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import strawberry
from graphql import GraphQLSchema

from api.errors import FORBIDDEN, Fault


@dataclass
class Toy:
    """The services of the toy schema: they count what runs, so that a test sees what is left."""

    sources: int = 0
    calls: int = 0
    traceparents: list[str | None] = field(default_factory=list[str | None])
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def forget(self) -> None:
        """Counts anew, except what still runs."""
        self.calls = 0
        self.traceparents = []
        self.released = asyncio.Event()

    @contextmanager
    def source(self) -> Generator[None, None, None]:
        """Counts a source as long as it is open."""
        self.sources += 1
        try:
            yield
        finally:
            self.sources -= 1


def toy(info: strawberry.Info[Any, Any]) -> Toy:
    """The services behind a resolver."""
    services: Toy = info.context.services
    services.calls += 1
    services.traceparents.append(info.context.traceparent)
    return services


@strawberry.type
class Item:
    name: str

    @strawberry.field
    def child(self) -> "Item":
        return Item(name=self.name + "+")

    @strawberry.field
    def parts(self, first: int = 10) -> "list[Item]":
        return [Item(name=f"{self.name}.{at}") for at in range(min(first, 3))]


@strawberry.type
class Items:
    nodes: list[Item]
    total: int


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, info: strawberry.Info[Any, Any], name: str = "you") -> str:
        toy(info)
        return f"Hello, {name}"

    @strawberry.field
    def who(self, info: strawberry.Info[Any, Any]) -> str | None:
        subject: str | None = info.context.session.viewer.subject
        return subject

    @strawberry.field
    async def later(self) -> str:
        await asyncio.sleep(0)
        return "later"

    @strawberry.field
    async def never(self, info: strawberry.Info[Any, Any]) -> str:
        with toy(info).source():
            await asyncio.Event().wait()
        return "never"

    @strawberry.field
    async def held(self, info: strawberry.Info[Any, Any]) -> str:
        services = toy(info)
        with services.source():
            await services.released.wait()
        return "released"

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError("secret: /etc/shadow")

    @strawberry.field
    def forbidden(self) -> str | None:
        raise Fault(FORBIDDEN, "Not for you", what="forbidden")

    @strawberry.field
    def whole(self) -> int | None:
        return 2**40

    @strawberry.field
    def items(self, first: int = 20) -> Items:
        return Items(nodes=[Item(name=str(at)) for at in range(min(first, 3))], total=3)

    @strawberry.field
    def echo(self, numbers: list[int] | None = None, number: float = 0.0) -> str:
        return f"{numbers} {number}"

    @strawberry.field
    def big(self, size: int) -> str:
        return "x" * size


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def add(self, info: strawberry.Info[Any, Any], a: int, b: int = 1) -> int:
        toy(info)
        return a + b


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def ticks(
        self, info: strawberry.Info[Any, Any], count: int = 3
    ) -> AsyncGenerator[int, None]:
        with toy(info).source():
            for tick in range(count):
                yield tick
                await asyncio.sleep(0)

    @strawberry.subscription
    async def endless(self, info: strawberry.Info[Any, Any]) -> AsyncGenerator[int, None]:
        services = toy(info)
        with services.source():
            yield 0
            await services.released.wait()
            yield 1
            await asyncio.Event().wait()

    @strawberry.subscription
    async def broken(self, info: strawberry.Info[Any, Any]) -> AsyncGenerator[int, None]:
        with toy(info).source():
            yield 0
            raise RuntimeError("secret: /etc/shadow")

    @strawberry.subscription
    async def forbidden(self) -> AsyncGenerator[int, None]:
        raise Fault(FORBIDDEN, "Not for you")
        yield 0

    @strawberry.subscription
    async def flood(
        self, info: strawberry.Info[Any, Any], size: int = 100_000
    ) -> AsyncGenerator[str, None]:
        services = toy(info)
        with services.source():
            while True:
                services.calls += 1
                yield "x" * size


def toy_schema() -> GraphQLSchema:
    """The toy schema, as graphql-core has it."""
    schema: Any = strawberry.Schema(Query, Mutation, Subscription)
    core: GraphQLSchema = schema._schema
    return core
