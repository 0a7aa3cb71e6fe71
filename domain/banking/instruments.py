"""An instrument: its latest quote, and the portfolios that follow it.

A quote goes on to the portfolios that hold the instrument, so that each is valued anew by it: all
prices that a portfolio sees of an instrument come from this one stream, in order. It goes on in an
event of its own, since who quotes is shown the quote's and is not to know who holds. Generations
put the words of a portfolio in order, whatever crosses or comes twice: an old one changes nothing.
"""

from decimal import Decimal

from domain.banking.currencies import checked_currency
from domain.banking.instrument_messages import (
    FollowInstrument,
    InstrumentCommand,
    InstrumentEvent,
    InstrumentFollowed,
    InstrumentListed,
    InstrumentUnfollowed,
    ListInstrument,
    PassOnQuote,
    PriceTrade,
    QuotePassedOn,
    QuoteRecorded,
    RecordQuote,
    TradePriced,
    TradePricingRefused,
    UnfollowInstrument,
)
from domain.banking.terms import NAME_LENGTH_MAX, checked_id, checked_text
from domain.banking.trade_terms import TradeRefusal, TradeSide, checked_price
from domain.model import Aggregate, Rejected, Role, replace, value

FOLLOWERS_MAX = 500
"""How many portfolios a quote goes on to; one more is valued at the price of its last trade."""


@value
class Unlisted:
    """Nothing is known of the instrument."""


@value
class Quoted:
    """The instrument is traded; `followers` has the generation of each portfolio's word.

    `passed_on` is the number of the latest quote that went on to them.
    """

    currency: str
    price: Decimal | None
    quotes: int
    passed_on: int
    followers: dict[str, int]


Instrument = Unlisted | Quoted


def evolve(state: Instrument, event: InstrumentEvent) -> Instrument:
    match event:
        case InstrumentListed(currency=currency):
            return Quoted(currency=currency, price=None, quotes=0, passed_on=0, followers={})
        case TradePriced() | TradePricingRefused():
            return state
        case _:
            return state if isinstance(state, Unlisted) else _changed(state, event)


def _changed(
    state: Quoted,
    event: QuoteRecorded | QuotePassedOn | InstrumentFollowed | InstrumentUnfollowed,
) -> Quoted:
    match event:
        case QuoteRecorded(price=price, number=number):
            return replace(state, price=price, quotes=number)
        case QuotePassedOn(number=number):
            return replace(state, passed_on=number)
        case InstrumentFollowed(portfolio=portfolio, generation=generation):
            return replace(state, followers={**state.followers, portfolio: generation})
        case InstrumentUnfollowed(portfolio=portfolio):
            left = {each: since for each, since in state.followers.items() if each != portfolio}
            return replace(state, followers=left)


def decide(command: InstrumentCommand, state: Instrument) -> list[InstrumentEvent]:
    match command, state:
        case ListInstrument(), Unlisted():
            return [_listed(command)]
        case ListInstrument(instrument=instrument), _:
            raise Rejected("INSTRUMENT_EXISTS", f"instrument {instrument} is listed already")
        case PriceTrade(), _:
            return [_priced(command, state)]
        case _, Unlisted():
            raise Rejected(
                "INSTRUMENT_UNKNOWN", f"there is no instrument {command.instrument:.40}; list it"
            )
        case RecordQuote(), Quoted():
            return [_quoted(command, state)]
        case PassOnQuote(), Quoted():
            return _passed_on(command, state)
        case FollowInstrument(), Quoted():
            return _follow(command, state)
        case UnfollowInstrument(instrument=instrument, portfolio=portfolio, at=at), Quoted():
            if state.followers.get(portfolio, command.generation) >= command.generation:
                return []
            return [InstrumentUnfollowed(instrument=instrument, portfolio=portfolio, at=at)]


def _listed(command: ListInstrument) -> InstrumentListed:
    return InstrumentListed(
        instrument=checked_id(command.instrument, "instrument"),
        name=checked_text(command.name, "name", NAME_LENGTH_MAX),
        currency=checked_currency(command.currency),
        at=command.at,
        by=command.by,
    )


def _quoted(command: RecordQuote, state: Quoted) -> QuoteRecorded:
    return QuoteRecorded(
        instrument=command.instrument,
        number=state.quotes + 1,
        price=checked_price(command.price),
        currency=state.currency,
        at=command.at,
    )


def _passed_on(command: PassOnQuote, state: Quoted) -> list[InstrumentEvent]:
    """Where quotes come faster than they go on, the latest goes on for all."""
    if state.price is None or command.number <= state.passed_on or not state.followers:
        return []
    return [
        QuotePassedOn(
            instrument=command.instrument,
            number=state.quotes,
            price=state.price,
            followers=tuple(state.followers),
            at=command.at,
        )
    ]


def _priced(command: PriceTrade, state: Instrument) -> TradePriced | TradePricingRefused:
    """A repeat is priced once more; whoever asked takes the first price."""
    match state:
        case Unlisted():
            reason = TradeRefusal.UNKNOWN_INSTRUMENT
        case Quoted(price=None):
            reason = TradeRefusal.NO_QUOTE
        case Quoted(price=Decimal() as price) if not _is_beyond(command, price):
            return TradePriced(
                instrument=command.instrument,
                trade=command.trade,
                price=price,
                currency=state.currency,
                at=command.at,
            )
        case _:
            reason = TradeRefusal.PRICE_BEYOND_LIMIT
    return TradePricingRefused(
        instrument=command.instrument, trade=command.trade, reason=reason, at=command.at
    )


def _is_beyond(command: PriceTrade, price: Decimal) -> bool:
    limit = command.limit_price
    if limit is None:
        return False
    return price > limit if command.side is TradeSide.BUY else price < limit


def _follow(command: FollowInstrument, state: Quoted) -> list[InstrumentEvent]:
    portfolio, generation = command.portfolio, command.generation
    known = state.followers.get(portfolio)
    if known is not None and known >= generation:
        return []
    if known is None and len(state.followers) >= FOLLOWERS_MAX:
        raise Rejected(
            "TOO_MANY_FOLLOWERS",
            f"{FOLLOWERS_MAX} portfolios follow {command.instrument}, which is the most; "
            f"{portfolio} is valued at the price of its last trade",
        )
    return [
        InstrumentFollowed(
            instrument=command.instrument,
            portfolio=portfolio,
            generation=generation,
            price=state.price,
            at=command.at,
        )
    ]


instruments = Aggregate(
    name="instrument",
    key=lambda command: command.instrument,
    initial=Unlisted,
    decide=decide,
    evolve=evolve,
    history=Role("teller", "compliance"),
)
