"""What is shown of the library."""

from readmodels.model import AnyProjection
from tests.examples.library.readmodels.copy import copies
from tests.examples.library.readmodels.lending_day import lending_days
from tests.examples.library.readmodels.loan import loans
from tests.examples.library.readmodels.notice import notices
from tests.examples.library.readmodels.overdue_loan import overdue_loans

PROJECTIONS: tuple[AnyProjection, ...] = (copies, loans, overdue_loans, notices, lending_days)
