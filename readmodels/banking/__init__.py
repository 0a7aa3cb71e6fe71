"""What is shown of banking."""

from readmodels.banking.account import accounts
from readmodels.banking.instrument import instruments
from readmodels.banking.portfolio import portfolios
from readmodels.banking.statement_line import statement_lines
from readmodels.banking.trade import trades
from readmodels.banking.transfer import transfers
from readmodels.model import AnyProjection

PROJECTIONS: tuple[AnyProjection, ...] = (
    accounts,
    statement_lines,
    transfers,
    instruments,
    trades,
    portfolios,
)
