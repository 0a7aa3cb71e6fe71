"""The model that live queries are measured on: markets with a hundred priced quotes each."""

from collections.abc import Iterator
from decimal import Decimal

from domain.model import Aggregate, Public, command, event, value
from readmodels.composition import Model, build
from readmodels.model import Projection, document, index

MARKETS = 100
QUOTES_OF_EACH = 100


@event("live.PriceSet")
class PriceSet:
    """A quote has a price from now on."""

    quote: str
    market: str
    name: str
    price: Decimal
    volume: int


@command(allow=Public())
class SetPrice:
    """Give a quote a price."""

    quote: str
    market: str
    name: str
    price: Decimal
    volume: int


@value
class Unpriced:
    """Nobody has named a price yet."""


@value
class Priced:
    """It has a price."""

    price: Decimal
    volume: int


State = Unpriced | Priced


def _evolve(state: State, event: PriceSet) -> State:
    return Priced(price=event.price, volume=event.volume)


def _decide(command: SetPrice, state: State) -> list[PriceSet]:
    if state == Priced(price=command.price, volume=command.volume):
        return []
    return [
        PriceSet(
            quote=command.quote,
            market=command.market,
            name=command.name,
            price=command.price,
            volume=command.volume,
        )
    ]


quotes = Aggregate(
    name="quote",
    key=lambda command: command.quote,
    initial=Unpriced,
    decide=_decide,
    evolve=_evolve,
)


@document(read=Public(), indexes=[index("market"), index("price")])
class Quote:
    """The latest price of something in a market."""

    id: str
    market: str
    name: str
    price: Decimal
    volume: int


def _show(document: Quote | None, event: PriceSet) -> Quote:
    return Quote(
        id=event.quote,
        market=event.market,
        name=event.name,
        price=event.price,
        volume=event.volume,
    )


shown_quotes = Projection(document=Quote, keys=lambda event: [event.quote], evolve=_show)


def model() -> Model:
    """`headrace serve --model benchmarks.live_model:model` serves it."""
    return build(aggregates=[quotes], projections=[shown_quotes])


def prices(markets: int) -> Iterator[SetPrice]:
    """What fills so many markets: every quote with the price of its rank in its market."""
    for market in range(markets):
        for rank in range(QUOTES_OF_EACH):
            yield priced(market, rank, price_at(rank))


def priced(market: int, rank: int, price: Decimal, volume: int = 0) -> SetPrice:
    """The quote that began at a rank of a market, at a price and a volume."""
    number = market * QUOTES_OF_EACH + rank
    return SetPrice(
        quote=quote_id(number),
        market=market_id(market),
        name=f"The Quote of Number {number}",
        price=price,
        volume=volume,
    )


def price_at(rank: int, step: int = 0) -> Decimal:
    """The price at which a quote starts at a rank; with steps below ten, one just above that."""
    return Decimal(100_000 - 10 * rank + step) / 100


def quote_id(number: int) -> str:
    """The id of a quote, counted over all markets."""
    return f"quote-{number:05}"


def market_id(number: int) -> str:
    """The id of a market."""
    return f"market-{number:03}"
