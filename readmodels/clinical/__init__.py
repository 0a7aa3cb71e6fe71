"""What is shown of clinical."""

from readmodels.clinical.abnormal_results import abnormal_results
from readmodels.clinical.adherence import adherences
from readmodels.clinical.break_glass_access import break_glass_accesses
from readmodels.clinical.chart_page import chart_pages
from readmodels.clinical.overdue_doses import overdue_doses
from readmodels.clinical.patient_chart import patient_charts
from readmodels.clinical.treatment_plan import treatment_plans
from readmodels.clinical.ward_board import ward_boards
from readmodels.model import AnyProjection

PROJECTIONS: tuple[AnyProjection, ...] = (
    patient_charts,
    chart_pages,
    ward_boards,
    treatment_plans,
    adherences,
    abnormal_results,
    overdue_doses,
    break_glass_accesses,
)
