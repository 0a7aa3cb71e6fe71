"""Commerce: products with their stock, orders, payments, and the fulfilment that joins them.

Beside it, what is bought together is counted, orders that look like fraud are pointed out, and
customers who have not bought for long are noticed.
"""

from domain.commerce import (
    affinities,
    basket_analysis,
    fulfilment,
    order_screening,
    order_signals,
    orders,
    payments,
    products,
    recency,
    recency_reviews,
)
from domain.model import AnyAggregate, AnyProcess

AGGREGATES: tuple[AnyAggregate, ...] = (
    products.products,
    orders.orders,
    payments.payments,
    affinities.affinities,
    order_signals.order_signals,
    recency.recency,
)
PROCESSES: tuple[AnyProcess, ...] = (
    fulfilment.fulfilment,
    basket_analysis.basket_analysis,
    order_screening.order_screening,
    recency_reviews.recency_reviews,
)
