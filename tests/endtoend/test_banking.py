"""Banking through the real server: money moves, and what is shown follows live."""

import asyncio
from decimal import Decimal

import pytest

from tests.bank import PORTFOLIO, TRANSFER, Bank
from tests.serving import Json, fresh
from tests.shop import Shop
from tests.subscribing import subscribed

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
    linked = "trades { totalCount } lines { totalCount } portfolio { value }"
    assert await bank.see("account", account, linked) == {
        "trades": {"totalCount": 2},
        "lines": {"totalCount": 3},
        "portfolio": {"value": "120.00"},
    }


async def test_a_transfer_that_is_refused_comes_back(bank: Bank) -> None:
    hers, his = await bank.open("ada", cash="100.00"), await bank.open("bob")
    await bank.do("freezeAccount", {"account": his, "reason": "court order"})
    refused = await bank.transfer("ada", hers, his, "30.00")
    ended = await bank.see_with("transfer", refused, TRANSFER, status="RETURNED")
    assert (ended["refusal"], ended["parties"]) == ("NOT_ACCEPTED", ["ada"])
    assert (await bank.account_with(hers, balance="100.00"))["lineCount"] == 3
    nowhere = await bank.transfer("ada", hers, "nowhere", "30.00")
    ended = await bank.see_with("transfer", nowhere, TRANSFER, status="RETURNED")
    assert ended["refusal"] == "UNKNOWN_ACCOUNT"
    too_much = await bank.transfer("ada", hers, his, "100.01")
    ended = await bank.see_with("transfer", too_much, TRANSFER, status="REJECTED")
    assert ended["refusal"] == "INSUFFICIENT_FUNDS"
    await bank.do("unfreezeAccount", {"account": his})
    done = await bank.transfer("ada", hers, his, "100.00")
    await bank.see_with("transfer", done, TRANSFER, status="COMPLETED")
    await bank.account_with(his, balance="100.00")


async def test_the_ledger_shows_zero_at_every_instant_while_money_moves(bank: Bank) -> None:
    watch = """subscription { trialBalance(id: "CHF") {
      difference debits credits entries totals { kind balance } } }"""
    hers = await bank.open("ada", currency="CHF", cash="500.00")
    his = await bank.open("bob", currency="CHF", cash="500.00")
    token = bank.server.token("teller-1", "teller")
    pushed: list[Json] = []
    async with subscribed(bank.server.socket_url, watch, token=token) as ledger:
        async with asyncio.TaskGroup() as group:
            for n in range(12):
                source, target = (hers, his) if n % 2 else (his, hers)
                target = "nowhere" if n % 5 == 0 else target
                group.create_task(bank.transfer(None, source, target, f"{n + 1}.00", "CHF"))
        # Two deposits; a leg out and a leg in or back for each transfer.
        while not pushed or pushed[-1]["entries"] < 2 + 2 * 12:
            found = (await ledger.next())["trialBalance"]
            if found is not None:
                pushed.append(found)
    for each in pushed:
        assert Decimal(each["difference"]) == 0
        assert each["debits"] == each["credits"]
        balances = {total["kind"]: Decimal(total["balance"]) for total in each["totals"]}
        assert sum(balances.values()) == 0
        assert balances.get("TRANSIT", Decimal(0)) >= 0
    last = {total["kind"]: total["balance"] for total in pushed[-1]["totals"]}
    assert last == {"CUSTOMER": "1000.00", "CASH": "-1000.00", "TRANSIT": "0.00"}


async def test_a_statement_is_paged_by_account_and_number(bank: Bank) -> None:
    account = await bank.open("ada")
    for n in range(1, 6):
        await bank.deposit(account, f"{n}.00")
    await bank.account_with(account, lineCount=5)
    query = """query($account: ID!, $after: Cursor) {
      statementLines(where: { account: { eq: $account } }, first: 2, after: $after,
                     orderBy: [{ field: NUMBER, direction: DESC }]) {
        nodes { number change balance kind } pageInfo { hasNextPage endCursor } } }"""
    token, found, after = bank.server.token("ada", "customer"), list[Json](), None
    while True:
        variables = {"account": account, "after": after}
        page = (await bank.server.data(query, variables, token))["statementLines"]
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert [(each["number"], each["balance"]) for each in found] == [
        (5, "15.00"),
        (4, "10.00"),
        (3, "6.00"),
        (2, "3.00"),
        (1, "1.00"),
    ]


async def test_a_customer_watches_the_own_dashboard(bank: Bank) -> None:
    ada = fresh("ada")
    watch = """subscription($id: ID!) { customerDashboard(id: $id) { accountCount
      balances { currency balance } accounts { account balance } latest { change kind } } }"""
    token = bank.server.token(ada, "customer")
    async with subscribed(bank.server.socket_url, watch, {"id": ada}, token) as pushed:
        assert (await pushed.next())["customerDashboard"] is None
        await bank.open(ada, cash="70.00")
        await bank.open(ada, currency="JPY", cash="500")
        while True:
            found = (await pushed.next())["customerDashboard"]
            if found and len(found["latest"]) == 2:
                break
    assert found["balances"] == [
        {"currency": "JPY", "balance": "500"},
        {"currency": "USD", "balance": "70.00"},
    ]
    assert {each["kind"] for each in found["latest"]} == {"CASH"}


