"""Operations are planned once, then executed or subscribed to; results come out as JSON."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import AbstractContextManager, aclosing, nullcontext, suppress
from functools import partial
from typing import Any, TypeVar, cast

import msgspec
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationType, execution
from strawberry.execution import optimized_is_awaitable

from api.compiled.pushing import Pushes
from api.compiled.run import Run
from api.context import Request
from api.cost import check_cost
from api.deadlines import Deadlines
from api.errors import Fault, error_code, shown, shown_exception, shown_request_error
from api.limits import check_values
from api.params import Params, decode_params
from api.persisted import planner
from api.plans import Operation, Plan, RequestError
from api.schema.asking import answered
from api.settings import Settings
from readmodels.documents import Follow

__all__ = [
    "Live",
    "Operations",
    "Params",
    "Planned",
    "RequestError",
    "Result",
    "decode_params",
    "errors_only",
]

T = TypeVar("T")

COERCION_ERRORS_MAX = 20
_core: Any = execution
"""graphql-core's own steps; its generics are left open there, so they are untyped here."""


class Planned(msgspec.Struct, frozen=True):
    """An operation that may be executed: known, valid and within the limits."""

    plan: Plan
    operation: Operation
    variables: dict[str, Any]

    @property
    def kind(self) -> OperationType:
        """Whether it queries, mutates or subscribes."""
        return self.operation.kind


class Result(msgspec.Struct, frozen=True):
    """A result as JSON, with the codes of its errors."""

    body: bytes
    codes: tuple[str, ...] = ()


_encoder = msgspec.json.Encoder()


class Operations:
    """Plans and runs the operations of one schema, each within the limits of the settings.

    Raises SettingsError where the settings name a list of operations that is wrong.
    """

    def __init__(self, schema: GraphQLSchema, settings: Settings, root: object = None) -> None:
        self._schema = schema
        self._settings = settings
        self._root = root
        self._deadlines = Deadlines(settings.operation_timeout_s)
        self._planner = planner(schema, settings)

    def plan(self, params: Params) -> Planned:
        """The operation that the parameters name. Raises `RequestError`."""
        variables = params.variables or {}
        plan = self._planner.plan(params)
        operation = plan.chosen(params.operationName)
        try:
            check_values(variables, self._settings)
            sizes = operation.cost.sizes(variables)
            if sizes != operation.affordable:
                check_cost(operation.cost, variables, self._settings)
                operation.affordable = sizes
        except Fault as fault:
            raise RequestError([fault.formatted]) from None
        return Planned(plan, operation, variables)

    async def execute(self, planned: Planned, request: Request[Any]) -> Result:
        """The result of a query or mutation. Raises `RequestError` for wrong variables."""
        planned_run = planned.operation.compiled.run(request, planned.variables)
        try:
            with self._deadlines.begin():
                if planned_run is not None:
                    plan, run = planned_run
                    assert not isinstance(plan, Pushes)
                    with suppress(Exception):  # graphql-core tells what is wrong, and where
                        return Result(_encoder.encode({"data": await plan.answer(run)}))
                outcome = self._executor(planned, request).execute_operation()
                if not isinstance(outcome, ExecutionResult):
                    outcome = cast(ExecutionResult, await outcome)
        except TimeoutError as error:
            return _overdue(error, request)
        return _result(outcome)

    async def subscribe(
        self, planned: Planned, request: Request[Any]
    ) -> AsyncGenerator[Result, None]:
        """The results of a subscription, until its source ends; close it with `aclosing`.

        Raises `RequestError` where it cannot start, and at its end what its source raised.
        """
        executor = self._executor(planned, request)
        source = _core.create_source_event_stream(executor)
        if optimized_is_awaitable(source):
            async with asyncio.timeout(self._settings.operation_timeout_s):
                source = await source
        if isinstance(source, ExecutionResult):
            raise RequestError([shown(each) for each in source.errors or ()])
        planned_run = planned.operation.compiled.run(request, planned.variables)
        last = None
        with _used(planned_run):
            async with aclosing(source):
                async for each in source:
                    result = await _pushed(planned_run, executor, each)
                    if request.links is None or result != last:  # a link may show the same
                        yield result
                    last = result
                    await asyncio.sleep(0)  # one that always has more must not hold up the rest

    def live(self, planned: Planned, request: Request[Any]) -> "Live | None":
        """The subscription as what may be followed; None where only `subscribe` can give it."""
        planned_run = planned.operation.compiled.run(request, planned.variables)
        if planned_run is None:
            return None
        plan, run = planned_run
        if not isinstance(plan, Pushes) or plan.leads_on:
            return None
        try:
            follow = plan.follows(run)
        except (Fault, GraphQLError):  # `subscribe` tells why it may not start
            return None
        return Live(plan, run, follow, partial(self._executor, planned, request))

    def _executor(self, planned: Planned, request: Request[Any]) -> Any:
        executor = _core.Executor.build(
            self._schema,
            planned.plan.document,
            self._root,
            request,
            planned.variables,
            planned.operation.name,
            max_coercion_errors=COERCION_ERRORS_MAX,
            is_awaitable=optimized_is_awaitable,
        )
        if not isinstance(executor, _core.Executor):
            raise RequestError([shown_request_error(each) for each in executor])
        return executor


