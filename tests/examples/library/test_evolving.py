"""The library changes: an event, a document, an index and a process' state, over what is kept."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from api.runtime import Embedded, embedded
from domain.composition import compose
from domain.model import After, Aggregate, Process, Role, event, value
from domain.rules import Viewer
from eventlog.codec import Codec
from eventlog.dispatcher import Sender
from eventlog.outcome import Accepted
from eventlog.sqlite_rows import recorded
from readmodels.composition import Model, build
from readmodels.model import AnyProjection, Owner, Projection, document, index
from readmodels.query import Compare, Query
from readmodels.store import ShapeChanged
from tests.contracts.logs import draft
from tests.examples.library import domain, readmodels, skeleton
from tests.examples.library.domain.copy_messages import (
    AcquireCopy,
    CopyLent,
    LendCopy,
    ReserveCopy,
    ReturnCopy,
)
from tests.examples.library.domain.desk import Asking, DeskCommand, DeskEvent, Quiet, Settled, desk
from tests.examples.library.facts import returned
from tests.examples.library.model import model
from tests.examples.library.readmodels.copy import Copy
from tests.examples.library.readmodels.loan import Loan, loans
from tests.examples.library.readmodels.notice import Notice

LIBRARIAN = Viewer("lib-1", frozenset({"librarian"}))
WAIT_S = 30.0


async def send(runtime: Embedded, command: type[Any], **fields: Any) -> None:
    sender = Sender(actor="lib-1", roles=LIBRARIAN.roles)
    assert isinstance(await runtime.dispatcher.dispatch(command, fields, sender), Accepted)


async def all_of(runtime: Embedded, document: type[Any], query: Query) -> Sequence[Any]:
    """The documents, when everything in the log is shown."""
    collection = runtime.model.shown[document].collection
    await asyncio.wait_for(runtime.caught_up(collection, await runtime.log.ends()), WAIT_S)
    page = await runtime.documents.find(document, query, LIBRARIAN)
    return page.documents


async def with_a_loan(directory: Path, library: Model | None = None) -> None:
    """A library in which ann has a copy."""
    async with embedded(library or model(), directory) as runtime:
        await send(runtime, AcquireCopy, copy="c-1", title="Dune", shelfmark="SF 12")
        await send(runtime, LendCopy, copy="c-1", reader="ann")
        assert len(await all_of(runtime, Loan, Query())) == 1


# An event


async def test_what_the_first_day_wrote_is_read_by_what_became_of_it(tmp_path: Path) -> None:
    async with embedded(skeleton.model(), tmp_path) as runtime:
        for copy in ("c-1", "c-2"):
            await send(runtime, skeleton.AcquireCopy, copy=copy, title="Dune")
        await send(runtime, skeleton.LendCopy, copy="c-1", reader="ann")
        assert len(await all_of(runtime, skeleton.Copy, Query())) == 2
    async with embedded(model(), tmp_path) as runtime:
        await send(runtime, ReturnCopy, copy="c-1")
        await send(runtime, LendCopy, copy="c-2", reader="bob")
        shown = {each.id: each for each in await all_of(runtime, Copy, Query())}
        lent = {each.reader: each.returned_at for each in await all_of(runtime, Loan, Query())}
    assert {id: (each.shelfmark, each.status) for id, each in shown.items()} == {
        "c-1": ("", "ON_SHELF"),
        "c-2": ("", "LENT"),
    }
    assert lent["ann"] is not None
    assert lent["bob"] is None


@event("library.CopyReturned")
class LaterCopyReturned:
    """As it may be next: it says in which state the copy is, which was never noted before."""

    copy: str
    title: str
    loan: str
    reader: str
    at: datetime
    condition: str = "good"


def later_returned(state: Quiet, event: LaterCopyReturned) -> Quiet:
    return state


def no_decision(command: ReturnCopy, state: Quiet) -> list[LaterCopyReturned]:
    return []


def test_a_field_with_a_default_is_added_to_an_event_without_another_version() -> None:
    later = Aggregate(
        name="copy",
        key=lambda command: command.copy,
        initial=Quiet,
        decide=no_decision,
        evolve=later_returned,
    )
    data = Codec(model().domain).encode(returned())
    kept = recorded(draft("copy-c-1", 1, data=data, type="library.CopyReturned", schema=1), 7)
    assert Codec(compose([later])).event(kept).condition == "good"


async def test_a_process_that_comes_later_reacts_to_all_that_has_happened(tmp_path: Path) -> None:
    """So it must be harmless to hear of the past late: what it sends is decided today."""
    whole = build(
        aggregates=domain.AGGREGATES,
        projections=readmodels.PROJECTIONS,
        upcasters=domain.UPCASTERS,
    )
    await with_a_loan(tmp_path, whole)
    async with embedded(whole, tmp_path) as runtime:
        await send(runtime, ReserveCopy, copy="c-1")
        await send(runtime, ReturnCopy, copy="c-1")
        assert await all_of(runtime, Notice, Query()) == ()
    async with embedded(model(), tmp_path) as runtime, asyncio.timeout(WAIT_S):
        notice = await first_notice(runtime)
    assert (notice.reader, notice.kind) == ("lib-1", "COLLECT")


async def first_notice(runtime: Embedded) -> Notice:
    """The first notice, when there is one."""
    async for page in runtime.documents.watch_page(Notice, Query(), LIBRARIAN):
        if page.documents:
            return page.documents[0]
    raise AssertionError("unreachable: watching has no end")


# A document


def with_loans(projection: AnyProjection) -> Model:
    """The library with another projection of loans."""
    others = [each for each in readmodels.PROJECTIONS if each is not loans]
    return build(
        aggregates=domain.AGGREGATES,
        processes=domain.PROCESSES,
        projections=[*others, projection],
        upcasters=domain.UPCASTERS,
    )


@document(read=Owner("reader") | Role("librarian"), indexes=[index("reader")])
class LaterLoan:
    """The loan as it may be next: it says for how many days it was."""

    id: str
    reader: str
    days: int


LaterLoan.__name__ = "Loan"


def later_evolve(document: LaterLoan | None, event: CopyLent) -> LaterLoan | None:
    return LaterLoan(id=event.loan, reader=event.reader, days=(event.due_at - event.at).days)


async def test_a_document_of_another_shape_needs_another_version_and_is_then_built_anew(
    tmp_path: Path,
) -> None:
    await with_a_loan(tmp_path)
    later = Projection(document=LaterLoan, keys=lambda event: [event.loan], evolve=later_evolve)
    with pytest.raises(ShapeChanged) as refusal:
        async with embedded(with_loans(later), tmp_path):
            pass
    assert str(refusal.value) == (
        "the fields of Loan are others than those stored: raise version= of its projection "
        "above 1, so that it is built anew"
    )
    async with embedded(with_loans(replace(later, version=2)), tmp_path) as runtime:
        (loan,) = await all_of(runtime, LaterLoan, Query())
    assert (loan.reader, loan.days) == ("ann", 21)


# An index


async def test_a_new_index_is_made_at_the_next_start_without_another_version(
    tmp_path: Path,
) -> None:
    whole = model()
    loan = whole.shown[Loan]
    fewer = replace(loan, collection=replace(loan.collection, indexes=(index("reader"),)))
    await with_a_loan(tmp_path, Model(whole.domain, {**whole.shown, Loan: fewer}))
    assert indexes(tmp_path) == {"Loan_1_by_reader"}
    async with embedded(whole, tmp_path) as runtime:
        (found,) = await all_of(runtime, Loan, Query(where=Compare("returned_at", "isNull", True)))
    assert found.reader == "ann"
    assert indexes(tmp_path) == {
        "Loan_1_by_reader,lent_at",
        "Loan_1_by_returned_at",
        "Loan_1_by_due_at",
    }


def indexes(directory: Path) -> set[str]:
    """Those of the loans, as the file has them."""
    with contextlib.closing(sqlite3.connect(directory / "documents.sqlite")) as file:
        rows = file.execute("SELECT name FROM sqlite_master WHERE name LIKE 'Loan_1_by_%'")
        return {name for (name,) in rows}


# A process


@value
class LaterAsking:
    """A notice is out, and was repeated so many times."""

    notice: str
    repeated: int = 0


LaterAsking.__name__ = "Asking"


def asking_evolve(state: Quiet | LaterAsking | Settled, event: DeskEvent) -> Quiet:
    return Quiet()


def asking_react(
    state: Quiet | LaterAsking | Settled, event: DeskEvent
) -> list[DeskCommand | After[DeskCommand]]:
    return []


def test_a_field_with_a_default_is_added_to_what_a_process_remembers() -> None:
    later = Process(
        name="desk",
        key=lambda event: event.copy,
        initial=Quiet,
        evolve=asking_evolve,
        react=asking_react,
    )
    kept = Codec(compose(domain.AGGREGATES, [desk], domain.UPCASTERS)).encode_state(
        Asking(notice="l-1")
    )
    codec = Codec(compose(domain.AGGREGATES, [later], domain.UPCASTERS))
    assert codec.decode_state(later, kept) == LaterAsking(notice="l-1", repeated=0)
