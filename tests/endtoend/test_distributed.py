"""The shop over Kafka and MongoDB: its parts in processes apart, and servers that go away."""

import asyncio
from itertools import chain
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest

from api import projecting
from eventlog import kafka_topics
from eventlog.kafka import Cluster as Kafka
from eventlog.kafka_group import Membership
from eventlog.kafka_topics import Topics
from readmodels.feed import Feed
from tests.endtoend.cluster import PARTITIONS, WAIT_S, cluster, parts_of, until
from tests.endtoend.test_subscriptions import CHANGES, WATCH
from tests.servers.kafka import KafkaServer
from tests.servers.kafka_shared import kafka_bootstrap
from tests.servers.mongo import MongoServer
from tests.servers.shared import mongo_uri
from tests.shop import Shop, mutation
from tests.subscribing import LiveMap, subscribed

LIST = {"product": "cd", "name": "A CD", "category": "music", "price": "9.99", "stock": 9}


async def test_parts_apart_are_one_shop(tmp_path: Path) -> None:
    apart = cluster(tmp_path).processes("api", "api", "writer", "writer", "projector", "projector")
    async with apart as (one, two, *others):
        shop, other = Shop(one), Shop(two)
        accepted = await shop.do("listProduct", LIST, query='product(id: "cd") { stock }')
        assert accepted["query"] == {"product": {"stock": 9}}
        async with subscribed(two.socket_url, WATCH, {"id": "cd"}) as watching:
            assert (await watching.next())["product"]["stock"] == 9
            # Processes react, whichever process folds and sends for them.
            order = await shop.buy("ada", {"cd": 2})
            other.seen = shop.seen
            shipped = {"order": order, "lines": [{"product": "cd", "quantity": 2}]}
            await other.do("shipOrder", shipped)
            await watching.until(lambda data: data["product"]["stock"] == 7)
        history = "query($stream: ID!) { history(stream: $stream) { nodes { type version } } }"
        token = two.token("auditor-1", "clerk")
        found = (await two.data(history, {"stream": f"order-{order}"}, token))["history"]["nodes"]
        assert [each["version"] for each in found] == list(range(1, len(found) + 1))
        assert found[0]["type"] == "commerce.OrderPlaced"
        for kind in ("writer", "projector"):
            told = [(await parts_of(each)).get(kind) for each in others]
            shared: list[list[int]] = [each["partitions"] for each in told if each is not None]
            assert sorted(chain(*shared)) == list(range(PARTITIONS)), told
            assert all(shared), told


async def test_each_process_tells_of_its_partitions_and_projections(tmp_path: Path) -> None:
    async with cluster(tmp_path).process("all") as server:
        shop = Shop(server)
        await shop.list("cd")
        assert await shop.product("cd") is not None
        await until(lambda: parts_of(server), lambda p: all(e["ready"] for e in p.values()))
        parts = await parts_of(server)
        assert parts["writer"]["partitions"] == list(range(PARTITIONS))
        assert parts["mongo"] == {"ready": True, "last_error": None}
        product = parts["projection Product"]
        assert (product["ready"], product["lag_events"], product["lag_seconds"]) == (True, 0, 0)
        assert await server.metric('headrace_partition_owned{partition="0"}') == 1
        commits = [
            await server.metric(f'headrace_partition_commit_seconds{{partition="{each}"}}')
            for each in range(PARTITIONS)
        ]
        assert max(commits) > 0
        for lag in ("last_stable_offset_lag", "lag_offsets"):
            assert await server.metric(f'headrace_partition_{lag}{{partition="0"}}') == 0
        assert await server.metric('headrace_projection_documents_total{projection="Product"}') == 1
        assert await server.metric('headrace_projection_lag_seconds{projection="Product"}') == 0
        assert await server.metric("headrace_writer_commands_total") == 1


async def test_a_subscriber_goes_on_at_another_process_with_its_cursor(tmp_path: Path) -> None:
    here = cluster(tmp_path)
    async with here.process("one") as one:
        shop = Shop(one)
        await shop.list("a", stock=5)
        held = LiveMap()
        async with subscribed(one.socket_url, CHANGES, {}) as watching:
            while set(held.documents) != {"a"}:
                held.apply((await watching.next())["productChanges"])
        async with here.process("two") as two:
            await one.kill()
            other = Shop(two, shop.seen)
            await until(
                lambda: parts_of(two), lambda p: len(p["writer"]["partitions"]) == PARTITIONS
            )
            await other.list("b", stock=6)
            async with subscribed(two.socket_url, CHANGES, {"since": held.cursor}) as watching:
                message = (await watching.next())["productChanges"]
                assert message["reset"] is False
                held.apply(message)
            assert set(held.documents) == {"a", "b"}
            assert held.oddities == []