class Live:
    """A subscription that is followed without a task of its own: what it asks, and how it tells."""

    def __init__(
        self, plan: Pushes, run: Run, follow: Awaitable[Follow], executor: Callable[[], Any]
    ) -> None:
        self._plan = plan
        self._run = run
        self._follow = follow
        self._executor = executor

    async def opened(self) -> Follow:
        """What begins to follow it. Raises Fault, which is to be told."""
        return await answered(self._follow)

    def used(self) -> AbstractContextManager[None]:
        """What is encoded for it may be kept for others, until the context is left."""
        return self._plan.used()

    def encoded(self, pushed: object) -> bytes | None:
        """The result as JSON; None where only `told` can give it."""
        try:
            return at_once(self._plan.encoded(self._run, pushed))
        except Exception:  # graphql-core tells what is wrong, and where
            return None

    async def told(self, pushed: object) -> Result:
        """The result for what was pushed, or for the Fault that is the last of it."""
        source = self._plan.source(self._run, pushed)
        return await _pushed(None, self._executor(), source)


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine gives that waits for nothing. Raises RuntimeError where it does."""
    try:
        work.send(None)
    except StopIteration as end:
        return cast(T, end.value)
    work.close()
    raise RuntimeError("it waits for something")


def _used(planned_run: tuple[Any, Run] | None) -> AbstractContextManager[None]:
    plan = None if planned_run is None else planned_run[0]
    return plan.used() if isinstance(plan, Pushes) else nullcontext()


async def _pushed(planned_run: tuple[Any, Run] | None, executor: Any, each: object) -> Result:
    """The result for what the source of a subscription gave."""
    if planned_run is not None:
        plan, run = planned_run
        with suppress(Exception):  # graphql-core tells what is wrong, and where
            return Result(await plan.encoded(run, each))
    outcome = _core.execute_subscription_event(executor.build_per_event_executor(each))
    return _result(await outcome if optimized_is_awaitable(outcome) else outcome)


def errors_only(shown_errors: list[dict[str, Any]]) -> Result:
    """A result of errors alone."""
    return _told({"errors": shown_errors})


def _overdue(error: TimeoutError, request: Request[Any]) -> Result:
    """What took too long; a command that was handed on may have been carried out all the same."""
    entry = shown_exception(error)
    sent = [
        entry | {"path": [key], "extensions": {**entry["extensions"], "commandId": id}}
        for key, id in request.sent.items()
    ]
    return _told({"data": None, "errors": sent or [entry]})


def _failed(error: BaseException) -> Result:
    return _told({"data": None, "errors": [shown_exception(error)]})


def _told(answer: dict[str, Any]) -> Result:
    """An answer that has errors, with their codes."""
    return Result(_encoder.encode(answer), tuple(error_code(each) for each in answer["errors"]))


def _result(result: ExecutionResult) -> Result:
    try:
        if not result.errors:
            return Result(_encoder.encode({"data": result.data}))
        return _told({"data": result.data, "errors": [shown(each) for each in result.errors]})
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        return _failed(error)
