"""Commerce: products with their stock, orders, payments, and the fulfilment that joins them."""

from domain.commerce.fulfilment import fulfilment
from domain.commerce.orders import orders
from domain.commerce.payments import payments
from domain.commerce.products import products
from domain.model import AnyAggregate, AnyProcess

AGGREGATES: tuple[AnyAggregate, ...] = (products, orders, payments)
PROCESSES: tuple[AnyProcess, ...] = (fulfilment,)
