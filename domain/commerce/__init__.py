"""Commerce: products with their stock, orders, payments, and the fulfilment that joins them."""

from domain.commerce import fulfilment, orders, payments, products
from domain.model import AnyAggregate, AnyProcess

AGGREGATES: tuple[AnyAggregate, ...] = (products.products, orders.orders, payments.payments)
PROCESSES: tuple[AnyProcess, ...] = (fulfilment.fulfilment,)
