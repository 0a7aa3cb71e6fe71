"""The documents read back, and held against an independent fold of the log."""

from collections import defaultdict
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from api.contexts import shipped
from eventlog.codec import Codec
from eventlog.envelope import Recorded
from readmodels.composition import Collection, Model, Shown
from readmodels.processes import Instance, ProcessFold
from readmodels.query import Query
from readmodels.sqlite import SqliteStore
from readmodels.store import Store

__all__ = ["check_documents", "check_store", "documents_of"]

EVERYTHING = 10_000_000


async def documents_of(directory: Path) -> dict[str, dict[str, Any]]:
    """Every document of a directory on which nothing works, by collection and id."""
    model = shipped()
    with _opened(directory) as store:
        return {
            shown.collection.name: await _stored(store, shown.collection)
            for shown in model.shown.values()
        }


@contextmanager
def _opened(directory: Path) -> Generator[Store]:
    store = SqliteStore(directory)
    try:
        yield store
    finally:
        store.close()


async def _stored(store: Store, collection: Collection[Any]) -> dict[str, Any]:
    await store.prepare(collection)
    found = await store.find(collection, Query(first=EVERYTHING))
    return {each.id: each for each in found}


async def check_documents(
    directory: Path, events: Sequence[Recorded], model: Model | None = None
) -> None:
    """Each document, and each state of a process, is the plain fold of a directory's log."""
    with _opened(directory) as store:
        await check_store(store, events, model or shipped())
        await _check_processes(store, model or shipped(), events)


async def check_store(store: Store, events: Sequence[Recorded], model: Model) -> None:
    """Each document is the plain fold of the log, and each process has seen what it has to.

    Every collection has come to the end of the log, and nothing is set aside.
    """
    for shown in model.shown.values():
        stored = await _stored(store, shown.collection)
        _compare(shown.collection.name, stored, _fold(shown, events))
        await _check_progress(store, shown.collection, _touching(shown, events))
    for process in model.domain.processes:
        fold = ProcessFold(process, Codec(model.domain))
        seen: defaultdict[str, dict[int, int]] = defaultdict(dict)
        for each in events:
            for id in fold.keys(each) if each.type in fold.types else ():
                seen[id][each.partition] = each.offset
        await _stored(store, fold.collection)
        loaded = await store.load(fold.collection, list(seen))
        _compare(process.name, {id: each.positions for id, each in loaded.items()}, seen)
        heard = [each for each in events if each.type in fold.types and fold.keys(each)]
        await _check_progress(store, fold.collection, heard)


def _fold(shown: Shown[Any], events: Sequence[Recorded]) -> dict[str, Any]:
    documents: dict[str, Any] = {}
    for each in _touching(shown, events):
        for id in shown.projection.keys(each.event):
            placed = (each.partition, each.offset, each.event)
            documents[id], _ = shown.projection.fold(id, documents.get(id), {}, [placed])
    return {id: document for id, document in documents.items() if document is not None}


def _compare(name: str, stored: dict[str, Any], expected: dict[str, Any]) -> None:
    assert stored.keys() == expected.keys(), f"{name}: {stored.keys() ^ expected.keys()}"
    for id, document in expected.items():
        assert stored[id] == document, f"{name} {id}"


def _touching(shown: Shown[Any], events: Sequence[Recorded]) -> list[Recorded]:
    """The events that touch a document."""
    some = (each for each in events if isinstance(each.event, shown.events))
    return [each for each in some if shown.projection.keys(each.event)]


async def _check_progress(
    store: Store, collection: Collection[Any], events: Sequence[Recorded]
) -> None:
    """The checkpoint stands at the last of these events, or after it."""
    name = collection.name
    progress = await store.prepare(collection)
    assert progress.is_built, name
    assert await store.parked(collection) == [], name
    for each in events:
        seen = progress.checkpoint.get(each.partition, -1)
        assert each.offset <= seen, f"{name} is at {seen}, before {each.position}"


async def _check_processes(store: Store, model: Model, events: Sequence[Recorded]) -> None:
    """Each state is the fold of what it has seen, where all events stand in one order."""
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
