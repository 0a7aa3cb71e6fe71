"""The documents read back, and held against an independent fold of the log."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from api.contexts import shipped
from eventlog.codec import Codec
from eventlog.envelope import Recorded
from readmodels.composition import Collection, Model, Shown
from readmodels.processes import Instance, ProcessFold
from readmodels.query import Query
from readmodels.sqlite import SqliteStore

__all__ = ["check_documents", "documents_of"]

EVERYTHING = 10_000_000


async def documents_of(directory: Path) -> dict[str, dict[str, Any]]:
    """Every document of a directory on which nothing works, by collection and id."""
    model = shipped()
    store = SqliteStore(directory)
    try:
        return {
            shown.collection.name: await _stored(store, shown.collection)
            for shown in model.shown.values()
        }
    finally:
        store.close()


async def _stored(store: SqliteStore, collection: Collection[Any]) -> dict[str, Any]:
    await store.prepare(collection)
    found = await store.find(collection, Query(first=EVERYTHING))
    return {each.id: each for each in found}


async def check_documents(directory: Path, events: Sequence[Recorded]) -> None:
    """Each document, and each state of a process, is the plain fold of the log.

    Every collection has come to the end of the log, and nothing is set aside.
    """
    model = shipped()
    store = SqliteStore(directory)
    try:
        for shown in model.shown.values():
            stored = await _stored(store, shown.collection)
            expected = _fold(shown, events)
            _compare(shown.collection.name, stored, expected)
            await _check_progress(store, shown, events)
        await _check_processes(store, model, events)
    finally:
        store.close()


def _fold(shown: Shown[Any], events: Sequence[Recorded]) -> dict[str, Any]:
    documents: dict[str, Any] = {}
    for each in events:
        if isinstance(each.event, shown.events):
            for id in shown.projection.keys(each.event):
                documents[id] = shown.projection.evolve(documents.get(id), each.event)
    return {id: document for id, document in documents.items() if document is not None}


def _compare(name: str, stored: dict[str, Any], expected: dict[str, Any]) -> None:
    assert stored.keys() == expected.keys(), f"{name}: {stored.keys() ^ expected.keys()}"
    for id, document in expected.items():
        assert stored[id] == document, f"{name} {id}"


async def _check_progress(
    store: SqliteStore, shown: Shown[Any], events: Sequence[Recorded]
) -> None:
    """The checkpoint stands at the last event that touches a document, or after it."""
    name = shown.collection.name
    progress = await store.prepare(shown.collection)
    assert progress.is_built, name
    assert await store.parked(shown.collection) == [], name
    for each in events:
        if isinstance(each.event, shown.events) and shown.projection.keys(each.event):
            seen = progress.checkpoint.get(each.partition, -1)
            assert each.offset <= seen, f"{name} is at {seen}, before {each.position}"


async def _check_processes(store: SqliteStore, model: Model, events: Sequence[Recorded]) -> None:
    codec = Codec(model.domain)
    for process in model.domain.processes:
        fold = ProcessFold(process, codec)
        states: dict[str, Any] = {}
        for each in events:
            if each.type in fold.types:
                for id in fold.keys(each):
                    before = states.get(id)
                    state = process.initial() if before is None else before
                    states[id] = process.evolve(state, each.event)
        stored: dict[str, Instance] = await _stored(store, fold.collection)
        found = {
            id: codec.decode_state(process, each.state.encode()) for id, each in stored.items()
        }
        _compare(process.name, found, states)
