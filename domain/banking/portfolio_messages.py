"""What is said about a portfolio: units come and go, by trades."""

from datetime import datetime
from decimal import Decimal

from domain.banking.lots import Lot
from domain.banking.terms import Reference
from domain.banking.trade_terms import TradeRefusal
from domain.model import Now, command, event, value


@value
class HoldingChange:
    """What an event does to a holding; `number` counts those of the portfolio, `held` is after."""

    portfolio: str
    owners: tuple[str, ...]
    instrument: str
    currency: str
    number: int
    held: Decimal


@event("banking.UnitsBought")
class UnitsBought:
    """A lot came into the portfolio."""

    change: HoldingChange
    reference: Reference
    lot: Lot
    price: Decimal
    at: datetime


@event("banking.UnitsSold")
class UnitsSold:
    """Parts of lots left, first in first out; `realised` is the proceeds less what they cost."""

    change: HoldingChange
    reference: Reference
    parts: tuple[Lot, ...]
    price: Decimal
    proceeds: Decimal
    realised: Decimal
    at: datetime


@event("banking.UnitsRestored")
class UnitsRestored:
    """What was sold at this price came back, since the account did not take the money."""

    change: HoldingChange
    reference: Reference
    parts: tuple[Lot, ...]
    price: Decimal
    realised: Decimal
    at: datetime


@event("banking.SaleSettled")
class SaleSettled:
    """The money for what was sold has arrived, and the units will not come back."""

    portfolio: str
    reference: Reference
    at: datetime


@event("banking.UnitsRefused")
class UnitsRefused:
    """The portfolio did not take, or did not give, the units."""

    portfolio: str
    reference: Reference
    reason: TradeRefusal
    at: datetime


PortfolioEvent = UnitsBought | UnitsSold | UnitsRestored | SaleSettled | UnitsRefused


@command()
class AddUnits:
    """Take in what was bought and paid; once for each trade."""

    portfolio: str
    owners: tuple[str, ...]
    reference: Reference
    instrument: str
    currency: str
    quantity: Decimal
    price: Decimal
    cost: Decimal
    at: Now


@command()
class TakeUnits:
    """Give out what is sold; once for each trade. `sender` owns the account, or is None."""

    portfolio: str
    sender: str | None
    reference: Reference
    instrument: str
    quantity: Decimal
    price: Decimal
    proceeds: Decimal
    at: Now


@command()
class RestoreUnits:
    """Take back what was sold and not paid."""

    portfolio: str
    reference: Reference
    at: Now


@command()
class SettleSale:
    """Note that what was sold has been paid."""

    portfolio: str
    reference: Reference
    at: Now


PortfolioCommand = AddUnits | TakeUnits | RestoreUnits | SettleSale
