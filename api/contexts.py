"""The contexts that ship with Headrace, put together as one model."""

from domain import banking, clinical, commerce
from readmodels import banking as banking_shown
from readmodels import clinical as clinical_shown
from readmodels import commerce as commerce_shown
from readmodels.composition import Model, build

CONTEXTS = (
    (commerce.AGGREGATES, commerce.PROCESSES, commerce_shown.PROJECTIONS),
    (clinical.AGGREGATES, clinical.PROCESSES, clinical_shown.PROJECTIONS),
    (banking.AGGREGATES, banking.PROCESSES, banking_shown.PROJECTIONS),
)
"""What each context decides, how it goes on by itself, and what is shown of it."""


def shipped() -> Model:
    """Every context of this repository, checked. A team replaces this one function."""
    return build(
        aggregates=[each for aggregates, _, _ in CONTEXTS for each in aggregates],
        processes=[each for _, processes, _ in CONTEXTS for each in processes],
        projections=[each for _, _, projections in CONTEXTS for each in projections],
    )
