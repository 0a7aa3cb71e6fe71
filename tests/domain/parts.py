"""Parts that fit together or do not, made of the sample's by annotating them otherwise."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from domain.composition import CompositionError
from domain.model import AnyAggregate, AnyProcess, Public, command, event, value
from readmodels.composition import build
from readmodels.model import Projection
from tests import sample
from tests.sample import Deposit, Deposited, Opened, account_documents

ACCOUNTS: AnyAggregate = sample.accounts
TRANSFERS: AnyProcess = sample.transfers
SHOWN: Projection[Any, Any] = account_documents


@value
class Empty:
    """A state."""


@command(allow=Public())
class Tidy:
    """Tidy up."""

    account: str


@event("other.Tidied")
class Tidied:
    """It was tidied up."""

    account: str


def refused(
    aggregates: Any = (ACCOUNTS,), processes: Any = (), projections: Any = (), upcasters: Any = ()
) -> str:
    """The sentence that the composition of these parts is refused with."""
    with pytest.raises(CompositionError) as refusal:
        build(
            aggregates=aggregates,
            processes=processes,
            projections=projections,
            upcasters=upcasters,
        )
    return str(refusal.value)


def annotated(function: Callable[..., Any], one: Any, two: Any, gives: Any) -> Callable[..., Any]:
    """A function of two parameters, annotated with these."""

    def other(one: Any, two: Any) -> Any:
        return function(one, two)

    other.__annotations__ = {"one": one, "two": two, "return": gives}
    return other


def bare(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that says nothing of what it takes and gives."""
    silent = annotated(function, None, None, None)
    silent.__annotations__ = {}
    return silent


def aggregate(
    name: str = "other",
    *,
    decides: Any = Tidy,
    gives: Any = list[Tidied],
    evolves: Any = Tidied,
) -> AnyAggregate:
    """An aggregate that decides, gives and evolves with these classes."""
    return replace(
        ACCOUNTS,
        name=name,
        decide=annotated(ACCOUNTS.decide, decides, Empty, gives),
        evolve=annotated(ACCOUNTS.evolve, Empty, evolves, Empty),
    )


def process(*, evolves: Any = Deposited, sends: Any = list[Deposit]) -> AnyProcess:
    """A process that evolves with and sends these classes."""
    return replace(
        TRANSFERS,
        evolve=annotated(TRANSFERS.evolve, Empty, evolves, Empty),
        react=annotated(TRANSFERS.react, Empty, evolves, sends),
    )


def projection(cls: type[Any], evolves: Any = Opened) -> Projection[Any, Any]:
    """A projection of the documents of that class."""
    evolve = annotated(SHOWN.evolve, cls | None, evolves, cls | None)
    return Projection(document=cls, keys=SHOWN.keys, evolve=evolve)
