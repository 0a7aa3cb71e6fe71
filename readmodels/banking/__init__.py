"""What is shown of banking."""

from readmodels.banking.account import accounts
from readmodels.banking.cash_reports import currency_transaction_reports, structuring_suspicions
from readmodels.banking.customer_dashboard import customer_dashboards
from readmodels.banking.fraud_alert import fraud_alerts
from readmodels.banking.instrument import instruments
from readmodels.banking.ledger import ledger_days, trial_balances
from readmodels.banking.portfolio import portfolios
from readmodels.banking.reportable_transfer import reportable_transfers
from readmodels.banking.statement_line import statement_lines
from readmodels.banking.trade import trades
from readmodels.banking.transfer import transfers
from readmodels.model import AnyProjection

PROJECTIONS: tuple[AnyProjection, ...] = (
    accounts,
    statement_lines,
    customer_dashboards,
    transfers,
    instruments,
    trades,
    portfolios,
    trial_balances,
    ledger_days,
    currency_transaction_reports,
    structuring_suspicions,
    reportable_transfers,
    fraud_alerts,
)
