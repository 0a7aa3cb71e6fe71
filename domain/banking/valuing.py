"""A quote goes on to the portfolios that hold the instrument, which values them anew."""

from domain.banking.instrument_messages import PassOnQuote, QuoteRecorded
from domain.model import After, Process, value


@value
class Valuing:
    """What is to be known stands in the events; nothing is kept."""


def evolve(state: Valuing, event: QuoteRecorded) -> Valuing:
    return state


def react(state: Valuing, event: QuoteRecorded) -> list[PassOnQuote | After[PassOnQuote]]:
    return [PassOnQuote(instrument=event.instrument, number=event.number, at=event.at)]


valuing = Process(
    name="valuing",
    key=lambda event: event.instrument,
    initial=Valuing,
    evolve=evolve,
    react=react,
)
