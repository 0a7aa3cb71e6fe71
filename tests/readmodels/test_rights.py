"""Read rules as conditions: what a query finds is what the rule lets the viewer see, no more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.rules import AnyOf, Owner, Public, Role, Rule, Viewer, admits, alternatives
from readmodels.model import document
from readmodels.query import EVERYTHING, NOTHING, And, Compare, predicate
from readmodels.rights import both, visible


@document(read=Owner("owner"))
class Letter:
    """Something that one person wrote and some may read."""

    id: str
    owner: str | None
    readers: tuple[str, ...]


NAMES = ["ann", "bob", ""]
owners = st.sampled_from(["owner", "readers"]).map(Owner)
roles = st.sampled_from(["clerk", "admin"])
rules: st.SearchStrategy[Rule] = st.one_of(
    st.just(Public()),
    st.builds(Role, roles),
    owners,
    st.lists(st.just(Public()) | st.builds(Role, roles) | owners, max_size=3).map(
        lambda each: AnyOf(tuple(each))
    ),
)
viewers = st.builds(Viewer, st.none() | st.sampled_from(NAMES), st.frozensets(roles))
letters = st.builds(
    Letter,
    id=st.just("one"),
    owner=st.none() | st.sampled_from(NAMES),
    readers=st.lists(st.sampled_from(NAMES), max_size=2).map(tuple),
)


def may_read(rule: Rule, viewer: Viewer, letter: Letter) -> bool:
    """The rule, taken at its word."""
    for each in alternatives(rule):
        match each:
            case Public():
                return True
            case Role(names=names):
                if names & viewer.roles:
                    return True
            case Owner(field="owner"):
                if viewer.subject is not None and letter.owner == viewer.subject:
                    return True
            case Owner():
                if viewer.subject in letter.readers:
                    return True
    return False


@given(rules, viewers, letters)
def test_a_condition_lets_through_what_its_rule_does(
    rule: Rule, viewer: Viewer, letter: Letter
) -> None:
    assert predicate(visible(Letter, rule, viewer))(letter) == may_read(rule, viewer, letter)


@given(rules, viewers)
def test_whom_a_rule_admits_whatever_the_document_sees_everything(
    rule: Rule, viewer: Viewer
) -> None:
    assert (visible(Letter, rule, viewer) == EVERYTHING) == admits(rule, viewer)


def test_one_of_several_owners_sees_what_they_own_together() -> None:
    letter = Letter(id="one", owner="ann", readers=("bob", "cleo"))
    for name, is_shown in {"ann": True, "bob": True, "cleo": True, "eve": False}.items():
        where = visible(Letter, Owner("owner") | Owner("readers"), Viewer(name))
        assert predicate(where)(letter) == is_shown


def test_who_is_not_signed_in_owns_nothing() -> None:
    assert visible(Letter, Owner("owner") | Owner("readers"), Viewer()) == NOTHING
    assert not predicate(NOTHING)(Letter(id="one", owner=None, readers=()))


def test_no_rule_admits_nobody() -> None:
    assert not admits(None, Viewer("ann", frozenset({"admin"})))
    assert visible(Letter, AnyOf(()), Viewer("ann", frozenset({"admin"}))) == NOTHING


@pytest.mark.parametrize("where", [EVERYTHING, NOTHING, Compare("id", "eq", "one")])
def test_an_empty_condition_adds_nothing_to_another(where: And | Compare) -> None:
    assert both(EVERYTHING, where) == where
    assert both(where, EVERYTHING) == where
    assert both(where, NOTHING) == (NOTHING if where == EVERYTHING else And((where, NOTHING)))