async def test_cash_over_two_accounts_comes_up_for_a_report_live(bank: Bank) -> None:
    ada = fresh("ada")
    watch = """subscription($ada: String!) {
      currencyTransactionReports(where: { isRequired: { eq: true }, person: { eq: $ada } }) {
        nodes { cashIn cashOut transactions accounts } } }"""
    token = bank.server.token("officer-1", "compliance")
    async with subscribed(bank.server.socket_url, watch, {"ada": ada}, token) as pushed:
        assert (await pushed.next())["currencyTransactionReports"]["nodes"] == []
        first = await bank.open(ada, cash="6000.00")
        second = await bank.open(ada, fresh("bob"), cash="5000.00")
        (report,) = (await pushed.next())["currencyTransactionReports"]["nodes"]
    assert report == {
        "cashIn": "11000.00",
        "cashOut": "0.00",
        "transactions": 2,
        "accounts": sorted([first, second]),
    }


async def test_a_transfer_abroad_is_reported(bank: Bank) -> None:
    account = await bank.open("ada", cash="100.00")
    payee = {"name": "Zoe", "account": "DE89370400440532013000", "country": "DE"}
    input = {"source": account, "payee": payee, "currency": "USD", "amount": "40.00"}
    transfer = (await bank.do("requestTransfer", input, customer="ada"))["id"]
    found = await bank.see_with(
        "reportableTransfer", transfer, "amount country isCrossBorder isLarge", country="DE"
    )
    assert (found["isCrossBorder"], found["isLarge"]) == (True, False)
    await bank.see_with("transfer", transfer, TRANSFER, status="SENT")


async def test_a_trade_that_cannot_be_paid_or_priced_fails_and_leaves_all_as_it_was(
    bank: Bank,
) -> None:
    instrument = fresh("XYZ")
    await bank.list(instrument, "10.00")
    account = await bank.open("ada", cash="50.00")
    refusals = {
        ("BUY", "5.1"): "INSUFFICIENT_FUNDS",
        ("SELL", "1"): "NOT_ENOUGH_UNITS",
    }
    for (side, quantity), refusal in refusals.items():
        trade = await bank.trade("ada", account, instrument, side, quantity)
        failed = await bank.see_with("trade", trade, "status refusal", status="FAILED")
        assert failed["refusal"] == refusal
    dear = {"account": account, "instrument": instrument, "side": "BUY", "quantity": "1"}
    placed = await bank.do("placeTrade", {**dear, "limitPrice": "9.99"}, customer="ada")
    failed = await bank.see_with("trade", placed["id"], "status refusal", status="FAILED")
    assert failed["refusal"] == "PRICE_BEYOND_LIMIT"
    assert (await bank.account_with(account, balance="50.00"))["lineCount"] == 1


async def test_the_domains_no_reaches_the_client_with_its_code(bank: Bank) -> None:
    account = await bank.open("ada", cash="5.00")
    take = {"account": account, "amount": "5.01", "means": "CASH"}
    refused = await bank.send("withdrawMoney", take, customer="ada")
    assert (refused["__typename"], refused["code"]) == ("Rejected", "INSUFFICIENT_FUNDS")
    odd = await bank.send("openAccount", {"owners": ["ada"], "currency": "XYZ"})
    assert odd["code"] == "UNKNOWN_CURRENCY"


async def test_a_customer_watches_what_the_own_accounts_hold_as_quotes_arrive(bank: Bank) -> None:
    ada, instrument = fresh("ada"), fresh("XYZ")
    await bank.list(instrument, "10.00")
    account = await bank.open(ada, cash="100.00")
    await bank.trade(ada, account, instrument, "BUY", "4")
    await bank.see_with("portfolio", account, PORTFOLIO, value="40.00")
    await bank.see_live(account)
    watch = "subscription { accounts { nodes { balance portfolio { value unrealised } } } }"
    token = bank.server.token(ada, "customer")
    async with subscribed(bank.server.socket_url, watch, token=token) as pushed:
        (seen,) = (await pushed.next())["accounts"]["nodes"]
        assert seen == {
            "balance": "60.00",
            "portfolio": {"value": "40.00", "unrealised": "0.00"},
        }
        await bank.do("recordQuote", {"instrument": instrument, "price": "12.50"})
        while seen["portfolio"]["value"] != "50.00":
            (seen,) = (await pushed.next())["accounts"]["nodes"]
        assert seen["portfolio"]["unrealised"] == "10.00"
