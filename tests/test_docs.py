"""The pages say what is so: the contexts' names and roles, operations that run, links that lead."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from graphql import parse, validate

from api.contexts import CONTEXTS, shipped
from api.schema import core, derive
from api.schema.names import lower_first
from domain.composition import command_spec, commands_of
from domain.model import AnyAggregate, AnyProcess
from domain.rules import Owner, Public, Role, Rule, alternatives
from readmodels.composition import build

ROOT = Path(__file__).parent.parent
README, DOCS = ROOT / "README.md", ROOT / "docs"
NAMES = ("Commerce", "Clinical", "Banking")
"""The sections, in the order of `CONTEXTS`."""
NAMED = re.compile(r"`(\w+)`")
COMMAND = re.compile(r"`(\w+)` \(([\w, ]+)\)")
LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")


def page() -> str:
    return (DOCS / "contexts.md").read_text("utf-8")


@dataclass(frozen=True)
class Section:
    """What the page says of a context, and what there is."""

    text: str
    aggregates: tuple[AnyAggregate, ...]
    processes: tuple[AnyProcess, ...]
    documents: dict[str, Rule]

    def rows(self, heading: str) -> list[list[str]]:
        """The cells of a table, row by row, by the heading of its first column."""
        (_, _, after) = self.text.partition(f"| {heading} |")
        lines = after.split("\n\n")[0].splitlines()[2:]
        return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def section(at: int) -> Section:
    aggregates, processes, projections = CONTEXTS[at]
    model = build(aggregates=aggregates, processes=processes, projections=projections)
    documents = {
        lower_first(each.collection.name): each.spec.read
        for each in model.shown.values()
        if each.spec.read is not None
    }
    (text,) = re.findall(rf"^## {NAMES[at]}\n(.*?)(?=^## |\Z)", page(), re.DOTALL | re.MULTILINE)
    return Section(text, tuple(aggregates), tuple(processes), documents)


@pytest.fixture(params=range(len(CONTEXTS)), ids=NAMES)
def each(request: Any) -> Section:
    return section(request.param)


def roles(rule: Rule | None) -> set[str]:
    found = alternatives(rule) if rule else ()
    return {name for part in found if isinstance(part, Role) for name in part.names}


def words(cell: str) -> set[str]:
    """The words of a list, without what stands in brackets."""
    return {each.strip() for each in re.sub(r"\([^)]*\)", "", cell).split(",")}


def test_every_command_is_named_with_who_may_send_it(each: Section) -> None:
    there = {
        (aggregate.name, lower_first(cls.__name__)): roles(spec.allow)
        for aggregate in each.aggregates
        for cls in commands_of(aggregate)
        if (spec := command_spec(cls)) and spec.allow
    }
    named = [
        ((NAMED.findall(aggregate)[0], command), words(allowed))
        for aggregate, commands, _ in each.rows("aggregate")
        for command, allowed in COMMAND.findall(commands)
    ]
    assert dict(named) == there
    assert len(named) == len(there), "a command is named twice"


def test_every_aggregate_is_named_with_who_may_read_its_history(each: Section) -> None:
    there = {one.name: roles(one.history) or {"nobody"} for one in each.aggregates}
    named = {NAMED.findall(row[0])[0]: words(row[2]) for row in each.rows("aggregate")}
    assert named == there


def test_every_document_is_named_with_who_may_read_it(each: Section) -> None:
    there: dict[str, set[str]] = {}
    for name, rule in each.documents.items():
        parts = alternatives(rule)
        there[name] = roles(rule)
        there[name] |= {"owners"} if any(isinstance(part, Owner) for part in parts) else set()
        there[name] |= {"everybody"} if any(isinstance(part, Public) for part in parts) else set()
    named = {name: words(row[1]) for row in each.rows("document") for name in NAMED.findall(row[0])}
    assert named == there


def test_every_process_is_named(each: Section) -> None:
    other = {one.name for one in each.aggregates} | set(each.documents)
    loose = [line for line in each.text.splitlines() if not line.startswith("|")]
    named = {name for line in loose for name in NAMED.findall(line)} - other
    commands = {name for row in each.rows("aggregate") for name, _ in COMMAND.findall(row[1])}
    assert named - commands == {process.name for process in each.processes}


def test_every_role_is_named_where_it_belongs() -> None:
    (line,) = re.findall(r"^Roles: (.*?)\n\n", page(), re.DOTALL | re.MULTILINE)
    for at, part in enumerate(line.split(";")):
        found = section(at)
        there = {role for one in found.aggregates for role in roles(one.history)}
        there |= {role for rule in found.documents.values() for role in roles(rule)}
        for one in found.aggregates:
            for cls in commands_of(one):
                spec = command_spec(cls)
                there |= roles(spec.allow if spec else None)
        assert set(NAMED.findall(part)) == there, NAMES[at]


def test_every_operation_of_the_readme_fits_the_schema() -> None:
    schema = core(derive(shipped()))
    blocks = re.findall(r"```graphql\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        assert validate(schema, parse(block)) == [], block


def test_every_link_of_the_pages_leads_somewhere() -> None:
    for file in (README, *DOCS.rglob("*.md")):
        for target in LINK.findall(file.read_text("utf-8")):
            if "://" not in target:
                assert (file.parent / target).exists(), f"{file.name} leads to {target}"