async def test_without_kafka_commands_are_unavailable_and_reading_goes_on(tmp_path: Path) -> None:
    kafka_bootstrap()  # skips, or fails, where there is no Kafka
    broker = KafkaServer().start()
    try:
        here = cluster(tmp_path, kafka=broker.bootstrap)
        async with here.process("all", COMMAND_DEADLINE_S="6") as server:
            shop = Shop(server)
            await shop.do("listProduct", LIST)
            assert await shop.product("cd") is not None
            async with subscribed(server.socket_url, WATCH, {"id": "cd"}) as watching:
                await watching.next()
                broker.kill()
                variables = {"input": {**LIST, "product": "dvd"}, "commandId": "the-dvd"}
                token = server.token("clerk-1", "clerk")
                for _ in range(2):  # while it is found out, and when it is known
                    answer = await server.graphql(mutation("listProduct"), variables, token)
                    told = answer["errors"][0]["extensions"]
                    assert told == {"code": "UNAVAILABLE", "commandId": "the-dvd"}, answer
                assert await shop.product("cd") is not None
                await asyncio.to_thread(broker.start)
                # The same command again is accepted once, and who watches sees what follows.
                accepted = await until(
                    lambda: server.graphql(mutation("listProduct"), variables, token),
                    lambda answer: "errors" not in answer,
                )
                assert accepted["data"]["result"]["version"] == 1
                await shop.do("repriceProduct", {"product": "cd", "price": "5.00"})
                await watching.until(lambda data: data["product"]["price"] == "5.00")
    finally:
        broker.stop()


async def test_without_mongodb_commands_are_taken_and_shown_when_it_is_back(tmp_path: Path) -> None:
    mongo_uri()  # skips, or fails, where there is no MongoDB
    mongo = MongoServer().start()
    try:
        async with cluster(tmp_path, mongo=mongo.uri).process("all") as server:
            shop = Shop(server)
            await shop.do("listProduct", LIST)
            assert await shop.product("cd") is not None
            async with subscribed(server.socket_url, WATCH, {"id": "cd"}) as watching:
                await watching.next()
                mongo.kill()
                for price in ("8.00", "7.00", "6.00"):
                    await shop.do("repriceProduct", {"product": "cd", "price": price})
                parts = await until(
                    lambda: parts_of(server), lambda p: p["projection Product"]["last_error"]
                )
                assert not parts["mongo"]["ready"]
                assert parts["projection Product"]["lag_seconds"] > 0
                await asyncio.to_thread(mongo.start)
                await watching.until(lambda data: data["product"]["price"] == "6.00")
            assert (await shop.product_with("cd", price="6.00"))["stock"] == 9
            await until(lambda: parts_of(server), lambda p: p["mongo"]["ready"])
    finally:
        mongo.stop()


class Ending:
    """A projector that ends by itself a few times, as if it had been cancelled."""

    name = "Ending"

    def __init__(self, times: int) -> None:
        self.left = times
        self.goes_on = asyncio.Event()

    async def run(self, partitions: frozenset[int]) -> None:
        if self.left:
            self.left -= 1
            raise asyncio.CancelledError
        self.goes_on.set()
        await asyncio.Event().wait()


async def test_what_ends_by_itself_is_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projecting, "RETRY_S", 0.01)
    at, topics = Kafka(servers=kafka_bootstrap()), Topics(f"test-{uuid4().hex[:12]}")
    await kafka_topics.ready(at, topics, PARTITIONS)
    member = Membership(at, topics.prefix, topics.events, "only", session_s=2)
    ending, log = cast("Any", Ending(times=3)), cast("Any", None)
    working = asyncio.create_task(
        projecting.Projecting(log, member, Feed(), [ending], senders=()).run()
    )
    async with asyncio.timeout(WAIT_S):
        await ending.goes_on.wait()
    working.cancel()
    await asyncio.wait([working])
