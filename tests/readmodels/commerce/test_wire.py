"""Everything of commerce that is stored comes back from its JSON as it was."""

import json
from random import Random

import msgspec

from domain.commerce import AGGREGATES, PROCESSES
from eventlog.codec import Codec
from readmodels.commerce import PROJECTIONS
from readmodels.composition import build
from tests.domain.commerce.facts import PLACED
from tests.domain.commerce.simulator import DOMAIN, World
from tests.domain.commerce.test_interleaving import documents, run

CODEC = Codec(DOMAIN)
SEEDS = range(8)


def worlds() -> list[World]:
    return [run(seed) for seed in SEEDS]


def type_of(event: object) -> type[object]:
    return type(event)


def test_every_event_comes_back_as_it_was() -> None:
    for world in worlds():
        for stream in world.streams.values():
            for event in stream.events:
                assert msgspec.json.decode(CODEC.encode(event), type=type_of(event)) == event


def test_an_order_that_was_placed_before_there_were_addresses_is_read_without_any() -> None:
    old = json.loads(CODEC.encode(PLACED))
    del old["shipping"], old["billing"]
    assert msgspec.json.decode(json.dumps(old), type=type(PLACED)) == PLACED


def test_every_state_comes_back_as_it_was() -> None:
    for world in worlds():
        for stream in world.streams.values():
            data = CODEC.encode_state(stream.state)
            assert CODEC.decode_state(stream.aggregate, data) == stream.state
        for process in PROCESSES:
            for state in world.instances[process.name].values():
                assert CODEC.decode_state(process, CODEC.encode_state(state)) == state


def test_every_document_comes_back_as_it_was() -> None:
    for world in worlds():
        for document, kept in documents(world, Random(1)).items():
            for each in kept.values():
                assert msgspec.json.decode(msgspec.json.encode(each), type=document) == each


def test_commerce_fits_together() -> None:
    model = build(aggregates=AGGREGATES, processes=PROCESSES, projections=PROJECTIONS)
    assert {each.__name__ for each in model.shown} == {
        "CustomerHistory",
        "CustomerValue",
        "FulfilmentPerformance",
        "LowStockItem",
        "Order",
        "OrderSignal",
        "Payment",
        "Product",
        "RelatedProduct",
        "SalesDay",
        "SalesHour",
        "Suggestion",
    }
