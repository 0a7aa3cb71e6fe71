"""What is shown of commerce."""

from readmodels.commerce.customer_history import customer_histories
from readmodels.commerce.customer_value import customer_values
from readmodels.commerce.fulfilment_performance import fulfilment_performances
from readmodels.commerce.low_stock_item import low_stock_items
from readmodels.commerce.order import orders
from readmodels.commerce.order_signal import order_signals
from readmodels.commerce.payment import payments
from readmodels.commerce.product import products
from readmodels.commerce.related_product import related_products
from readmodels.commerce.sales_day import sales_days
from readmodels.commerce.sales_hour import sales_hours
from readmodels.commerce.suggestion import suggestions
from readmodels.model import AnyProjection

PROJECTIONS: tuple[AnyProjection, ...] = (
    products,
    low_stock_items,
    orders,
    payments,
    customer_histories,
    sales_days,
    sales_hours,
    fulfilment_performances,
    related_products,
    suggestions,
    order_signals,
    customer_values,
)
