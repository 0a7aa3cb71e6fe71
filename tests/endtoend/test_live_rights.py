"""Rights that change or end under open subscriptions, over sockets and event streams alike."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosed

from tests.hospital import Clinic
from tests.serving import Json, ProcessServer
from tests.shop import Shop, until
from tests.streaming import streamed
from tests.subscribing import connected, receive, subscribed

pytestmark = pytest.mark.asyncio(loop_scope="session")

ONE = "subscription($id: ID!) { treatmentPlan(id: $id) { id goals { description } } }"
PAGE = """subscription($id: ID!) { treatmentPlans(where: { id: { eq: $id } }) {
  totalCount nodes { id } } }"""
CHANGES = """subscription($id: ID!) { treatmentPlanChanges(where: { id: { eq: $id } }) {
  cursor reset more entered { id } changed { id } left } }"""
KINDS = {"one": ONE, "page": PAGE, "changes": CHANGES}
WAYS = pytest.mark.parametrize("way", ["socket", "stream"])
QUIET_S = 0.3
LATE_S_MAX = 5.0
"""A second is promised; a machine that is busy with tests may take its time."""


@dataclass(frozen=True)
class Watching:
    """One subscription, whatever carries it."""

    coming: AsyncGenerator[Json]

    async def next(self) -> Json:
        """What the one field shows next."""
        async with asyncio.timeout(30.0):
            found: Json
            [found] = (await anext(self.coming)).values()
        return found

    async def is_quiet(self) -> bool:
        """Whether nothing comes for a while; the subscription is of no more use then."""
        try:
            async with asyncio.timeout(QUIET_S):
                await anext(self.coming)
        except TimeoutError:
            return True
        return False


@asynccontextmanager
async def watched(
    server: ProcessServer, way: str, query: str, patient: str, token: str
) -> AsyncGenerator[Watching]:
    """A subscription about a patient, over a socket or an event stream of its own."""
    async with AsyncExitStack() as stack:
        opened = (
            _over_socket(server, query, patient, token)
            if way == "socket"
            else _over_stream(server, query, patient, token)
        )
        yield Watching(await stack.enter_async_context(aclosing(opened)))


async def _over_socket(
    server: ProcessServer, query: str, patient: str, token: str
) -> AsyncGenerator[Json]:
    async with subscribed(server.socket_url, query, {"id": patient}, token) as results:
        while True:
            yield await results.next()


async def _over_stream(
    server: ProcessServer, query: str, patient: str, token: str
) -> AsyncGenerator[Json]:
    async with streamed(server, query, {"id": patient}, token=token) as events:
        async for event in events:
            assert "errors" not in event.data, event
            yield event.data["data"]


def fresh(name: str) -> str:
    return f"{name}-{uuid4().hex[:8]}"


async def set_goal(clinic: Clinic, patient: str) -> None:
    """Something changes in the patient's plan."""
    await clinic.do("setGoal", {"patient": patient, "description": "walk"}, "dora", "clinician")


async def shown(clinic: Clinic, patient: str, *goals: str) -> None:
    """Waits until dora is shown the plan with these goals."""
    query = "query($id: ID!) { treatmentPlan(id: $id) { goals { description } } }"
    token = clinic.server.token("dora", "clinician")

    async def look() -> object:
        plan = (await clinic.server.data(query, {"id": patient}, token))["treatmentPlan"]
        return plan and [each["description"] for each in plan["goals"]]

    await until(look, lambda found: found == list(goals))


@WAYS
async def test_a_document_goes_from_all_three_kinds_with_the_right_to_it_and_comes_back(
    shop: Shop, way: str
) -> None:
    clinic, nell = Clinic(shop.server), fresh("nell")
    patient = await clinic.register("dora", nell)
    await shown(clinic, patient)
    member = {"patient": patient, "member": nell}
    token = clinic.server.token(nell, "nurse")
    async with (
        watched(shop.server, way, ONE, patient, token) as one,
        watched(shop.server, way, PAGE, patient, token) as page,
        watched(shop.server, way, CHANGES, patient, token) as changes,
    ):
        assert await one.next() == {"id": patient, "goals": []}
        assert await page.next() == {"totalCount": 1, "nodes": [{"id": patient}]}
        assert (await changes.next())["entered"] == [{"id": patient}]

        await clinic.do("removeCareTeamMember", member, "rex", "registrar")
        assert await one.next() is None
        assert await page.next() == {"totalCount": 0, "nodes": []}
        gone = await changes.next()
        assert (gone["left"], gone["entered"], gone["changed"]) == ([patient], [], [])

        await set_goal(clinic, patient)
        await shown(clinic, patient, "walk")
        await clinic.do("assignCareTeamMember", member, "rex", "registrar")
        assert await one.next() == {"id": patient, "goals": [{"description": "walk"}]}
        assert await page.next() == {"totalCount": 1, "nodes": [{"id": patient}]}
        back = await changes.next()
        assert (back["left"], back["entered"], back["changed"]) == ([], [{"id": patient}], [])


