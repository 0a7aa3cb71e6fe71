"""What live queries ask: one text for every server, who asks what, and the changes they see."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from benchmarks.live_model import (
    MARKETS,
    QUOTES_OF_EACH,
    SetPrice,
    market_id,
    price_at,
    priced,
    prices,
    quote_id,
)

PAGE = 50
QUOTES = MARKETS * QUOTES_OF_EACH
VOLUME = 1_000_000_000
"""What a change's own number is added to, so that all are of one length and each is new."""
_QUOTE = "id market name price volume"
_ONE = f"subscription Watch($id: ID!) {{ quote(id: $id) {{ {_QUOTE} }} }}"
_PAGE = (
    "subscription Watch($market: String!) { quotes(where: {market: {eq: $market}}, "
    f"orderBy: [{{field: PRICE, direction: DESC}}], first: {PAGE}) {{ nodes {{ {_QUOTE} }} }} }}"
)
_SET = "mutation Set($input: SetPriceInput!) { setPrice(input: $input) { __typename } }"

Variables = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Watching:
    """Who watches what, and the changes that are made meanwhile, in turn and again and again."""

    title: str
    text: str
    variables: list[list[Variables]]
    """Of each client, those of each of its subscriptions."""
    changes: list[str]
    """The bodies of the mutations, with a volume that is to be another one in each."""
    per_change: int
    """How many messages each change gives."""
    markets: int = MARKETS
    """How many markets there are."""

    @property
    def clients(self) -> int:
        """How many sockets that is."""
        return len(self.variables)


def one_document(clients: int) -> Watching:
    """Everybody watches the same document."""
    return Watching(
        title=f"{clients:,} clients on one document",
        text=_ONE,
        variables=[[{"id": quote_id(0)}]] * clients,
        changes=_bodies([priced(0, 0, price_at(0), VOLUME)]),
        per_change=clients,
        markets=1,
    )


def one_page(clients: int) -> Watching:
    """Everybody watches the same page."""
    return Watching(
        title=f"{clients:,} clients on one page of {PAGE}",
        text=_PAGE,
        variables=[[{"market": market_id(0)}]] * clients,
        changes=_bodies(_moves([0])),
        per_change=clients,
        markets=1,
    )


def different_documents(clients: int) -> Watching:
    """Everybody watches a document of their own, and each is changed in turn."""
    return Watching(
        title=f"{clients:,} clients on {clients:,} documents",
        text=_ONE,
        variables=[[{"id": quote_id(number)}] for number in range(clients)],
        changes=_bodies(
            priced(number // QUOTES_OF_EACH, rank, price_at(rank), VOLUME)
            for number in range(clients)
            for rank in [number % QUOTES_OF_EACH]
        ),
        per_change=1,
    )


def different_pages(clients: int) -> Watching:
    """The clients share the markets' pages, and each page is changed in turn."""
    markets = min(MARKETS, clients)
    clients -= clients % markets
    return Watching(
        title=f"{clients:,} clients on {markets} filtered pages of {PAGE}",
        text=_PAGE,
        variables=[[{"market": market_id(each % markets)}] for each in range(clients)],
        changes=_bodies(_moves(range(markets))),
        per_change=clients // markets,
    )


def idle(sockets: int, of_each: int, *, is_same: bool) -> Watching:
    """Documents watched over sockets that share nothing else, and nothing happens."""
    every = (0 if is_same else number % QUOTES for number in range(sockets * of_each))
    ids: list[Variables] = [{"id": quote_id(number)} for number in every]
    return Watching(
        title=f"{sockets * of_each:,} of them over {sockets:,} sockets",
        text=_ONE,
        variables=[ids[at : at + of_each] for at in range(0, len(ids), of_each)],
        changes=[],
        per_change=0,
    )


def filling(markets: int) -> list[str]:
    """The bodies of the mutations that fill so many markets."""
    return _bodies(prices(markets))


def _moves(markets: Iterable[int]) -> Iterable[SetPrice]:
    """A quote of each market falls within the page, then out of it, then returns to its place."""
    every = [*markets]
    for rank, step in ((40, 5), (PAGE + 5, 5), (10, 0)):
        for market in every:
            yield priced(market, 10, price_at(rank, step), VOLUME)


def _bodies(commands: Iterable[SetPrice]) -> list[str]:
    return [
        json.dumps(
            {"query": _SET, "variables": {"input": msgspec.to_builtins(each)}},
            separators=(",", ":"),
        )
        for each in commands
    ]
