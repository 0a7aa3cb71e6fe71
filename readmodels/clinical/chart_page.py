"""The whole timeline of a chart, page by page.

Those who may read change on every page at once: each event that changes them knows by its own
number how many pages there are.
"""

from domain.clinical.dose_messages import DoseEvent
from domain.clinical.encounter_messages import EncounterEvent
from domain.clinical.medication_messages import MedicationEvent
from domain.clinical.merge_messages import RecordTakenOver
from domain.clinical.observation_messages import ObservationEvent
from domain.clinical.patient_messages import (
    CareTeamMemberAssigned,
    CareTeamMemberRemoved,
    ChartPageBegun,
    EmergencyAccessEnded,
    GlassBroken,
    PatientRegistered,
    PersonEvent,
)
from domain.clinical.record_messages import RecordEvent
from domain.clinical.terms import PAGE_ENTRIES
from readmodels.clinical.chart_entry import ChartEntry, entry_of
from readmodels.clinical.reading import CARE_TEAM, AccessEvent
from readmodels.model import Projection, document, index, replace

PageEvent = (
    PersonEvent | RecordEvent | ObservationEvent | MedicationEvent | DoseEvent | EncounterEvent
)


@document(read=CARE_TEAM, indexes=[index("patient", "page")])
class ChartPage:
    """A page of a patient's timeline, oldest first; its id is the patient's, `~` and its number."""

    id: str
    patient: str
    page: int
    care_team: tuple[str, ...]
    emergency: tuple[str, ...]
    entries: tuple[ChartEntry, ...]


def keys(event: PageEvent) -> list[str]:
    page = (event.entry - 1) // PAGE_ENTRIES + 1
    first = 1 if isinstance(event, AccessEvent) else page
    return [f"{event.patient}~{number}" for number in range(first, page + 1)]


def evolve(document: ChartPage | None, event: PageEvent) -> ChartPage | None:
    page = (event.entry - 1) // PAGE_ENTRIES + 1
    match event:
        case PatientRegistered() | ChartPageBegun():
            document = ChartPage(
                id=f"{event.patient}~{page}",
                patient=event.patient,
                page=page,
                care_team=event.access.care_team,
                emergency=event.access.emergency,
                entries=(),
            )
        case (
            CareTeamMemberAssigned(access=access)
            | CareTeamMemberRemoved(access=access)
            | GlassBroken(access=access)
            | EmergencyAccessEnded(access=access)
            | RecordTakenOver(access=access)
        ):
            document = document and replace(
                document, care_team=access.care_team, emergency=access.emergency
            )
        case _:
            pass
    entry = entry_of(event)
    if document is None or entry is None or document.page != page:
        return document
    return replace(document, entries=(*document.entries, entry))


chart_pages = Projection(document=ChartPage, keys=keys, evolve=evolve)