@WAYS
@pytest.mark.parametrize("kind", KINDS)
async def test_who_has_lost_the_right_is_told_of_no_later_change(
    shop: Shop, way: str, kind: str
) -> None:
    clinic, nell = Clinic(shop.server), fresh("nell")
    patient = await clinic.register("dora", nell)
    await shown(clinic, patient)
    token = clinic.server.token(nell, "nurse")
    async with watched(shop.server, way, KINDS[kind], patient, token) as watching:
        await watching.next()
        member = {"patient": patient, "member": nell}
        await clinic.do("removeCareTeamMember", member, "rex", "registrar")
        await watching.next()
        await set_goal(clinic, patient)
        await shown(clinic, patient, "walk")
        assert await watching.is_quiet()


@WAYS
@pytest.mark.parametrize("kind", KINDS)
async def test_of_those_who_ask_the_same_each_sees_what_is_theirs(
    shop: Shop, way: str, kind: str
) -> None:
    clinic, nell, eve = Clinic(shop.server), fresh("nell"), fresh("eve")
    patient = await clinic.register("dora", nell)
    await shown(clinic, patient)
    tokens = {
        name: clinic.server.token(name, role)
        for name, role in ((nell, "nurse"), ("dora", "clinician"), (eve, "nurse"))
    }
    async with AsyncExitStack() as stack:
        watching = {
            name: await stack.enter_async_context(
                watched(shop.server, way, KINDS[kind], patient, token)
            )
            for name, token in tokens.items()
        }
        begun = {name: str(await each.next()) for name, each in watching.items()}
        assert [patient in begun[name] for name in tokens] == [True, True, False]
        removed = {"patient": patient, "member": nell}
        await clinic.do("removeCareTeamMember", removed, "rex", "registrar")
        assert patient not in str({**(await watching[nell].next() or {}), "left": []})
        await set_goal(clinic, patient)
        await shown(clinic, patient, "walk")
        if kind != "page":  # its selection shows no goals
            assert patient in str(await watching["dora"].next())
        assert await watching[eve].is_quiet()


async def test_a_cursor_from_when_there_was_the_right_tells_that_the_document_left(
    shop: Shop,
) -> None:
    clinic, nell = Clinic(shop.server), fresh("nell")
    patient = await clinic.register("dora", nell)
    await shown(clinic, patient)
    token, variables = clinic.server.token(nell, "nurse"), {"id": patient}
    async with streamed(shop.server, CHANGES, variables, token=token) as events:
        begun = await anext(events)
    member = {"patient": patient, "member": nell}
    await clinic.do("removeCareTeamMember", member, "rex", "registrar")
    await set_goal(clinic, patient)
    await shown(clinic, patient, "walk")
    after = streamed(shop.server, CHANGES, variables, token=token, last_id=begun.id)
    async with after as events:
        message = (await anext(events)).data["data"]["treatmentPlanChanges"]
    assert message["reset"] is False
    assert (message["left"], message["entered"], message["changed"]) == ([patient], [], [])


async def test_a_socket_is_closed_when_its_token_expires_and_others_on_the_same_go_on(
    shop: Shop,
) -> None:
    clinic = Clinic(shop.server)
    patient = await clinic.register("dora")
    await shown(clinic, patient)
    short = clinic.server.token("dora", "clinician", ttl=timedelta(seconds=3))
    expires_at = time.time() + 3
    long = clinic.server.token("dora", "clinician")
    async with AsyncExitStack() as stack:
        socket = await stack.enter_async_context(connected(shop.server.socket_url, short))
        others = [
            await stack.enter_async_context(watched(shop.server, way, ONE, patient, long))
            for way in ("socket", "stream")
        ]
        for kind, query in KINDS.items():
            payload = {"query": query, "variables": {"id": patient}}
            message = {"id": kind, "type": "subscribe", "payload": payload}
            await socket.send(json.dumps(message))
        begun = {(await receive(socket))["id"] for _ in KINDS}
        for each in others:
            await each.next()
        with pytest.raises(ConnectionClosed) as closed:
            await receive(socket)
        assert time.time() - expires_at < LATE_S_MAX
        await set_goal(clinic, patient)
        for each in others:
            assert len((await each.next())["goals"]) == 1
    assert begun == set(KINDS)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4403, "Forbidden: token expired")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_stream_ends_with_an_error_when_its_token_expires(shop: Shop, kind: str) -> None:
    clinic = Clinic(shop.server)
    patient = await clinic.register("dora")
    await shown(clinic, patient)
    token = clinic.server.token("dora", "clinician", ttl=timedelta(seconds=2))
    expires_at = time.time() + 2
    async with streamed(shop.server, KINDS[kind], {"id": patient}, token=token) as events:
        begun = await anext(events)
        refused, last = [each async for each in events]
        assert time.time() - expires_at < LATE_S_MAX
    assert "errors" not in begun.data
    assert refused.data["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert (refused.id, last.name) == (None, "complete")
