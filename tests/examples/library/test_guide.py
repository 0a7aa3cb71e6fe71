"""docs/a-context-in-an-hour.md: its code is the example's, and following it gives what it says."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from api.loading import ModelMissing, load
from api.runtime import embedded
from api.schema import derive
from domain import commerce
from domain.composition import CompositionError
from readmodels import commerce as commerce_shown
from readmodels.composition import build
from readmodels.model import AnyProjection, Owner, Public, document
from readmodels.store import ShapeChanged
from tests.examples.library import domain, readmodels, skeleton
from tests.examples.library.readmodels.copy import Copy, copies
from tests.examples.library.readmodels.loan import Loan, loans
from tests.serving import Json, running_server
from tests.subscribing import subscribed

HERE = Path(__file__).parent
PAGE = Path(__file__).parents[3] / "docs/a-context-in-an-hour.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#]+)\)")


def blocks(*kinds: str, text: str | None = None) -> list[tuple[str, str]]:
    """The page's blocks of these kinds, in order, each with its kind."""
    found = _BLOCK.findall(PAGE.read_text("utf-8") if text is None else text)
    return [(kind, body) for kind, body in found if kind in kinds]


def section(title: str) -> str:
    """The text under a heading of the page."""
    return PAGE.read_text("utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_every_block_of_python_is_an_excerpt_of_the_example() -> None:
    files = [file.read_text("utf-8") for file in sorted(HERE.rglob("*.py"))]
    others = [body for _, body in blocks("python") if not any(body in each for each in files)]
    assert others == []
    assert len(blocks("python")) > 20


def test_the_blocks_of_the_first_day_are_its_whole_file() -> None:
    assert first_day().split() == (HERE / "skeleton.py").read_text("utf-8").split()


def test_every_link_leads_somewhere() -> None:
    links = [link for link in _LINK.findall(PAGE.read_text("utf-8")) if "://" not in link]
    assert [link for link in links if not (PAGE.parent / link).exists()] == []


def first_day() -> str:
    """The file that whoever follows the page has written."""
    text = section("1. The first day, in one file")
    return "\n\n".join(body for _, body in blocks("python", text=text))


def operations() -> Iterator[tuple[str, Json | None]]:
    """The operations to run, each with the page's answer; one more answer is for a repeat."""
    last = ""
    text = section("2. Run it")
    found = blocks("graphql", "json", text=text)
    for (kind, body), (after, answer) in zip(found, [*found[1:], ("", "")], strict=True):
        if kind == "graphql":
            last = body
            yield body, json.loads(answer) if after == "json" else None
        elif after == "json":
            yield last, json.loads(answer)


async def test_whoever_follows_the_page_gets_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "library.py").write_text(first_day())
    monkeypatch.chdir(tmp_path)
    (watch, _), *asked = operations()
    async with running_server(tmp_path / "data", MODEL="library:model") as server:
        token = server.token("librarian-1", "librarian")
        assert "\n  librarian: ey" in server.printed()
        async with subscribed(server.socket_url, watch) as watched:
            assert (await watched.next())["copies"]["nodes"] == []
            for operation, answer in asked:
                assert await server.data(operation, token=token) == answer
            moved = await watched.until(lambda data: data["copies"]["nodes"][0]["dueAt"])
    assert moved["copies"]["nodes"][0]["title"] == "Dune"
    assert len(asked) == 4

    (tmp_path / "library.py").unlink()
    copy_package(tmp_path / "library")
    async with running_server(tmp_path / "data", MODEL="library.model:model") as server:
        query = "{ copies { nodes { id title status waiting } } }"
        nodes = (await server.data(query))["copies"]["nodes"]
    assert nodes == [{"id": "c-1", "title": "Dune", "status": "LENT", "waiting": 0}]


def copy_package(to: Path) -> None:
    """The example as a package of somebody's own, called `library`."""
    files = [HERE / "model.py", *HERE.glob("domain/*.py"), *HERE.glob("readmodels/*.py")]
    for file in files:
        copy = to / file.relative_to(HERE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(file.read_text("utf-8").replace("tests.examples.library", "library"))


def test_the_library_fits_beside_another_context() -> None:
    together = build(
        aggregates=[*commerce.AGGREGATES, *domain.AGGREGATES],
        processes=[*commerce.PROCESSES, *domain.PROCESSES],
        projections=[*commerce_shown.PROJECTIONS, *readmodels.PROJECTIONS],
        upcasters=domain.UPCASTERS,
    )
    derive(together)


# What you are told


def parts(**others: Any) -> dict[str, Any]:
    """The library's parts, some of them others."""
    return {
        "aggregates": domain.AGGREGATES,
        "processes": domain.PROCESSES,
        "projections": readmodels.PROJECTIONS,
        "upcasters": domain.UPCASTERS,
        **others,
    }


def like(cls: type[Any], **spec: Any) -> type[Any]:
    """A document with the same name and fields, and another declaration."""
    body = {"__annotations__": dict(cls.__annotations__), "__module__": cls.__module__}
    return document(**spec)(type(cls.__name__, (), body))


class OrderStatus(StrEnum):
    """Whether the library has ordered a book; commerce has an enum of this name."""

    ORDERED = "ORDERED"


@document(read=Public())
class Acquisition:
    """A book that the library may order."""

    id: str
    status: OrderStatus


ANY_COPIES: AnyProjection = copies
MISTAKES: dict[str, dict[str, Any]] = {
    "the document Copy has no read=": parts(projections=[replace(copies, document=like(Copy))]),
    "the owner 'reader' of Loan needs an index": parts(
        projections=[replace(loans, document=like(Loan, read=Owner("reader")))]
    ),
    "process 'desk' handles ": parts(aggregates=domain.AGGREGATES[:1]),
    "'library.CopyLent' is at version 2": parts(upcasters=domain.UPCASTERS[:1]),
    "the GraphQL type OrderStatus": parts(
        aggregates=[*domain.AGGREGATES, *commerce.AGGREGATES],
        projections=[*commerce_shown.PROJECTIONS, replace(ANY_COPIES, document=Acquisition)],
    ),
}


def sentences() -> list[str]:
    """What the page says that one is told."""
    text = section("9. What goes wrong, and what you are told")
    return [body.strip() for _, body in blocks("text", text=text)]


@pytest.mark.parametrize("begin", MISTAKES)
def test_a_mistake_is_told_as_the_page_says(begin: str) -> None:
    with pytest.raises(CompositionError) as refusal:
        derive(build(**MISTAKES[begin]))
    assert [each for each in sentences() if each.startswith(begin)] == [str(refusal.value)]


def test_a_model_that_is_not_there_is_told_as_the_page_says() -> None:
    with pytest.raises(ModelMissing) as missing:
        load("libary:model")
    (sentence,) = [each for each in sentences() if each.startswith("--model")]
    assert str(missing.value).startswith(sentence)


async def test_a_shape_that_has_changed_is_told_as_the_page_says(tmp_path: Path) -> None:
    async with embedded(skeleton.model(), tmp_path):
        pass
    unraised = replace(copies, version=1)
    with pytest.raises(ShapeChanged) as refusal:
        async with embedded(build(**parts(projections=[unraised])), tmp_path):
            pass
    assert str(refusal.value) in sentences()


def test_every_sentence_of_the_page_is_tried() -> None:
    tried = [*MISTAKES, "the fields of Copy are others", "--model"]
    assert all(any(each.startswith(begin) for begin in tried) for each in sentences())
    assert len(sentences()) == len(tried)
