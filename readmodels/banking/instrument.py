"""An instrument with its latest quote, as everyone sees it."""

from datetime import datetime
from decimal import Decimal

from domain.banking.instrument_messages import InstrumentListed, QuoteRecorded
from readmodels.model import Projection, Public, document, index, replace


@document(read=Public(), indexes=[index("name"), index("currency", "price"), index("quoted_at")])
class Instrument:
    """What one unit costs by the latest quote, and by how much that is above the one before."""

    id: str
    name: str
    currency: str
    price: Decimal | None
    price_change: Decimal | None
    quoted_at: datetime | None


def evolve(
    document: Instrument | None, event: InstrumentListed | QuoteRecorded
) -> Instrument | None:
    match event:
        case InstrumentListed(instrument=instrument, name=name, currency=currency):
            return Instrument(
                id=instrument,
                name=name,
                currency=currency,
                price=None,
                price_change=None,
                quoted_at=None,
            )
        case QuoteRecorded(price=price, at=at):
            if document is None:
                return None
            before = document.price
            change = None if before is None else price - before
            return replace(document, price=price, price_change=change, quoted_at=at)


instruments = Projection(document=Instrument, keys=lambda event: [event.instrument], evolve=evolve)
