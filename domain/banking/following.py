"""A portfolio follows an instrument while it holds some of it, so that quotes go on to it."""

from domain.banking.instrument_messages import FollowInstrument, UnfollowInstrument
from domain.banking.portfolio_messages import UnitsBought, UnitsRestored, UnitsSold
from domain.model import After, Process, value

HoldingNews = UnitsBought | UnitsSold | UnitsRestored
Following = FollowInstrument | UnfollowInstrument


@value
class NotHeld:
    """The portfolio holds none of the instrument."""


@value
class Held:
    """The portfolio holds some, and `is_news` says that it held none before."""

    is_news: bool


def evolve(state: NotHeld | Held, event: HoldingNews) -> NotHeld | Held:
    if not event.change.held:
        return NotHeld()
    return Held(is_news=isinstance(state, NotHeld))


def react(state: NotHeld | Held, event: HoldingNews) -> list[Following | After[Following]]:
    portfolio, instrument = event.change.portfolio, event.change.instrument
    generation = event.change.number
    match state:
        case NotHeld():
            return [
                UnfollowInstrument(
                    instrument=instrument, portfolio=portfolio, generation=generation, at=event.at
                )
            ]
        case Held(is_news=True):
            return [
                FollowInstrument(
                    instrument=instrument, portfolio=portfolio, generation=generation, at=event.at
                )
            ]
        case Held():
            return []


following = Process(
    name="following",
    key=lambda event: f"{event.change.portfolio}/{event.change.instrument}",
    initial=NotHeld,
    evolve=evolve,
    react=react,
)
