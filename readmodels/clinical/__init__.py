"""What is shown of clinical."""

from readmodels.clinical.break_glass_access import break_glass_accesses
from readmodels.clinical.chart_page import chart_pages
from readmodels.clinical.ward_board import ward_boards
from readmodels.model import AnyProjection

PROJECTIONS: tuple[AnyProjection, ...] = (
    chart_pages,
    ward_boards,
    break_glass_accesses,
)
