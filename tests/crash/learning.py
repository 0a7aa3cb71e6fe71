"""What commerce learnt from its orders, held against the orders themselves, as the log has both."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from domain.commerce.affinities import BASKET_MAX
from domain.commerce.affinity_messages import PurchaseCounted
from domain.commerce.order_messages import OrderPaid, OrderPlaced, SaleRecorded
from domain.commerce.order_signal_messages import OrderSignalRaised
from domain.commerce.recency import RECENCY_CLASSES, RecencyReviewed
from eventlog.envelope import Recorded

__all__ = ["check_learnt"]


def check_learnt(events: Sequence[Recorded]) -> None:
    """Each product of each paid order is counted once, and nothing is said of what is not there."""
    check_purchases(events)
    placed = {(e.event.order, e.event.customer) for e in events if isinstance(e.event, OrderPlaced)}
    sold = {e.event.customer for e in events if isinstance(e.event, OrderPaid | SaleRecorded)}
    for each in events:
        match each.event:
            case OrderSignalRaised(order=order, customer=customer):
                assert (order, customer) in placed, each
            case RecencyReviewed(customer=customer):
                assert customer in sold, each
            case _:
                pass
    bought = [e.event.at for e in events if isinstance(e.event, OrderPaid | SaleRecorded)]
    for each in events:
        if isinstance(each.event, RecencyReviewed):
            assert each.event.at - min(bought) >= RECENCY_CLASSES[0], each


def check_purchases(events: Sequence[Recorded]) -> None:
    """Counts go up by one with each order, and what is told of pairs is a plain recount."""
    paid = {e.event.order: e.event for e in events if isinstance(e.event, OrderPaid)}
    orders: Counter[str] = Counter()
    together: defaultdict[str, Counter[str]] = defaultdict(Counter)
    counted: set[tuple[str, str]] = set()
    for each in events:
        if not isinstance(each.event, PurchaseCounted):
            continue
        event, product = each.event, each.event.product
        order = paid[event.order]
        lines = [line.product for line in order.lines]
        assert (event.order, product) not in counted, f"{each} counts twice"
        counted.add((event.order, product))
        orders[product] += 1
        together[product].update(event.basket)
        assert (event.orders, event.customer) == (orders[product], order.customer), each
        assert set(event.basket) == set(lines[:BASKET_MAX]) - {product}, each
        for companion in (*event.told, *event.likely):
            assert companion.orders == together[product][companion.product], each
    expected = {(id, line.product) for id, order in paid.items() for line in order.lines}
    assert counted == expected, f"not counted: {expected - counted}"
