"""A portfolio, valued anew by every quote of what it holds."""

from decimal import Decimal

from domain.banking.currencies import rounded, zero
from domain.banking.instrument_messages import (
    InstrumentFollowed,
    InstrumentUnfollowed,
    QuotePassedOn,
)
from domain.banking.lots import Lot, cost_of, given_back, quantity_of, taken
from domain.banking.portfolio_messages import UnitsBought, UnitsRestored, UnitsSold
from domain.banking.trade_terms import UNIT
from domain.model import value
from readmodels.model import Owner, Projection, Role, document, index, replace


@value
class Position:
    """What a portfolio holds of an instrument, in lots, the oldest first.

    `price` is the latest quote, or that of the last trade where `is_live` is false, since the
    quotes do not go on to the portfolio. `unrealised` is the value less what the lots cost.
    """

    instrument: str
    quantity: Decimal
    lots: tuple[Lot, ...]
    cost: Decimal
    average_cost: Decimal
    traded_price: Decimal
    price: Decimal
    value: Decimal
    unrealised: Decimal
    is_live: bool


@value
class FollowedQuote:
    """The latest quote of an instrument whose quotes go on to the portfolio."""

    instrument: str
    price: Decimal


@document(
    read=Owner("owners") | Role("teller", "compliance"),
    indexes=[index("currency", "value"), index("value"), index("unrealised"), index("realised")],
)
class Portfolio:
    """What an account holds, and what that is worth now.

    `realised` is the profit of all sales, first in first out; `unrealised` that which selling
    everything now would bring. `quotes` are the prices that it is valued at.
    """

    id: str
    owners: tuple[str, ...]
    currency: str
    positions: tuple[Position, ...]
    quotes: tuple[FollowedQuote, ...]
    cost: Decimal
    value: Decimal
    unrealised: Decimal
    realised: Decimal


HoldingNews = UnitsBought | UnitsSold | UnitsRestored
FollowedNews = QuotePassedOn | InstrumentFollowed | InstrumentUnfollowed
PortfolioNews = HoldingNews | FollowedNews


def keys(event: PortfolioNews) -> list[str]:
    match event:
        case UnitsBought(change=change) | UnitsSold(change=change) | UnitsRestored(change=change):
            return [change.portfolio]
        case QuotePassedOn(followers=followers):
            return list(followers)
        case InstrumentFollowed(portfolio=portfolio) | InstrumentUnfollowed(portfolio=portfolio):
            return [portfolio]


def begin(id: str) -> Portfolio:
    """The portfolio as it is while only quotes have been heard."""
    nothing = Decimal(0)
    return Portfolio(
        id=id,
        owners=(),
        currency="",
        positions=(),
        quotes=(),
        cost=nothing,
        value=nothing,
        unrealised=nothing,
        realised=nothing,
    )


def evolve(document: Portfolio | None, event: PortfolioNews) -> Portfolio | None:
    """Holdings and quotes come from different streams: either may be heard before the other."""
    if document is None:
        return None
    match event:
        case UnitsBought() | UnitsSold() | UnitsRestored():
            return _valued(_moved(document, event))
        case QuotePassedOn(instrument=instrument, price=price):
            return _valued(_quoted(document, instrument, price))
        case InstrumentFollowed(instrument=instrument, price=price):
            return document if price is None else _valued(_quoted(document, instrument, price))
        case InstrumentUnfollowed(instrument=instrument):
            return _valued(_quoted(document, instrument, None))


def _quoted(document: Portfolio, instrument: str, price: Decimal | None) -> Portfolio:
    quotes = [each for each in document.quotes if each.instrument != instrument]
    if price is not None:
        quotes.append(FollowedQuote(instrument=instrument, price=price))
    return replace(document, quotes=tuple(sorted(quotes, key=lambda each: each.instrument)))


def _moved(document: Portfolio, event: HoldingNews) -> Portfolio:
    change = event.change
    known = {each.instrument: each for each in document.positions}
    before = known.pop(change.instrument, None)
    lots = before.lots if before else ()
    realised = document.realised if document.currency else zero(change.currency)
    match event:
        case UnitsBought(lot=lot):
            lots = (*lots, lot)
        case UnitsSold(parts=parts):
            lots, _ = taken(lots, quantity_of(parts), change.currency)
            realised = realised + event.realised
        case UnitsRestored(parts=parts):
            lots, realised = given_back(lots, parts), realised + event.realised
    positions = [*known.values()]
    if lots:
        positions.append(_position(change.instrument, lots, event.price, change.currency))
    return replace(
        document,
        owners=change.owners,
        currency=change.currency,
        positions=tuple(sorted(positions, key=lambda each: each.instrument)),
        realised=realised,
    )


def _valued(document: Portfolio) -> Portfolio:
    if not document.currency:
        return document
    quotes = {each.instrument: each.price for each in document.quotes}
    positions = tuple(_priced(each, quotes, document.currency) for each in document.positions)
    cost = sum((each.cost for each in positions), zero(document.currency))
    worth = sum((each.value for each in positions), zero(document.currency))
    return replace(document, positions=positions, cost=cost, value=worth, unrealised=worth - cost)


def _priced(position: Position, quotes: dict[str, Decimal], currency: str) -> Position:
    quote = quotes.get(position.instrument)
    price = position.traded_price if quote is None else quote
    worth = rounded(price * position.quantity, currency)
    return replace(
        position,
        price=price,
        value=worth,
        unrealised=worth - position.cost,
        is_live=quote is not None,
    )


def _position(instrument: str, lots: tuple[Lot, ...], price: Decimal, currency: str) -> Position:
    quantity, cost = quantity_of(lots), cost_of(lots, currency)
    return Position(
        instrument=instrument,
        quantity=quantity,
        lots=lots,
        cost=cost,
        average_cost=(cost / quantity).quantize(UNIT),
        traded_price=price,
        price=price,
        value=zero(currency),
        unrealised=zero(currency),
        is_live=False,
    )


portfolios = Projection(document=Portfolio, keys=keys, evolve=evolve, begin=begin)
