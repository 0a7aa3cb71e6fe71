"""Limits: each is crossed by one more than it allows, and says so by its name."""

from typing import Any

import pytest
from graphql import build_schema, get_introspection_query

from api.execution import Operations, Params, RequestError
from api.settings import Settings

SCHEMA = build_schema(
    """
    directive @mark repeatable on FIELD | QUERY | VARIABLE_DEFINITION
    interface Named { name: String }
    type Node implements Named { name: String next: Node list(first: Int = 20): Page tags: [Node] }
    type Page { nodes: [Node!]! edges: [Edge!]! total: Int }
    type Edge { cursor: String node: Node }
    union Either = Node | Page
    type Query { a: Int b: Node page(first: Int = 20): Page plain(first: Int): [Node] either: Either
                 take(values: [Int], tree: Tree): Int }
    input Tree { left: Tree right: Tree }
    """
)


def fault(query: str, variables: dict[str, Any] | None = None, **limits: Any) -> dict[str, Any]:
    """The one error that the query is refused with; empty where it is not."""
    operations = Operations(SCHEMA, Settings(**limits))
    try:
        operations.plan(Params(query, variables=variables))
    except RequestError as error:
        (only,) = error.errors
        return only
    return {}


def crossed(query: str, variables: dict[str, Any] | None = None, **limits: Any) -> str | None:
    """The name of the limit that the query crosses."""
    error = fault(query, variables, **limits)
    if not error:
        return None
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert error["extensions"]["limit"] in error["message"]
    return str(error["extensions"]["limit"])


def test_the_error_names_the_limit_the_value_and_the_bound() -> None:
    error = fault("{ b { next { name } } }", depth_max=2)
    assert error["extensions"] == {
        "code": "LIMIT_EXCEEDED",
        "limit": "depth_max",
        "value": 3,
        "max": 2,
    }
    assert error["message"] == "The operation has 3 levels; at most 2 are accepted (depth_max)"


@pytest.mark.parametrize(
    "query",
    [
        "{ b { next { name } } }",
        "{ b { ... { next { ... on Node { name } } } } }",
        "{ ...r } fragment r on Query { b { ...n } } fragment n on Node { next { name } }",
    ],
)
def test_depth_counts_fields_through_fragments(query: str) -> None:
    assert crossed(query, depth_max=2) == "depth_max"
    assert crossed(query, depth_max=3) is None


def test_every_operation_of_a_document_is_measured() -> None:
    assert crossed("query x { a } query y { b { next { name } } }", depth_max=2) == "depth_max"


@pytest.mark.parametrize(
    "query",
    [
        "{ x: a y: a z: a }",
        "{ ...f ...f ...f } fragment f on Query { x: a }",
        "{ a a a a }",
        "{ a ... { a a a } }",
        "{ b { x: name y: name next { z: name } } }",
    ],
)
def test_aliases_count_through_fragments_and_so_do_repeated_fields(query: str) -> None:
    assert crossed(query, aliases_max=2) == "aliases_max"
    assert crossed(query, aliases_max=3) is None


def test_root_fields_are_counted_through_fragments() -> None:
    query = "{ a b { name } ...f } fragment f on Query { page { total } }"
    assert crossed(query, root_fields_max=2) == "root_fields_max"
    assert crossed(query, root_fields_max=3) is None


def test_directives_are_counted_wherever_they_stand() -> None:
    query = "query ($v: Int @mark) @mark { take(values: [$v]) @mark @mark }"
    assert crossed(query, directives_max=3) == "directives_max"
    assert crossed(query, directives_max=4) is None


def test_tokens_are_counted_before_anything_is_built_of_them() -> None:
    assert crossed("{ a b { name } }", tokens_max=6) == "tokens_max"
    assert crossed("{ a b { name } }", tokens_max=7) is None
    assert fault("#\n" * 100 + "{ a }", tokens_max=50)


