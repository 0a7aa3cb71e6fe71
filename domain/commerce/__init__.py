"""Commerce: products with their stock, orders, payments, and the fulfilment that joins them.

What is bought together is counted beside it, and orders that look like fraud are pointed out.
"""

from domain.commerce import (
    affinities,
    basket_analysis,
    fulfilment,
    orders,
    payments,
    products,
)
from domain.model import AnyAggregate, AnyProcess

AGGREGATES: tuple[AnyAggregate, ...] = (
    products.products,
    orders.orders,
    payments.payments,
    affinities.affinities,
)
PROCESSES: tuple[AnyProcess, ...] = (fulfilment.fulfilment, basket_analysis.basket_analysis)
