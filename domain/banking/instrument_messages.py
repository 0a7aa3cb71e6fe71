"""What is said about an instrument: its quotes, who follows them, and trades priced by them."""

from datetime import datetime
from decimal import Decimal

from domain.banking.trade_terms import TradeRefusal, TradeSide
from domain.model import Actor, Now, Role, command, event


@event("banking.InstrumentListed")
class InstrumentListed:
    """The instrument can be traded, once there is a quote."""

    instrument: str
    name: str
    currency: str
    at: datetime
    by: str


@event("banking.QuoteRecorded")
class QuoteRecorded:
    """The price of one unit is this now."""

    instrument: str
    number: int
    price: Decimal
    currency: str
    at: datetime


@event("banking.QuotePassedOn")
class QuotePassedOn:
    """A quote goes on to the `followers`, the portfolios that hold some of the instrument."""

    instrument: str
    number: int
    price: Decimal
    followers: tuple[str, ...]
    at: datetime


@event("banking.InstrumentFollowed")
class InstrumentFollowed:
    """A portfolio holds some from now on; the price is the latest quote, if there is one."""

    instrument: str
    portfolio: str
    generation: int
    price: Decimal | None
    at: datetime


@event("banking.InstrumentUnfollowed")
class InstrumentUnfollowed:
    """A portfolio holds none any more."""

    instrument: str
    portfolio: str
    at: datetime


@event("banking.TradePriced")
class TradePriced:
    """A trade is made at the latest quote."""

    instrument: str
    trade: str
    price: Decimal
    currency: str
    at: datetime


@event("banking.TradePricingRefused")
class TradePricingRefused:
    """There is no price for the trade."""

    instrument: str
    trade: str
    reason: TradeRefusal
    at: datetime


InstrumentEvent = (
    InstrumentListed
    | QuoteRecorded
    | QuotePassedOn
    | InstrumentFollowed
    | InstrumentUnfollowed
    | TradePriced
    | TradePricingRefused
)


@command(allow=Role("market"))
class ListInstrument:
    """Let an instrument be traded in a currency."""

    instrument: str
    name: str
    currency: str
    at: Now
    by: Actor


@command(allow=Role("market"))
class RecordQuote:
    """Say what one unit costs now."""

    instrument: str
    price: Decimal
    at: Now


@command()
class PassOnQuote:
    """Value the portfolios that hold the instrument by its latest quote; once for each."""

    instrument: str
    number: int
    at: Now


@command()
class PriceTrade:
    """Price a trade at the latest quote, unless that is beyond the limit."""

    instrument: str
    trade: str
    side: TradeSide
    limit_price: Decimal | None
    at: Now


@command()
class FollowInstrument:
    """Let quotes name the portfolio; `generation` grows with what happens in the portfolio."""

    instrument: str
    portfolio: str
    generation: int
    at: Now


@command()
class UnfollowInstrument:
    """Name the portfolio no more, unless it has followed again since that generation."""

    instrument: str
    portfolio: str
    generation: int
    at: Now


InstrumentCommand = (
    ListInstrument | RecordQuote | PassOnQuote | PriceTrade | FollowInstrument | UnfollowInstrument
)
