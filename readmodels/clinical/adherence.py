"""How faithfully a patient's prescriptions are filled: days covered, by drug and calendar year."""

from datetime import date
from decimal import Decimal

from domain.clinical.medication_messages import Fill, MedicationDispensed, PrescriptionTakenOver
from domain.clinical.merge_messages import RecordTakenOver
from domain.clinical.patient_messages import (
    CareTeamMemberAssigned,
    CareTeamMemberRemoved,
    EmergencyAccessEnded,
    GlassBroken,
    PatientRegistered,
)
from domain.model import value
from readmodels.clinical.days_covered import days_covered
from readmodels.clinical.reading import CARE_TEAM, AccessEvent
from readmodels.model import Projection, document, index, replace

DRUG_YEARS_MAX = 200
"""How many drugs and years are kept; those filled last."""

AdherenceEvent = PatientRegistered | AccessEvent | MedicationDispensed | PrescriptionTakenOver


@value
class DrugYear:
    """The proportion of days covered of a drug in a calendar year, from the first fill on.

    It counts to the end of the year; until then it says what is reached if nothing more is filled.
    """

    drug: str
    year: int
    fills: tuple[Fill, ...]
    first_fill_on: date
    lasts_until: date
    days: int
    days_covered: int
    proportion: Decimal
    is_measured: bool
    is_adherent: bool


@document(
    read=CARE_TEAM,
    indexes=[index("lowest"), index("lasts_until"), index("year", "lowest")],
)
class Adherence:
    """A patient's drugs by year, the latest year first; `lowest` is of those of the latest `year`.

    `lasts_until` is the first day on which one of them runs out.
    """

    id: str
    care_team: tuple[str, ...]
    emergency: tuple[str, ...]
    drugs: tuple[DrugYear, ...]
    year: int | None
    lowest: Decimal | None
    lasts_until: date | None


def evolve(document: Adherence | None, event: AdherenceEvent) -> Adherence | None:
    match event:
        case PatientRegistered(patient=patient, access=access):
            return Adherence(
                id=patient,
                care_team=access.care_team,
                emergency=access.emergency,
                drugs=(),
                year=None,
                lowest=None,
                lasts_until=None,
            )
        case (
            CareTeamMemberAssigned(access=access)
            | CareTeamMemberRemoved(access=access)
            | GlassBroken(access=access)
            | EmergencyAccessEnded(access=access)
            | RecordTakenOver(access=access)
        ):
            return document and replace(
                document, care_team=access.care_team, emergency=access.emergency
            )
        case MedicationDispensed(drug=drug, fill=fill):
            return document and _filled(document, drug, (fill,))
        case PrescriptionTakenOver(carried=carried):
            if event.source == event.patient:
                return document
            return document and _filled(document, carried.what.drug, carried.fills)


def _filled(document: Adherence, drug: str, fills: tuple[Fill, ...]) -> Adherence:
    by_key = {(each.year, each.drug): each.fills for each in document.drugs}
    for fill in fills:
        key = (fill.on.year, drug)
        by_key[key] = _merged(by_key.get(key, ()), fill)
    measured = [_measured(name, year, kept) for (year, name), kept in by_key.items()]
    drugs = sorted(measured, key=lambda each: (-each.year, each.drug))[:DRUG_YEARS_MAX]
    latest = [each for each in drugs if each.year == drugs[0].year]
    return replace(
        document,
        drugs=tuple(drugs),
        year=max((each.year for each in latest), default=None),
        lowest=min((each.proportion for each in latest), default=None),
        lasts_until=min((each.lasts_until for each in latest), default=None),
    )


def _merged(fills: tuple[Fill, ...], fill: Fill) -> tuple[Fill, ...]:
    """The fills with one more, in the order of days; those of one day as one, since they follow."""
    by_day = {each.on: each.days_supply for each in fills}
    by_day[fill.on] = by_day.get(fill.on, 0) + fill.days_supply
    return tuple(Fill(on=on, days_supply=by_day[on]) for on in sorted(by_day))


def _measured(drug: str, year: int, fills: tuple[Fill, ...]) -> DrugYear:
    found = days_covered(fills, year)
    assert found is not None, "a year is listed for its fills"
    return DrugYear(
        drug=drug,
        year=year,
        fills=fills,
        first_fill_on=found.first_fill_on,
        lasts_until=found.lasts_until,
        days=found.days,
        days_covered=found.days_covered,
        proportion=found.proportion,
        is_measured=found.is_measured,
        is_adherent=found.is_adherent,
    )


adherences = Projection(document=Adherence, keys=lambda event: [event.patient], evolve=evolve)
