"""Who may see and do what at the bank, role by role: owner, another customer, staff, and nobody."""

from uuid import uuid4

import pytest
import pytest_asyncio

from tests.bank import SENDERS, Bank
from tests.serving import Json
from tests.shop import Shop, mutation
from tests.subscribing import LiveMap, subscribed

pytestmark = pytest.mark.asyncio(loop_scope="session")

FOR_COMPLIANCE = (
    "fraudAlert",
    "currencyTransactionReport",
    "structuringSuspicion",
    "reportableTransfer",
)
FOR_STAFF = ("trialBalance", "ledgerDay")
OF_CUSTOMERS = ("account", "statementLine", "customerDashboard", "transfer", "trade", "portfolio")
FOR_ALL = ("instrument",)
PLURALS = {each: f"{each}s" for each in (*FOR_COMPLIANCE, *FOR_STAFF, *OF_CUSTOMERS, *FOR_ALL)}
"""The lists that documents are asked for by."""

ROLES = ("customer", "teller", "compliance", "market")


@pytest.fixture
def bank(shop: Shop) -> Bank:
    return Bank(shop.server)


async def codes(bank: Bank, query: str, sub: str | None, *roles: str) -> list[str]:
    """The codes of an answer's errors, for a subject with these roles, or without a token."""
    token = None if sub is None else bank.server.token(sub, *roles)
    answer = await bank.server.graphql(query, token=token)
    return [each["extensions"]["code"] for each in answer.get("errors", ())]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def owned(shop: Shop) -> dict[str, str]:
    """An id of each kind of document of one customer; her name is `owner`."""
    bank, owner = Bank(shop.server), f"ada-{uuid4().hex[:8]}"
    instrument = f"XYZ-{uuid4().hex[:8]}"
    await bank.list(instrument, "10.00")
    account = await bank.open(owner, cash="500.00")
    other = await bank.open(f"bob-{uuid4().hex[:8]}")
    transfer = await bank.transfer(owner, account, other, "30.00")
    await bank.see_with("transfer", transfer, "status", status="COMPLETED")
    trade = await bank.trade(owner, account, instrument, "BUY", "2")
    await bank.see_with("trade", trade, "status", status="SETTLED")
    await bank.see_with("portfolio", account, "value", value="20.00")
    return {
        "owner": owner,
        "account": account,
        "statementLine": f"{account}:{1:010d}",
        "customerDashboard": owner,
        "transfer": transfer,
        "trade": trade,
        "portfolio": account,
    }


@pytest.mark.parametrize("document", PLURALS)
async def test_nobody_without_a_token_sees_more_than_instruments(bank: Bank, document: str) -> None:
    expected = [] if document in FOR_ALL else ["UNAUTHENTICATED"]
    assert await codes(bank, f"{{ {PLURALS[document]} {{ totalCount }} }}", None) == expected
    assert await codes(bank, f'{{ {document}(id: "1") {{ id }} }}', None) == expected


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_sees_the_kinds_of_documents_that_are_for_it(bank: Bank, role: str) -> None:
    staff = role in ("teller", "compliance")
    for document, plural in PLURALS.items():
        may = document in FOR_ALL or document in OF_CUSTOMERS
        may = may or (document in FOR_STAFF and staff)
        may = may or (document in FOR_COMPLIANCE and role == "compliance")
        found = await codes(bank, f"{{ {plural} {{ totalCount }} }}", "somebody", role)
        assert found == ([] if may else ["FORBIDDEN"]), document


@pytest.mark.parametrize("document", OF_CUSTOMERS)
async def test_documents_of_customers_are_for_their_owners_and_staff(
    bank: Bank, owned: dict[str, str], document: str
) -> None:
    query = f"query($id: ID!) {{ found: {document}(id: $id) {{ id }} }}"
    id = owned[document]

    async def seen(sub: str, role: str) -> bool:
        token = bank.server.token(sub, role)
        return bool((await bank.server.data(query, {"id": id}, token))["found"] == {"id": id})

    assert await seen(owned["owner"], "customer")
    assert not await seen("eve", "customer")
    assert await seen("teller-1", "teller")
    assert await seen("officer-1", "compliance")
    assert not await seen("exchange-1", "market")


async def test_a_customer_lists_and_counts_own_lines_only(
    bank: Bank, owned: dict[str, str]
) -> None:
    query = """query($account: ID!) {
      statementLines(where: { account: { eq: $account } }) { totalCount nodes { account } }
      account(id: $account) { lines { totalCount } } }"""
    variables = {"account": owned["account"]}
    hers = await bank.server.data(query, variables, bank.server.token(owned["owner"], "customer"))
    assert hers["statementLines"]["totalCount"] == hers["account"]["lines"]["totalCount"] == 3
    eves = await bank.server.data(query, variables, bank.server.token("eve", "customer"))
    assert eves == {"statementLines": {"totalCount": 0, "nodes": []}, "account": None}


