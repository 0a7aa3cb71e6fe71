"""Banking through the real server: money moves, and what is shown follows live."""

import pytest

from tests.bank import Bank
from tests.shop import Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def bank(shop: Shop) -> Bank:
    return Bank(shop.server)


async def test_money_goes_from_one_account_to_another(bank: Bank) -> None:
    hers = await bank.open("ada", cash="100.00")
    his = await bank.open("bob")
    await bank.transfer("ada", hers, his, "30.00")
    assert (await bank.account_with(his, balance="30.00"))["lineCount"] == 1
    assert (await bank.account_with(hers, balance="70.00"))["lineCount"] == 2
