"""Bad input of every kind: values, bodies, headers, messages, and bytes that are none of these."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, cast

from tests.serving import Json
from tests.shop import mutation

__all__ = ["BODIES", "VALUES", "Case", "inputs", "mangled", "valid_bodies"]

LONG = "x" * 900_000


@dataclass(frozen=True)
class Case:
    """A request, and the code of the error, or of the domain's no, that it must get."""

    query: str
    variables: Json
    code: str


LISTING: Json = {
    "product": "nasty", "name": "A CD", "category": "music", "price": "9.99", "stock": 1,
}  # fmt: skip
WRONG: dict[str, list[tuple[Any, str]]] = {
    "product": [
        (None, "BAD_USER_INPUT"), (True, "BAD_USER_INPUT"), ([], "BAD_USER_INPUT"),
        ({"id": 1}, "BAD_USER_INPUT"), (1.5, "BAD_USER_INPUT"), ("", "*"), (" ", "*"),
        ("a\x00b", "*"), ("\ud800", "*"), (LONG, "*"), ("\u202e\u0007", "*"),
    ],
    "name": [
        (None, "BAD_USER_INPUT"), (7, "BAD_USER_INPUT"), (["a"], "BAD_USER_INPUT"),
        ("", "INVALID_TEXT"), ("\n", "INVALID_TEXT"), (LONG, "*"), ("x" * 201, "INVALID_TEXT"),
        ("\x1b[2J", "*"),
    ],
    "price": [
        (None, "BAD_USER_INPUT"), (True, "BAD_USER_INPUT"), (9.99, "BAD_USER_INPUT"),
        ("", "BAD_USER_INPUT"), ("NaN", "BAD_USER_INPUT"), ("sNaN", "BAD_USER_INPUT"),
        ("Infinity", "BAD_USER_INPUT"), ("-Infinity", "BAD_USER_INPUT"),
        ("1e999999999", "*"), ("9" * 1000, "*"), ("1e-999999999", "*"), ("0x10", "BAD_USER_INPUT"),
        ("1_000", "*"), ("-1.00", "INVALID_AMOUNT"), ("1.005", "INVALID_AMOUNT"),
        ("1000000.01", "INVALID_AMOUNT"), (10**400, "*"), ("\u0661", "*"),
    ],
    "stock": [
        (None, "BAD_USER_INPUT"), (True, "BAD_USER_INPUT"), ("1", "BAD_USER_INPUT"),
        (1.5, "BAD_USER_INPUT"), (2**31, "BAD_USER_INPUT"), (-(2**63), "BAD_USER_INPUT"),
        (10**300, "BAD_USER_INPUT"), (-1, "INVALID_QUANTITY"), (2**31 - 1, "INVALID_QUANTITY"),
    ],
    "colour": [("red", "BAD_USER_INPUT")],
}  # fmt: skip
"""What is wrong with each field of a listing; `*` where any clear no will do."""


def inputs() -> Iterator[Case]:
    """Listings with one wrong value each, and arguments around them."""
    query = mutation("listProduct")
    for name, values in WRONG.items():
        for value, code in values:
            yield Case(query, {"input": {**LISTING, name: value}}, code)
    others: tuple[Any, ...] = (None, [], "x", 1, {})
    for wrong in others:
        yield Case(query, {"input": wrong}, "BAD_USER_INPUT")
    for version in (-1, 2**31, "1", 1.5):
        yield Case(query, {"input": LISTING, "expectedVersion": version}, "BAD_USER_INPUT")
    ids: tuple[Any, ...] = ("", "x" * 5000, {}, "\x00")
    for id in ids:
        yield Case(query, {"input": LISTING, "commandId": id}, "BAD_USER_INPUT")


