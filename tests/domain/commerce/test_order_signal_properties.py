"""Whatever is said about an order, however often: each kind counts once, the clerk decides."""

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domain.commerce.order_signal_messages import (
    ClearOrderSignal,
    OrderSignalCommand,
    OrderSignalEvent,
    OrderSignalKind,
    OrderSignalRaised,
    OrderSignalReason,
    RaiseOrderSignal,
    UpholdOrderSignal,
)
from domain.commerce.order_signals import OrderSignal, Raised, Unsuspected, Upheld, order_signals
from domain.model import Rejected
from readmodels.commerce import order_signal as shown
from tests.domain.commerce.facts import T0

REASONS = st.builds(
    OrderSignalReason,
    kind=st.sampled_from(OrderSignalKind),
    points=st.integers(1, 60),
    note=st.sampled_from(["one", "other"]),
)


class Signal(RuleBasedStateMachine):
    """One order, a screening that repeats itself, and clerks of different minds."""

    def __init__(self) -> None:
        super().__init__()
        self.state: OrderSignal = order_signals.initial()
        self.document: shown.OrderSignal | None = None
        self.kinds: dict[OrderSignalKind, OrderSignalReason] = {}
        self.is_upheld = False

    def send(self, command: OrderSignalCommand) -> list[OrderSignalEvent]:
        """The events of a command, which a second time must give none."""
        events = order_signals.decide(command, self.state)
        for event in events:
            self.state = order_signals.evolve(self.state, event)
            self.document = shown.evolve(self.document, event)
        assert order_signals.decide(command, self.state) == []
        return events

    @rule(reasons=st.lists(REASONS, min_size=1, max_size=3))
    def screen(self, reasons: list[OrderSignalReason]) -> None:
        new = {each.kind: each for each in reversed(reasons) if each.kind not in self.kinds}
        command = RaiseOrderSignal(order="o-1", customer="ann", reasons=tuple(reasons), at=T0)
        events = self.send(command)
        if self.is_upheld or not new:
            assert events == []
            return
        self.kinds |= new
        (raised,) = events
        assert isinstance(raised, OrderSignalRaised)
        assert {each.kind: each for each in raised.reasons} == self.kinds
        assert isinstance(self.state, Raised)

    @rule(is_fraud=st.booleans())
    def look(self, is_fraud: bool) -> None:
        kind = UpholdOrderSignal if is_fraud else ClearOrderSignal
        command = kind(order="o-1", note="looked at", at=T0, by="clara")
        if isinstance(self.state, Unsuspected):
            with pytest.raises(Rejected, match="SIGNAL_UNKNOWN"):
                self.send(command)
            return
        self.send(replace(command, by="carl"))
        self.is_upheld = is_fraud

    @invariant()
    def the_document_says_what_is_so(self) -> None:
        if self.document is None:
            assert not self.kinds
            return
        assert self.document.score == min(100, sum(e.points for e in self.kinds.values()))
        assert {each.kind for each in self.document.reasons} == self.kinds.keys()
        assert isinstance(self.state, Upheld) == self.is_upheld
        assert self.document.status == type(self.state).__name__.upper()


TestSignal = Signal.TestCase
TestSignal.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
