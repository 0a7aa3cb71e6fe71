"""How well fraud is found in made-up histories, by each way of learning what amounts are usual.

Each way gets the lowest threshold that keeps to the same number of false alarms on some histories,
and is measured on others. Nothing here depends on the machine: the figures are always the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from benchmarks.fraud_histories import FRAUDS, KINDS, Labelled, histories
from domain.banking.baselines import Baseline, MedianBaseline, MomentBaseline
from domain.banking.habits import Habits
from domain.banking.suspecting import assessed

CUSTOMERS = 300
CHOOSING, MEASURING = 1, 2
"""The seeds of the histories that thresholds are chosen on, and of those that are measured."""
FALSE_ALARMS_PER_MILLE = 2.0
WAYS: dict[str, Callable[[], Baseline]] = {
    "median and MAD of 64": MedianBaseline,
    "weighted mean and variance": MomentBaseline,
}


@dataclass(frozen=True)
class Scored:
    """A payment of a customer with its score."""

    customer: int
    kind: str
    labelled: Labelled
    score: float


@dataclass(frozen=True, kw_only=True)
class Found:
    """What one way finds from a threshold on."""

    HEADER: ClassVar[str] = (
        "| baseline | threshold | payments | fraudulent | alerts | precision | recall "
        "| false alarms per 1,000 | frauds found | by kind | customers alarmed for nothing |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|"
    )

    name: str
    threshold: float
    scored: Sequence[Scored]

    def row(self) -> str:
        """The figures as a row of a Markdown table."""
        alerts = [each for each in self.scored if each.score >= self.threshold]
        frauds = [each for each in self.scored if each.labelled.fraud]
        hits = [each for each in alerts if each.labelled.fraud]
        false = len(alerts) - len(hits)
        per_mille = 1000 * false / (len(self.scored) - len(frauds))
        by_kind = ", ".join(f"{kind} {_episodes(kind, hits, frauds)}" for kind in FRAUDS)
        alarmed = [_alarmed(each.name, alerts, self.scored) for each in KINDS]
        return (
            f"| {self.name} | {self.threshold:.2f} | {len(self.scored):,} | {len(frauds)} "
            f"| {len(alerts)} | {len(hits) / max(len(alerts), 1):.2f} "
            f"| {len(hits) / len(frauds):.2f} | {per_mille:.1f} "
            f"| {_episodes(None, hits, frauds)} | {by_kind} | {', '.join(alarmed)} |"
        )


def _episodes(kind: str | None, hits: Sequence[Scored], frauds: Sequence[Scored]) -> str:
    """Of how many of the frauds at least one payment was found."""

    def customers(scored: Sequence[Scored]) -> int:
        return len({e.customer for e in scored if kind is None or e.labelled.fraud == kind})

    return f"{customers(hits)} of {customers(frauds)}"


def _alarmed(kind: str, alerts: Sequence[Scored], scored: Sequence[Scored]) -> str:
    """At how many customers of a kind there was a false alarm."""
    false = {e.customer for e in alerts if e.kind == kind and not e.labelled.fraud}
    return f"{kind} {len(false)} of {len({e.customer for e in scored if e.kind == kind})}"


def figures() -> list[Found]:
    """Every way, beside the other."""
    return [_measured(name, begin) for name, begin in WAYS.items()]


def _measured(name: str, begin: Callable[[], Baseline]) -> Found:
    threshold = _chosen(_scored(CHOOSING, begin))
    return Found(name=name, threshold=threshold, scored=_scored(MEASURING, begin))


def _chosen(scored: Sequence[Scored]) -> float:
    """The lowest threshold, in steps of 0.05, that keeps to the false alarms allowed."""
    honest = sorted((e.score for e in scored if not e.labelled.fraud), reverse=True)
    allowed = int(FALSE_ALARMS_PER_MILLE * len(honest) / 1000)
    return int(honest[allowed] / 0.05 + 1) * 0.05


def _scored(seed: int, begin: Callable[[], Baseline]) -> list[Scored]:
    found: list[Scored] = []
    for customer, history in enumerate(histories(CUSTOMERS, seed)):
        habits, usual = Habits(), begin()
        for each in history.payments:
            score = assessed(each.payment, habits, {each.payment.currency: usual}).score
            found.append(Scored(customer, history.kind, each, score))
            habits, usual = habits.plus(each.payment), usual.plus(each.payment.size)
    return found
