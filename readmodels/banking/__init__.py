"""What is shown of banking."""

from readmodels.banking.account import accounts
from readmodels.banking.statement_line import statement_lines
from readmodels.model import AnyProjection

PROJECTIONS: tuple[AnyProjection, ...] = (accounts, statement_lines)
