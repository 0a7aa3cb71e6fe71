"""The library, put together and checked."""

from readmodels.composition import Model, build
from tests.examples.library import domain, readmodels


def model() -> Model:
    """The library alone; `headrace serve --model tests.examples.library.model:model` serves it."""
    return build(
        aggregates=domain.AGGREGATES,
        processes=domain.PROCESSES,
        projections=readmodels.PROJECTIONS,
        upcasters=domain.UPCASTERS,
    )
