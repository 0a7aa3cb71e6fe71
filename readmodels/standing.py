"""How a projection is doing, for those who watch over it."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class Standing:
    """What one projector has done, and how far it is."""

    checkpoint: dict[int, int] = field(default_factory=dict[int, int])
    events: int = 0
    documents: int = 0
    parked: int = 0
    last_error: str = ""
    folding_since: datetime | None = None
    """The time of the oldest event that is being folded; None between two batches."""
    folded_until: datetime | None = None
    """The time of the last event that was folded."""

    def lag_s(self, now: datetime, behind: int) -> float:
        """How old the oldest event is that is not shown yet, 0 where none is known of."""
        since = self.folding_since or (self.folded_until if behind else None)
        return max((now - since).total_seconds(), 0.0) if since else 0.0
