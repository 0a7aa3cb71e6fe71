"""Documents that do not fit are refused at the start, in a sentence that names the culprit."""

from dataclasses import replace
from typing import Any

import pytest

from domain.model import Public, Role
from domain.rules import Owner
from readmodels.composition import build
from readmodels.model import document, index, many, one
from tests.domain.parts import ACCOUNTS, SHOWN, Empty, Tidied, projection, refused
from tests.sample import Account, Opened


def test_a_document_that_is_none() -> None:
    assert refused(projections=[projection(Empty)]) == (
        "Empty is no document: decorate it with @document(read=...)"
    )


def test_a_document_without_a_read_rule() -> None:
    @document()
    class Secret:
        """Whose is it?"""

        id: str

    assert refused(projections=[projection(Secret)]) == (
        "the document Secret has no read=: say who may see it, or read=Public() for everyone"
    )


def test_a_projection_of_an_event_that_nothing_defines() -> None:
    assert refused(projections=[projection(Account, Opened | Tidied)]) == (
        "the projection of Account handles tests.domain.parts.Tidied, "
        "an event that no aggregate defines"
    )


def test_a_document_without_an_id() -> None:
    @document(read=Public())
    class Numbered:
        """Its id is a number."""

        id: int

    @document(read=Public())
    class Nameless:
        """It has none."""

        name: str

    for cls in (Numbered, Nameless):
        sentence = refused(projections=[projection(cls)])
        assert sentence == f"the document {cls.__name__} needs a field `id: str`"


def test_an_index_on_a_field_that_is_missing_or_on_none() -> None:
    @document(read=Public(), indexes=[index("id"), index("name", "nmae")])
    class Misspelt:
        """A typo."""

        id: str
        name: str

    @document(read=Public(), indexes=[index()])
    class Hollow:
        """An index on nothing."""

        id: str

    assert refused(projections=[projection(Misspelt)]) == (
        "an index of Misspelt names 'nmae', which is not among its fields: id, name"
    )
    assert refused(projections=[projection(Hollow)]) == "an index of Hollow names no field"


def test_an_owner_that_is_no_field_or_has_no_index() -> None:
    @document(read=Role("clerk") | Owner("onwer"))
    class Misspelt:
        """A typo."""

        id: str
        owner: str

    @document(read=Owner("owner"))
    class Unindexed:
        """Every query of an owner would read everything."""

        id: str
        owner: str

    @document(read=Owner("owners") | Owner("id"))
    class Shared:
        """Several owners need no index: none would serve."""

        id: str
        owners: tuple[str, ...]

    assert refused(projections=[projection(Misspelt)]) == (
        "read= of Misspelt names the owner 'onwer', which is no field of it"
    )
    assert refused(projections=[projection(Unindexed)]) == (
        "the owner 'owner' of Unindexed needs an index: every query of an owner filters by it"
    )
    build(aggregates=[ACCOUNTS], projections=[projection(Shared)])


def test_fields_that_cannot_be_read() -> None:
    @document(read=Public())
    class Broken:
        """Of a type that is not there."""

        id: str
        other: "Nowhere"  # type: ignore[name-defined]  # noqa: F821 - on purpose

    assert refused(projections=[projection(Broken)]) == (
        "the fields of Broken cannot be read: name 'Nowhere' is not defined"
    )


def test_two_projections_of_one_document() -> None:
    assert refused(projections=[SHOWN, replace(SHOWN, version=2)]) == (
        "two projections show documents called Account; rename one"
    )


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        (many("accounts", to="Acount", by="owner"), "leads to 'Acount', which no projection shows"),
        (
            many("accounts", to="Account", by="movements"),
            "goes by Account.movements, which has no index",
        ),
        (
            many("accounts", to="Account", by="nowhere"),
            "goes by Account.nowhere, which has no index",
        ),
        (many("name", to="Account", by="owner"), "has the name of a field; rename it"),
        (one("best", to="Account", by="owner"), "goes by its own owner, which is no text field"),
        (one("best", to="Account", by="rank"), "goes by its own rank, which is no text field"),
        (one("best", to="Acount", by="name"), "leads to 'Acount', which no projection shows"),
    ],
)
def test_a_link_that_leads_nowhere(link: Any, sentence: str) -> None:
    @document(read=Public(), links=[link])
    class Customer:
        """Someone with accounts."""

        id: str
        name: str
        rank: int

    assert refused(projections=[SHOWN, projection(Customer)]) == (
        f"the link {link.name!r} of Customer {sentence}"
    )
