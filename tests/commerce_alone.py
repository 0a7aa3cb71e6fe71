"""Commerce alone: tests over many servers have each of them fold what they need, and no more."""

from domain import commerce
from readmodels import commerce as shown
from readmodels.composition import Model, build

__all__ = ["COMMERCE", "commerce_alone"]

COMMERCE = "tests.commerce_alone:commerce_alone"
"""What `headrace serve --model` is told."""


def commerce_alone() -> Model:
    """The model without the other contexts that ship."""
    return build(
        aggregates=commerce.AGGREGATES,
        processes=commerce.PROCESSES,
        projections=shown.PROJECTIONS,
    )