async def test_a_customer_is_pushed_own_accounts_only(bank: Bank) -> None:
    ada, eve = f"ada-{uuid4().hex[:8]}", f"eve-{uuid4().hex[:8]}"
    changes = """subscription { accountChanges {
      cursor reset more entered { id balance } changed { id balance } left } }"""
    seen = LiveMap()
    async with subscribed(
        bank.server.socket_url, changes, token=bank.server.token(ada, "customer")
    ) as pushed:
        seen.apply((await pushed.next())["accountChanges"])
        assert seen.documents == {}
        await bank.open(eve, cash="5.00")
        hers = await bank.open(ada, cash="7.00")
        while seen.documents.get(hers, {}).get("balance") != "7.00":
            seen.apply((await pushed.next())["accountChanges"])
    assert list(seen.documents) == [hers]


INPUTS: dict[str, Json] = {
    "openAccount": {"owners": ["ada"], "currency": "USD"},
    "changeOverdraftLimit": {"account": "none", "overdraftLimit": "5"},
    "depositMoney": {"account": "none", "amount": "5", "means": "CASH"},
    "withdrawMoney": {"account": "none", "amount": "5", "means": "CASH"},
    "freezeAccount": {"account": "none", "reason": "why"},
    "unfreezeAccount": {"account": "none"},
    "closeAccount": {"account": "none"},
    "requestTransfer": {"source": "none", "target": "no", "currency": "USD", "amount": "5"},
    "placeTrade": {"account": "none", "instrument": "no", "side": "BUY", "quantity": "1"},
    "listInstrument": {"instrument": "no-such", "name": "No", "currency": "EUR"},
    "recordQuote": {"instrument": "none", "price": "5"},
    "confirmFraudAlert": {"alert": "none", "note": "why"},
    "dismissFraudAlert": {"alert": "none", "note": "why"},
}
ALSO = {"withdrawMoney": "customer", "requestTransfer": "customer", "placeTrade": "customer"}
"""What a customer may ask for, too."""


@pytest.mark.parametrize("name", INPUTS)
async def test_a_command_is_for_the_role_whose_job_it_is(bank: Bank, name: str) -> None:
    assert INPUTS.keys() == SENDERS.keys()
    allowed = {SENDERS[name][1], ALSO.get(name, SENDERS[name][1])}
    variables = {"input": INPUTS[name], "commandId": None, "expectedVersion": None}
    for role in {*ROLES, "clerk"} - allowed:
        token = bank.server.token("somebody", role)
        answer = await bank.server.graphql(mutation(name), variables, token)
        assert [each["extensions"]["code"] for each in answer["errors"]] == ["FORBIDDEN"], role
    answer = await bank.server.graphql(mutation(name), variables)
    assert [each["extensions"]["code"] for each in answer["errors"]] == ["UNAUTHENTICATED"]
    for role in allowed:
        token = bank.server.token("somebody", role)
        assert "errors" not in await bank.server.graphql(mutation(name), variables, token), role


async def test_a_customer_takes_money_out_of_own_accounts_only(
    bank: Bank, owned: dict[str, str]
) -> None:
    account, other = owned["account"], await bank.open("eve")
    take = {"account": account, "amount": "1.00", "means": "CASH"}
    assert (await bank.send("withdrawMoney", take, customer="eve"))["code"] == "NOT_YOUR_ACCOUNT"
    transfer = await bank.transfer("eve", account, other, "1.00")
    ended = await bank.see_with("transfer", transfer, "status refusal", status="REJECTED")
    assert ended["refusal"] == "NOT_YOUR_ACCOUNT"
    trade = await bank.trade("eve", account, "none", "SELL", "1")
    failed = await bank.see_with("trade", trade, "status refusal", status="FAILED")
    assert failed["refusal"] == "UNKNOWN_INSTRUMENT"


async def test_the_history_of_an_account_is_for_staff(bank: Bank, owned: dict[str, str]) -> None:
    query = f'{{ history(stream: "account-{owned["account"]}") {{ nodes {{ type }} }} }}'
    assert await codes(bank, query, "teller-1", "teller") == []
    assert await codes(bank, query, "officer-1", "compliance") == []
    assert await codes(bank, query, owned["owner"], "customer") == ["FORBIDDEN"]
    assert await codes(bank, query, None) == ["UNAUTHENTICATED"]
