"""Banking through the real server: money moves, and what is shown follows live."""

from uuid import uuid4

import pytest

from tests.bank import PORTFOLIO, Bank
from tests.shop import Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def bank(shop: Shop) -> Bank:
    return Bank(shop.server)


def fresh(kind: str) -> str:
    return f"{kind}-{uuid4().hex[:12]}"


async def test_money_goes_from_one_account_to_another(bank: Bank) -> None:
    hers = await bank.open("ada", cash="100.00")
    his = await bank.open("bob")
    await bank.transfer("ada", hers, his, "30.00")
    assert (await bank.account_with(his, balance="30.00"))["lineCount"] == 1
    assert (await bank.account_with(hers, balance="70.00"))["lineCount"] == 2


async def test_units_are_bought_valued_live_and_sold(bank: Bank) -> None:
    instrument = fresh("XYZ")
    await bank.list(instrument, "10.00")
    account = await bank.open("ada", cash="1000.00")
    await bank.trade("ada", account, instrument, "BUY", "10.5")
    await bank.account_with(account, balance="895.00")
    held = await bank.see_with("portfolio", account, PORTFOLIO, value="105.00")
    assert (held["unrealised"], held["realised"]) == ("0.00", "0.00")
    await bank.see_live(account)
    await bank.do("recordQuote", {"instrument": instrument, "price": "12.00"})
    held = await bank.see_with("portfolio", account, PORTFOLIO, value="126.00")
    assert (held["unrealised"], held["cost"]) == ("21.00", "105.00")
    trade = await bank.trade("ada", account, instrument, "SELL", "0.5")
    held = await bank.see_with("portfolio", account, PORTFOLIO, value="120.00")
    assert (held["unrealised"], held["realised"]) == ("20.00", "1.00")
    await bank.account_with(account, balance="901.00")
    settled = await bank.see_with("trade", trade, "status amount realised", status="SETTLED")
    assert settled == {"status": "SETTLED", "amount": "6.00", "realised": "1.00"}
