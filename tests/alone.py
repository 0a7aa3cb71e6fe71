"""Each context alone: most tests over servers need one of them, and start in half the time."""

from api.contexts import CONTEXTS
from readmodels.composition import Model, build

__all__ = [
    "BANKING",
    "CLINICAL",
    "COMMERCE",
    "SHIPPED",
    "banking_alone",
    "clinical_alone",
    "commerce_alone",
]

SHIPPED = "api.contexts:shipped"
"""What `headrace serve --model` is told for all of them; the others are for one."""
COMMERCE = "tests.alone:commerce_alone"
CLINICAL = "tests.alone:clinical_alone"
BANKING = "tests.alone:banking_alone"


def commerce_alone() -> Model:
    """The shop."""
    return _alone(0)


def clinical_alone() -> Model:
    """The hospital."""
    return _alone(1)


def banking_alone() -> Model:
    """The bank."""
    return _alone(2)


def _alone(number: int) -> Model:
    aggregates, processes, projections = CONTEXTS[number]
    return build(aggregates=aggregates, processes=processes, projections=projections)