VALUES: tuple[tuple[str, str], ...] = (
    ('{ products(first: 0) { totalCount } }', "BAD_USER_INPUT"),
    ('{ products(first: -1) { totalCount } }', "BAD_USER_INPUT"),
    ('{ products(first: 501) { totalCount } }', "LIMIT_EXCEEDED"),
    ('{ products(first: 99999999999) { totalCount } }', "BAD_USER_INPUT"),
    ('{ products(after: "garbage") { totalCount } }', "BAD_USER_INPUT"),
    ('{ products(after: "") { totalCount } }', "BAD_USER_INPUT"),
    ('{ products(after: "bnVsbA") { totalCount } }', "BAD_USER_INPUT"),
    ('{ products(atLeast: "garbage") { totalCount } }', "BAD_USER_INPUT"),
    ('{ products(atLeast: "-1:-1") { totalCount } }', "BAD_USER_INPUT"),
    ('{ products(atLeast: "999999:1") { totalCount } }', "*"),
    ('{ products(atLeast: "3:999999999999999999") { totalCount } }', "TIMEOUT"),
    ('{ product(id: "x", atLeast: "3:99999999999999999999999") { id } }', "BAD_USER_INPUT"),
    ('{ products(where: { nothing: { eq: 1 } }) { totalCount } }', "BAD_USER_INPUT"),
    ('{ products(where: { price: { eq: "NaN" } }) { totalCount } }', "BAD_USER_INPUT"),
    ('{ products(where: { price: { eq: 1.5 } }) { totalCount } }', "BAD_USER_INPUT"),
    ('{ products(where: { available: { in: [1, "a"] } }) { totalCount } }', "BAD_USER_INPUT"),
    ('{ products(orderBy: [{ field: NOTHING }]) { totalCount } }', "BAD_USER_INPUT"),
    ('{ products(orderBy: [{ direction: DESC }]) { totalCount } }', "BAD_USER_INPUT"),
    ('{ history(stream: "product-x", afterVersion: -1) { nodes { id } } }', "BAD_USER_INPUT"),
    ('{ history(stream: "product-x", first: 0) { nodes { id } } }', "BAD_USER_INPUT"),
    ('{ salesDays(where: { id: { startsWith: "\\u0000" } }) { totalCount } }', "BAD_USER_INPUT"),
    ('{ nothing }', "BAD_USER_INPUT"),
    ('{ products { nothing } }', "BAD_USER_INPUT"),
    ('{ products }', "BAD_USER_INPUT"),
    ('{', "BAD_USER_INPUT"),
    ('', "BAD_USER_INPUT"),
    ('\\u0000', "BAD_USER_INPUT"),
    ('query a { products { totalCount } } query b { products { totalCount } }', "BAD_USER_INPUT"),
    ('subscription { products { totalCount } }', "BAD_USER_INPUT"),
    ('{ ...f } fragment f on Query { ...f }', "BAD_USER_INPUT"),
    ('query($a: Int = "x") { products(first: $a) { totalCount } }', "BAD_USER_INPUT"),
    ("{ " + " ".join(f"a{n}: product(id: 1) {{ id }}" for n in range(40)) + " }", "LIMIT_EXCEEDED"),
    ("{ products " + "{ nodes " * 3000 + "}" * 3000 + " }", "*"),
    ("{ customerHistories(first: 500) { nodes { purchases(first: 500) { nodes {"
     " lines { product } timeline { what } } } } } }", "LIMIT_EXCEEDED"),
    ("{ a" * 500_000, "*"),
)  # fmt: skip

BODIES: tuple[tuple[bytes, int], ...] = (
    (b"", 400),
    (b"{", 400),
    (b"null", 400),
    (b"[]", 400),
    (b'"query"', 400),
    (b"\xff\xfe{}", 400),
    (b'{"query": NaN}', 400),
    (b'{"query": "{ __typename }", "variables": {"a": NaN}}', 400),
    (b'{"query": "{ __typename }", "variables": [1]}', 400),
    (b'{"query": "{ __typename }", "extensions": 1}', 400),
    (b'{"query": 1}', 400),
    (b'{"variables": {}}', 400),
    (b'{"query": "{ __typename }", "operationName": 3}', 400),
    (b"[" * 200_000, 400),
    (b'{"query": "{ __typename }", "variables": ' + b'{"a":' * 50_000, 400),
    (b'{"query": "' + b"x" * 1_100_000 + b'"}', 413),
)


def valid_bodies() -> list[Json]:
    """Requests that are all right, to be mangled."""
    line = {"product": "cd", "quantity": 1}
    return [
        {
            "query": mutation("listProduct"),
            "variables": {"input": {**LISTING, "product": "mangled"}},
        },
        {"query": mutation("placeOrder"), "variables": {"input": {"lines": [line]}}},
        {
            "query": "query($f: ProductFilter, $o: [ProductOrder!], $n: Int, $a: Cursor) {"
            " products(where: $f, orderBy: $o, first: $n, after: $a) { nodes { id price } } }",
            "variables": {
                "f": {"or": [{"price": {"gte": "1.00"}}, {"not": {"name": {"startsWith": "A"}}}]},
                "o": [{"field": "PRICE", "direction": "DESC"}],
                "n": 10,
                "a": None,
            },
        },
        {"query": '{ order(id: "1") { id timeline { what at } } }', "operationName": None},
    ]


STRANGE: tuple[Any, ...] = (
    None, True, 0, -1, 2**31, 10**40, 1.5, 1e308, "", " ", "NaN", "\x00", "\ud83d\ude00", "x" * 300,
    [], [[]], {}, {"eq": {}}, [None], "1e400", "-0", "../../etc", "' OR 1=1 --", "%s%n",
)  # fmt: skip


def mangled(body: Json, random: Random) -> bytes:
    """The request with a value replaced, a byte flipped, or its end missing."""
    if random.random() < 0.6:
        return json.dumps(_replaced(body, random)).encode()
    data = bytearray(json.dumps(body).encode())
    if random.random() < 0.2:
        return bytes(data[: random.randrange(len(data))])
    for _ in range(random.randint(1, 3)):
        data[random.randrange(len(data))] = random.randrange(256)
    return bytes(data)


def _replaced(value: object, random: Random) -> object:
    """The value with one of those within it replaced, added or left out."""
    if isinstance(value, dict) and value and random.random() < 0.85:
        return _replaced_in(cast(Json, value), random)
    if isinstance(value, list) and value and random.random() < 0.8:
        first, *others = cast(list[object], value)
        return [_replaced(first, random), *others]
    return random.choice(STRANGE)


def _replaced_in(value: Json, random: Random) -> Json:
    key = random.choice(list(value))
    chance = random.random()
    if chance < 0.1:
        return {name: each for name, each in value.items() if name != key}
    if chance < 0.15:
        return {**value, f"{key}x": value[key]}
    return {**value, key: _replaced(value[key], random)}