def test_a_page_of_more_entries_than_allowed_is_refused_in_a_literal_and_in_a_variable() -> None:
    assert crossed("{ page(first: 501) { total } }") == "page_max"
    assert crossed("{ page(first: 500) { total } }") is None
    by_variable = "query ($n: Int) { page(first: $n) { total } }"
    assert crossed(by_variable, {"n": 501}) == "page_max"
    assert crossed(by_variable, {"n": 500}) is None
    assert crossed("query ($n: Int = 501) { page(first: $n) { total } }") == "page_max"
    assert crossed("{ b { list(first: 501) { total } } }") == "page_max"


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        ("{ a }", 1),
        ("{ page(first: 10) { nodes { name } } }", 12),
        ("{ page(first: 10) { total nodes { name next { name } } } }", 33),
        ("{ page { edges { cursor node { name } } } }", 62),
        ("{ plain(first: 7) { name } }", 8),
        ("{ page(first: 10) { nodes { list(first: 5) { nodes { name } } } } }", 72),
        ("{ b { tags { name } } }", 7),
        ("{ page(first: 10) { ...p } } fragment p on Page { nodes { name } }", 12),
        ("{ either { ... on Node { name } ... on Page { nodes { name } } } }", 8),
        ("{ __schema { types { name } } }", 1),
    ],
)
def test_a_page_multiplies_what_is_in_it(query: str, cost: int) -> None:
    assert crossed(query, cost_max=cost) is None
    assert crossed(query, cost_max=max(cost - 1, 1)) == ("cost_max" if cost > 1 else None)


def test_a_cost_follows_its_variables() -> None:
    query = """query ($n: Int, $m: Int = 3) {
        page(first: $n) { nodes { list(first: $m) { nodes { name } } } } }"""
    assert crossed(query, {"n": 2}, cost_max=12) is None
    assert crossed(query, {"n": 2}, cost_max=11) == "cost_max"
    assert crossed(query, {"n": 2, "m": 4}, cost_max=12) == "cost_max"
    assert crossed(query, {"n": "many"}, cost_max=300) is None


def test_fragments_that_double_each_other_are_reckoned_and_refused_at_once() -> None:
    def doubled(field: str, close: str) -> str:
        links = " ".join(
            f"fragment f{at} on Node {{ x: {field} ...f{at + 1} {close} y: {field} ...f{at + 1}"
            f" {close} }}"
            for at in range(40)
        )
        return f"{{ b {{ ...f0 }} }} {links} fragment f40 on Node {{ name }}"

    plain = doubled("next {", "}")
    assert crossed(plain, depth_max=100) == "aliases_max"
    assert crossed(plain, depth_max=100, aliases_max=2**62) == "cost_max"
    paged = "query ($n: Int) " + doubled("list(first: $n) { nodes {", "} }")
    assert crossed(paged, {"n": 1}, depth_max=100, aliases_max=2**62) == "cost_max"


def test_fragments_in_a_circle_are_refused_by_validation() -> None:
    error = fault("{ ...f } fragment f on Query { a ...g } fragment g on Query { ...f }")
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


def test_graphiqls_introspection_is_within_the_limits() -> None:
    settings: dict[str, Any] = {"depth_max": 3, "aliases_max": 0, "cost_max": 1}
    query = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True,
        input_value_deprecation=True, one_of=True,
    )  # fmt: skip
    assert crossed(query, **settings) is None


def test_introspection_in_circles_is_refused() -> None:
    error = fault(
        "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"
    )
    assert "introspection" in error["message"]


def test_values_in_variables_are_counted_and_so_is_their_nesting() -> None:
    query = "query ($v: [Int]) { take(values: $v) }"
    assert crossed(query, {"v": [1] * 9}, values_max=10) is None
    assert crossed(query, {"v": [1] * 10}, values_max=10) == "values_max"
    deep: dict[str, Any] = {}
    for _ in range(10):
        deep = {"left": deep}
    tree = "query ($v: Tree) { take(tree: $v) }"
    assert crossed(tree, {"v": deep}, values_depth_max=11) is None
    assert crossed(tree, {"v": deep}, values_depth_max=10) == "values_depth_max"


def test_documents_kept_parsed_are_bounded_in_all() -> None:
    operations = Operations(SCHEMA, Settings(plans_tokens_max=100))
    kept = operations.plan(Params("{ a }")).plan
    assert operations.plan(Params("{ a }")).plan is kept
    for at in range(100):
        operations.plan(Params(f"query q{at} {{ a b {{ name }} }}"))
    assert operations.plan(Params("{ a }")).plan is kept, "what came once took what came again"
    for at in range(200):
        operations.plan(Params(f"query q{at // 2} {{ a b {{ name }} }}"))
    assert operations.plan(Params("{ a }")).plan is not kept


def test_a_document_with_a_huge_text_in_it_is_not_kept() -> None:
    operations = Operations(SCHEMA, Settings(plans_tokens_max=1000))
    query = "{ a } # " + "x" * 100_000
    assert operations.plan(Params(query)).plan is not operations.plan(Params(query)).plan
